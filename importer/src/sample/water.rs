//! Water: the river along the north-east, the lake in the city, and ponds between the fields.

use super::blocks;
use super::districts::Borders;
use super::frame;
use super::lake::smooth;
use super::names;
use super::plan::{Plan, QuarterPlan};
use super::plane::{Pt, centroid};
use super::streets::Streets;
use super::zone::BlockKind;
use onemap_model::{Coord, Geometry, Path, Polygon, Row, TimeSpan, Value};

/// From the street on the bank to the water, in quarters.
const BANK: f64 = 0.13;
/// Points on each bank of the river for a quarter.
const BANK_POINTS: f64 = 3.0;

/// The line, in lattice coordinates, in the middle of the river.
pub(super) fn river_middle(plan: &Plan) -> f64 {
    f64::from(plan.bank) + BANK + river_width(plan) / 2.0
}

/// The far bank, in lattice coordinates.
pub(super) fn far_bank(plan: &Plan) -> f64 {
    f64::from(plan.bank) + BANK + river_width(plan)
}

fn river_width(plan: &Plan) -> f64 {
    let quarter_m = plan.lattice.quarter_m;
    (0.35 * plan.radius * quarter_m).clamp(300.0, 1_150.0) / quarter_m
}

/// The river and the lake.
pub(super) fn large(plan: &Plan, borders: &Borders) -> [Row; 2] {
    let (shore, island) = plan.lake.shore(&plan.lattice);
    let mut rings = vec![frame::closed(&shore)];
    rings.extend(island.map(|ring| frame::closed(&ring.into_iter().rev().collect::<Vec<_>>())));
    [
        row(
            "W000001".to_owned(),
            "长江",
            "Yangtze River",
            "river",
            vec![river(plan, borders)],
        ),
        row("W000002".to_owned(), "磁湖", "Ci Lake", "lake", rings),
    ]
}

/// The ponds of a quarter.
pub(super) fn ponds(plan: &Plan, quarter: &QuarterPlan) -> Vec<Row> {
    let name = names::place(quarter.rank);
    blocks::of(plan, quarter, &Streets::of(plan, quarter))
        .iter()
        .filter(|block| block.kind == BlockKind::Pond)
        .map(|block| {
            let middle = centroid(&block.ring);
            let water = block.ring.iter().map(|&p| middle.toward(p, 0.86)).collect();
            let id = format!("W{:05}{:03}", quarter.rank + 1, block.number);
            let rings = vec![frame::closed(&smooth(water, 2))];
            row(
                id,
                &format!("{}塘", name.zh),
                &format!("{} Pond", name.en),
                "lake",
                rings,
            )
        })
        .collect()
}

fn row(id: String, name: &str, name_en: &str, class: &str, rings: Vec<Path>) -> Row {
    Row {
        geometry: Some(Geometry::Polygons(vec![Polygon { rings }])),
        values: vec![
            Value::text(id),
            Value::text(name),
            Value::text(name_en),
            Value::text(class),
        ],
        valid: TimeSpan::ALWAYS,
    }
}

/// The river from the western to the eastern end of the map, or to the sanity box.
fn river(plan: &Plan, borders: &Borders) -> Path {
    let inside = frame::sanity_box();
    let end = (borders.half_width() * 1.12 * BANK_POINTS).ceil() as i32;
    let wave = |u: f64, phase: f64| 0.035 * libm::sin(u * 1.3 + phase) + 0.02 * libm::sin(u * 3.1 + 2.0 * phase);
    let banks = |step: i32| -> [Coord; 2] {
        let u = f64::from(step) / BANK_POINTS;
        let broad = 1.0 + 0.15 * libm::sin(u * 0.45);
        let near = f64::from(plan.bank) + BANK + wave(u, 0.4);
        [
            plan.lattice.degrees(u, near),
            plan.lattice.degrees(u, near + river_width(plan) * broad + wave(u, 2.2)),
        ]
    };
    let fits = |step: &i32| banks(*step).iter().all(|&at| inside.contains_point(at));
    let east = (0..=end).take_while(fits).last().unwrap_or(0);
    let west = (-end..=0).rev().take_while(fits).last().unwrap_or(0);
    let near = (west..=east).map(|step| banks(step)[0]);
    let far = (west..=east).rev().map(|step| banks(step)[1]);
    Path::new(near.chain(far).chain([banks(west)[0]]).collect()).expect("the city's coordinates are finite")
}

/// Points of the plane along a bridge from the bank over the river.
pub(super) fn bridge(plan: &Plan, a: i32) -> Vec<Pt> {
    let (from, to) = (f64::from(plan.bank), far_bank(plan) + 0.25);
    (0..=8)
        .map(|i| {
            plan.lattice
                .plane(f64::from(a), from + (to - from) * f64::from(i) / 8.0)
        })
        .collect()
}
