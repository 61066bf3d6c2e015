//! Gauss-Krüger zones on the ellipsoid of CGCS2000.
//!
//! Krüger's series to the sixth power of the third flattening, as Karney gives them (Transverse Mercator with an accuracy
//! of a few nanometers, Journal of Geodesy 85, 2011, equations 7 to 12, 35 and 36): exact to nanometres where a zone is
//! used, and to a millimetre 3900 km from its meridian.

use onemap_model::Coord;
use std::ops::RangeInclusive;

const SEMI_MAJOR_M: f64 = 6_378_137.0;
const FLATTENING: f64 = 1.0 / 298.257_222_101;
/// The third flattening.
const N: f64 = FLATTENING / (2.0 - FLATTENING);
/// The square of the eccentricity.
const E2: f64 = FLATTENING * (2.0 - FLATTENING);
/// The radius of the circle whose quarter is a quarter of a meridian.
const RECTIFYING_M: f64 =
    SEMI_MAJOR_M / (1.0 + N) * (1.0 + N * N / 4.0 + N * N * N * N / 64.0 + N * N * N * N * N * N / 256.0);
/// Beyond this distance from the meridian, in radii, the series mean nothing; PROJ has the same limit.
const FARTHEST: f64 = 2.623_395_162_778;

/// From the sphere to the ellipsoid's plane: the coefficients of Karney's equation 35.
#[rustfmt::skip]
const ALPHA: [f64; 6] = [
    polynomial(1, [1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0, -127.0 / 288.0, 7891.0 / 37800.0]),
    polynomial(2, [13.0 / 48.0, -3.0 / 5.0, 557.0 / 1440.0, 281.0 / 630.0, -1_983_433.0 / 1_935_360.0, 0.0]),
    polynomial(3, [61.0 / 240.0, -103.0 / 140.0, 15061.0 / 26880.0, 167_603.0 / 181_440.0, 0.0, 0.0]),
    polynomial(4, [49561.0 / 161_280.0, -179.0 / 168.0, 6_601_661.0 / 7_257_600.0, 0.0, 0.0, 0.0]),
    polynomial(5, [34729.0 / 80640.0, -3_418_889.0 / 1_995_840.0, 0.0, 0.0, 0.0, 0.0]),
    polynomial(6, [212_378_941.0 / 319_334_400.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
];
/// And back: the coefficients of his equation 36.
#[rustfmt::skip]
const BETA: [f64; 6] = [
    polynomial(1, [1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0, -81.0 / 512.0, 96199.0 / 604_800.0]),
    polynomial(2, [1.0 / 48.0, 1.0 / 15.0, -437.0 / 1440.0, 46.0 / 105.0, -1_118_711.0 / 3_870_720.0, 0.0]),
    polynomial(3, [17.0 / 480.0, -37.0 / 840.0, -209.0 / 4480.0, 5569.0 / 90720.0, 0.0, 0.0]),
    polynomial(4, [4397.0 / 161_280.0, -11.0 / 504.0, -830_251.0 / 7_257_600.0, 0.0, 0.0, 0.0]),
    polynomial(5, [4583.0 / 161_280.0, -108_847.0 / 3_991_680.0, 0.0, 0.0, 0.0, 0.0]),
    polynomial(6, [20_648_693.0 / 638_668_800.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
];

/// A zone: the meridian that it lies along, and what is added to eastings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Zone {
    meridian_deg: f64,
    false_easting_m: f64,
}

/// The powers of `N` from `first` on, each with its coefficient.
const fn polynomial(first: u32, coefficients: [f64; 6]) -> f64 {
    let (mut sum, mut at) = (0.0, 6);
    while at > 0 {
        at -= 1;
        sum = sum * N + coefficients[at];
    }
    let mut power = 0;
    while power < first {
        sum *= N;
        power += 1;
    }
    sum
}

impl Zone {
    /// EPSG's codes of the zones: 6° with and without the zone's number before the easting, then 3°, likewise.
    pub(super) const CODES: RangeInclusive<u32> = 4491..=4554;

    /// The zone of CGCS2000 with this code.
    pub(super) fn of_cgcs2000(code: u32) -> Option<Self> {
        let (first, number, width, prefixed) = match code {
            4491..=4501 => (4491, 13, 6, true),
            4502..=4512 => (4502, 13, 6, false),
            4513..=4533 => (4513, 25, 3, true),
            4534..=4554 => (4534, 25, 3, false),
            _ => return None,
        };
        let place = code - first;
        Some(Self {
            meridian_deg: f64::from(75 + width * place),
            false_easting_m: 500_000.0 + if prefixed { f64::from(number + place) * 1e6 } else { 0.0 },
        })
    }

    /// Longitude and latitude in degrees to easting and northing in metres; none too far from the meridian.
    pub(super) fn project(&self, lonlat: Coord) -> Option<Coord> {
        let (sin_lon, cos_lon) = (lonlat.x - self.meridian_deg).to_radians().sin_cos();
        let tau = conformal(lonlat.y.clamp(-90.0, 90.0).to_radians().tan());
        let xi = tau.atan2(cos_lon);
        let eta = (sin_lon / (tau * tau + cos_lon * cos_lon).sqrt()).asinh();
        let (more_xi, more_eta) = series(&ALPHA, xi, eta);
        let (xi, eta) = (xi + more_xi, eta + more_eta);
        (eta.abs() <= FARTHEST).then_some(Coord {
            x: RECTIFYING_M * eta + self.false_easting_m,
            y: RECTIFYING_M * xi,
        })
    }

    /// Easting and northing in metres to longitude and latitude in degrees; none too far from the meridian.
    pub(super) fn unproject(&self, at: Coord) -> Option<Coord> {
        let (xi, eta) = (at.y / RECTIFYING_M, (at.x - self.false_easting_m) / RECTIFYING_M);
        if !(eta.abs() <= FARTHEST && xi.abs() <= std::f64::consts::PI) {
            return None;
        }
        let (less_xi, less_eta) = series(&BETA, xi, eta);
        let (xi, eta) = (xi - less_xi, eta - less_eta);
        let (sin_xi, cos_xi) = xi.sin_cos();
        let tau = geodetic(sin_xi / eta.sinh().hypot(cos_xi));
        Some(Coord {
            x: self.meridian_deg + eta.sinh().atan2(cos_xi).to_degrees(),
            y: tau.atan().to_degrees(),
        })
    }
}

/// From the tangent of an angle to its secant.
fn secant(tangent: f64) -> f64 {
    (1.0 + tangent * tangent).sqrt()
}

/// From the tangent of a latitude to that of the conformal one.
fn conformal(tau: f64) -> f64 {
    let root = secant(tau);
    let eccentricity = E2.sqrt();
    let sigma = (eccentricity * (eccentricity * tau / root).atanh()).sinh();
    secant(sigma) * tau - sigma * root
}

/// The opposite of [`conformal`], by Newton's method: two steps are enough for every digit, a third does no harm.
fn geodetic(conformal_tau: f64) -> f64 {
    let mut tau = conformal_tau / (1.0 - E2);
    for _ in 0..3 {
        let now = conformal(tau);
        let slope = (1.0 - E2) * secant(now) * secant(tau) / (1.0 + (1.0 - E2) * tau * tau);
        tau += (conformal_tau - now) / slope;
    }
    tau
}

/// The sums of `c[j] sin(2jξ) cosh(2jη)` and of `c[j] cos(2jξ) sinh(2jη)`, j from 1: the parts of the complex sine series
/// at ξ + iη, by Clenshaw's recurrence.
fn series(coefficients: &[f64; 6], xi: f64, eta: f64) -> (f64, f64) {
    let ((sin, cos), (sinh, cosh)) = ((2.0 * xi).sin_cos(), ((2.0 * eta).sinh(), (2.0 * eta).cosh()));
    // Twice the cosine of the doubled argument.
    let (re, im) = (2.0 * cos * cosh, -2.0 * sin * sinh);
    let ((mut b1, mut b1i), (mut b2, mut b2i)) = ((0.0, 0.0), (0.0, 0.0));
    for &coefficient in coefficients.iter().rev() {
        let next = (coefficient + re * b1 - im * b1i - b2, re * b1i + im * b1 - b2i);
        ((b2, b2i), (b1, b1i)) = ((b1, b1i), next);
    }
    let (sine, sine_i) = (sin * cosh, cos * sinh);
    (b1 * sine - b1i * sine_i, b1 * sine_i + b1i * sine)
}
