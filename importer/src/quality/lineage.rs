//! The past of parcels: every parent and child is there, days agree, areas add up, nobody is their own ancestor.

use super::layer::{Descent, Gathered, Life, hash_of};
use onemap_model::{Coord, FindingCode};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How far the sums of areas may differ: this part of them …
pub const SHARE: f64 = 0.01;
/// … or so many square metres.
pub const TOLERANCE_M2: f64 = 0.5;
/// A day in microseconds.
const DAY: i64 = 86_400_000_000;
/// East of UTC, where the days of the records begin.
const OFFSET_MINUTES: i16 = 480;

/// Takes a finding: code, feature, place, what exactly. Findings about `Layer::Features` belong to the parcels.
pub type Note<'a> = dyn FnMut(FindingCode, Layer, &str, Option<Coord>, String) + 'a;

/// Whose finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The layer of lineage.
    Lineage,
    /// The layer of features that have parents.
    Features,
}

/// Looks at all rows of `lineage` against the lives of `features`.
pub fn look(lineage: &Gathered, features: &Gathered, note: &mut Note<'_>) {
    let life = |code: &str| features.lives.get(&hash_of(code));
    let cyclic = cyclic(&lineage.changes);
    for (row, change) in lineage.changes.iter().enumerate() {
        let sides = [
            (&change.parent, FindingCode::LineageParentMissing, "原宗地", "parent"),
            (&change.child, FindingCode::LineageChildMissing, "新宗地", "child"),
        ];
        for (code, finding, zh, en) in sides {
            if !code.trim().is_empty() && life(code).is_none() {
                let other = if finding == FindingCode::LineageParentMissing {
                    &change.child
                } else {
                    &change.parent
                };
                let place = life(other).and_then(|life| life.place);
                let text = format!("{zh} {code} 不存在 / there is no {en} {code}");
                note(finding, Layer::Lineage, &change.id, place, text);
            }
        }
        if cyclic.contains(&row) {
            let place = life(&change.child).and_then(|life| life.place);
            let text = format!("{0} 是自己的前身 / {0} is its own ancestor", change.child);
            note(FindingCode::LineageCycle, Layer::Lineage, &change.id, place, text);
        } else {
            look_at_days(change, life(&change.parent), life(&change.child), note);
        }
    }
    look_at_areas(lineage, &cyclic, &life, note);
    look_for_parents(lineage, features, note);
}

fn look_at_days(change: &Descent, parent: Option<&Life>, child: Option<&Life>, note: &mut Note<'_>) {
    let Some(day) = change.date else { return };
    let start = day.start(OFFSET_MINUTES).micros();
    let place = child.or(parent).and_then(|life| life.place);
    let mut say = |text: String| note(FindingCode::LineageTime, Layer::Lineage, &change.id, place, text);
    if parent.is_some_and(|life| life.to > start + DAY) {
        say(format!(
            "{day} 之后原宗地 {0} 仍有效 / the parent {0} lives on after {day}",
            change.parent
        ));
    } else if child.is_some_and(|life| life.from < start) {
        say(format!(
            "{day} 之前新宗地 {0} 已存在 / the child {0} lives before {day}",
            change.child
        ));
    }
}

/// Rows on a way round: what is left after taking away, again and again, all that nobody comes from or that has no
/// children.
fn cyclic(changes: &[Descent]) -> HashSet<usize> {
    let mut left: Vec<usize> = (0..changes.len()).collect();
    loop {
        let parents: HashSet<&str> = left.iter().map(|row| &*changes[*row].parent).collect();
        let children: HashSet<&str> = left.iter().map(|row| &*changes[*row].child).collect();
        let before = left.len();
        left.retain(|row| parents.contains(&*changes[*row].child) && children.contains(&*changes[*row].parent));
        if left.len() == before {
            return left.into_iter().collect();
        }
    }
}

/// A change: all rows of one day that hang together through their parents and children.
fn look_at_areas<'a>(
    lineage: &Gathered,
    cyclic: &HashSet<usize>,
    life: &dyn Fn(&str) -> Option<&'a Life>,
    note: &mut Note<'_>,
) {
    let mut up: Vec<usize> = (0..lineage.changes.len()).collect();
    fn root(up: &mut [usize], mut of: usize) -> usize {
        while up[of] != of {
            up[of] = up[up[of]];
            of = up[of];
        }
        of
    }
    let mut seen: HashMap<(u8, &str, _), usize> = HashMap::new();
    for (row, change) in lineage.changes.iter().enumerate() {
        for key in [(0, &*change.parent, change.date), (1, &*change.child, change.date)] {
            let other = *seen.entry(key).or_insert(row);
            let (a, b) = (root(&mut up, row), root(&mut up, other));
            up[a.max(b)] = a.min(b);
        }
    }
    let mut changes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in 0..lineage.changes.len() {
        changes.entry(root(&mut up, row)).or_default().push(row);
    }
    for (first, rows) in changes {
        if rows.iter().any(|row| cyclic.contains(row)) {
            continue;
        }
        let sum = |codes: HashSet<&str>| -> Option<f64> { codes.into_iter().map(|code| life(code)?.area_m2).sum() };
        let parents = sum(rows.iter().map(|row| &*lineage.changes[*row].parent).collect());
        let children = sum(rows.iter().map(|row| &*lineage.changes[*row].child).collect());
        let written: Option<f64> = rows.iter().map(|row| lineage.changes[*row].area_m2).sum();
        let (Some(parents), Some(children)) = (parents, children) else {
            continue;
        };
        let allowed = TOLERANCE_M2.max(parents * SHARE);
        let off = |other: f64| (parents - other).abs() > allowed;
        if off(children) || written.is_some_and(off) {
            let written = written.unwrap_or(children);
            let change = &lineage.changes[first];
            let text = format!(
                "原宗地共 {parents:.1} m²，新宗地共 {children:.1} m²，记录共 {written:.1} m² / parents {parents:.1} m², \
                 children {children:.1} m², written {written:.1} m²"
            );
            let place = life(&change.child).and_then(|life| life.place);
            note(FindingCode::LineageArea, Layer::Lineage, &change.id, place, text);
        }
    }
}

fn look_for_parents(lineage: &Gathered, features: &Gathered, note: &mut Note<'_>) {
    let Some(survey) = features.lives.values().map(|life| life.from).min() else {
        return;
    };
    let children: HashSet<u64> = lineage.changes.iter().map(|change| hash_of(&change.child)).collect();
    let mut orphans: Vec<&Life> = features
        .lives
        .iter()
        .filter(|(code, life)| life.from > survey && !children.contains(code))
        .map(|(_, life)| life)
        .collect();
    orphans.sort_unstable_by_key(|life| life.name);
    for life in orphans {
        let name = features.names.get(life.name as usize);
        let text = "没有原宗地记录 / no parent is recorded".to_owned();
        note(FindingCode::ParentlessChild, Layer::Features, name, life.place, text);
    }
}
