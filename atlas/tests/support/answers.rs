//! Everything that a layer answers, to compare a changed layer with one built afresh.

use super::*;
use onemap_atlas::{Direction, Query, Scope};
use onemap_model::{Bbox, Geometry, TimeSpan};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The highest feature number that edits use.
pub const MOST: i64 = 40;

pub type Table = BTreeMap<Fid, Feature>;

pub fn definition() -> Layer {
    let fields = [
        ("code", FieldType::Text),
        ("n", FieldType::Int),
        ("name", FieldType::Text),
    ];
    layer("edited", &fields).with_key("code").unwrap()
}

pub fn moments() -> [Instant; 4] {
    ["2019-01-01", "2021-01-01", "2024-05-01", "2030-01-01"].map(|day| instant(&format!("{day}T00:00:00Z")))
}

/// Everything that a layer answers.
#[derive(Debug, PartialEq)]
struct Answers {
    len: usize,
    counts: Vec<usize>,
    boundaries: Vec<Option<Instant>>,
    tiles: Vec<(String, Vec<u8>)>,
    all: Vec<(String, Option<Bbox>, Feature)>,
    found: Vec<Vec<Fid>>,
    by_id: Vec<Vec<Fid>>,
    by_fid: Vec<Option<Feature>>,
}

fn tiles() -> impl Iterator<Item = TileCoord> {
    let zooms = |grid: TileMatrixSet| [1, 6, 13, 15, 19].map(|z| huangshi(grid, z));
    TileMatrixSet::ALL.into_iter().flat_map(zooms)
}

fn answers(layer: &LayerSnapshot, boxes: &[Bbox]) -> Answers {
    let fids = |bbox: &Bbox, at| {
        let query = Query { bbox: Some(*bbox), at };
        layer.features(&query).map(|view| view.fid()).collect()
    };
    let tile = |tile: TileCoord| (tile.to_string(), render(layer, tile));
    let ids = (0..10)
        .map(|n| format!("c{n}"))
        .chain((0..=MOST).map(|n| n.to_string()));
    let all = layer.features(&Query::default());
    let mut room = Geometry::Polygons(Vec::new());
    for view in layer.features(&Query::default()) {
        // Whatever was made there before.
        assert_eq!(view.geometry_in(&mut room), view.geometry().as_ref());
    }
    Answers {
        len: layer.len(),
        counts: moments().map(|at| layer.count_at(at)).to_vec(),
        boundaries: moments().map(|at| layer.next_boundary(at)).to_vec(),
        tiles: tiles().map(tile).collect(),
        all: all
            .map(|view| (view.public_id().into_owned(), view.bbox(), view.to_feature()))
            .collect(),
        found: boxes
            .iter()
            .flat_map(|bbox| [fids(bbox, None), fids(bbox, Some(now()))])
            .collect(),
        by_id: ids
            .map(|id| layer.by_public_id(&id).iter().map(|view| view.fid()).collect())
            .collect(),
        by_fid: (1..=MOST + 1)
            .map(|fid| Some(layer.by_fid(Fid::new(fid).unwrap())?.to_feature()))
            .collect(),
    }
}

/// Checks that `layer` answers as one built afresh from `table`.
pub fn check(layer: &LayerSnapshot, table: &Table, boxes: &[Bbox]) -> Result<(), TestCaseError> {
    let fresh = build(layer.layer().clone(), table.values().cloned());
    prop_assert_eq!(answers(layer, boxes), answers(&fresh, boxes));
    let counted = table
        .values()
        .filter(|feature| feature.row.valid.contains(now()))
        .count();
    prop_assert_eq!(layer.count_at(now()), counted);
    for bbox in boxes.iter().copied().map(Some).chain([None]) {
        check_walks(layer, bbox)?;
    }
    if let Some(exact) = fresh.bbox() {
        prop_assert_eq!(layer.bbox().map(|around| around.union(exact)), layer.bbox());
    }
    Ok(())
}

/// Checks that a scope is walked from any number on, both ways, found in any order, and counted.
fn check_walks(layer: &LayerSnapshot, bbox: Option<Bbox>) -> Result<(), TestCaseError> {
    let is_now = |span: TimeSpan| span.contains(now());
    for (at, when) in [(None, &(|_| true) as &dyn Fn(TimeSpan) -> bool), (Some(now()), &is_now)] {
        let scope = Scope { bbox, near: None, when };
        let all: Vec<Fid> = layer.features(&Query { bbox, at }).map(|view| view.fid()).collect();
        prop_assert_eq!(layer.count(scope), all.len());
        let mut found: Vec<Fid> = layer.features_in(scope).map(|view| view.fid()).collect();
        found.sort_unstable();
        prop_assert_eq!(&found, &all);
        for from in [0, 1, MOST / 2, MOST].map(|number| Fid::new(number).ok()) {
            let walk = |direction| {
                layer
                    .walk(scope, from, direction)
                    .map(|view| view.fid())
                    .collect::<Vec<_>>()
            };
            let after = all.iter().copied().filter(|&fid| from.is_none_or(|from| fid > from));
            prop_assert_eq!(walk(Direction::Forward), after.collect::<Vec<_>>());
            let before = all.iter().copied().filter(|&fid| from.is_none_or(|from| fid < from));
            prop_assert_eq!(walk(Direction::Backward), before.rev().collect::<Vec<_>>());
        }
    }
    Ok(())
}
