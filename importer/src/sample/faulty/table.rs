//! A layer as a table, and the table as CSV with a column of WKT.

use onemap_model::{Coord, Geometry, Layer, Path, Row, Value};
use std::collections::HashMap;
use std::fmt::Write;

/// The rows of a layer, with what a row cannot say.
#[derive(Debug)]
pub struct Table {
    /// The layer's name.
    pub layer: String,
    names: Vec<String>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// WKT that stands in the place of a row's geometry.
    pub wkt: HashMap<usize, String>,
    /// The end of valid time that stands in the place of a row's.
    pub valid_to: HashMap<usize, String>,
}

impl Table {
    pub(super) fn new(layer: &Layer) -> Self {
        let (rows, wkt, valid_to) = Default::default();
        Self {
            layer: layer.name().to_string(),
            names: layer.fields().iter().map(|field| field.name.to_string()).collect(),
            rows,
            wkt,
            valid_to,
        }
    }

    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The text of a field.
    pub(super) fn text(&self, row: usize, field: usize) -> String {
        self.rows[row].values[field].to_string()
    }

    /// Sets the text of a field.
    pub(super) fn set(&mut self, row: usize, field: usize, text: impl Into<Box<str>>) {
        self.rows[row].values[field] = Value::text(text);
    }

    /// The table as CSV: `valid_from` and `valid_to` where rows have them, `wkt` where they have geometries.
    pub fn csv(&self) -> String {
        let timed = self.rows.iter().any(|row| row.valid.from().is_some());
        let drawn = self.rows.iter().any(|row| row.geometry.is_some());
        let mut text = self.names.join(",");
        text.push_str(if timed { ",valid_from,valid_to" } else { "" });
        text.push_str(if drawn { ",wkt\n" } else { "\n" });
        for (number, row) in self.rows.iter().enumerate() {
            let mut cells: Vec<String> = row.values.iter().map(cell).collect();
            if timed {
                let time = |at: Option<onemap_model::Instant>| at.map_or_else(String::new, |at| at.to_string());
                let to = self.valid_to.get(&number).cloned();
                cells.extend([time(row.valid.from()), to.unwrap_or_else(|| time(row.valid.to()))]);
            }
            if drawn {
                let own = || row.geometry.as_ref().map_or_else(String::new, wkt);
                cells.push(quoted(&self.wkt.get(&number).cloned().unwrap_or_else(own)));
            }
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        other => quoted(&other.to_string()),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The shell of a row's polygon, closed.
pub(super) fn ring(row: &Row) -> &[Coord] {
    match &row.geometry {
        Some(Geometry::Polygons(polygons)) => polygons[0].rings[0].coords(),
        _ => &[],
    }
}

/// A ring of WKT.
pub(super) fn wkt_ring(coords: &[Coord]) -> String {
    let points: Vec<String> = coords.iter().map(|p| format!("{} {}", p.x, p.y)).collect();
    format!("({})", points.join(","))
}

fn wkt(geometry: &Geometry) -> String {
    let paths = |paths: &[Path]| {
        paths
            .iter()
            .map(|path| wkt_ring(path.coords()))
            .collect::<Vec<_>>()
            .join(",")
    };
    match geometry {
        Geometry::Points(points) => format!("POINT{}", wkt_ring(points.coords())),
        Geometry::Lines(lines) => format!("MULTILINESTRING({})", paths(lines)),
        Geometry::Polygons(polygons) => {
            let parts: Vec<String> = polygons
                .iter()
                .map(|polygon| format!("({})", paths(&polygon.rings)))
                .collect();
            format!("MULTIPOLYGON({})", parts.join(","))
        }
        Geometry::Collection(_) => String::new(),
    }
}
