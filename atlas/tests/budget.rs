//! No tile is larger than its budget, and what it leaves out follows rules: sums of areas are kept, points that show go
//! on showing, and how features came into the layer makes no difference.
#![allow(clippy::unwrap_used)]

mod support;

use fast_mvt::MvtReaderRef;
use geo::{Area, Validation};
use onemap_atlas::{Drawn, LayerSnapshot};
use onemap_model::{Change, Coord, Fid, FieldType, Geometry, GeometryType, Name, TileCoord, TileMatrixSet, Value};
use proptest::prelude::*;
use std::collections::BTreeSet;
use support::*;

const Z: u8 = 10;

fn tile() -> TileCoord {
    huangshi(TileMatrixSet::WebMercatorQuad, Z)
}

/// The four tiles of the next zoom.
fn children(tile: TileCoord) -> Vec<TileCoord> {
    let (z, col, row) = (u64::from(tile.z()) + 1, u64::from(tile.col()), u64::from(tile.row()));
    let place = |at: u64| tile.grid().tile(z, 2 * col + at % 2, 2 * row + at / 2).unwrap();
    (0..4).map(place).collect()
}

fn square(at: (f64, f64), size: f64) -> Geometry {
    let (x, y) = at;
    let ring = vec![(x, y), (x + size, y), (x + size, y + size), (x, y + size)];
    Geometry::Polygons(vec![polygon(tile(), &[ring])])
}

/// Parcels of `size` units with streets between them: 9 of 10 units are parcel, in both directions.
fn fabric(across: u32, size: f64) -> LayerSnapshot {
    let lattice = (0..across * across).map(|at| (f64::from(at % across), f64::from(at / across)));
    plain(lattice.map(|(x, y)| square((x * size / 0.9, y * size / 0.9), size)))
}

fn drawn(layer: &LayerSnapshot, tile: TileCoord) -> (Vec<u8>, Drawn) {
    let mut out = Vec::new();
    let drawn = layer.tile(tile, now(), &mut out);
    (out, drawn)
}

/// The numbers of the features shown by themselves, and all polygons.
fn content(tile: &[u8]) -> (BTreeSet<u64>, geo::MultiPolygon<f64>) {
    let reader = MvtReaderRef::new(tile).unwrap();
    let (mut ids, mut polygons) = (BTreeSet::new(), Vec::new());
    for feature in reader.layers().flat_map(|layer| layer.features().collect::<Vec<_>>()) {
        ids.extend(feature.id());
        let geometry = feature.to_feature().unwrap().geometry;
        match geo::MapCoords::map_coords(&geometry, |at: geo::Coord<i32>| geo::Coord {
            x: f64::from(at.x),
            y: f64::from(at.y),
        }) {
            geo::Geometry::Polygon(one) => polygons.push(one),
            geo::Geometry::MultiPolygon(many) => {
                assert!(many.is_valid());
                polygons.extend(many.0);
            }
            _ => {}
        }
    }
    (ids, geo::MultiPolygon(polygons))
}

#[test]
fn a_city_of_parcels_keeps_its_area_within_one_percent() {
    let layer = fabric(180, 20.0).with_budget(60_000);
    let (bytes, drawn) = drawn(&layer, tile());
    assert!(bytes.len() <= 60_000 && drawn.left_out > 0, "{drawn:?}");
    let (_, polygons) = content(&bytes);
    let share = polygons.unsigned_area() / (180.0 * 180.0 * 400.0);
    assert!((0.99..1.01).contains(&share), "{share}");
}

#[test]
fn what_fits_is_drawn_exactly() {
    let layer = fabric(20, 20.0);
    let (bytes, drawn) = drawn(&layer, tile());
    assert_eq!((drawn.met, drawn.left_out, drawn.abridged), (400, 0, 0));
    assert_eq!(decode_one(&bytes).len(), 400);
    assert_eq!(bytes, render(&layer.with_budget(bytes.len()), tile()));
}

#[test]
fn areas_lose_what_tells_them_apart_before_any_is_left_out() {
    let fields = [
        ("code", FieldType::Text),
        ("size", FieldType::Float),
        ("class", FieldType::Text),
    ];
    let mut parcels = layer("parcels", &fields);
    parcels.geometry_type = GeometryType::MultiPolygon;
    let parcel = |at: u32| {
        let (x, y) = (f64::from(at % 60) * 40.0, f64::from(at / 60) * 40.0);
        let values = vec![
            Value::text(format!("420202001001GB{at:05}W00000000")),
            Value::float(f64::from(at) * 1.7).unwrap(),
            Value::text(["living", "trade", "works"][at as usize % 3]),
        ];
        feature(i64::from(at) + 1, Some(square((x, y), 36.0)), values)
    };
    let parcels = build(parcels.with_key("code").unwrap(), (0..3600).map(parcel));
    let whole = render(&parcels, tile()).len();
    let (bytes, drawn) = drawn(&parcels.with_budget(whole - 1), tile());
    assert_eq!((drawn.met, drawn.left_out, drawn.abridged), (3600, 0, 3600));
    let kept: BTreeSet<String> = decode_one(&bytes)
        .iter()
        .flat_map(|feature| feature.tags.keys().cloned())
        .collect();
    assert_eq!(kept, ["class", "id"].map(str::to_owned).into());
    assert!(bytes.len() < whole * 4 / 5, "{} of {whole}", bytes.len());
}

#[test]
fn neighbours_draw_the_same_fabric_where_they_overlap() {
    let tile = tile();
    let next = tile
        .grid()
        .tile(u64::from(Z), u64::from(tile.col()) + 1, u64::from(tile.row()))
        .unwrap();
    // Dense parcels on both sides of the border between the two.
    let places = (0..200 * 100).map(|at| (3000.0 + f64::from(at % 200) * 11.0, f64::from(at / 200) * 17.0));
    let layer = plain(places.map(|at| square(at, 9.0))).with_budget(40_000);
    let [here, there] = [tile, next].map(|tile| content(&render(&layer, tile)).1);
    let cells = |polygons: &geo::MultiPolygon<f64>, shift: f64| -> Vec<bool> {
        let middle = |at: u32| geo::Point::new(f64::from(at % 8) * 16.0 - 56.0 + shift, f64::from(at / 8) * 16.0 + 8.0);
        (0..8 * 100)
            .map(|at| geo::Contains::contains(polygons, &middle(at)))
            .collect()
    };
    let shared = cells(&here, 4096.0);
    assert!(shared.iter().any(|&is_filled| is_filled));
    assert_eq!(shared, cells(&there, 0.0));
}

/// Where the point with this number is; half of them crowd in a corner.
fn place(number: u32) -> Coord {
    let spread = |salt: u32| f64::from(number.wrapping_mul(salt) >> 8) / f64::from(1 << 24);
    let scale = if number.is_multiple_of(2) { 4096.0 } else { 300.0 };
    lonlat(tile(), (spread(2_654_435_769) * scale, spread(1_640_531_535) * scale))
}

#[test]
fn a_point_that_shows_goes_on_showing() {
    let layer = plain((1..=20_000).map(|number| Geometry::point(place(number).x, place(number).y).unwrap()));
    for budget in [1_000, 10_000, 40_000] {
        let layer = layer.clone().with_budget(budget);
        let (mut tiles, mut shown_above, mut last) = (vec![tile()], BTreeSet::new(), 0);
        for z in Z..Z + 5 {
            let mut shown = BTreeSet::new();
            for &tile in &tiles {
                let bytes = render(&layer, tile);
                assert!(bytes.len() <= budget, "{} at {z}", bytes.len());
                // Those in the buffer belong to the neighbour, which may have less room.
                let is_in_tile = |&number: &u64| {
                    let at = units(tile, place(number as u32));
                    [at.x, at.y].iter().all(|part| (0.0..4096.0).contains(part))
                };
                shown.extend(content(&bytes).0.into_iter().filter(is_in_tile));
            }
            assert!(shown_above.is_subset(&shown), "at {z} with {budget}");
            assert!(shown.len() > last);
            last = shown.len();
            shown_above = shown;
            tiles = tiles.into_iter().flat_map(children).collect();
        }
    }
}

#[test]
fn long_lines_stay_and_short_ones_go() {
    let line = |at: u32| {
        let length = if at.is_multiple_of(100) { 2000.0 } else { 20.0 };
        let (x, y) = (f64::from(at % 40) * 50.0, f64::from(at / 40) * 8.0);
        Geometry::Lines(vec![path(tile(), &[(x, y), (x + length, y + 3.0)])])
    };
    let layer = plain((0..20_000).map(line)).with_budget(50_000);
    let (bytes, drawn) = drawn(&layer, tile());
    let (ids, _) = content(&bytes);
    assert!(drawn.left_out > 10_000 && bytes.len() <= 50_000);
    assert!((0..20_000).step_by(100).all(|at| ids.contains(&(at + 1))));
}

#[test]
fn hostile_layers_stay_within_any_budget() {
    let same = |count: usize, geometry: &Geometry| plain(std::iter::repeat_n(geometry.clone(), count));
    let at = |x, y| lonlat(tile(), (x, y));
    let line = Geometry::Lines(vec![path(tile(), &[(0.0, 0.0), (4000.0, 4000.0)])]);
    let everything = Geometry::Collection(vec![square((0.0, 0.0), 4000.0), line.clone()]);
    let checkers = (0..132 * 132).map(|at| (f64::from(at % 132) * 31.9, f64::from(at / 132) * 31.9));
    let layers = [
        same(30_000, &Geometry::point(at(9.0, 9.0).x, at(9.0, 9.0).y).unwrap()),
        same(30_000, &line),
        same(30_000, &square((-9000.0, -9000.0), 30_000.0)),
        same(30_000, &square((100.0, 100.0), 0.01)),
        same(30_000, &everything),
        plain(checkers.map(|at| square(at, 16.0))),
    ];
    for layer in &layers {
        for budget in [0, 30, 1_000, 20_000, 100_000] {
            let layer = layer.clone().with_budget(budget);
            for tile in [
                tile(),
                huangshi(TileMatrixSet::Cgcs2000Quad, Z),
                huangshi(TileMatrixSet::WebMercatorQuad, 3),
            ] {
                let bytes = render(&layer, tile);
                assert!(bytes.len() <= budget, "{} of {budget}", bytes.len());
                content(&bytes);
            }
        }
    }
    let layer = build(
        layer("long", &[("text", FieldType::Text)]),
        (1..400).map(|fid| {
            let text = Value::text(format!("{fid} {}", "x".repeat(10_000)));
            feature(fid, Some(Geometry::point(at(9.0, 9.0).x, 30.2).unwrap()), vec![text])
        }),
    );
    assert!(render(&layer, tile()).len() <= LayerSnapshot::DEFAULT_BUDGET);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn edits_give_what_building_afresh_gives(
        given in prop::collection::vec((0..4096_u32, 0..4096_u32, 0..4_u8, any::<bool>()), 200..400),
        batch in 1..60_usize,
    ) {
        let budget = 2_000;
        let geometry = |x: u32, y: u32, kind: u8| {
            let (x, y) = (f64::from(x), f64::from(y));
            match kind {
                0 => { let at = lonlat(tile(), (x, y)); Geometry::point(at.x, at.y).unwrap() }
                1 => Geometry::Lines(vec![path(tile(), &[(x, y), (x + y / 9.0, y)])]),
                2 => square((x, y), 20.0),
                _ => square((x, y), 200.0),
            }
        };
        let one = |(fid, &(x, y, kind, _)): (i64, &(u32, u32, u8, bool))| feature(fid, Some(geometry(x, y, kind)), vec![]);
        let all: Vec<_> = (1..).zip(&given).map(one).collect();
        let is_left = |fid: Fid| !given[fid.as_i64() as usize - 1].3;
        let afresh = build(layer("plain", &[]), all.iter().filter(|feature| is_left(feature.fid)).cloned());
        let change = |feature: &onemap_model::Feature, new| Change {
            layer: Name::new("plain").unwrap(), fid: feature.fid, old: None, new,
        };
        let mut edited = build(layer("plain", &[]), []).with_budget(budget);
        for some in all.chunks(batch) {
            edited = edited.apply(&some.iter().map(|one| change(one, Some(one.clone()))).collect::<Vec<_>>());
        }
        let removed: Vec<_> = all.iter().filter(|one| !is_left(one.fid)).map(|one| change(one, None)).collect();
        edited = edited.apply(&removed);
        let afresh = afresh.with_budget(budget);
        for tile in [tile(), huangshi(TileMatrixSet::Cgcs2000Quad, Z), huangshi(TileMatrixSet::WebMercatorQuad, 8)] {
            prop_assert_eq!(drawn(&edited, tile), drawn(&afresh, tile));
        }
    }
}
