//! Areas have one label point each: in one tile of every zoom, at the same place, however the layer came about.
#![allow(clippy::unwrap_used)]

mod support;

use onemap_atlas::{Drawn, LayerSnapshot};
use onemap_model::{
    Change, Coord, Feature, FieldType, Generalise, Geometry, Layer, Name, Path, Polygon, TileCoord, TileMatrixSet,
    Value, ZoomRange,
};
use std::collections::{BTreeMap, BTreeSet};
use support::*;

const GRIDS: [TileMatrixSet; 2] = [TileMatrixSet::WebMercatorQuad, TileMatrixSet::Cgcs2000Quad];

fn lakes() -> Layer {
    let mut layer = layer(
        "lakes",
        &[
            ("name", FieldType::Text),
            ("depth", FieldType::Int),
            ("note", FieldType::Text),
        ],
    );
    layer.generalise = Generalise {
        label: vec![Name::new("name").unwrap()],
        ..Generalise::default()
    };
    layer.zoom = ZoomRange::new(0, 18).unwrap();
    layer
}

/// A square of `side` degrees around a place.
fn lake(fid: i64, (x, y): (f64, f64), side: f64, name: &str) -> Feature {
    let half = side / 2.0;
    let ring = [
        (-half, -half),
        (half, -half),
        (half, half),
        (-half, half),
        (-half, -half),
    ];
    let coords = ring.iter().map(|(dx, dy)| Coord { x: x + dx, y: y + dy }).collect();
    let rings = vec![Path::new(coords).unwrap()];
    let values = vec![Value::text(name), Value::Int(fid), Value::text("long")];
    feature(fid, Some(Geometry::Polygons(vec![Polygon { rings }])), values)
}

fn city() -> Vec<Feature> {
    let place = |n: i64| {
        (
            114.5 + (n * 37 % 101) as f64 / 101.0,
            29.9 + (n * 53 % 97) as f64 / 97.0,
        )
    };
    (1..=60)
        .map(|n| lake(n, place(n), 0.002 * (n + 4) as f64 / 6.0, &format!("lake {n}")))
        .collect()
}

/// The features of a tile by the name of its layer.
fn tile(layer: &LayerSnapshot, tile: TileCoord) -> (BTreeMap<String, Vec<Decoded>>, Drawn) {
    let mut out = Vec::new();
    let drawn = layer.tile(tile, now(), &mut out);
    assert!(out.len() <= layer.budget());
    (decode(&out).into_iter().collect(), drawn)
}

/// Every tile that the city may have something in, with its neighbours.
fn tiles(grid: TileMatrixSet, z: u8) -> Vec<TileCoord> {
    let [a, b] = [(114.3, 31.1), (115.7, 29.7)].map(|(x, y)| grid.tile_at(z, Coord { x, y }).unwrap());
    let rows = a.row()..=b.row();
    rows.flat_map(|row| (a.col()..=b.col()).map(move |col| grid.tile(z.into(), col.into(), row.into()).unwrap()))
        .collect()
}

/// The labels of all tiles of a zoom: the feature, and where it lies on the whole map, 0 to 1.
fn labels(layer: &LayerSnapshot, grid: TileMatrixSet, z: u8) -> Vec<(u64, f64, f64)> {
    let mut all = Vec::new();
    for at in tiles(grid, z) {
        let (layers, _) = tile(layer, at);
        for label in layers.get("lakes_label").into_iter().flatten() {
            let geo::Geometry::MultiPoint(points) = &label.geometry else {
                panic!("{label:?}")
            };
            assert_eq!(points.0.len(), 1);
            let (x, y) = points.0[0].x_y();
            assert!(
                (0.0..4096.0).contains(&x) && (0.0..4096.0).contains(&y),
                "it lies in the buffer"
            );
            let place = |tile: u32, unit: f64| (f64::from(tile) + unit / 4096.0) / f64::from(1_u32 << z);
            all.push((label.id, place(at.col(), x), place(at.row(), y)));
        }
    }
    all
}

#[test]
fn each_area_has_one_label_at_a_zoom_and_it_stays_where_it_is() {
    let layer = build(lakes(), city());
    for grid in GRIDS {
        let mut before: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for z in 7..=14 {
            let found = labels(&layer, grid, z);
            let now: BTreeMap<u64, (f64, f64)> = found.iter().map(|&(id, x, y)| (id, (x, y))).collect();
            assert_eq!(now.len(), found.len(), "{grid:?} z{z}: a label twice");
            for (id, (x, y)) in &before {
                let (later_x, later_y) = now.get(id).unwrap_or_else(|| panic!("z{z}: the label of {id} is gone"));
                let unit = 1.0 / 4096.0 / f64::from(1_u32 << (z - 1));
                assert!(
                    (later_x - x).abs() <= unit && (later_y - y).abs() <= unit,
                    "z{z}: {id} moved"
                );
            }
            before = now;
        }
        assert_eq!(before.len(), 60, "{grid:?}: at z14 all are large enough");
    }
}

#[test]
fn a_label_carries_what_the_rule_says_and_nothing_where_there_is_no_text() {
    let mut all = city();
    all.push(lake(99, (114.2, 30.9), 0.05, "  "));
    let layer = build(lakes(), all);
    let mut seen = BTreeSet::new();
    for at in tiles(TileMatrixSet::WebMercatorQuad, 12) {
        for label in tile(&layer, at).0.remove("lakes_label").into_iter().flatten() {
            let keys: BTreeSet<&str> = label.tags.keys().map(String::as_str).collect();
            assert_eq!(keys, ["id", "name"].into(), "{label:?}");
            seen.insert(label.id);
        }
    }
    assert!(seen.len() > 20 && !seen.contains(&99));
}

#[test]
fn edits_and_segments_change_nothing_of_other_labels() {
    let whole = build(lakes(), city());
    let (first, rest): (Vec<_>, Vec<_>) = city().into_iter().partition(|lake| lake.fid.get() % 3 == 0);
    let mut grown = build(lakes(), first);
    for part in rest.chunks(7) {
        let change = |lake: &Feature| Change {
            layer: Name::new("lakes").unwrap(),
            fid: lake.fid,
            old: None,
            new: Some(lake.clone()),
        };
        let changes: Vec<Change> = part.iter().map(change).collect();
        grown = grown.apply(&changes);
    }
    for at in tiles(TileMatrixSet::WebMercatorQuad, 10) {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        whole.tile(at, now(), &mut one);
        grown.tile(at, now(), &mut other);
        assert_eq!(one, other, "{at:?}");
    }
}

#[test]
fn labels_keep_to_their_part_of_the_budget_and_what_is_left_out_is_told() {
    let name = "a name that is rather long ".repeat(4);
    let at = |n: i64| (114.6 + (n % 200) as f64 * 0.004, 29.9 + (n / 200) as f64 * 0.004);
    let layer = build(
        lakes(),
        (1..=40_000).map(|n| lake(n, at(n), 0.0039, &format!("{name}{n}"))),
    );
    let at = TileMatrixSet::WebMercatorQuad
        .tile_at(12, Coord { x: 115.0, y: 30.2 })
        .unwrap();
    let budget = 60_000;
    let layer = layer.with_budget(budget);
    let (layers, drawn) = tile(&layer, at);
    let labels = layers.get("lakes_label").map_or(0, Vec::len);
    assert!(labels > 20 && labels * name.len() < budget / 4, "{labels}");
    assert!(drawn.left_out > 0, "{drawn:?}");
}

#[test]
fn a_layer_without_the_rule_has_no_companion() {
    let mut plain = lakes();
    plain.generalise = Generalise::default();
    let layer = build(plain, city());
    let all = tiles(TileMatrixSet::WebMercatorQuad, 9);
    assert!(all.iter().all(|at| !tile(&layer, *at).0.contains_key("lakes_label")));
}
