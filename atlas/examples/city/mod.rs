//! The layer that the examples measure: a million rotated footprints of eight vertices, 10 to 40 m wide, over 50 × 50 km,
//! with four attributes.
#![allow(dead_code)] // Each example uses its own part.

use onemap_atlas::LayerBuilder;
use onemap_model::{
    Coord, Crs, Feature, Fid, Field, FieldType, Geometry, GeometryType, Layer, Name, Path, Polygon, Row, Value,
};
use std::time::{Duration, Instant as Clock};

/// The middle of the city.
pub const CENTER: Coord = Coord { x: 115.0, y: 30.2 };
const METRE_LAT: f64 = 1.0 / 111_320.0;
const METRE_LON: f64 = METRE_LAT / 0.864;

/// Numbers that are the same in every run.
pub struct Random(pub u64);

impl Random {
    /// The next number of the run, from `low` up to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 11) as f64 / (1_u64 << 53) as f64 * (high - low)
    }
}

/// An L-shaped house with a bay: eight vertices, concave, turned any way.
pub fn footprint(random: &mut Random) -> Geometry {
    let (x, y) = (random.between(-25_000.0, 25_000.0), random.between(-25_000.0, 25_000.0));
    let (width, depth) = (random.between(10.0, 40.0), random.between(10.0, 40.0));
    let (sin, cos) = random.between(0.0, std::f64::consts::TAU).sin_cos();
    let shape = [
        (0.0, 0.0),
        (1.0, 0.0),
        (1.0, 0.5),
        (0.8, 0.5),
        (0.8, 0.7),
        (0.6, 0.7),
        (0.6, 1.0),
        (0.0, 1.0),
        (0.0, 0.0),
    ];
    let corner = |(u, v): (f64, f64)| {
        let (u, v) = (u * width, v * depth);
        Coord {
            x: CENTER.x + (x + u * cos - v * sin) * METRE_LON,
            y: CENTER.y + (y + u * sin + v * cos) * METRE_LAT,
        }
    };
    let ring = Path::new(shape.map(corner).to_vec()).expect("corners are finite");
    Geometry::Polygons(vec![Polygon { rings: vec![ring] }])
}

/// A house: its number, place and attributes.
pub fn house(number: i64, random: &mut Random) -> Feature {
    let floors = random.between(1.0, 33.0) as i64;
    let row = Row {
        geometry: Some(footprint(random)),
        values: vec![
            Value::text(format!("b{number:07}")),
            Value::text(["住宅", "商业", "工业", "学校", "医院"][random.between(0.0, 5.0) as usize]),
            Value::Int(floors),
            Value::float(floors as f64 * 3.0).unwrap_or_default(),
        ],
        ..Row::default()
    };
    let fid = Fid::new(number).expect("numbers are positive");
    Feature { fid, row }
}

/// A city of so many houses, not packed yet.
pub fn city(count: i64) -> LayerBuilder {
    let fields = [
        ("id", FieldType::Text),
        ("use", FieldType::Text),
        ("floors", FieldType::Int),
        ("height", FieldType::Float),
    ];
    let field = |(name, field_type): (&str, FieldType)| Field {
        name: Name::from_source(name),
        title: name.to_owned(),
        field_type,
    };
    let layer = Layer::new(
        Name::from_source("buildings"),
        GeometryType::MultiPolygon,
        Crs::CGCS2000,
        fields.map(field).to_vec(),
    )
    .and_then(|layer| layer.with_key("id"))
    .expect("the definition is sound");
    let mut builder = LayerBuilder::new(layer);
    let mut random = Random(7);
    (1..=count).for_each(|number| builder.push(house(number, &mut random)));
    builder
}

/// The fastest and the middle time of many runs, in time of the processor: other work beside it counts less.
pub fn time(mut work: impl FnMut()) -> (Duration, Duration) {
    let begun = Clock::now();
    let mut times = Vec::new();
    while times.len() < 5 || (begun.elapsed() < Duration::from_millis(500) && times.len() < 200) {
        let (start, mut runs) = (processor_time(), 0);
        while runs == 0 || (processor_time() - start < Duration::from_millis(20) && runs < 1000) {
            work();
            runs += 1;
        }
        times.push((processor_time() - start) / runs);
    }
    times.sort_unstable();
    (times[0], times[times.len() / 2])
}

/// How long this thread has run, as Linux counts it.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this runs on Linux");
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.expect("the first number of schedstat is time in nanoseconds"))
}
