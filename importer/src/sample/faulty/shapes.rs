//! Faults of shape: a parcel's geometry is replaced by a wrong one in its own room.

use super::table::{Table, ring, wkt_ring};
use super::{Field, Ledger, field};
use crate::quality::inside::{Inside, Side};
use crate::quality::measure::Scale;
use onemap_model::FindingCode as Code;
use onemap_model::{Coord, Row, Value};

/// A disc inside a parcel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disc {
    /// Its centre.
    pub centre: Coord,
    /// Its radius in metres.
    pub radius_m: f64,
}

impl Disc {
    /// A disc of 3 to 8 m around the middle of a parcel's corners, where there is room.
    pub fn within(row: &Row) -> Option<Self> {
        let coords = ring(row).split_last()?.1;
        let n = coords.len() as f64;
        let sum = coords.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
        let centre = Coord {
            x: sum.0 / n,
            y: sum.1 / n,
        };
        let scale = Scale::at(centre.y);
        let nearest = ring(row)
            .windows(2)
            .map(|pair| distance(scale, centre, pair[0], pair[1]));
        let radius_m = (nearest.fold(f64::INFINITY, f64::min) * 0.8).min(8.0);
        let size = scale.ring(coords).area_m2.abs();
        (Inside::new(coords).side(centre) == Side::Inside && radius_m >= 3.0 && size >= 200.0)
            .then_some(Self { centre, radius_m })
    }

    /// A place in it: the disc's box is -1 to 1 both ways; a little less is the disc's square.
    pub fn at(&self, x: f64, y: f64) -> Coord {
        let scale = Scale::at(self.centre.y);
        let size = self.radius_m * std::f64::consts::FRAC_1_SQRT_2;
        Coord {
            x: self.centre.x + x * size / scale.x_m,
            y: self.centre.y + y * size / scale.y_m,
        }
    }

    fn ring(&self, points: &[(f64, f64)]) -> Vec<Coord> {
        points.iter().map(|(x, y)| self.at(*x, *y)).collect()
    }
}

fn distance(scale: Scale, p: Coord, a: Coord, b: Coord) -> f64 {
    let ((ax, ay), (bx, by)) = (scale.step(p, a), scale.step(p, b));
    let (dx, dy) = (bx - ax, by - ay);
    let t = (-(ax * dx + ay * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (ax + t * dx).hypot(ay + t * dy)
}

type Points = &'static [(f64, f64)];

/// A kind of fault: its name, the polygons, and the codes under which it is found.
type Wrong = (&'static str, &'static [&'static [Points]], &'static [Code]);

/// Polygons (each a list of rings, closed unless said) that are wrong in one way, and under which code.
const WRONG: [Wrong; 16] = [
    (
        "bow tie",
        &[&[&[(-1., -1.), (1., 1.), (1., -1.), (-1., 1.), (-1., -1.)]]],
        &[Code::SelfIntersection],
    ),
    (
        "ring touching itself",
        &[&[&[
            (-1., -1.),
            (0., 0.),
            (1., -1.),
            (1., 1.),
            (0., 0.),
            (-1., 1.),
            (-1., -1.),
        ]]],
        &[Code::RingSelfTouch],
    ),
    (
        "hole across the shell",
        &[&[
            SQUARE_LEFT,
            &[(-0.5, -0.3), (0.9, -0.3), (0.9, 0.3), (-0.5, 0.3), (-0.5, -0.3)],
        ]],
        &[Code::RingsCross],
    ),
    (
        "parts that overlap",
        &[
            &[&[(-1., -1.), (0.3, -1.), (0.3, 0.3), (-1., 0.3), (-1., -1.)]],
            &[&[(-0.2, -0.2), (1., -0.2), (1., 1.), (-0.2, 1.), (-0.2, -0.2)]],
        ],
        &[Code::PartsOverlap, Code::PartCount],
    ),
    (
        "ring of two points",
        &[&[&[(-1., -1.), (1., 1.), (-1., -1.)]]],
        &[Code::RingTooFewPoints],
    ),
    (
        "open ring",
        &[&[&[(-1., -1.), (1., -1.), (1., 1.), (-1., 1.)]]],
        &[Code::RingUnclosed],
    ),
    (
        "hole outside the shell",
        &[&[
            SQUARE_LEFT,
            &[(0.3, -0.3), (0.9, -0.3), (0.9, 0.3), (0.3, 0.3), (0.3, -0.3)],
        ]],
        &[Code::HoleOutsideShell],
    ),
    (
        "hole in a hole",
        &[&[
            SQUARE,
            &[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8)],
            &[(-0.4, -0.4), (0.4, -0.4), (0.4, 0.4), (-0.4, 0.4), (-0.4, -0.4)],
        ]],
        &[Code::HolesNested],
    ),
    (
        "part in a part",
        &[
            &[SQUARE],
            &[&[(-0.4, -0.4), (0.4, -0.4), (0.4, 0.4), (-0.4, 0.4), (-0.4, -0.4)]],
        ],
        &[Code::ShellsNested, Code::PartCount],
    ),
    (
        "hole from side to side",
        &[&[SQUARE, &[(-1., 0.), (0., -0.5), (1., 0.), (0., 0.5), (-1., 0.)]]],
        &[Code::InteriorDisconnected],
    ),
    (
        "repeated vertex",
        &[&[&[(-1., -1.), (1., -1.), (1., -1.), (1., 1.), (-1., 1.), (-1., -1.)]]],
        &[Code::DuplicateVertex],
    ),
    (
        "spike",
        &[&[&[
            (-0.5, -0.5),
            (0.5, -0.5),
            (0.5, -0.001),
            (1., 0.),
            (0.5, 0.001),
            (0.5, 0.5),
            (-0.5, 0.5),
            (-0.5, -0.5),
        ]]],
        &[Code::Spike],
    ),
    (
        "sliver",
        &[&[&[(-1., 0.), (1., 0.), (1., 0.02), (-1., 0.02), (-1., 0.)]]],
        &[Code::Sliver],
    ),
    (
        "area without width",
        &[&[&[(-1., 0.), (1., 0.), (0., 0.), (-1., 0.)]]],
        &[Code::ZeroArea],
    ),
    (
        "two parts",
        &[
            &[SQUARE_LEFT],
            &[&[(0.3, -0.9), (0.9, -0.9), (0.9, 0.9), (0.3, 0.9), (0.3, -0.9)]],
        ],
        &[Code::PartCount],
    ),
    ("area like any other, elsewhere", &[&[SQUARE]], &[Code::OutsideDistrict]),
];

const SQUARE: Points = &[(-1., -1.), (1., -1.), (1., 1.), (-1., 1.), (-1., -1.)];
const SQUARE_LEFT: Points = &[(-0.9, -0.9), (0., -0.9), (0., 0.9), (-0.9, 0.9), (-0.9, -0.9)];

/// Texts that stand where a geometry should.
const TEXTS: [(&str, &str, Code); 4] = [
    ("no geometry", "", Code::GeometryNull),
    ("torn text", "POLYGON((114.9 30.1,114", Code::GeometryUndecodable),
    ("a point", "POINT(115 30.15)", Code::GeometryTypeDiffers),
    (
        "beyond the pole",
        "POLYGON((115 130.1,115.001 130.1,115 130.2,115 130.1))",
        Code::CoordinateOutOfRange,
    ),
];

/// Plants one of each.
pub(super) fn plant(parcels: &mut Table, free: &mut Field, ledger: &mut Ledger) {
    for (kind, polygons, codes) in WRONG {
        let (row, mut disc) = free.take();
        if codes == [Code::OutsideDistrict] {
            disc.centre.x += 1.5;
        }
        let rings: Vec<Vec<Vec<Coord>>> = polygons
            .iter()
            .map(|rings| rings.iter().map(|ring| disc.ring(ring)).collect())
            .collect();
        let parts: Vec<String> = rings
            .iter()
            .map(|rings| {
                format!(
                    "({})",
                    rings.iter().map(|ring| wkt_ring(ring)).collect::<Vec<_>>().join(",")
                )
            })
            .collect();
        parcels.wkt.insert(row, format!("MULTIPOLYGON({})", parts.join(",")));
        let scale = Scale::at(disc.centre.y);
        let area: f64 = rings.iter().map(|rings| scale.ring(&rings[0]).area_m2.abs()).sum();
        // What has no area by any measure keeps the registered one.
        if area > 0.02 {
            parcels.rows[row].values[field::ZDMJ] = Value::float(area).expect("an area is finite");
        }
        let key = parcels.text(row, field::ZDDM);
        for code in codes {
            ledger.add(kind, *code, "parcels", &[&key], Some(disc.centre));
        }
    }
    for (kind, text, code) in TEXTS {
        let (row, _) = free.take();
        parcels.wkt.insert(row, text.to_owned());
        let key = parcels.text(row, field::ZDDM);
        ledger.add(kind, code, "parcels", &[&key], None);
    }
}
