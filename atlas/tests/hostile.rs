//! Geometry that no one should make, at every zoom of both grids: nothing panics, hangs or is invalid.
#![allow(clippy::unwrap_used)]

mod support;

use geo::Validation;
use onemap_atlas::{LayerSnapshot, Query};
use onemap_model::{Bbox, Coord, Geometry, Path, Polygon, TileCoord, TileMatrixSet};
use std::time::{Duration, Instant};
use support::*;

fn line(coords: &[(f64, f64)]) -> Path {
    Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
}

fn area(rings: &[&[(f64, f64)]]) -> Geometry {
    let rings = rings.iter().map(|ring| line(ring)).collect();
    Geometry::Polygons(vec![Polygon { rings }])
}

fn cases() -> Vec<Geometry> {
    let world: &[(f64, f64)] = &[
        (-180.0, -90.0),
        (180.0, -90.0),
        (180.0, 90.0),
        (-180.0, 90.0),
        (-180.0, -90.0),
    ];
    let beyond: &[(f64, f64)] = &[(-1e300, -1e300), (1e300, -1e300), (1e300, 1e300), (-1e300, 1e300)];
    let small: &[(f64, f64)] = &[
        (115.0, 30.0),
        (115.1, 30.0),
        (115.1, 30.3),
        (115.0, 30.3),
        (115.0, 30.0),
    ];
    let bow: &[(f64, f64)] = &[
        (114.0, 29.0),
        (116.0, 31.0),
        (116.0, 29.0),
        (114.0, 31.0),
        (114.0, 29.0),
    ];
    let twice: Vec<_> = small.iter().chain(small).copied().collect();
    let mut cases = vec![
        Geometry::Points(Path::default()),
        Geometry::Lines(vec![]),
        Geometry::Polygons(vec![]),
        Geometry::Polygons(vec![
            Polygon::default(),
            Polygon {
                rings: vec![Path::default(), line(small)],
            },
        ]),
        Geometry::Collection(vec![]),
        Geometry::Collection(vec![
            Geometry::Collection(vec![]),
            area(&[bow]),
            Geometry::Lines(vec![line(small)]),
        ]),
        area(&[world]),
        area(&[world, small]),
        area(&[world, world]),
        area(&[beyond]),
        area(&[small, beyond]),
        area(&[bow]),
        area(&[bow, bow]),
        area(&[&twice]),
        area(&[&small[..1]]),
        area(&[&small[..2]]),
        area(&[&small[..3]]),
        area(&[&small[..4]]),
        area(&[&[(115.04, 30.2); 9]]),
        area(&[&[(115.0, 30.0), (115.1, 30.1), (115.2, 30.2), (115.0, 30.0)]]),
        Geometry::Polygons(vec![
            Polygon {
                rings: vec![line(small)]
            };
            3
        ]),
    ];
    for path in [world, beyond, small, bow, &small[..1], &[(115.04, 30.2); 5], &[]] {
        cases.push(Geometry::Lines(vec![line(path), line(path)]));
        cases.push(Geometry::Points(line(path)));
    }
    for at in [
        1e300,
        -1e300,
        f64::MAX,
        f64::MIN,
        180.0,
        -180.0,
        540.0,
        90.0,
        -90.0,
        85.051_128_779_806_6,
    ] {
        cases.push(Geometry::Lines(vec![line(&[(at, at), (115.04, 30.2), (-at, 0.0)])]));
        cases.push(Geometry::point(at, at).unwrap());
    }
    cases
}

fn tiles() -> impl Iterator<Item = TileCoord> {
    let corners = |grid: TileMatrixSet, z: u8| {
        let (width, height) = (grid.matrix_width(z) - 1, grid.matrix_height(z) - 1);
        [(0, 0), (width, 0), (0, height), (width, height)]
            .map(|(col, row)| grid.tile(z.into(), col.into(), row.into()).unwrap())
            .into_iter()
            .chain([huangshi(grid, z)])
    };
    let zooms = |grid: TileMatrixSet| (grid.min_zoom()..=grid.max_zoom()).map(move |z| (grid, z));
    TileMatrixSet::ALL
        .into_iter()
        .flat_map(zooms)
        .flat_map(move |(grid, z)| corners(grid, z))
}

/// Decodes, which checks a lot, and checks areas too.
fn check(layer: &LayerSnapshot, tile: TileCoord) {
    for feature in decode_one(&render(layer, tile)) {
        if let geo::Geometry::MultiPolygon(areas) = &feature.geometry {
            assert!(
                areas.is_valid(),
                "{tile} {}: {:?}",
                feature.id,
                areas.validation_errors()
            );
        }
    }
}

#[test]
fn every_tile_of_every_hostile_geometry_is_valid() {
    let cases = cases();
    let boxes = [
        (-180.0, -90.0, 180.0, 90.0),
        (115.0, 30.0, 115.0, 30.0),
        (-1e300, -1e300, 1e300, 1e300),
    ];
    for case in &cases {
        let layer = plain([case.clone()]);
        assert_eq!(
            layer
                .features(&Query::default())
                .next()
                .unwrap()
                .geometry()
                .unwrap()
                .coord_count(),
            case.coord_count()
        );
        tiles().for_each(|tile| check(&layer, tile));
        for (west, south, east, north) in boxes {
            let bbox = Some(Bbox::new(west, south, east, north).unwrap());
            layer.features(&Query { bbox, at: None }).for_each(drop);
        }
    }
    let together = plain(cases);
    tiles().for_each(|tile| check(&together, tile));
}

#[test]
fn a_polygon_around_the_world_fills_every_tile_but_for_its_hole() {
    let world: &[(f64, f64)] = &[
        (-180.0, -85.0),
        (180.0, -85.0),
        (180.0, 85.0),
        (-180.0, 85.0),
        (-180.0, -85.0),
    ];
    let hole: &[(f64, f64)] = &[
        (100.0, 20.0),
        (120.0, 20.0),
        (120.0, 40.0),
        (100.0, 40.0),
        (100.0, 20.0),
    ];
    let (whole, pierced) = (plain([area(&[world])]), plain([area(&[world, hole])]));
    for grid in TileMatrixSet::ALL {
        let tile = huangshi(grid, 12);
        let drawn = decode_one(&render(&whole, tile));
        let geo::Geometry::MultiPolygon(areas) = &drawn[0].geometry else {
            panic!("{drawn:?}")
        };
        assert_eq!(geo::Area::unsigned_area(areas), 4224.0 * 4224.0);
        assert!(render(&pierced, tile).is_empty());
    }
}

/// A hundred thousand vertices that zigzag, wind or jump about at random.
#[test]
fn a_ring_of_a_hundred_thousand_vertices_takes_no_more_than_a_moment() {
    let count = 100_000;
    let tile = huangshi(TileMatrixSet::WebMercatorQuad, 12);
    let mut state = 1_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let circle = |at: usize, radius: f64| {
        let angle = at as f64 / count as f64 * std::f64::consts::TAU;
        (2048.0 + radius * angle.cos(), 2048.0 + radius * angle.sin())
    };
    let rings: Vec<(&str, Vec<(f64, f64)>)> = vec![
        ("circle", (0..count).map(|at| circle(at, 2000.0)).collect()),
        (
            "star",
            (0..count)
                .map(|at| circle(at, if at % 2 == 0 { 2000.0 } else { 10.0 }))
                .collect(),
        ),
        (
            "coast",
            (0..count).map(|at| circle(at, 1900.0 + 100.0 * random())).collect(),
        ),
        (
            "jumps",
            (0..count).map(|_| (4096.0 * random(), 4096.0 * random())).collect(),
        ),
        (
            "wide jumps",
            (0..count).map(|_| (40_960.0 * random(), 40_960.0 * random())).collect(),
        ),
        (
            "spiral",
            (0..count).map(|at| circle(at * 40 % count, at as f64 / 50.0)).collect(),
        ),
        (
            "zigzag",
            (0..count)
                .map(|at| (at as f64 / 25.0, if at % 2 == 0 { 0.0 } else { 4000.0 }))
                .collect(),
        ),
    ];
    for (name, ring) in rings {
        let layer = plain([Geometry::Polygons(vec![polygon(tile, &[ring])])]);
        let start = Instant::now();
        check_time(name, start, || drop(render(&layer, tile)));
    }
}

/// Generous, since tests share their machine: what is quadratic takes minutes.
fn check_time(name: &str, start: Instant, work: impl FnOnce()) {
    work();
    let took = start.elapsed();
    eprintln!("{name}: {took:?}");
    assert!(took < Duration::from_secs(5), "{name} took {took:?}");
}
