use super::*;
use crate::cql2::{Expr, Kind, Literal};
use crate::{Coord, Path, Polygon};
use proptest::prelude::*;

fn geometry(wkt: &str) -> Geometry {
    match Expr::from_text(wkt).unwrap().kind() {
        Kind::Literal(Literal::Geometry(shape)) => shape.to_geometry(),
        other => panic!("{other:?}"),
    }
}

fn pattern(a: &Geometry, b: &Geometry) -> String {
    relate(&Figure::new(a), &Figure::new(b)).pattern()
}

/// Interiors, boundaries and exteriors of `a` and `b` meet like this; and the other way round.
fn check(a: &str, b: &str, expected: &str) {
    let (a, b) = (geometry(a), geometry(b));
    assert_eq!(pattern(&a, &b), expected, "{a:?} {b:?}");
    let cells: Vec<char> = expected.chars().collect();
    let transposed: String = (0..9).map(|at| cells[at % 3 * 3 + at / 3]).collect();
    assert_eq!(pattern(&b, &a), transposed, "{b:?} {a:?}");
}

#[test]
fn areas_meet_in_every_way() {
    let square = "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))";
    check(square, square, "2FFF1FFF2");
    check(square, "POLYGON((4 4, 0 4, 0 0, 4 0, 4 4))", "2FFF1FFF2");
    check(square, "POLYGON((5 0, 9 0, 9 4, 5 4, 5 0))", "FF2FF1212");
    check(square, "POLYGON((4 0, 8 0, 8 4, 4 4, 4 0))", "FF2F11212");
    check(square, "POLYGON((4 4, 8 4, 8 8, 4 8, 4 4))", "FF2F01212");
    check(square, "POLYGON((2 2, 6 2, 6 6, 2 6, 2 2))", "212101212");
    check(square, "POLYGON((1 1, 2 1, 2 2, 1 2, 1 1))", "212FF1FF2");
    check(square, "POLYGON((0 0, 4 0, 2 2, 0 0))", "212F11FF2");
    // It fills the hole exactly.
    let ring = "POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (2 2, 2 7, 7 7, 7 2, 2 2))";
    check(ring, "POLYGON((2 2, 7 2, 7 7, 2 7, 2 2))", "FF2F112F2");
    check(ring, "POLYGON((3 3, 6 3, 6 6, 3 6, 3 3))", "FF2FF1212");
    check(ring, "POLYGON((1 1, 8 1, 8 8, 1 8, 1 1))", "2121F12F2");
}

#[test]
fn lines_and_points_meet_areas_in_every_way() {
    let square = "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))";
    check("LINESTRING(-1 2, 5 2)", square, "101FF0212");
    check("LINESTRING(1 1, 3 3)", square, "1FF0FF212");
    check("LINESTRING(0 0, 4 0)", square, "F1FF0F212");
    check("LINESTRING(-2 0, 2 0)", square, "F11F00212");
    check("LINESTRING(-1 1, 1 -1)", square, "F01FF0212");
    check("LINESTRING(5 0, 5 4)", square, "FF1FF0212");
    check("POINT(2 2)", square, "0FFFFF212");
    check("POINT(4 2)", square, "F0FFFF212");
    check("MULTIPOINT(2 2, 4 2, 9 9)", square, "000FFF212");
    check("POINT(1 1)", "LINESTRING(0 0, 2 2)", "0FFFFF102");
    check("POINT(2 2)", "LINESTRING(0 0, 2 2)", "F0FFFF102");
    check("POINT(2 2)", "LINESTRING(0 0, 2 2, 2 0, 0 0)", "0FFFFF1F2");
}

#[test]
fn lines_meet_lines_in_every_way() {
    check("LINESTRING(0 0, 2 2)", "LINESTRING(0 2, 2 0)", "0F1FF0102");
    check("LINESTRING(0 0, 2 2)", "LINESTRING(2 2, 3 0)", "FF1F00102");
    check("LINESTRING(0 0, 2 2)", "LINESTRING(1 1, 3 0)", "F01FF0102");
    check("LINESTRING(0 0, 2 0)", "LINESTRING(1 0, 3 0)", "1010F0102");
    check("LINESTRING(0 0, 2 0)", "LINESTRING(2 0, 0 0)", "1FFF0FFF2");
    // Two lines that end in one place have no boundary there.
    check("MULTILINESTRING((0 0, 1 0), (1 0, 2 0))", "POINT(1 0)", "0F1FF0FF2");
}

#[test]
fn what_has_no_extent_is_a_point_and_what_is_broken_has_an_answer() {
    check("LINESTRING(1 1, 1 1)", "POINT(1 1)", "0FFFFFFF2");
    check("POLYGON((1 1, 1 1, 1 1, 1 1))", "POINT(1 1)", "0FFFFFFF2");
    let bow = geometry("POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))");
    assert_eq!(pattern(&bow, &bow).len(), 9);
}

fn arb_geometry() -> impl Strategy<Value = Geometry> {
    let coord = (0..6_i32, 0..6_i32).prop_map(|(x, y)| Coord {
        x: f64::from(x),
        y: f64::from(y),
    });
    let coords = |range: std::ops::Range<usize>| prop::collection::vec(coord.clone(), range);
    let ring = coords(3..7).prop_map(|mut ring| {
        ring.push(ring[0]);
        Polygon {
            rings: vec![Path::new(ring).unwrap()],
        }
    });
    prop_oneof![
        coords(1..4).prop_map(|points| Geometry::Points(Path::new(points).unwrap())),
        prop::collection::vec(coords(2..5).prop_map(|line| Path::new(line).unwrap()), 1..3).prop_map(Geometry::Lines),
        prop::collection::vec(ring, 1..3).prop_map(Geometry::Polygons),
    ]
}

/// Many segments, so that they are swept rather than looked at pair by pair.
fn circle(x: f64, y: f64, radius: f64) -> Geometry {
    let at = |step: usize| {
        let angle = step as f64 / 90.0 * std::f64::consts::TAU;
        Coord {
            x: x + radius * angle.cos(),
            y: y + radius * angle.sin(),
        }
    };
    let mut ring: Vec<Coord> = (0..90).map(at).collect();
    ring.push(ring[0]);
    Geometry::Polygons(vec![Polygon {
        rings: vec![Path::new(ring).unwrap()],
    }])
}

proptest! {
    #[test]
    fn the_short_way_to_an_intersection_says_what_the_long_one_says(a in arb_geometry(), b in arb_geometry()) {
        let matrix = relate(&Figure::new(&a), &Figure::new(&b));
        let short = intersects::intersects(&Figure::new(&a), &Figure::new(&b));
        prop_assert_eq!(matrix.holds(SpatialOp::Intersects, crate::Dimension::Area, crate::Dimension::Area), short);
    }

    #[test]
    fn circles_stand_to_each_other_as_their_centres_and_radii_say(
        x in -3.0..3.0_f64, y in -3.0..3.0_f64, radius in 0.1..3.0_f64,
    ) {
        let (one, other) = (Prepared::new(circle(0.0, 0.0, 1.0)), Prepared::new(circle(x, y, radius)));
        let distance = x.hypot(y);
        // A polygon of ninety corners is a circle within a thousandth.
        let margin = 0.01 * (1.0 + radius);
        if distance > 1.0 + radius + margin {
            prop_assert!(holds(SpatialOp::Disjoint, &one, &other));
        } else if distance < 1.0 - radius - margin {
            prop_assert!(holds(SpatialOp::Contains, &one, &other));
        } else if distance < radius - 1.0 - margin {
            prop_assert!(holds(SpatialOp::Within, &one, &other));
        } else if distance < 1.0 + radius - margin && distance > (1.0 - radius).abs() + margin {
            prop_assert!(holds(SpatialOp::Overlaps, &one, &other));
        }
    }
}
