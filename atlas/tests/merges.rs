//! Merges of layers so large that they are work for the background, and changes at the edges of what may be.
#![allow(clippy::unwrap_used)]

mod support;

use onemap_atlas::Query;
use onemap_model::{Bbox, Change, Coord, Feature, Fid, Geometry, Name, TileMatrixSet, Value};
use support::answers::*;
use support::*;

/// Points on a raster, so many that merges become work for the background.
fn raster(fid: i64, shift: f64) -> Feature {
    let (x, y) = (115.0 + (fid % 200) as f64 * 5e-4, 30.1 + (fid / 200) as f64 * 5e-4);
    feature(
        fid,
        Some(Geometry::point(x + shift, y).unwrap()),
        vec![Value::text(format!("r{fid}")), Value::Int(fid % 7)],
    )
}

fn moved(fid: i64, shift: f64) -> Change {
    let (old, new) = (Some(raster(fid, 0.0)), Some(raster(fid, shift)));
    let (layer, fid) = (Name::new("edited").unwrap(), Fid::new(fid).unwrap());
    Change { layer, fid, old, new }
}

#[test]
fn merges_are_due_where_they_cost_much_and_leave_the_answers_as_they_are() {
    let mut table: Table = (1..=30_000)
        .map(|fid| (Fid::new(fid).unwrap(), raster(fid, 0.0)))
        .collect();
    let mut layer = build(definition(), table.values().cloned());
    assert!(layer.merge_due().is_none());
    let boxes = [Bbox::new(115.03, 30.15, 115.05, 30.2).unwrap()];
    let mut due = Vec::new();
    for batch in 0..120_i64 {
        // Each batch moves every 120th point a little, all of them in the end.
        let changes: Vec<Change> = (1..=250).map(|n| moved(n * 120 - batch, 1e-4)).collect();
        let merge = layer.merge_due();
        layer = layer.apply(&changes);
        table.extend(changes.into_iter().map(|change| (change.fid, change.new.unwrap())));
        if let Some(merge) = merge {
            due.push(merge.len());
            layer = layer.with_merged(merge.run());
        }
        if batch % 10 == 0 {
            check(&layer, &table, &boxes).unwrap();
        }
    }
    check(&layer, &table, &boxes).unwrap();
    assert!(due.iter().all(|&len| len > 1_000), "{due:?}");
    assert!(
        due.contains(&30_000),
        "everything was merged when enough had changed: {due:?}"
    );
}

#[test]
fn a_layer_whose_merges_nobody_does_stays_right() {
    let mut table = Table::new();
    let mut layer = build(definition(), []);
    for batch in 0..200_i64 {
        let changes: Vec<Change> = (1..=100).map(|n| moved(batch * 100 + n, 0.0)).collect();
        layer = layer.apply(&changes);
        table.extend(changes.into_iter().map(|change| (change.fid, change.new.unwrap())));
    }
    check(&layer, &table, &[Bbox::new(115.03, 30.15, 115.05, 30.2).unwrap()]).unwrap();
}

#[test]
fn numbers_of_features_may_be_far_apart() {
    let far = |fid: i64| {
        let change = moved(5, 0.0);
        let (fid, new) = (Fid::new(fid).unwrap(), change.new.unwrap());
        let new = Feature { fid, row: new.row };
        Change {
            fid,
            new: Some(new),
            ..change
        }
    };
    let changes = [(1 << 53) - 1, 1, 1 << 40].map(far);
    let layer = changes
        .iter()
        .fold(build(definition(), []), |layer, change| layer.apply([change]));
    let fids = |query| layer.features(&query).map(|view| view.fid().get()).collect::<Vec<_>>();
    let bbox = Some(Bbox::new(114.0, 29.0, 116.0, 31.0).unwrap());
    for query in [Query::default(), Query { bbox, at: None }] {
        assert_eq!(fids(query), [1, 1 << 40, (1 << 53) - 1]);
    }
    let fresh = build(definition(), changes.into_iter().filter_map(|change| change.new));
    let tile = TileMatrixSet::WebMercatorQuad
        .tile_at(12, Coord { x: 115.0, y: 30.1 })
        .unwrap();
    assert!(!render(&fresh, tile).is_empty());
    assert_eq!(render(&layer, tile), render(&fresh, tile));
}

#[test]
fn changes_of_other_layers_are_left_out() {
    let layer = build(definition(), [raster(1, 0.0)]);
    let other = Change {
        layer: Name::new("other").unwrap(),
        ..moved(1, 1.0)
    };
    let same = layer.apply([&other]);
    assert_eq!(same.len(), 1);
    let still = same.by_fid(Fid::new(1).unwrap()).unwrap();
    assert_eq!(still.geometry(), raster(1, 0.0).row.geometry);
}
