//! A layer that was changed answers as one built afresh from the same features, whatever was merged when.
#![allow(clippy::unwrap_used)]

mod support;

use onemap_atlas::{LayerSnapshot, Merged};
use onemap_model::{Bbox, Change, Coord, Feature, Fid, Geometry, Name, Path, Polygon, Row, TimeSpan, Value};
use proptest::prelude::*;
use support::answers::*;
use support::*;

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

fn arb_boxes() -> impl Strategy<Value = Vec<Bbox>> {
    let near = (115.02..115.05_f64, 30.18..30.21_f64, 0.0..0.02_f64);
    let some = near.prop_map(|(x, y, size)| Bbox::new(x, y, x + size, y + size).unwrap());
    let world = Just(Bbox::new(-180.0, -90.0, 180.0, 90.0).unwrap());
    prop::collection::vec(prop_oneof![5 => some, 1 => world], 4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

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
