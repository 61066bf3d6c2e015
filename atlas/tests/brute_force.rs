//! Tiles against a brute-force clip of the projected source by another library.

#![allow(clippy::unwrap_used)]

mod support;

use geo::line_measures::{Distance, Euclidean, Length};
use geo::{Area, BooleanOps, Geometry as Geo, LineString, MultiLineString, MultiPolygon, Point, Rect, Validation};
use onemap_model::{Geometry, TileCoord, TileMatrixSet};
use proptest::prelude::*;
use support::*;

/// Rounding moves a vertex by up to half a unit along each axis; so do the cuts at the border.
const TOLERANCE: f64 = 1.0;

type Ring = Vec<(f64, f64)>;

fn arb_tile() -> impl Strategy<Value = TileCoord> {
    let grid = prop::sample::select(TileMatrixSet::ALL.to_vec());
    (grid, prop::sample::select(vec![6_u8, 10, 14, 18, 19, 20])).prop_map(|(grid, z)| huangshi(grid, z))
}

/// A star-shaped ring: as concave as wanted, never crossing itself.
fn arb_star(radius: std::ops::Range<f64>, corners: std::ops::Range<usize>) -> impl Strategy<Value = Ring> {
    prop::collection::vec(radius, corners).prop_map(|radii| {
        let turn = std::f64::consts::TAU / radii.len() as f64;
        let corner = |(at, radius): (usize, &f64)| {
            let angle = (at as f64 + 0.3) * turn;
            (radius * angle.cos(), radius * angle.sin())
        };
        radii.iter().enumerate().map(corner).collect()
    })
}

fn moved(ring: &Ring, (x, y): (f64, f64)) -> Ring {
    ring.iter().map(|at| (at.0 + x, at.1 + y)).collect()
}

/// A polygon with a hole, somewhere in or around the tile, of any size, wound either way.
fn arb_polygon() -> impl Strategy<Value = Vec<Ring>> {
    let place = (-200.0..4300.0, -200.0..4300.0);
    let scale = prop::sample::select(vec![0.002, 0.02, 0.3, 1.0, 3.0]);
    (
        arb_star(0.0..2000.0, 3..24),
        arb_star(-900.0..0.0, 3..9),
        place,
        scale,
        any::<bool>(),
    )
        .prop_map(|(outer, hole, place, scale, reverse)| {
            let inner = outer.iter().map(|at| at.0.hypot(at.1)).fold(f64::MAX, f64::min);
            let scaled = |ring: &Ring, by: f64| ring.iter().map(|at| (at.0 * by, at.1 * by)).collect::<Ring>();
            // The hole stays within the circle that the sides of the star do not reach.
            let clear = inner * (std::f64::consts::PI / outer.len() as f64).cos();
            let mut rings = vec![moved(&scaled(&outer, scale), place)];
            if outer.len() > 6 && clear > 100.0 {
                rings.push(moved(&scaled(&hole, scale * clear / 1000.0), place));
            }
            if reverse {
                rings.iter_mut().for_each(|ring| ring.reverse());
            }
            rings
        })
}

/// A comb whose teeth reach over the edge of the tile.
fn arb_comb() -> impl Strategy<Value = Vec<Ring>> {
    (prop::collection::vec((1.0..300.0, -600.0..300.0), 1..12), 0..4_u8).prop_map(|(teeth, side)| {
        let mut ring = vec![(0.0, 1000.0)];
        let mut x = 0.0;
        for (width, depth) in teeth {
            ring.extend([
                (x, depth),
                (x + width, depth),
                (x + width, 900.0),
                (x + 2.0 * width, 900.0),
            ]);
            x += 2.0 * width;
        }
        ring.push((x, 1000.0));
        let turned = |&(x, y): &(f64, f64)| match side {
            0 => (x, y),
            1 => (y, x),
            2 => (x, 4096.0 - y),
            _ => (4096.0 - y, x),
        };
        vec![ring.iter().map(turned).collect()]
    })
}

/// What a tile shows, and `more` units beyond.
fn clip_box(more: f64) -> geo::Polygon<f64> {
    Rect::new((-64.0 - more, -64.0 - more), (4160.0 + more, 4160.0 + more)).to_polygon()
}

/// How far beyond the border the source is still looked at when a position is compared with it: an edge that runs
/// nearly along the border crosses it at a place that no one can tell exactly.
const BEYOND: f64 = 0.25;

/// The source in tile units, projected back from what was given to the layer.
fn projected(tile: TileCoord, polygons: &[onemap_model::Polygon]) -> MultiPolygon<f64> {
    let ring = |path: &onemap_model::Path| LineString(path.coords().iter().map(|&at| units(tile, at)).collect());
    let one = |polygon: &onemap_model::Polygon| {
        let mut rings = polygon.rings.iter().map(ring);
        geo::Polygon::new(rings.next().unwrap(), rings.collect())
    };
    MultiPolygon(polygons.iter().map(one).collect())
}

fn rings_of(polygons: &MultiPolygon<f64>) -> MultiLineString<f64> {
    let rings = |polygon: &geo::Polygon<f64>| {
        std::iter::once(polygon.exterior().clone())
            .chain(polygon.interiors().to_vec())
            .collect::<Vec<_>>()
    };
    MultiLineString(polygons.iter().flat_map(rings).collect())
}

fn check_polygons(tile: TileCoord, source: &[Vec<Ring>]) -> Result<(), TestCaseError> {
    let source: Vec<_> = source.iter().map(|rings| polygon(tile, rings)).collect();
    let whole = projected(tile, &source);
    let expected = whole.intersection(&clip_box(0.0));
    let drawn = decode_one(&render(&plain([Geometry::Polygons(source)]), tile));
    let found = match drawn.first().map(|feature| &feature.geometry) {
        None => MultiPolygon(vec![]),
        Some(Geo::MultiPolygon(polygons)) => polygons.clone(),
        Some(other) => return Err(TestCaseError::fail(format!("not an area: {other:?}"))),
    };
    prop_assert!(found.is_valid(), "{:?}\n{found:?}", found.validation_errors());
    let difference = found.xor(&expected).unsigned_area();
    let allowed = TOLERANCE * Euclidean.length(&rings_of(&expected)) + 1e-3;
    prop_assert!(
        difference <= allowed,
        "{difference} of {allowed}\n{found:?}\n{expected:?}"
    );
    let border = rings_of(&whole.intersection(&clip_box(BEYOND)));
    for ring in rings_of(&found) {
        for at in ring.points() {
            let away = Euclidean.distance(&at, &border);
            prop_assert!(
                away <= TOLERANCE,
                "{at:?} is {away} from the border of {expected:?}\n{found:?}"
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_polygon_with_a_hole_is_cut_as_by_brute_force(tile in arb_tile(), rings in arb_polygon()) {
        check_polygons(tile, &[rings])?;
    }

    #[test]
    fn a_comb_falls_into_its_teeth(tile in arb_tile(), rings in arb_comb()) {
        check_polygons(tile, &[rings])?;
    }

    #[test]
    fn islands_side_by_side_stay_valid(tile in arb_tile(), ring in arb_star(100.0..900.0, 3..12), gap in 0.01..3.0) {
        let width = |ring: &Ring| ring.iter().map(|at| at.0).fold(f64::MIN, f64::max) - ring.iter().map(|at| at.0).fold(f64::MAX, f64::min);
        let step = width(&ring) + gap;
        let islands: Vec<_> = (0..4).map(|at| vec![moved(&ring, (f64::from(at) * step, 500.0))]).collect();
        check_polygons(tile, &islands)?;
    }

    #[test]
    fn whatever_a_ring_looks_like_its_drawing_is_valid(
        tile in arb_tile(),
        rings in prop::collection::vec(prop::collection::vec((-100_i32..100, -100_i32..100), 0..14), 1..4),
        scale in prop::sample::select(vec![0.05, 1.0, 50.0]),
        parts in any::<bool>(),
    ) {
        let place = |&(x, y): &(i32, i32)| (f64::from(x) * scale, f64::from(y) * scale);
        let rings: Vec<Ring> = rings.iter().map(|ring| ring.iter().map(place).collect()).collect();
        let source = if parts {
            rings.iter().map(|ring| polygon(tile, std::slice::from_ref(ring))).collect()
        } else {
            vec![polygon(tile, &rings)]
        };
        for feature in decode_one(&render(&plain([Geometry::Polygons(source)]), tile)) {
            prop_assert!(feature.geometry.is_valid(), "{:?}", feature.geometry.validation_errors());
        }
    }

    #[test]
    fn lines_are_cut_as_by_brute_force(
        tile in arb_tile(),
        lines in prop::collection::vec(prop::collection::vec((-3000.0..7000.0, -3000.0..7000.0), 2..8), 1..4),
        scale in prop::sample::select(vec![0.001, 0.1, 1.0, 1.0]),
    ) {
        let scaled = |line: &Ring| line.iter().map(|at| (at.0 * scale, at.1 * scale)).collect::<Ring>();
        let paths: Vec<_> = lines.iter().map(|line| path(tile, &scaled(line))).collect();
        let source = MultiLineString(
            paths.iter().map(|path| LineString(path.coords().iter().map(|&at| units(tile, at)).collect())).collect(),
        );
        let expected = clip_box(0.0).clip(&source, false);
        let around = clip_box(BEYOND).clip(&source, false);
        let drawn = decode_one(&render(&plain([Geometry::Lines(paths)]), tile));
        let found = match drawn.first().map(|feature| &feature.geometry) {
            None => MultiLineString(vec![]),
            Some(Geo::MultiLineString(lines)) => lines.clone(),
            Some(other) => return Err(TestCaseError::fail(format!("not a line: {other:?}"))),
        };
        for at in found.iter().flat_map(|line| line.points()) {
            prop_assert!(Euclidean.distance(&at, &around) <= TOLERANCE, "{at:?} {around:?}");
        }
        // Short ones may be rounded away, and so may what the border cuts off.
        for line in expected.iter().filter(|line| Euclidean.length(*line) > 3.0).flat_map(LineString::lines) {
            let middle = Point::from((line.start + line.end) / 2.0);
            let is_inside = [middle.x(), middle.y()].into_iter().all(|at| (-62.0..4158.0).contains(&at));
            prop_assert!(!is_inside || Euclidean.distance(&middle, &found) <= TOLERANCE, "{middle:?} is not in {found:?}");
        }
    }

    #[test]
    fn points_are_there_to_the_border_and_no_further(tile in arb_tile(), points in prop::collection::vec((-70_i32..4170, -70_i32..4170), 1..30)) {
        let path = path(tile, &points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect::<Ring>());
        // Rounded as the real numbers would be that come back from degrees.
        let expected: Vec<_> = path.coords().iter().map(|&at| units(tile, at)).map(|at| ((at.x + 0.5).floor(), (at.y + 0.5).floor())).filter(|at| (-64.0..=4160.0).contains(&at.0) && (-64.0..=4160.0).contains(&at.1)).collect();
        let drawn = decode_one(&render(&plain([Geometry::Points(path)]), tile));
        let found: Vec<(f64, f64)> = match drawn.first().map(|feature| &feature.geometry) {
            Some(Geo::MultiPoint(points)) => points.iter().map(|at| at.x_y()).collect(),
            _ => vec![],
        };
        prop_assert_eq!(found, expected);
    }
}
