//! A layer that was changed answers as one built afresh from the same features, whatever was merged when.
#![allow(clippy::unwrap_used)]

mod support;

use onemap_atlas::{LayerSnapshot, Merged, Query};
use onemap_model::{
    Bbox, Change, Coord, Feature, Fid, FieldType, Geometry, Instant, Layer, Name, Path, Polygon, Row, TileCoord,
    TileMatrixSet, TimeSpan, Value,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::*;

/// The highest feature number that edits use.
const MOST: i64 = 40;

type Table = BTreeMap<Fid, Feature>;

/// What becomes of a feature, and what the change claims that it was before.
#[derive(Debug, Clone)]
struct Edit {
    fid: i64,
    new: Option<Row>,
    claim: Claim,
}

#[derive(Debug, Clone, Copy)]
enum Claim {
    Truth,
    Nothing,
    Nonsense,
}

#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<Edit>),
    /// Begins a merge of everything in the background, if none is under way.
    Begin,
    /// Installs the merge that is under way.
    Install,
}

fn definition() -> Layer {
    let fields = [
        ("code", FieldType::Text),
        ("n", FieldType::Int),
        ("name", FieldType::Text),
    ];
    layer("edited", &fields).with_key("code").unwrap()
}

fn moments() -> [Instant; 4] {
    ["2019-01-01", "2021-01-01", "2024-05-01", "2030-01-01"].map(|day| instant(&format!("{day}T00:00:00Z")))
}

fn arb_geometry() -> impl Strategy<Value = Option<Geometry>> {
    let near = (115.03..115.05_f64, 30.19..30.21_f64);
    let place =
        prop_oneof![6 => near, 1 => (-180.0..180.0_f64, -85.0..85.0_f64), 1 => (0.0..400.0_f64, 80.0..95.0_f64)];
    (place, 0..7_u8, 1e-5..5e-3_f64).prop_map(|((x, y), kind, size)| {
        let path = |coords: &[(f64, f64)]| Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap();
        let point = || Geometry::Points(path(&[(x, y)]));
        let line = || Geometry::Lines(vec![path(&[(x, y), (x + size, y + size), (x, y + 2.0 * size)])]);
        let ring = path(&[(x, y), (x + size, y), (x, y + size), (x, y)]);
        match kind {
            0 => None,
            1 => Some(point()),
            2 => Some(line()),
            3 => Some(Geometry::Collection(vec![point(), line()])),
            _ => Some(Geometry::Polygons(vec![Polygon { rings: vec![ring] }])),
        }
    })
}

/// Values, sometimes too few or too many, sometimes of another type than the field's.
fn arb_values() -> impl Strategy<Value = Vec<Value>> {
    let code = prop_oneof![
        6 => (0..10).prop_map(|n| Value::text(format!("c{n}"))),
        1 => Just(Value::Null),
        1 => (0..5_i64).prop_map(Value::Int),
    ];
    let number =
        prop_oneof![4 => (0..5_i64).prop_map(Value::Int), 1 => Just(Value::Null), 1 => Just(Value::text("c1"))];
    let name = prop_oneof![4 => (0..5).prop_map(|n| Value::text(format!("c{n}"))), 1 => Just(Value::Null)];
    (code, number, name, 0..5_usize).prop_map(|(code, number, name, keep)| {
        let mut values = vec![code, number, name, Value::text("too many")];
        values.truncate(if keep == 0 { 1 } else { 2 + keep % 3 });
        values
    })
}

fn arb_valid() -> impl Strategy<Value = TimeSpan> {
    prop_oneof![
        3 => Just(TimeSpan::ALWAYS),
        1 => (0..4_usize, 0..4_usize).prop_map(|(from, to)| {
            let (from, to) = (moments()[from], moments()[to]);
            TimeSpan::new(Some(from), (from < to).then_some(to)).unwrap()
        }),
    ]
}

fn arb_edit() -> impl Strategy<Value = Edit> {
    let row = (arb_geometry(), arb_values(), arb_valid());
    let row = row.prop_map(|(geometry, values, valid)| Row {
        geometry,
        values,
        valid,
    });
    let claim = prop::sample::select(vec![Claim::Truth, Claim::Truth, Claim::Nothing, Claim::Nonsense]);
    (1..=MOST, prop::option::weighted(0.75, row), claim).prop_map(|(fid, new, claim)| Edit { fid, new, claim })
}

fn arb_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(arb_edit(), 0..12).prop_map(Step::Apply),
        2 => Just(Step::Begin),
        2 => Just(Step::Install),
    ]
}

/// Does the edits in the table, one after the other, and gives the changes that say so.
fn change(table: &mut Table, edits: &[Edit]) -> Vec<Change> {
    let one = |edit: &Edit| {
        let fid = Fid::new(edit.fid).unwrap();
        let new = edit.new.clone().map(|row| Feature { fid, row });
        let was = match &new {
            Some(new) => table.insert(fid, new.clone()),
            None => table.remove(&fid),
        };
        let old = match edit.claim {
            Claim::Truth => was,
            Claim::Nothing => None,
            Claim::Nonsense => Some(feature(edit.fid, Some(Geometry::point(1.0, 2.0).unwrap()), vec![])),
        };
        let layer = Name::new("edited").unwrap();
        Change { layer, fid, old, new }
    };
    edits.iter().map(one).collect()
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
    Answers {
        len: layer.len(),
        counts: moments().map(|at| layer.count_at(at)).to_vec(),
        boundaries: moments().map(|at| layer.next_boundary(at)).to_vec(),
        tiles: tiles().map(tile).collect(),
        all: all
            .map(|view| (view.public_id(), view.bbox(), view.to_feature()))
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
fn check(layer: &LayerSnapshot, table: &Table, boxes: &[Bbox]) -> Result<(), TestCaseError> {
    let fresh = build(layer.layer().clone(), table.values().cloned());
    prop_assert_eq!(answers(layer, boxes), answers(&fresh, boxes));
    let counted = table
        .values()
        .filter(|feature| feature.row.valid.contains(now()))
        .count();
    prop_assert_eq!(layer.count_at(now()), counted);
    if let Some(exact) = fresh.bbox() {
        prop_assert_eq!(layer.bbox().map(|around| around.union(exact)), layer.bbox());
    }
    Ok(())
}

fn arb_boxes() -> impl Strategy<Value = Vec<Bbox>> {
    let near = (115.02..115.05_f64, 30.18..30.21_f64, 0.0..0.02_f64);
    let some = near.prop_map(|(x, y, size)| Bbox::new(x, y, x + size, y + size).unwrap());
    let world = Just(Bbox::new(-180.0, -90.0, 180.0, 90.0).unwrap());
    prop::collection::vec(prop_oneof![5 => some, 1 => world], 4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_layer_answers_as_one_built_afresh(
        steps in prop::collection::vec(arb_step(), 1..30),
        boxes in arb_boxes(),
    ) {
        let (mut layer, mut table) = (build(definition(), []), Table::new());
        let mut merging: Option<(Merged, LayerSnapshot, Table)> = None;
        for step in &steps {
            match step {
                Step::Apply(edits) => {
                    let (before, was) = (layer.clone(), table.clone());
                    layer = layer.apply(&change(&mut table, edits));
                    check(&before, &was, &boxes)?;
                }
                Step::Begin => {
                    merging.get_or_insert_with(|| (layer.merge_all().run(), layer.clone(), table.clone()));
                }
                Step::Install => if let Some((merged, then, was)) = merging.take() {
                    layer = layer.with_merged(merged.clone());
                    check(&then.with_merged(merged), &was, &boxes)?;
                }
            }
            check(&layer, &table, &boxes)?;
        }
        let whole = layer.with_merged(layer.merge_all().run());
        check(&whole, &table, &boxes)?;
        prop_assert_eq!(whole.bbox(), build(definition(), table.into_values()).bbox());
    }

    #[test]
    fn a_merge_installed_in_another_version_of_the_layer_does_no_harm(
        before in prop::collection::vec(prop::collection::vec(arb_edit(), 1..12), 1..6),
        after in prop::collection::vec(prop::collection::vec(arb_edit(), 1..12), 1..12),
        boxes in arb_boxes(),
    ) {
        let (mut layer, mut table) = (build(definition(), []), Table::new());
        for edits in &before {
            layer = layer.apply(&change(&mut table, edits));
        }
        let (earlier, was) = (layer.clone(), table.clone());
        for edits in &after {
            layer = layer.apply(&change(&mut table, edits));
        }
        let merged = layer.merge_all().run();
        check(&earlier.with_merged(merged.clone()), &was, &boxes)?;
        // Installed twice, and in a layer read afresh that has nothing to do with it.
        check(&layer.with_merged(merged.clone()).with_merged(merged.clone()), &table, &boxes)?;
        let fresh = build(definition(), was.values().cloned());
        check(&fresh.with_merged(merged), &was, &boxes)?;
    }
}

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
