//! Times cold tiles and queries of a layer of building footprints: `cargo run --release --example render [FEATURES]`.
//!
//! A million rotated footprints of eight vertices, 10 to 40 m wide, over 50 × 50 km, with four attributes: the same
//! work as in the project's first measurements, so that numbers can be compared. One thread, nothing cached.
#![allow(clippy::print_stdout)]

use onemap_atlas::{LayerBuilder, LayerSnapshot, Query};
use onemap_model::{
    Bbox, Coord, Crs, Feature, Fid, Field, FieldType, Geometry, GeometryType, Instant, Layer, Name, Path, Polygon, Row,
    TileCoord, TileMatrixSet, Value,
};
use std::time::{Duration, Instant as Clock};

const CENTER: Coord = Coord { x: 115.0, y: 30.2 };
const METRE_LAT: f64 = 1.0 / 111_320.0;
const METRE_LON: f64 = METRE_LAT / 0.864;

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 11) as f64 / (1_u64 << 53) as f64 * (high - low)
    }
}

/// An L-shaped house with a bay: eight vertices, concave, turned any way.
fn footprint(random: &mut Random) -> Geometry {
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

fn city(count: i64) -> LayerSnapshot {
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
    for number in 1..=count {
        let floors = random.between(1.0, 33.0) as i64;
        let row = Row {
            geometry: Some(footprint(&mut random)),
            values: vec![
                Value::text(format!("b{number:07}")),
                Value::text(["住宅", "商业", "工业", "学校", "医院"][random.between(0.0, 5.0) as usize]),
                Value::Int(floors),
                Value::float(floors as f64 * 3.0).unwrap_or_default(),
            ],
            ..Row::default()
        };
        let fid = Fid::new(number).expect("numbers are positive");
        builder.push(Feature { fid, row });
    }
    let start = Clock::now();
    let layer = builder.finish();
    println!("sorted and packed in {:.2?}", start.elapsed());
    layer
}

/// The fastest and the middle time of many runs, in time of the processor: other work beside it counts less.
fn time(mut work: impl FnMut()) -> (Duration, Duration) {
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

fn time_tile(layer: &LayerSnapshot, tile: TileCoord, now: Instant) {
    let at = Query {
        bbox: Some(tile.bbox()),
        at: None,
    };
    let features = layer.features(&at).count();
    let mut out = Vec::new();
    let (fastest, middle) = time(|| {
        out.clear();
        layer.tile(tile, now, &mut out);
    });
    let (query, _) = time(|| layer.features(&at).for_each(|_| ()));
    println!(
        "{tile}: {features} features, {} bytes, {fastest:.1?} to {middle:.1?}; query {query:.1?}",
        out.len()
    );
}

fn main() {
    let count = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let layer = city(count);
    let memory = layer.memory();
    println!(
        "{:.1} bytes a feature: {memory:?}",
        memory.total() as f64 / count as f64
    );
    let now = Instant::from_micros(0).expect("1970 is a year");
    for grid in TileMatrixSet::ALL {
        for z in [16, 15, 14, 13, 12, 10] {
            time_tile(&layer, grid.tile_at(z, CENTER).expect("the grid has these zooms"), now);
        }
    }
    let bbox = Bbox::new(115.0, 30.2, 115.001, 30.201).expect("a box");
    let (id, _) = time(|| drop(layer.by_public_id("b0500000")));
    let small = Query {
        bbox: Some(bbox),
        at: None,
    };
    let (small, _) = time(|| layer.features(&small).for_each(|_| ()));
    println!("by id {id:.1?}; box of 100 m {small:.1?}");
}
