//! The layer of roads: main streets stretch by stretch, the streets inside quarters, and bridges.

use super::frame;
use super::lattice::{Axis, LatticeEdge};
use super::names::{self, PlaceName};
use super::plan::{Plan, QuarterPlan};
use super::plane::Pt;
use super::roadclass::RoadClass;
use super::streets::{MAINS, Streets};
use super::water;
use onemap_model::{Geometry, Row, TimeSpan, Value};

/// A main street has a new name after so many quarters.
pub(super) const SECTION: i32 = 8;

/// The roads that are built with a quarter: streets inside it, and of those around it the ones that no earlier
/// quarter built.
pub(super) fn of_quarter(plan: &Plan, quarter: &QuarterPlan) -> Vec<Row> {
    let streets = Streets::of(plan, quarter);
    let names = names(plan, quarter, &streets);
    let mut rows = Vec::new();
    for (side, &edge) in streets.mains.iter().enumerate() {
        let ranks = edge.quarters().map(|(a, b)| plan.rank(a, b));
        if ranks.into_iter().flatten().all(|rank| rank >= quarter.rank) {
            let line = main_line(plan, quarter, &streets, side, edge);
            rows.push(row(quarter, side, line, &names[side], streets.classes[side]));
        }
    }
    for (tag, line) in streets.inner() {
        let tag = usize::from(tag);
        rows.push(row(quarter, tag, line, &names[tag], streets.classes[tag]));
    }
    if let Some(name) = bridge_name(plan, quarter) {
        rows.push(row(
            quarter,
            999,
            water::bridge(plan, quarter.a),
            &name,
            RoadClass::of_main(plan, streets.mains[3]),
        ));
    }
    rows
}

/// The names of all streets in and around a quarter, by tag.
pub(super) fn names(plan: &Plan, quarter: &QuarterPlan, streets: &Streets) -> Vec<PlaceName> {
    let own = names::place(quarter.rank);
    let mut counts = [0u32; 3];
    let mut inner = |class: RoadClass| {
        let (kind, zh, en) = match class {
            RoadClass::Footway => (0, "巷", "Lane"),
            RoadClass::Residential => (1, "街", "Street"),
            _ => (2, "路", "Road"),
        };
        counts[kind] += 1;
        let n = counts[kind];
        names::with(&own, &format!("{}{zh}", names::chinese_number(n)), &format!("{en} {n}"))
    };
    streets
        .classes
        .iter()
        .enumerate()
        .map(|(tag, &class)| {
            if tag < MAINS {
                main_name(plan, streets.mains[tag], class)
            } else {
                inner(class)
            }
        })
        .collect()
}

fn main_name(plan: &Plan, edge: LatticeEdge, class: RoadClass) -> PlaceName {
    let fixed = |zh: &str, en: &str| PlaceName {
        zh: zh.to_owned(),
        en: en.to_owned(),
    };
    if class == RoadClass::Motorway {
        return match edge.axis {
            Axis::AlongRiver => fixed("黄石绕城高速公路", "Huangshi Ring Expressway"),
            Axis::ToRiver => fixed("黄石沿江高速公路", "Huangshi Riverside Expressway"),
        };
    }
    let section = edge.place().div_euclid(SECTION);
    match (edge.axis, edge.line(), section) {
        (Axis::AlongRiver, line, 0) if line == plan.bank => return fixed("沿江大道", "Yanjiang Avenue"),
        (Axis::AlongRiver, 0, 0) => return fixed("黄石大道", "Huangshi Avenue"),
        (Axis::ToRiver, 0, 0) => return fixed("磁湖大道", "Cihu Avenue"),
        _ => {}
    }
    let axis = u32::from(edge.axis == Axis::ToRiver);
    let number = (((edge.line() + 180) * 40 + section + 20) as u32) * 2 + axis;
    let (zh, en) = if class <= RoadClass::Trunk {
        ("大道", "Avenue")
    } else {
        ("路", "Road")
    };
    // Half the names away from those of the first quarters, so that they seldom meet.
    names::with(&names::place(number + names::count() / 2), zh, en)
}

/// The stretch with the points at which the streets of both quarters beside it end.
fn main_line(plan: &Plan, quarter: &QuarterPlan, streets: &Streets, side: usize, edge: LatticeEdge) -> Vec<Pt> {
    let stretch = plan.lattice.stretch(edge);
    let own = streets.junctions(side);
    let other = edge
        .quarters()
        .into_iter()
        .filter_map(|(a, b)| plan.rank(a, b))
        .find(|&rank| rank != quarter.rank)
        .map(|rank| Streets::of(plan, &plan.quarters[rank as usize]).junctions((side + 2) % MAINS));
    let mut line = Vec::new();
    for (piece, ends) in stretch.windows(2).enumerate() {
        line.push(ends[0]);
        let mut inside = own[piece].clone();
        inside.extend(other.iter().flat_map(|junctions| junctions[piece].iter().copied()));
        let along = |p: &Pt| (*p - ends[0]).dot(ends[1] - ends[0]);
        inside.sort_by(|a, b| along(a).total_cmp(&along(b)));
        line.extend(inside);
    }
    line.extend(stretch.last());
    line
}

/// The bridge that begins where the quarter's western side meets the bank; only great streets have one.
fn bridge_name(plan: &Plan, quarter: &QuarterPlan) -> Option<PlaceName> {
    let edge = LatticeEdge {
        axis: Axis::ToRiver,
        a: quarter.a,
        b: quarter.b,
    };
    let class = RoadClass::of_main(plan, edge);
    let stands = quarter.b + 1 == plan.bank && (class == RoadClass::Motorway || quarter.a == 0);
    stands.then(|| match quarter.a {
        0 => PlaceName {
            zh: "黄石长江大桥".to_owned(),
            en: "Huangshi Yangtze River Bridge".to_owned(),
        },
        _ => names::with(&names::place(quarter.rank), "长江大桥", "Yangtze River Bridge"),
    })
}

fn row(quarter: &QuarterPlan, number: usize, line: Vec<Pt>, name: &PlaceName, class: RoadClass) -> Row {
    let path = frame::path(line);
    Row {
        geometry: Some(Geometry::Lines(vec![path])),
        values: vec![
            Value::text(format!("R{:05}{number:03}", quarter.rank + 1)),
            Value::text(name.zh.as_str()),
            Value::text(name.en.as_str()),
            Value::text(class.as_str()),
        ],
        valid: TimeSpan::ALWAYS,
    }
}
