//! The checks of one layer while its rows are read: values against the rules, what must be unique, what is the same
//! twice; and what is kept for the checks between features and layers.

use super::measure::Scale;
use super::rules::{FieldRule, Lineage, Parts, Presence, Repetition, Rules, Target, Topology};
use super::shapes::{Shapes, Texts, micros};
use crate::keys::{Keys, Verdict};
use onemap_model::{Coord, Date, FindingCode, Geometry, Layer, Path, Row, Value};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Takes a finding: code, place, what exactly.
pub type Note<'a> = dyn FnMut(FindingCode, Option<Coord>, String) + 'a;

/// What other layers ask of this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Its areas.
    pub shapes: Option<String>,
    /// The values of these fields, by which its features are named.
    pub keys: Vec<String>,
    /// When its features lived: by this field.
    pub lives: Option<String>,
}

/// The checks of one layer.
#[derive(Debug)]
pub struct LayerChecks {
    rules: Arc<Rules>,
    fields: Vec<Checked>,
    key: Option<usize>,
    area: Option<usize>,
    code: Option<usize>,
    life: Option<(usize, Option<usize>)>,
    key_fields: Vec<usize>,
    lineage: Option<LineageAt>,
    twins: Keys,
    keep_shapes: bool,
    gathered: Gathered,
}

/// A rule, and what is needed to apply it.
#[derive(Debug)]
struct Checked {
    rule: usize,
    at: usize,
    other: Option<usize>,
    seen: Keys,
}

#[derive(Debug, Clone, Copy)]
struct LineageAt {
    parent: usize,
    child: usize,
    area: Option<usize>,
    date: Option<usize>,
}

/// What is kept of a layer until all are read.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The layer's name.
    pub layer: String,
    /// Its rules.
    pub rules: Arc<Rules>,
    /// Its areas, where they are asked for.
    pub shapes: Shapes,
    /// The fields by which others name its features, each with the hashes of its values.
    pub keys: Vec<(String, HashSet<u64>)>,
    /// What it names features of other layers by.
    pub references: Vec<References>,
    /// When its features lived, and their registered area: by the hash of their key. A key may live several times.
    pub lives: HashMap<u64, Life>,
    /// What those are called.
    pub names: Texts,
    /// Who came from whom.
    pub changes: Vec<Descent>,
    /// What is not in the source, but in the rules.
    pub missing: Vec<String>,
}

/// The values of one field that name features of another layer.
#[derive(Debug, Default)]
pub struct References {
    /// The field here.
    pub field: String,
    /// The layer and field there.
    pub target: Option<Target>,
    /// The value's hash, and where the feature is.
    pub values: Vec<(u64, Option<Coord>)>,
    /// Which of them are single points, where these must lie in what they name: their places among `values`.
    pub points: Vec<u32>,
    /// What the features are called.
    pub ids: Texts,
    /// The values.
    pub texts: Texts,
}

/// When a feature lived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Life {
    /// The earliest beginning, in microseconds.
    pub from: i64,
    /// The latest end.
    pub to: i64,
    /// Its registered area.
    pub area_m2: Option<f64>,
    /// The middle of its box.
    pub place: Option<Coord>,
    /// What it is called: its place in [`Gathered::names`].
    pub name: u32,
}

/// A row of lineage.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// What the row is called.
    pub id: Box<str>,
    /// The parent's code.
    pub parent: Box<str>,
    /// The child's code.
    pub child: Box<str>,
    /// The area that went over.
    pub area_m2: Option<f64>,
    /// The day.
    pub date: Option<Date>,
}

/// The hash by which a value is known.
pub fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl LayerChecks {
    /// The checks of a layer by its rules (those of no definition, where it has none), for what others ask of it. About so
    /// many rows are expected.
    pub fn new(layer: &Layer, rules: Arc<Rules>, asked: &Asked, rows: u64) -> Self {
        let find = |name: &str| {
            let folded = name.to_lowercase();
            layer.fields().iter().position(|field| field.name.folded() == folded)
        };
        let mut gathered = Gathered {
            layer: layer.name().to_string(),
            rules: rules.clone(),
            ..Gathered::default()
        };
        let mut fields = Vec::new();
        for (rule, demanded) in rules.fields.iter().enumerate() {
            match find(&demanded.name) {
                Some(at) => fields.push(Checked {
                    rule,
                    at,
                    other: demanded.begins_with.as_deref().and_then(find),
                    seen: Keys::expecting(rows),
                }),
                None if demanded.presence == Presence::Required => gathered.missing.push(demanded.name.clone()),
                None => {}
            }
        }
        gathered.references = fields
            .iter()
            .map(|field| References {
                field: rules.fields[field.rule].name.clone(),
                target: rules.fields[field.rule].references.clone(),
                ..References::default()
            })
            .collect();
        let lineage = rules.lineage.as_ref().and_then(|lineage: &Lineage| {
            Some(LineageAt {
                parent: find(&lineage.parent)?,
                child: find(&lineage.child)?,
                area: lineage.area.as_deref().and_then(find),
                date: lineage.date.as_deref().and_then(find),
            })
        });
        let own_topology = rules.overlaps == Topology::Forbidden || rules.gaps == Topology::Forbidden;
        let code = asked
            .shapes
            .as_deref()
            .or(rules.within.as_ref().map(|within| within.code.as_str()))
            .or(rules.inside.as_deref());
        let area = rules.area.as_ref().and_then(|area| find(&area.field));
        let keys = asked.keys.iter().filter_map(|name| Some((find(name)?, name.clone())));
        let keys: Vec<(usize, String)> = keys.collect();
        Self {
            key: layer.key(),
            area,
            code: code.and_then(find),
            life: asked.lives.as_deref().and_then(find).map(|key| (key, area)),
            key_fields: keys.iter().map(|(at, _)| *at).collect(),
            lineage,
            twins: Keys::expecting(rows),
            keep_shapes: own_topology || rules.within.is_some() || rules.inside.is_some() || asked.shapes.is_some(),
            fields,
            rules,
            gathered: Gathered {
                keys: keys.into_iter().map(|(_, name)| (name, HashSet::new())).collect(),
                ..gathered
            },
        }
    }

    /// Looks at a row. Of its geometry is said whether it is valid (what is not takes part in no topology), and where its
    /// middle is.
    pub fn row(&mut self, row: &Row, id: &str, (valid, place): (Validity, Option<Coord>), note: &mut Note<'_>) {
        self.values(row, id, place, note);
        if let Some(geometry) = &row.geometry {
            self.geometry(geometry, row, id, (valid, place), note);
        }
        self.keep(row, id, place);
    }

    fn values(&mut self, row: &Row, id: &str, place: Option<Coord>, note: &mut Note<'_>) {
        for (number, field) in self.fields.iter_mut().enumerate() {
            let rule = &self.rules.fields[field.rule];
            let value = &row.values[field.at];
            let is_key = self.key == Some(field.at);
            if is_empty(value) {
                if rule.presence != Presence::Optional && !is_key {
                    note(
                        FindingCode::ValueMissing,
                        place,
                        format!("{} 为空 / is empty", rule.name),
                    );
                }
                continue;
            }
            let text = text_of(value);
            let mut say = |code, why: &str| note(code, place, format!("{} = {text:?}: {why}", rule.name));
            let in_form = judge(rule, value, &text, &mut say);
            if let Some(other) = field.other.filter(|_| in_form == InForm::Yes)
                && !is_empty(&row.values[other])
            {
                let beginning = text_of(&row.values[other]);
                if !text.starts_with(&*beginning) {
                    say(
                        FindingCode::UnitCodeDiffers,
                        &format!("应以 {beginning} 开头 / it should begin with {beginning}"),
                    );
                }
            }
            if rule.repetition == Repetition::Unique
                && !is_key
                && field.seen.see_hash(hash_of(&text), row.valid) == Verdict::Twice
            {
                say(FindingCode::ValueNotUnique, "重复 / it comes again");
            }
            if rule.references.is_some() {
                let references = &mut self.gathered.references[number];
                if self.rules.inside.as_ref() == Some(&rule.name) && is_point(row) {
                    references.points.push(references.values.len() as u32);
                }
                references.values.push((hash_of(&text), place));
                references.ids.push(id);
                references.texts.push(&text);
            }
        }
    }

    fn geometry(
        &mut self,
        geometry: &Geometry,
        row: &Row,
        id: &str,
        (valid, place): (Validity, Option<Coord>),
        note: &mut Note<'_>,
    ) {
        let parts = match geometry {
            Geometry::Points(path) => path.len(),
            Geometry::Lines(lines) => lines.len(),
            Geometry::Polygons(polygons) => polygons.len(),
            Geometry::Collection(parts) => parts.len(),
        };
        if self.rules.parts == Parts::Single && parts > 1 {
            note(FindingCode::PartCount, place, format!("{parts} 个部件 / {parts} parts"));
        }
        if !matches!(geometry, Geometry::Points(_))
            && self.twins.see_hash(fingerprint(geometry), row.valid) == Verdict::Twice
        {
            note(
                FindingCode::GeometryDuplicate,
                place,
                "图形与前面的要素相同 / an earlier feature has the same geometry".into(),
            );
        }
        if valid == Validity::Invalid {
            return;
        }
        if let (Some(rule), Some(at)) = (&self.rules.area, self.area)
            && let Some(registered) = number_of(&row.values[at])
            && let Some(drawn) = area_m2(geometry)
            && (drawn - registered).abs() > registered.abs().max(1.0) * rule.percent / 100.0
        {
            let text = format!(
                "登记 {registered:.1} m²，图形 {drawn:.1} m² / registered {registered:.1} m², drawn {drawn:.1} m²"
            );
            note(FindingCode::AreaDiffers, place, text);
        }
        if self.keep_shapes {
            let code = self
                .code
                .map(|at| text_of(&row.values[at]).into_owned())
                .unwrap_or_default();
            self.gathered.shapes.add(geometry, row.valid, id, &code);
        }
    }

    fn keep(&mut self, row: &Row, id: &str, place: Option<Coord>) {
        for (at, (_, keys)) in self.key_fields.iter().zip(&mut self.gathered.keys) {
            let value = &row.values[*at];
            if !is_empty(value) {
                keys.insert(hash_of(&text_of(value)));
            }
        }
        if let Some((key, area)) = self.life
            && !is_empty(&row.values[key])
        {
            let (from, to) = micros(row.valid);
            let area_m2 = area.and_then(|at| number_of(&row.values[at]));
            let names = &mut self.gathered.names;
            let life = self.gathered.lives.entry(hash_of(&text_of(&row.values[key])));
            let life = life.or_insert_with(|| {
                names.push(id);
                Life {
                    from,
                    to,
                    area_m2,
                    place,
                    name: names.len() as u32 - 1,
                }
            });
            life.from = life.from.min(from);
            life.to = life.to.max(to);
        }
        if let Some(at) = self.lineage {
            let text = |at: usize| text_of(&row.values[at]).into_owned().into_boxed_str();
            self.gathered.changes.push(Descent {
                id: id.into(),
                parent: text(at.parent),
                child: text(at.child),
                area_m2: at.area.and_then(|at| number_of(&row.values[at])),
                date: at.date.and_then(|at| match &row.values[at] {
                    Value::Date(date) => Some(*date),
                    other => Date::parse(&text_of(other)).ok(),
                }),
            });
        }
    }

    /// What was kept.
    pub fn finish(self) -> Gathered {
        self.gathered
    }
}

/// Whether a geometry is valid in the sense of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It is.
    Valid,
    /// It is not.
    Invalid,
}

#[derive(PartialEq)]
enum InForm {
    Yes,
    No,
}

/// Judges a value that is there by its own.
fn judge(rule: &FieldRule, value: &Value, text: &str, say: &mut dyn FnMut(FindingCode, &str)) -> InForm {
    let mut in_form = InForm::Yes;
    if let Some((code, why)) = rule.form.and_then(|form| form.fault(text)) {
        in_form = InForm::No;
        say(code, why);
    }
    if let Some(pattern) = rule.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
        in_form = InForm::No;
        say(
            FindingCode::ValuePattern,
            &format!("应符合 {pattern} / it should match {pattern}"),
        );
    }
    if let Some(dictionary) = rule.dictionary.as_ref().filter(|d| !d.codes.contains(text)) {
        let title = &dictionary.title;
        say(
            FindingCode::ValueNotInDictionary,
            &format!("不在《{title}》中 / not in {title}"),
        );
    }
    if let Some(number) = number_of(value) {
        let low = rule.min.filter(|min| number < *min);
        let high = rule.max.filter(|max| number > *max);
        if let Some(min) = low {
            say(
                FindingCode::ValueOutOfBounds,
                &format!("不得小于 {min} / at least {min}"),
            );
        }
        if let Some(max) = high {
            say(
                FindingCode::ValueOutOfBounds,
                &format!("不得大于 {max} / at most {max}"),
            );
        }
    }
    in_form
}

fn is_point(row: &Row) -> bool {
    matches!(&row.geometry, Some(Geometry::Points(path)) if path.len() == 1)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn text_of(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::Text(text) => std::borrow::Cow::Borrowed(text),
        other => std::borrow::Cow::Owned(other.to_string()),
    }
}

fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(number.get()),
        _ => None,
    }
}

/// The area of polygons on the ground; none for other geometries.
fn area_m2(geometry: &Geometry) -> Option<f64> {
    let Geometry::Polygons(polygons) = geometry else {
        return None;
    };
    let one = |rings: &[Path]| -> Option<f64> {
        let first = rings.first()?.coords().first()?;
        let scale = Scale::at(first.y);
        let mut areas = rings.iter().map(|ring| scale.ring(ring.coords()).area_m2.abs());
        let shell = areas.next()?;
        Some(shell - areas.sum::<f64>())
    };
    Some(polygons.iter().filter_map(|polygon| one(&polygon.rings)).sum())
}

/// The same for geometries with the same edges, wherever their rings begin and however they run.
fn fingerprint(geometry: &Geometry) -> u64 {
    let mut sum = 0_u64;
    for path in geometry.paths() {
        for pair in path.coords().windows(2) {
            let mut ends = [pair[0], pair[1]].map(|p| (p.x.to_bits(), p.y.to_bits()));
            ends.sort_unstable();
            let mut hasher = DefaultHasher::new();
            ends.hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
    }
    sum
}
