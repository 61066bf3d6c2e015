//! Features as GeoJSON (RFC 7946): longitude before latitude, every coordinate in full, outer rings counter-clockwise.

use onemap_atlas::FeatureView;
use onemap_model::{Coord, Feature, Geometry, GeometryType, Instant, Layer, Path, Polygon, TimeSpan, Value};
use std::fmt::Write;

/// Writes one `Feature` object at the end of `out`; `more` is appended to its members as it is.
pub(crate) fn write_feature(out: &mut String, layer: &Layer, feature: &FeatureView<'_>, more: &str) {
    out.push_str("{\"type\":\"Feature\",\"id\":");
    write_text(out, &feature.public_id());
    out.push_str(",\"geometry\":");
    match feature.geometry() {
        Some(geometry) => write_geometry(out, &geometry, layer.geometry_type),
        None => out.push_str("null"),
    }
    out.push_str(",\"properties\":{");
    for (at, field) in layer.fields().iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(out, field.name.as_str());
        out.push(':');
        write_value(out, &feature.value(at));
    }
    out.push('}');
    out.push_str(more);
    out.push('}');
}

/// Writes a feature as it is or was in the store; where it is not valid at all times, `time` has the interval in which it
/// is (OGC 21-045, Features and Geometries JSON).
pub(crate) fn write_state(out: &mut String, layer: &Layer, feature: &Feature) {
    out.push_str("{\"type\":\"Feature\",\"id\":");
    write_text(out, &layer.public_id(feature));
    out.push_str(",\"geometry\":");
    match &feature.row.geometry {
        Some(geometry) => write_geometry(out, geometry, layer.geometry_type),
        None => out.push_str("null"),
    }
    let valid = feature.row.valid;
    if valid != TimeSpan::ALWAYS {
        let end = |end: Option<Instant>| end.map_or_else(|| "..".to_owned(), |end| end.to_string());
        let (from, to) = (end(valid.from()), end(valid.to()));
        let _ = write!(out, ",\"time\":{{\"interval\":[\"{from}\",\"{to}\"]}}");
    }
    out.push_str(",\"properties\":{");
    for (at, (field, value)) in layer.fields().iter().zip(&feature.row.values).enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(out, field.name.as_str());
        out.push(':');
        write_value(out, value);
    }
    out.push_str("}}");
}

/// Writes a geometry as the kind that its layer declares; in a layer of mixed kinds, single where it has one part.
pub(crate) fn write_geometry(out: &mut String, geometry: &Geometry, declared: GeometryType) {
    let single = |parts: usize| parts == 1 && declared == GeometryType::Geometry;
    match geometry {
        Geometry::Points(path) if path.len() == 1 && (declared == GeometryType::Point || single(1)) => {
            tagged(out, "Point", |out| write_position(out, path, 0));
        }
        Geometry::Points(path) => tagged(out, "MultiPoint", |out| write_path(out, path, 0..path.len())),
        Geometry::Lines(lines) if single(lines.len()) => {
            tagged(out, "LineString", |out| write_path(out, &lines[0], 0..lines[0].len()));
        }
        Geometry::Lines(lines) => tagged(out, "MultiLineString", |out| {
            write_list(out, lines, |out, line| write_path(out, line, 0..line.len()));
        }),
        Geometry::Polygons(polygons) if single(polygons.len()) => {
            tagged(out, "Polygon", |out| write_polygon(out, &polygons[0]));
        }
        Geometry::Polygons(polygons) => {
            tagged(out, "MultiPolygon", |out| write_list(out, polygons, write_polygon));
        }
        Geometry::Collection(parts) => {
            out.push_str("{\"type\":\"GeometryCollection\",\"geometries\":");
            write_list(out, parts, |out, part| {
                write_geometry(out, part, GeometryType::Geometry)
            });
            out.push('}');
        }
    }
}

/// Writes a text with its quotes.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

fn tagged(out: &mut String, kind: &str, coordinates: impl FnOnce(&mut String)) {
    let _ = write!(out, "{{\"type\":\"{kind}\",\"coordinates\":");
    coordinates(out);
    out.push('}');
}

fn write_list<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(']');
}

fn write_polygon(out: &mut String, polygon: &Polygon) {
    let mut outer = true;
    write_list(out, &polygon.rings, |out, ring| {
        let counter_clockwise = doubled_area(ring.coords()) >= 0.0;
        if counter_clockwise == outer {
            write_path(out, ring, 0..ring.len());
        } else {
            write_path(out, ring, (0..ring.len()).rev());
        }
        outer = false;
    });
}

/// Twice the signed area; positive where the ring runs counter-clockwise. Taken relative to the first position, so
/// that small rings far from the origin keep their sign.
fn doubled_area(ring: &[Coord]) -> f64 {
    let Some(origin) = ring.first() else { return 0.0 };
    let cross = |pair: &[Coord]| {
        let (ax, ay) = (pair[0].x - origin.x, pair[0].y - origin.y);
        let (bx, by) = (pair[1].x - origin.x, pair[1].y - origin.y);
        ax * by - bx * ay
    };
    ring.windows(2).map(cross).sum()
}

fn write_path(out: &mut String, path: &Path, order: impl Iterator<Item = usize>) {
    out.push('[');
    for (i, at) in order.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_position(out, path, at);
    }
    out.push(']');
}

fn write_position(out: &mut String, path: &Path, at: usize) {
    let Coord { x, y } = path.coords()[at];
    let _ = match path.z().get(at).filter(|z| z.is_finite()) {
        Some(z) => write!(out, "[{x},{y},{z}]"),
        None => write!(out, "[{x},{y}]"),
    };
}

fn write_value(out: &mut String, value: &Value) {
    let _ = match value {
        Value::Null => write!(out, "null"),
        Value::Bool(v) => write!(out, "{v}"),
        Value::Int(v) => write!(out, "{v}"),
        Value::Float(v) => write!(out, "{}", serde_json::Value::from(v.get())),
        Value::Text(v) => return write_text(out, v),
        Value::Date(_) | Value::DateTime(_) => write!(out, "\"{value}\""),
        Value::Bytes(v) => write!(out, "\"{}\"", base64(v)),
        Value::Array(items) => return write_list(out, items, write_value),
    };
}

/// RFC 4648, clause 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let sextet = (bits >> (18 - 6 * i)) as usize & 63;
            text.push(if i <= chunk.len() {
                char::from(ALPHABET[sextet])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(coords: &[(f64, f64)]) -> Path {
        Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
    }

    fn check(geometry: Geometry, declared: GeometryType, expected: &str) {
        let mut out = String::new();
        write_geometry(&mut out, &geometry, declared);
        assert_eq!(out, expected);
    }

    #[test]
    fn a_geometry_is_written_as_its_layer_declares() {
        let point = Geometry::point(115.123_456_789_012_34, 30.5).unwrap();
        check(
            point.clone(),
            GeometryType::Point,
            r#"{"type":"Point","coordinates":[115.12345678901234,30.5]}"#,
        );
        check(
            point.clone(),
            GeometryType::MultiPoint,
            r#"{"type":"MultiPoint","coordinates":[[115.12345678901234,30.5]]}"#,
        );
        let line = Geometry::Lines(vec![path(&[(0.0, 0.0), (1e-7, 2.0)])]);
        let multi = r#"{"type":"MultiLineString","coordinates":[[[0,0],[0.0000001,2]]]}"#;
        check(line.clone(), GeometryType::MultiLineString, multi);
        check(
            line.clone(),
            GeometryType::Geometry,
            r#"{"type":"LineString","coordinates":[[0,0],[0.0000001,2]]}"#,
        );
        check(
            Geometry::Collection(vec![Geometry::point(1.0, 2.0).unwrap()]),
            GeometryType::Geometry,
            r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}"#,
        );
        check(
            Geometry::Polygons(vec![]),
            GeometryType::MultiPolygon,
            r#"{"type":"MultiPolygon","coordinates":[]}"#,
        );
    }

    #[test]
    fn outer_rings_run_counter_clockwise_and_holes_clockwise() {
        let clockwise = path(&[(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (0.0, 0.0)]);
        let counter = path(&[(1.0, 2.0), (1.5, 2.0), (1.0, 3.0), (1.0, 2.0)]);
        check(
            Geometry::Polygons(vec![Polygon {
                rings: vec![clockwise, counter],
            }]),
            GeometryType::MultiPolygon,
            r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[4,4],[0,4],[0,0]],[[1,2],[1,3],[1.5,2],[1,2]]]]}"#,
        );
    }

    #[test]
    fn heights_are_written_where_they_are_known() {
        let coords = vec![Coord { x: 1.0, y: 2.0 }, Coord { x: 3.0, y: 4.0 }];
        let path = Path::with_z(coords, vec![5.5, f64::NAN]).unwrap();
        check(
            Geometry::Points(path),
            GeometryType::MultiPoint,
            r#"{"type":"MultiPoint","coordinates":[[1,2,5.5],[3,4]]}"#,
        );
    }

    #[test]
    fn values_keep_their_types() {
        let mut out = String::new();
        let values = [
            Value::Int(i64::MIN),
            Value::float(3.0).unwrap(),
            Value::text("a\"\n地"),
            Value::Bytes([1, 2, 3, 4].into()),
            Value::Array([Value::Bool(true), Value::Null].into()),
        ];
        write_list(&mut out, &values, write_value);
        assert_eq!(out, r#"[-9223372036854775808,3.0,"a\"\n地","AQIDBA==",[true,null]]"#);
        serde_json::from_str::<serde_json::Value>(&out).unwrap();
    }
}
