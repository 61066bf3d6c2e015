//! One entry of the feed as JSON.

use super::scope::{Shown, Sight};
use crate::formats::json::{write_state, write_text};
use onemap_model::{Bbox, Change, Feature, Field, Instant, Layer, Name, Operation, TileMatrixSet, TileRange, Version};
use serde_json::json;
use std::fmt::Write;

/// What a reader wants of each entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// Which states.
    pub states: States,
    /// In which grids the touched tiles are told.
    pub grids: Vec<TileMatrixSet>,
}

/// Which states of a feature an entry has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum States {
    /// None: what was touched is enough.
    None,
    /// The one after the change.
    New,
    /// The ones before and after.
    Both,
}

/// The commit that an entry is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// The version that it made.
    pub version: Version,
    /// When.
    pub time: Instant,
}

/// A layer as it was before and after a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defined<'a> {
    /// Before.
    pub old: Option<&'a Layer>,
    /// After.
    pub new: Option<&'a Layer>,
}

/// Writes that the layer `name` was made, changed or, where there is none now, removed.
pub(crate) fn definition(made: Made, name: &Name, now: Option<&Layer>, cursor: &str) -> String {
    let mut out = head(made, name);
    let _ = write!(out, ",\"operation\":\"define\",\"exists\":{}", now.is_some());
    if let Some(layer) = now {
        let field = |field: &Field| json!({"name": field.name.as_str(), "type": field.field_type.as_str()});
        let fields: Vec<_> = layer.fields().iter().map(field).collect();
        let _ = write!(
            out,
            ",\"geometryType\":\"{}\",\"fields\":{}",
            layer.geometry_type.as_str(),
            json!(fields)
        );
    }
    finish(out, cursor)
}

/// Writes what happened to a feature, as far as `shown` says; none where nothing of it is seen.
pub(crate) fn change(
    made: Made,
    change: &Change,
    defined: Defined<'_>,
    shown: Shown,
    shape: &Shape,
    cursor: &str,
) -> Option<String> {
    let seen = |sight, state| if sight == Sight::Seen { state } else { None };
    let old = seen(shown.old, change.old.as_ref()).zip(defined.old.or(defined.new));
    let new = seen(shown.new, change.new.as_ref()).zip(defined.new.or(defined.old));
    let operation = match (&old, &new) {
        (None, None) => return None,
        (None, Some(_)) => Operation::Insert,
        (Some(_), Some(_)) => Operation::Update,
        (Some(_), None) => Operation::Delete,
    };
    let id = new.or(old).map(|(feature, layer)| layer.public_id(feature))?;
    let mut out = head(made, &change.layer);
    out.push_str(",\"id\":");
    write_text(&mut out, &id);
    let _ = write!(out, ",\"fid\":{},\"operation\":\"{}\"", change.fid, operation.as_str());
    let boxes = [old, new].map(|side| side.and_then(box_of));
    let _ = write!(
        out,
        ",\"box\":{}",
        json!({"old": numbers(boxes[0]), "new": numbers(boxes[1])})
    );
    let zooms = [old, new].into_iter().flatten().map(|(_, layer)| layer.zoom);
    let zooms = zooms.map(|zoom| (zoom.min(), zoom.max()));
    let (min, max) = zooms.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    write_tiles(&mut out, &shape.grids, min..=max, boxes);
    let states = match shape.states {
        States::None => [None, None],
        States::New => [Some(("new", new)), None],
        States::Both => [Some(("new", new)), Some(("old", old))],
    };
    for (name, state) in states.into_iter().flatten() {
        let _ = write!(out, ",\"{name}\":");
        match state {
            Some((feature, layer)) => write_state(&mut out, layer, feature),
            None => out.push_str("null"),
        }
    }
    Some(finish(out, cursor))
}

fn head(made: Made, layer: &Name) -> String {
    let mut out = format!("{{\"version\":{},\"time\":\"{}\",\"layer\":", made.version, made.time);
    write_text(&mut out, layer.as_str());
    out
}

fn finish(mut out: String, cursor: &str) -> String {
    let _ = write!(out, ",\"cursor\":\"{cursor}\"}}");
    out
}

fn box_of((feature, _): (&Feature, &Layer)) -> Option<Bbox> {
    feature.row.geometry.as_ref()?.bbox()
}

fn numbers(bbox: Option<Bbox>) -> Option<[f64; 4]> {
    bbox.map(|bbox| bbox.to_array())
}

/// Writes the touched tiles: for each grid a list of `[zoom, first column, first row, last column, last row]`.
fn write_tiles(
    out: &mut String,
    grids: &[TileMatrixSet],
    zooms: std::ops::RangeInclusive<u8>,
    boxes: [Option<Bbox>; 2],
) {
    out.push_str(",\"tiles\":{");
    for (at, grid) in grids.iter().enumerate() {
        let _ = write!(out, "{}\"{grid}\":[", if at > 0 { "," } else { "" });
        let ranges = zooms.clone().flat_map(|z| touched(*grid, z, boxes));
        for (at, range) in ranges.enumerate() {
            let TileRange {
                z,
                min_col,
                max_col,
                min_row,
                max_row,
                ..
            } = range;
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(out, "{comma}[{z},{min_col},{min_row},{max_col},{max_row}]");
        }
        out.push(']');
    }
    out.push('}');
}

/// The tiles of one zoom that either box touches; once where one holds the other.
fn touched(grid: TileMatrixSet, z: u8, boxes: [Option<Bbox>; 2]) -> impl Iterator<Item = TileRange> {
    let range = |bbox: Option<Bbox>| grid.tiles_touching(z, &bbox?);
    let (old, new) = (range(boxes[0]), range(boxes[1]));
    let holds = |a: TileRange, b: TileRange| {
        a.min_col <= b.min_col && b.max_col <= a.max_col && a.min_row <= b.min_row && b.max_row <= a.max_row
    };
    let both = match (old, new) {
        (Some(a), Some(b)) if holds(a, b) => [Some(a), None],
        (Some(a), Some(b)) if holds(b, a) => [Some(b), None],
        pair => pair.into(),
    };
    both.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Access, Crs, Fid, FieldType, Geometry, GeometryType, Row, TimeSpan, Value, ZoomRange};

    fn layer() -> Layer {
        let field = Field {
            name: Name::new("code").unwrap(),
            title: String::new(),
            field_type: FieldType::Text,
        };
        let name = Name::new("pois").unwrap();
        let layer = Layer::new(name, GeometryType::Point, Crs::CGCS2000, vec![field]).unwrap();
        let mut layer = layer.with_key("code").unwrap();
        layer.access = Access::Public;
        layer.zoom = ZoomRange::new(13, 14).unwrap();
        layer
    }

    fn feature(x: f64) -> Feature {
        Feature {
            fid: Fid::new(3).unwrap(),
            row: Row {
                geometry: Some(Geometry::point(x, 30.2).unwrap()),
                values: vec![Value::text("a\"b")],
                valid: TimeSpan::new(None, Some(Instant::from_micros(0).unwrap())).unwrap(),
            },
        }
    }

    fn write(old: Option<Feature>, new: Option<Feature>, states: States) -> serde_json::Value {
        let layer = layer();
        let entry = Change {
            layer: layer.name().clone(),
            fid: Fid::new(3).unwrap(),
            old,
            new,
        };
        let made = Made {
            version: Version(9),
            time: Instant::from_micros(5).unwrap(),
        };
        let shown = Shown {
            definition: None,
            old: Sight::Seen,
            new: Sight::Seen,
        };
        let defined = Defined {
            old: Some(&layer),
            new: Some(&layer),
        };
        let shape = Shape {
            states,
            grids: TileMatrixSet::ALL.to_vec(),
        };
        let text = change(made, &entry, defined, shown, &shape, "cX").unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_update_has_both_boxes_and_the_tiles_of_both() {
        let entry = write(Some(feature(115.04)), Some(feature(115.3)), States::Both);
        assert_eq!(entry["operation"], "update");
        assert_eq!(entry["id"], "a\"b");
        assert_eq!((&entry["version"], &entry["fid"]), (&9.into(), &3.into()));
        assert_eq!(entry["time"], "1970-01-01T00:00:00.000005Z");
        assert_eq!(
            entry["box"],
            json!({"old": [115.04, 30.2, 115.04, 30.2], "new": [115.3, 30.2, 115.3, 30.2]})
        );
        let ranges = entry["tiles"]["WebMercatorQuad"].as_array().unwrap();
        assert_eq!(ranges.len(), 4, "two zooms, two places far apart: {ranges:?}");
        assert_eq!(ranges[2], json!([14, 13427, 6749, 13427, 6749]));
        assert_eq!(entry["tiles"]["CGCS2000Quad"][2], json!([14, 13427, 2721, 13427, 2721]));
        assert_eq!(entry["old"]["geometry"]["coordinates"], json!([115.04, 30.2]));
        assert_eq!(entry["new"]["geometry"]["coordinates"], json!([115.3, 30.2]));
        assert_eq!(
            entry["new"]["time"],
            json!({"interval": ["..", "1970-01-01T00:00:00.000Z"]})
        );
    }

    #[test]
    fn equal_ranges_are_told_once_and_states_as_asked() {
        let entry = write(Some(feature(115.04)), Some(feature(115.04)), States::New);
        assert_eq!(entry["tiles"]["WebMercatorQuad"].as_array().unwrap().len(), 2);
        assert!(entry.get("old").is_none() && entry["new"].is_object());
        let entry = write(Some(feature(115.04)), None, States::New);
        assert_eq!((&entry["operation"], &entry["new"]), (&"delete".into(), &json!(null)));
        assert_eq!(entry["box"]["new"], json!(null));
        let entry = write(None, Some(feature(115.04)), States::None);
        assert_eq!(entry["operation"], "insert");
        assert!(entry.get("new").is_none());
    }
}
