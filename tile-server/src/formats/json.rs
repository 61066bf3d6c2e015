//! The parts of GeoJSON (RFC 7946): numbers in their shortest exact form, outer rings counter-clockwise.
//!
//! Written by hand, for pages are made at hundreds of megabytes a second.

use super::Shown;
use super::geojson::Features;
use crate::crs::AxisOrder;
use onemap_model::cql2::{Datum, FeatureOf, Subject};
use onemap_model::{Coord, Feature, Geometry, GeometryType, Instant, Layer, Path, Polygon, TimeSpan, Value};
use std::fmt::Write;

/// Writes a feature as it is or was in the store; where it is not valid at all times, `time` has the interval in which it
/// is (OGC 21-045, Features and Geometries JSON).
pub(crate) fn write_state(out: &mut String, layer: &Layer, feature: &Feature) {
    let written = Features::new(Shown::all(layer)).write(out, &FeatureOf(layer, feature), None);
    written.expect("every place has a longitude and a latitude");
}

/// Writes the public id.
pub(super) fn write_id(out: &mut String, feature: &dyn Subject) {
    write_text(out, &feature.public_id());
}

/// Writes the member `time` of a feature that is not true at all times.
pub(super) fn write_time(out: &mut String, valid: TimeSpan) {
    if valid != TimeSpan::ALWAYS {
        let mut end = |before: &str, end: Option<Instant>| {
            out.push_str(before);
            let _ = match end {
                Some(end) => write!(out, "{end}"),
                None => out.write_str(".."),
            };
        };
        end(",\"time\":{\"interval\":[\"", valid.from());
        end("\",\"", valid.to());
        out.push_str("\"]}");
    }
}

/// Writes a geometry as the kind that its layer declares; in a layer of mixed kinds, single where it has one part.
/// Positions are given with x first, and written in the order `axes`.
pub(super) fn write_geometry(out: &mut String, geometry: &Geometry, declared: GeometryType, axes: AxisOrder) {
    let single = |parts: usize| parts == 1 && declared == GeometryType::Geometry;
    match geometry {
        Geometry::Points(path) if path.len() == 1 && (declared == GeometryType::Point || single(1)) => {
            tagged(out, "Point", |out| write_position(out, path, 0, axes));
        }
        Geometry::Points(path) if path.is_empty() && declared == GeometryType::Point => {
            tagged(out, "Point", |out| out.push_str("[]"));
        }
        Geometry::Points(path) => tagged(out, "MultiPoint", |out| write_path(out, path, 0..path.len(), axes)),
        Geometry::Lines(lines) if single(lines.len()) => {
            tagged(out, "LineString", |out| {
                write_path(out, &lines[0], 0..lines[0].len(), axes)
            });
        }
        Geometry::Lines(lines) => tagged(out, "MultiLineString", |out| {
            write_list(out, lines, |out, line| write_path(out, line, 0..line.len(), axes));
        }),
        Geometry::Polygons(polygons) if single(polygons.len()) => {
            tagged(out, "Polygon", |out| write_polygon(out, &polygons[0], axes));
        }
        Geometry::Polygons(polygons) => tagged(out, "MultiPolygon", |out| {
            write_list(out, polygons, |out, polygon| write_polygon(out, polygon, axes));
        }),
        Geometry::Collection(parts) => {
            out.push_str("{\"type\":\"GeometryCollection\",\"geometries\":");
            write_list(out, parts, |out, part| {
                write_geometry(out, part, GeometryType::Geometry, axes)
            });
            out.push('}');
        }
    }
}

/// Writes a text with its quotes.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    // Most texts have nothing to escape. To look at all bytes at once costs less than to stop at the first.
    match text.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        false => out.push_str(text),
        true => write_escaped(out, text),
    }
    out.push('"');
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escaped(out: &mut String, text: &str) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| is_escaped(*byte)) {
        out.push_str(&text[plain..at]);
        plain = at + 1;
        let _ = match byte {
            b'"' => out.write_str("\\\""),
            b'\\' => out.write_str("\\\\"),
            b'\n' => out.write_str("\\n"),
            b'\r' => out.write_str("\\r"),
            b'\t' => out.write_str("\\t"),
            control => write!(out, "\\u{control:04x}"),
        };
    }
    out.push_str(&text[plain..]);
}

fn tagged(out: &mut String, kind: &str, coordinates: impl FnOnce(&mut String)) {
    out.push_str("{\"type\":\"");
    out.push_str(kind);
    out.push_str("\",\"coordinates\":");
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

fn write_polygon(out: &mut String, polygon: &Polygon, axes: AxisOrder) {
    let mut outer = true;
    write_list(out, &polygon.rings, |out, ring| {
        let counter_clockwise = doubled_area(ring.coords()) >= 0.0;
        if counter_clockwise == outer {
            write_path(out, ring, 0..ring.len(), axes);
        } else {
            write_path(out, ring, (0..ring.len()).rev(), axes);
        }
        outer = false;
    });
}

/// Twice the signed area; positive where the ring runs counter-clockwise. Taken relative to the first position, so
/// that small rings far from the origin keep their sign.
pub(super) fn doubled_area(ring: &[Coord]) -> f64 {
    let Some(origin) = ring.first() else { return 0.0 };
    let cross = |pair: &[Coord]| {
        let (ax, ay) = (pair[0].x - origin.x, pair[0].y - origin.y);
        let (bx, by) = (pair[1].x - origin.x, pair[1].y - origin.y);
        ax * by - bx * ay
    };
    ring.windows(2).map(cross).sum()
}

fn write_path(out: &mut String, path: &Path, order: impl Iterator<Item = usize>, axes: AxisOrder) {
    out.push('[');
    let mut first = None;
    for at in order {
        let begin = out.len();
        match &first {
            None => {
                write_position(out, path, at, axes);
                first = Some((at, begin..out.len()));
            }
            Some((same, text)) if path.is_same(*same, at) => {
                out.push(',');
                out.extend_from_within(text.clone());
            }
            Some(_) => {
                out.push(',');
                write_position(out, path, at, axes);
            }
        }
    }
    out.push(']');
}

fn write_position(out: &mut String, path: &Path, at: usize, axes: AxisOrder) {
    let Coord { x, y } = path.coords()[at];
    let (first, second) = match axes {
        AxisOrder::EastNorth => (x, y),
        AxisOrder::NorthEast => (y, x),
    };
    out.push('[');
    write_number(out, first);
    out.push(',');
    write_number(out, second);
    if let Some(z) = path.z().get(at).filter(|z| z.is_finite()) {
        out.push(',');
        write_number(out, *z);
    }
    out.push(']');
}

/// Writes a finite number in the fewest digits that give it back, without `.0`.
pub(super) fn write_number(out: &mut String, number: f64) {
    let mut buffer = zmij::Buffer::new();
    let digits = buffer.format_finite(number);
    out.push_str(digits.strip_suffix(".0").unwrap_or(digits));
}

/// Writes a value.
pub(crate) fn write_datum(out: &mut String, value: &Datum<'_>) {
    match value {
        Datum::Null => out.push_str("null"),
        Datum::Bool(v) => out.push_str(if *v { "true" } else { "false" }),
        Datum::Int(v) => out.push_str(itoa::Buffer::new().format(*v)),
        // With its `.0`: who reads it knows that the field has fractions.
        Datum::Float(v) => out.push_str(zmij::Buffer::new().format(*v)),
        Datum::Text(v) => write_text(out, v),
        Datum::Date(v) => quoted(out, v),
        Datum::DateTime(v) => quoted(out, v),
        Datum::Bytes(v) => quoted(out, &base64(v)),
        Datum::Array(items) => write_array(out, items),
    }
}

/// Writes a list.
pub(super) fn write_array(out: &mut String, items: &[Value]) {
    write_list(out, items, |out, item| write_datum(out, &Datum::from(item)));
}

fn quoted(out: &mut String, plain: &impl std::fmt::Display) {
    let _ = write!(out, "\"{plain}\"");
}

/// RFC 4648, clause 4, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
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
        write_geometry(&mut out, &geometry, declared, AxisOrder::EastNorth);
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
        let multi = r#"{"type":"MultiLineString","coordinates":[[[0,0],[1e-7,2]]]}"#;
        check(line.clone(), GeometryType::MultiLineString, multi);
        check(
            line.clone(),
            GeometryType::Geometry,
            r#"{"type":"LineString","coordinates":[[0,0],[1e-7,2]]}"#,
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
            Value::text("a\"\n\\\u{1}地"),
            Value::Bytes([1, 2, 3, 4].into()),
            Value::Array([Value::Bool(true), Value::Null].into()),
        ];
        write_array(&mut out, &values);
        assert_eq!(
            out,
            r#"[-9223372036854775808,3.0,"a\"\n\\\u0001地","AQIDBA==",[true,null]]"#
        );
        serde_json::from_str::<serde_json::Value>(&out).unwrap();
    }
}
