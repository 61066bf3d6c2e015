//! What must hold of every city, over cities of several sizes.

mod content;
mod shapes;
mod topology;

use super::City;
use onemap_model::{Coord, Row};
use std::ops::ControlFlow;

/// A small one, an odd one, and one whose quarters have their full size.
const SIZES: [u64; 3] = [1_000, 3_333, 12_000];

fn rows(city: &City, layer: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    city.features(layer, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

fn text(row: &Row, field: usize) -> &str {
    row.values[field].as_text().unwrap()
}

/// A coordinate as whole parts of 1e-9 degree, which all of the city's are.
fn grid(c: &Coord) -> (i64, i64) {
    let whole = |degrees: f64| (degrees * 1e9).round() as i64;
    assert_eq!(
        (whole(c.x) as f64 / 1e9, whole(c.y) as f64 / 1e9),
        (c.x, c.y),
        "off the grid"
    );
    (whole(c.x), whole(c.y))
}
