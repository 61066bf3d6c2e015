//! Geometries as well-known text (OGC 06-103r4, clause 7), as their layer declares them.

use super::json::write_number;
use onemap_model::{Geometry, GeometryType, Path, Polygon};

/// Appends `geometry` to `out`. Where any position has a height all are written with one, unknown ones as `nan`.
pub(super) fn write(out: &mut String, geometry: &Geometry, declared: GeometryType) {
    write_as(out, geometry, declared, geometry.has_z());
}

fn write_as(out: &mut String, geometry: &Geometry, declared: GeometryType, z: bool) {
    let single = |parts: usize| parts == 1 && declared == GeometryType::Geometry;
    match geometry {
        Geometry::Points(path) if declared == GeometryType::Point && path.len() <= 1 || single(path.len()) => {
            tagged(out, "POINT", z);
            positions(out, path, z);
        }
        Geometry::Points(path) => {
            tagged(out, "MULTIPOINT", z);
            list(out, 0..path.len(), |out, at| {
                out.push('(');
                position(out, path, at, z);
                out.push(')');
            });
        }
        Geometry::Lines(lines) if single(lines.len()) => {
            tagged(out, "LINESTRING", z);
            positions(out, &lines[0], z);
        }
        Geometry::Lines(lines) => {
            tagged(out, "MULTILINESTRING", z);
            list(out, lines, |out, line| positions(out, line, z));
        }
        Geometry::Polygons(polygons) if single(polygons.len()) => {
            tagged(out, "POLYGON", z);
            rings(out, &polygons[0], z);
        }
        Geometry::Polygons(polygons) => {
            tagged(out, "MULTIPOLYGON", z);
            list(out, polygons, |out, polygon| rings(out, polygon, z));
        }
        Geometry::Collection(parts) => {
            tagged(out, "GEOMETRYCOLLECTION", z);
            list(out, parts, |out, part| write_as(out, part, GeometryType::Geometry, z));
        }
    }
}

fn tagged(out: &mut String, word: &str, z: bool) {
    out.push_str(word);
    out.push_str(if z { " Z " } else { " " });
}

fn rings(out: &mut String, polygon: &Polygon, z: bool) {
    list(out, &polygon.rings, |out, ring| positions(out, ring, z));
}

fn positions(out: &mut String, path: &Path, z: bool) {
    list(out, 0..path.len(), |out, at| position(out, path, at, z));
}

fn position(out: &mut String, path: &Path, at: usize, z: bool) {
    let coord = path.coords()[at];
    write_number(out, coord.x);
    out.push(' ');
    write_number(out, coord.y);
    if z {
        out.push(' ');
        match path.z().get(at).filter(|z| z.is_finite()) {
            Some(height) => write_number(out, *height),
            None => out.push_str("nan"),
        }
    }
}

fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut String, T)) {
    let mut items = items.into_iter().peekable();
    if items.peek().is_none() {
        out.push_str("EMPTY");
        return;
    }
    out.push('(');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Coord;

    #[test]
    fn geometries_are_written_as_declared() {
        let check = |geometry: &Geometry, declared, expected: &str| {
            let mut out = String::new();
            write(&mut out, geometry, declared);
            assert_eq!(out, expected);
        };
        let point = Geometry::point(1.5, -2.0).unwrap();
        check(&point, GeometryType::Point, "POINT (1.5 -2)");
        check(&point, GeometryType::MultiPoint, "MULTIPOINT ((1.5 -2))");
        check(&Geometry::Points(Path::default()), GeometryType::Point, "POINT EMPTY");
        let coords = vec![Coord { x: 0.0, y: 0.0 }, Coord { x: 1.0, y: 2.0 }];
        let line = Path::with_z(coords, vec![3.0, f64::NAN]).unwrap();
        let both = Geometry::Collection(vec![point, Geometry::Lines(vec![line])]);
        check(
            &both,
            GeometryType::Geometry,
            "GEOMETRYCOLLECTION Z (POINT Z (1.5 -2 nan),LINESTRING Z (0 0 3,1 2 nan))",
        );
        check(
            &Geometry::Polygons(vec![]),
            GeometryType::MultiPolygon,
            "MULTIPOLYGON EMPTY",
        );
    }
}
