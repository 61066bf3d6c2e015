//! Which elements become features of which layer, and what their tags say.

use super::block::Block;
use crate::definition::osm::{ID, Osm, Source};
use crate::values::MAX_BYTES;
use onemap_model::{FieldType, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A tag's key that somebody asks for, by number; none of the others has one.
type Key = u32;

const NOBODYS: Key = 0;
/// What says whether a closed way is an area.
const AREA: Key = 1;
/// What says what a relation is.
const TYPE: Key = 2;

/// Feet in a metre's words.
const FOOT_M: f64 = 0.3048;

/// Layers by their places, as bits.
pub type Layers = u32;

/// So many layers are read from one file at most.
pub const MOST_LAYERS: usize = Layers::BITS as usize;

/// The rules of all layers that are read from a file.
#[derive(Debug)]
pub struct Chooser {
    keys: HashMap<Box<[u8]>, Key>,
    /// Keys below this may choose an element, the others only tell of it.
    choosing: Key,
    layers: Vec<LayerChooser>,
}

#[derive(Debug)]
struct LayerChooser {
    osm: Arc<Osm>,
    /// For a key the choices that ask for it.
    by_key: HashMap<Key, Vec<usize>>,
    /// For each field the keys that have its value.
    fields: Vec<Vec<Key>>,
}

/// What an element can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A node.
    Point,
    /// A way.
    Way {
        /// Whether it ends where it begins, with three nodes at least.
        is_closed: bool,
    },
    /// A relation.
    Relation,
}

/// The keys of a block's texts.
pub struct Known<'b> {
    block: &'b Block,
    keys: Vec<Key>,
}

/// An element's tags that somebody asks for.
type Tags<'b> = Vec<(Key, &'b [u8])>;

/// What tags say.
#[derive(Debug, Default)]
pub struct Told {
    /// The values, field by field.
    pub values: Vec<Value>,
    /// What is wrong with some, in words.
    pub faults: Vec<String>,
}

impl Chooser {
    /// The rules of these layers, in their order.
    pub fn new(layers: Vec<Arc<Osm>>) -> Self {
        let mut keys: HashMap<Box<[u8]>, Key> = HashMap::new();
        keys.insert(b"area".as_slice().into(), AREA);
        keys.insert(b"type".as_slice().into(), TYPE);
        let mut number = |tag: &str| {
            let next = keys.len() as Key + 1;
            *keys.entry(tag.as_bytes().into()).or_insert(next)
        };
        let mut by_keys = Vec::new();
        for osm in &layers {
            let mut by_key: HashMap<Key, Vec<usize>> = HashMap::new();
            for (at, choice) in osm.choices.iter().enumerate() {
                by_key.entry(number(&choice.tag)).or_default().push(at);
            }
            by_keys.push(by_key);
        }
        let mut fields: Vec<Vec<Vec<Key>>> = Vec::new();
        for osm in &layers {
            let sources = osm.fields.iter();
            fields.push(
                sources
                    .map(|source| source.tags.iter().map(|tag| number(tag)).collect())
                    .collect(),
            );
        }
        let choosing = by_keys.iter().flat_map(HashMap::keys).max().map_or(0, |last| last + 1);
        let parts = layers.into_iter().zip(by_keys).zip(fields);
        Self {
            keys,
            choosing,
            layers: parts
                .map(|((osm, by_key), fields)| LayerChooser { osm, by_key, fields })
                .collect(),
        }
    }

    /// How many layers there are.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Looks the texts of a block up.
    pub fn know<'b>(&self, block: &'b Block) -> Known<'b> {
        let key = |text: &[u8]| self.keys.get(text).copied().unwrap_or(NOBODYS);
        Known {
            block,
            keys: block.strings().map(key).collect(),
        }
    }

    /// The layers that an element with these tags belongs to.
    pub fn layers_of(&self, known: &Known<'_>, tags: &[(u32, u32)], form: Form) -> Layers {
        let may_choose = |(key, _): &(u32, u32)| {
            let key = known.key(*key);
            key > TYPE && key < self.choosing || key != NOBODYS && key <= TYPE && self.layers_ask(key)
        };
        if !tags.iter().any(may_choose) {
            return 0;
        }
        let tags = known.tags(tags);
        let layers = self.layers.iter().enumerate();
        let fits = layers.filter(|(_, layer)| layer.takes(&tags, form) && layer.choice(&tags).is_some());
        fits.fold(0, |all, (at, _)| all | 1 << at)
    }

    fn layers_ask(&self, key: Key) -> bool {
        self.layers.iter().any(|layer| layer.by_key.contains_key(&key))
    }

    /// What the tags say of an element that belongs to the layer at `layer`; `id` is its letter and number.
    pub fn tell(&self, layer: usize, known: &Known<'_>, tags: &[(u32, u32)], id: &str) -> Told {
        let (layer, tags) = (&self.layers[layer], known.tags(tags));
        let choice = layer.choice(&tags).map(|at| &layer.osm.choices[at]);
        let mut told = Told::default();
        for (at, (source, keys)) in layer.osm.fields.iter().zip(&layer.fields).enumerate() {
            let set = choice.and_then(|choice| choice.set.iter().find(|(place, _)| *place == at));
            let value = match set {
                Some((_, value)) => value.clone(),
                None => source.value(keys, &tags, id, &mut told.faults),
            };
            told.values.push(value);
        }
        told
    }
}

impl LayerChooser {
    /// Whether the layer takes elements of this form; only the tag `area` is asked.
    fn takes(&self, tags: &Tags<'_>, form: Form) -> bool {
        let area = tags.iter().find(|(key, _)| *key == AREA).map(|(_, value)| *value);
        match form {
            Form::Point => self.osm.points,
            Form::Way { is_closed } => {
                is_closed && self.osm.areas && area != Some(b"no")
                    || self.osm.lines && !(is_closed && area == Some(b"yes"))
            }
            Form::Relation => {
                let kind = tags.iter().find(|(key, _)| *key == TYPE).map(|(_, value)| *value);
                self.osm.areas && matches!(kind, Some(b"multipolygon" | b"boundary"))
            }
        }
    }

    /// The first choice that the tags fit.
    fn choice(&self, tags: &Tags<'_>) -> Option<usize> {
        let fit = |(key, value): &(Key, &[u8])| {
            let choices = self.by_key.get(key)?;
            choices.iter().copied().find(|at| {
                let values = &self.osm.choices[*at].values;
                match values.is_empty() {
                    true => *value != b"no",
                    false => values.iter().any(|wanted| wanted.as_bytes() == *value),
                }
            })
        };
        tags.iter().filter_map(fit).min()
    }
}

impl<'b> Known<'b> {
    fn key(&self, at: u32) -> Key {
        self.keys.get(at as usize).copied().unwrap_or(NOBODYS)
    }

    fn tags(&self, tags: &[(u32, u32)]) -> Tags<'b> {
        let asked = tags.iter().map(|(key, value)| (self.key(*key), *value));
        asked
            .filter(|(key, _)| *key != NOBODYS)
            .map(|(key, value)| (key, self.block.string(value)))
            .collect()
    }
}

impl Source {
    fn value(&self, keys: &[Key], tags: &Tags<'_>, id: &str, faults: &mut Vec<String>) -> Value {
        for (tag, key) in self.tags.iter().zip(keys) {
            if tag == ID {
                return Value::text(id);
            }
            if let Some((_, bytes)) = tags.iter().find(|(own, _)| own == key) {
                let value = self.read(bytes);
                return value.unwrap_or_else(|| {
                    let shown: String = String::from_utf8_lossy(bytes).chars().take(60).collect();
                    faults.push(format!("{tag}: {shown:?} is no {}", self.field_type));
                    Value::Null
                });
            }
        }
        Value::Null
    }

    fn read(&self, bytes: &[u8]) -> Option<Value> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let text = String::from_utf8_lossy(bytes);
        match self.field_type {
            FieldType::Int => whole(text.trim()).map(Value::Int),
            FieldType::Float => metres(text.trim()).and_then(Value::float),
            _ => Some(Value::text(&*text)),
        }
    }
}

/// A whole number, also where it is written as `3.0`.
fn whole(text: &str) -> Option<i64> {
    let of_float = || {
        let number: f64 = text.parse().ok()?;
        (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
    };
    text.parse().ok().or_else(of_float)
}

/// A number, in metres where it has a unit: `12`, `12.5 m`, `40 ft`, `40'`.
fn metres(text: &str) -> Option<f64> {
    let units = [("m", 1.0), ("ft", FOOT_M), ("'", FOOT_M)];
    let of_unit = |(unit, size): (&str, f64)| {
        let number: f64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        Some(number * size)
    };
    text.parse().ok().or_else(|| units.into_iter().find_map(of_unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_mappers_write_them() {
        assert_eq!(
            [whole("3"), whole("3.0"), whole("3.5"), whole("3;4")],
            [Some(3), Some(3), None, None]
        );
        assert_eq!(
            [metres("12"), metres("12.5 m"), metres("12.5m")],
            [Some(12.0), Some(12.5), Some(12.5)]
        );
        assert!((metres("40 ft").unwrap() - 12.192).abs() < 1e-9 && metres("40'").is_some());
        assert_eq!([metres("high"), metres("m"), metres("")], [None, None, None]);
    }
}
