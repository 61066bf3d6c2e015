//! What a definition says of OpenStreetMap: the table `[osm]`, by which elements become features of the layer.

use super::{DefinitionError, Reader};
use onemap_model::{FieldType, GeometryType, Layer, Value};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which elements of OpenStreetMap become features of the layer, and which tags their values.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawOsm {
    /// What they are taken from: nodes (points), ways (lines), closed ways and multipolygons (areas).
    #[cfg_attr(test, schemars(extend("items" = { "enum": ["points", "lines", "areas"], "type": "string" })))]
    from: Vec<String>,
    /// The first of these that an element fits takes it.
    choose: Vec<RawChoice>,
    /// For a field the tags that have its value, the first that is there; `@id` is the letter and number of the element.
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
}

/// Elements that are taken, and what is known of them by that.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawChoice {
    /// The tag that they have.
    tag: String,
    /// Its values; any but `no` where none are named.
    #[serde(default)]
    values: Vec<String>,
    /// Values of the layer's fields.
    #[serde(default)]
    set: BTreeMap<String, String>,
}

/// Which elements of OpenStreetMap become features of a layer, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Osm {
    /// Whether nodes do.
    pub points: bool,
    /// Whether ways do.
    pub lines: bool,
    /// Whether closed ways, multipolygons and boundaries do.
    pub areas: bool,
    /// The first that fits takes an element.
    pub choices: Vec<Choice>,
    /// For each field of the layer where its value is from.
    pub fields: Vec<Source>,
}

/// Elements that are taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The tag that they have.
    pub tag: String,
    /// Its values; any but `no` where there are none.
    pub values: Vec<String>,
    /// Values by the places of the layer's fields, which count before [`Osm::fields`].
    pub set: Vec<(usize, Value)>,
}

/// Where the value of a field is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The type of the field.
    pub field_type: FieldType,
    /// The tags, the first that is there counts.
    pub tags: Vec<String>,
}

/// The letter and number of the element, in place of a tag.
pub const ID: &str = "@id";

impl Reader<'_> {
    /// What `raw` means for a layer.
    pub(super) fn osm(&self, raw: &RawOsm, layer: &Layer) -> Result<Osm, DefinitionError> {
        let is = |word: &str| raw.from.iter().any(|from| from == word);
        let words = ["points", "lines", "areas"];
        if let Some(other) = raw.from.iter().find(|from| !words.contains(&from.as_str())) {
            return Err(self.wrong("osm.from", other.clone(), "points, lines or areas"));
        }
        let (points, lines, areas) = (is("points"), is("lines"), is("areas"));
        let fits = match layer.geometry_type {
            GeometryType::Point | GeometryType::MultiPoint => points && !lines && !areas,
            GeometryType::MultiLineString => lines && !points && !areas,
            GeometryType::MultiPolygon => areas && !points && !lines,
            GeometryType::Geometry => points || lines || areas,
            _ => false,
        };
        if !fits {
            let expected = "what the layer's geometry can hold: points, lines or areas";
            return Err(self.wrong("osm.from", format!("{:?}", raw.from), expected));
        }
        if raw.choose.is_empty() {
            return Err(self.wrong("osm.choose", "[]".to_owned(), "one tag at least"));
        }
        let of_fields = "a field of the layer of type int, float or text";
        if let Some(other) = raw.fields.keys().find(|name| place(layer, name).is_none()) {
            return Err(self.wrong("osm.fields", other.clone(), of_fields));
        }
        let source = |field: &onemap_model::Field| Source {
            field_type: field.field_type,
            tags: raw.fields.get(field.name.as_str()).cloned().unwrap_or_default(),
        };
        Ok(Osm {
            points,
            lines,
            areas,
            choices: raw
                .choose
                .iter()
                .map(|choice| self.choice(choice, layer))
                .collect::<Result<_, _>>()?,
            fields: layer.fields().iter().map(source).collect(),
        })
    }

    fn choice(&self, raw: &RawChoice, layer: &Layer) -> Result<Choice, DefinitionError> {
        let one = |(name, text): (&String, &String)| {
            let key = format!("osm.choose.set.{name}");
            let at = place(layer, name)
                .ok_or_else(|| self.wrong(&key, name.clone(), "a field of the layer of type int, float or text"))?;
            let value = match layer.fields()[at].field_type {
                FieldType::Int => text.parse().ok().map(Value::Int),
                FieldType::Float => text.parse().ok().and_then(Value::float),
                _ => Some(Value::text(text.as_str())),
            };
            let value = value.ok_or_else(|| self.wrong(&key, text.clone(), "a number, as the field has them"))?;
            Ok((at, value))
        };
        Ok(Choice {
            tag: raw.tag.clone(),
            values: raw.values.clone(),
            set: raw.set.iter().map(one).collect::<Result<_, _>>()?,
        })
    }
}

fn place(layer: &Layer, name: &str) -> Option<usize> {
    let types = [FieldType::Int, FieldType::Float, FieldType::Text];
    let at = layer.field_index(name)?;
    types.contains(&layer.fields()[at].field_type).then_some(at)
}
