//! The shifted coordinates of Chinese web maps, GCJ-02 and BD-09, and the way back to where things are.
//!
//! No standard publishes the shifts; the formula here is the one that everybody's software has (WGS 84 → GCJ-02 on
//! Krasovsky's ellipsoid, inside a rectangle around China; GCJ-02 → BD-09). Its inverse is found by iteration and
//! agrees with it within a millimetre. The formula itself is only known to agree with the web maps within a metre or
//! two: coordinates that come this way are good for pictures and places, never for parcels.

use onemap_model::Coord;
use std::f64::consts::PI;

/// A web map's coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebMap {
    /// 国测局坐标, of most Chinese web maps.
    Gcj02,
    /// Baidu's, which shift GCJ-02 once more.
    Bd09,
}

/// Of the formula's ellipsoid: its longer half axis in metres, and the square of its eccentricity.
const AXIS_M: f64 = 6_378_245.0;
const ECCENTRICITY2: f64 = 0.006_693_421_622_965_943;
/// Where the formula counts: west, south, east, north.
const CHINA: [f64; 4] = [72.004, 0.8293, 137.8347, 55.8271];
/// Iteration ends when a step is shorter than this, in degrees: a micrometre.
const STEP_DEGREES: f64 = 1e-11;
/// … or after so many steps: each one gains more than a digit.
const MOST_STEPS: usize = 30;

impl WebMap {
    /// The word of `--crs`.
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "gcj02" | "gcj-02" => Some(WebMap::Gcj02),
            "bd09" | "bd-09" => Some(WebMap::Bd09),
            _ => None,
        }
    }

    /// What it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            WebMap::Gcj02 => "GCJ-02",
            WebMap::Bd09 => "BD-09",
        }
    }

    /// Where the web map shows what lies at `p` (longitude, latitude; WGS 84 or CGCS2000).
    pub fn shifted(self, p: Coord) -> Coord {
        match self {
            WebMap::Gcj02 => gcj02(p),
            WebMap::Bd09 => bd09(gcj02(p)),
        }
    }

    /// What lies where the web map shows `p`. Outside the formula's rectangle nothing is shifted.
    pub fn unshifted(self, p: Coord) -> Coord {
        if !is_in_china(p) {
            return p;
        }
        match self {
            WebMap::Gcj02 => inverse(p, gcj02_inside),
            WebMap::Bd09 => inverse(inverse(p, bd09), gcj02_inside),
        }
    }
}

/// The `q` with `forth(q) == p`, for a shift that changes little from place to place.
fn inverse(p: Coord, forth: fn(Coord) -> Coord) -> Coord {
    let mut q = p;
    for _ in 0..MOST_STEPS {
        let there = forth(q);
        let (dx, dy) = (p.x - there.x, p.y - there.y);
        q = Coord {
            x: q.x + dx,
            y: q.y + dy,
        };
        if dx.abs().max(dy.abs()) < STEP_DEGREES {
            break;
        }
    }
    q
}

fn is_in_china(p: Coord) -> bool {
    let [west, south, east, north] = CHINA;
    (west..=east).contains(&p.x) && (south..=north).contains(&p.y)
}

fn gcj02(p: Coord) -> Coord {
    if is_in_china(p) { gcj02_inside(p) } else { p }
}

fn gcj02_inside(p: Coord) -> Coord {
    let (x, y) = (p.x - 105.0, p.y - 35.0);
    let wave = |share: f64, of: f64| share * (of * PI).sin() * 2.0 / 3.0;
    let common = wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x);
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + common
        + wave(20.0, y)
        + wave(40.0, y / 3.0)
        + wave(160.0, y / 12.0)
        + wave(320.0, y / 30.0);
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + common
        + wave(20.0, x)
        + wave(40.0, x / 3.0)
        + wave(150.0, x / 12.0)
        + wave(300.0, x / 30.0);
    let (sin, cos) = p.y.to_radians().sin_cos();
    let bend = 1.0 - ECCENTRICITY2 * sin * sin;
    let meridian_m = AXIS_M * (1.0 - ECCENTRICITY2) / (bend * bend.sqrt());
    let parallel_m = AXIS_M / bend.sqrt() * cos;
    Coord {
        x: p.x + (east_m / parallel_m).to_degrees(),
        y: p.y + (north_m / meridian_m).to_degrees(),
    }
}

fn bd09(p: Coord) -> Coord {
    const TURN: f64 = PI * 3000.0 / 180.0;
    let distance = p.x.hypot(p.y) + 0.000_02 * (p.y * TURN).sin();
    let angle = p.y.atan2(p.x) + 0.000_003 * (p.x * TURN).cos();
    let (sin, cos) = angle.sin_cos();
    Coord {
        x: distance * cos + 0.006_5,
        y: distance * sin + 0.006,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Coord {
        Coord { x, y }
    }

    fn distance_m(a: Coord, b: Coord) -> f64 {
        let east = (a.x - b.x) * 111_320.0 * a.y.to_radians().cos();
        east.hypot((a.y - b.y) * 110_850.0)
    }

    #[test]
    fn the_formula_gives_what_other_software_publishes() {
        // From the readme of the JavaScript library coordtransform.
        let close = |got: Coord, x: f64, y: f64| {
            assert!((got.x - x).abs() < 1e-9 && (got.y - y).abs() < 1e-9, "{got:?}");
        };
        close(
            WebMap::Gcj02.shifted(at(116.404, 39.915)),
            116.410_244_499_169_38,
            39.916_404_281_501_64,
        );
        close(bd09(at(116.404, 39.915)), 116.410_369_493_710_29, 39.921_336_993_510_21);
    }

    #[test]
    fn in_the_city_the_shifts_are_584_and_1209_metres() {
        let home = at(115.04, 30.2);
        let shift = |of: WebMap| distance_m(home, of.shifted(home));
        assert!((shift(WebMap::Gcj02) - 584.0).abs() < 5.0, "{}", shift(WebMap::Gcj02));
        assert!((shift(WebMap::Bd09) - 1209.0).abs() < 5.0, "{}", shift(WebMap::Bd09));
    }

    #[test]
    fn the_way_back_is_the_inverse_within_a_millimetre_everywhere() {
        for column in 0..60 {
            for row in 0..50 {
                let p = at(73.5 + f64::from(column) * 1.037, 3.5 + f64::from(row) * 1.013);
                for web in [WebMap::Gcj02, WebMap::Bd09] {
                    let back = web.unshifted(web.shifted(p));
                    assert!(distance_m(p, back) < 0.001, "{web:?} {p:?} {back:?}");
                }
            }
        }
    }

    #[test]
    fn elsewhere_nothing_is_shifted() {
        for web in [WebMap::Gcj02, WebMap::Bd09] {
            assert_eq!(web.unshifted(at(139.7, 35.6)), at(139.7, 35.6));
        }
    }
}
