//! Layer definitions: TOML files that say what a layer is called, what its fields are, and who may see it.
//!
//! Definitions apply when they are asked for, never because a name is the same. The ones of the sample city are part
//! of this program (`schemas/layers/*.toml`).

mod generalise;
pub mod osm;

use crate::quality::codes::Form;
use crate::quality::rules::{
    AreaRule, Dictionary, FieldRule, Lineage, Parts, Presence, Repetition, Rules, Target, Topology, Within,
};
use generalise::RawGeneralise;
use onemap_model::{
    Access, Crs, Field, FieldType, GeometryType, Layer, LayerError, Name, NameError, Secrecy, ZoomRange,
};
use osm::{Osm, RawOsm};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

macro_rules! definitions {
    ($($name:literal)+) => {
        [$((concat!($name, ".toml"), include_str!(concat!("../../../schemas/layers/", $name, ".toml")))),+]
    };
}

/// The definitions of the sample city's layers, with their file names: what lies below on the map first.
const SAMPLE: [(&str, &str); 8] = definitions! {
    "districts" "water" "roads" "parcels" "buildings" "pois" "addresses" "parcel_lineage"
};

/// The fields of a layer that the sample city has, where its definition has more.
const SAMPLE_FIELDS: [(&str, &[&str]); 1] = [(
    "parcels.toml",
    &["zddm", "bdcdyh", "yt", "yt_name", "zl", "zdmj", "qlxz"],
)];

/// The definitions of what the sample city has not.
const MORE: [(&str, &str); 11] = definitions! {
    "provinces" "cities" "townships" "villages" "functional_areas" "land_use" "control_lines" "grid_cells"
    "address_tree" "parcel_owners" "cadastral_zones"
};

/// A dictionary's file has so many bytes at most.
const MOST_OF_A_DICTIONARY: u64 = 16 << 20;

/// Why a text defines no layer. Every message names the file and the key.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// No TOML, a key missing, unknown, or of the wrong type.
    #[error("{file}: {reason}")]
    Toml {
        /// The file.
        file: String,
        /// What the parser says, with line and key.
        reason: String,
    },
    /// A value that the key cannot have.
    #[error("{file}: {key} = {value:?}: expected {expected}")]
    Value {
        /// The file.
        file: String,
        /// The key, with the field that it belongs to.
        key: String,
        /// The value.
        value: String,
        /// What it could be.
        expected: &'static str,
    },
    /// A name that a layer or field cannot have.
    #[error("{file}: {key}: {source}")]
    Name {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// What is wrong with the name.
        source: NameError,
    },
    /// The fields do not make a layer.
    #[error("{file}: {source}")]
    Layer {
        /// The file.
        file: String,
        /// What is wrong.
        source: LayerError,
    },
}

/// The definition of a layer: what it is called, what its fields are, who may see it, what is checked.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawLayer {
    /// The layer's name: letters (Chinese too), digits and _, at most 48 bytes.
    name: String,
    /// What people call it.
    title: RawTitle,
    /// The kind of its geometries.
    #[cfg_attr(test, schemars(extend("enum" = ["None", "Point", "MultiPoint", "MultiLineString", "MultiPolygon", "Geometry"])))]
    geometry: String,
    /// The system that it is kept in: geographic.
    #[serde(default = "default_crs")]
    crs: String,
    /// The field that is the features' public id.
    key: Option<String>,
    /// The first and the last zoom that show it: 0 to 20.
    zoom: Option<Vec<u8>>,
    /// Who may see it; restricted where nothing is said.
    #[cfg_attr(test, schemars(extend("enum" = ["public", "restricted"])))]
    access: Option<String>,
    /// 密级; internal where nothing is said.
    #[cfg_attr(test, schemars(extend("enum" = ["public", "internal", "secret", "confidential", "top-secret"])))]
    secrecy: Option<String>,
    /// The one department that owns it.
    authority: Option<String>,
    /// Whether it is part of the basemap.
    #[serde(default)]
    basemap: bool,
    /// The zone of times without an offset; 480 (+08:00) where nothing is said.
    #[serde(default)]
    utc_offset_minutes: Option<i16>,
    /// Its fields, in order.
    #[serde(default)]
    fields: Vec<RawField>,
    /// What is checked beside the single fields.
    #[serde(default)]
    checks: RawChecks,
    /// What tiles show that cannot show all of it.
    #[serde(default)]
    generalise: RawGeneralise,
    /// Which elements of OpenStreetMap become its features.
    osm: Option<RawOsm>,
}

#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawChecks {
    /// How many parts a geometry may have.
    #[cfg_attr(test, schemars(extend("enum" = ["single", "several"])))]
    parts: Option<String>,
    /// Whether features may lie on one another at the same time.
    #[cfg_attr(test, schemars(extend("enum" = ["forbidden", "allowed"])))]
    overlaps: Option<String>,
    /// Whether narrow gaps may lie between features of today.
    #[cfg_attr(test, schemars(extend("enum" = ["forbidden", "allowed"])))]
    gaps: Option<String>,
    /// The registered area, and how far the drawn one may differ.
    area: Option<RawArea>,
    /// In which areas of another layer each feature lies: the one whose code its own begins with.
    within: Option<RawWithin>,
    /// The field that names (references) the feature of another layer in which each one lies.
    inside: Option<String>,
    /// Which fields tell the past of another layer's features.
    lineage: Option<RawLineage>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawArea {
    /// The field with the area in square metres.
    field: String,
    /// How far the drawn area may be off.
    percent: f64,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawWithin {
    /// layer.field: the areas, and their code.
    areas: String,
    /// The field whose value begins with that code.
    code: String,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawLineage {
    /// The field with the parent's code.
    parent: String,
    /// The field with the child's code.
    child: String,
    /// The field with the area that went over.
    area: Option<String>,
    /// The field with the day.
    date: Option<String>,
    /// layer.field: the features that have parents, and their key.
    of: String,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawTitle {
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawField {
    /// The field's name: letters (Chinese too), digits and _, at most 48 bytes.
    name: String,
    /// The type of its values.
    #[cfg_attr(test, schemars(extend("enum" = ["bool", "int", "float", "text", "date", "datetime", "bytes", "array"])))]
    #[serde(rename = "type")]
    field_type: String,
    /// What people call it.
    title: RawTitle,
    /// Whether the column must be there and no value may be empty.
    #[serde(default)]
    required: bool,
    /// Whether no value may be empty where the column is there.
    #[serde(default)]
    filled: bool,
    /// Whether no two features may have the same value at the same time.
    #[serde(default)]
    unique: bool,
    /// A regular expression that the whole value must match.
    pattern: Option<String>,
    /// The kind of code that it is.
    #[cfg_attr(test, schemars(extend("enum" = ["parcel-code", "unit-code"])))]
    form: Option<String>,
    /// The codes that there are: a dictionary of this program, or the .toml file of one beside the definition.
    dictionary: Option<String>,
    /// The least number.
    min: Option<f64>,
    /// The greatest number.
    max: Option<f64>,
    /// layer.field: it names a feature of another layer.
    references: Option<String>,
    /// The field whose value this one begins with.
    begins_with: Option<String>,
    /// Other names that columns have for it.
    #[serde(default)]
    aliases: Vec<String>,
}

/// A layer, and what it demands of its features.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The layer.
    pub layer: Layer,
    /// What its features are checked for.
    pub rules: Rules,
    /// What departments call its fields, field by field.
    pub words: Vec<Words>,
    /// Which elements of OpenStreetMap become its features; none where that was not said.
    pub osm: Option<Arc<Osm>>,
}

/// What a field is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Other names that columns have for it.
    pub aliases: Vec<String>,
}

/// Reads a layer's definition. `file` is what errors call it.
///
/// # Errors
/// [`DefinitionError`] with the file, the key, its value and what was expected.
///
/// ```
/// let text = r#"
///     name = "wells"
///     title = { zh = "水井", en = "Wells" }
///     geometry = "Point"
///     key = "number"
///     fields = [{ name = "number", type = "int", title = { zh = "编号", en = "Number" } }]
/// "#;
/// let layer = onemap_importer::definition::parse("wells.toml", text).unwrap();
/// assert_eq!(layer.title, "水井 Wells");
/// ```
pub fn parse(file: &str, text: &str) -> Result<Layer, DefinitionError> {
    read(file, text).map(|definition| definition.layer)
}

/// Reads a layer's definition with its rules.
///
/// # Errors
/// As [`parse`].
pub fn read(file: &str, text: &str) -> Result<Definition, DefinitionError> {
    let mut raw = raw(file, text)?;
    let reader = Reader { file };
    let rules = reader.rules(&raw)?;
    let words = raw.fields.iter().map(words).collect();
    let raw_osm = raw.osm.take();
    let layer = reader.layer(raw)?;
    let osm = raw_osm.map(|raw| reader.osm(&raw, &layer)).transpose()?;
    Ok(Definition {
        layer,
        rules,
        words,
        osm: osm.map(Arc::new),
    })
}

fn raw(file: &str, text: &str) -> Result<RawLayer, DefinitionError> {
    toml::from_str(text).map_err(|error| DefinitionError::Toml {
        file: file.to_owned(),
        reason: error.to_string().trim().to_owned(),
    })
}

/// The definition of this program for a layer of that name.
pub fn built_in(name: &str) -> Option<Definition> {
    let file = format!("{name}.toml");
    let (file, text) = SAMPLE.iter().chain(&MORE).find(|(known, _)| *known == file)?;
    Some(read(file, text).expect("the definitions are tested"))
}

/// The names of the definitions of this program.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    let all = SAMPLE.iter().chain(&MORE);
    all.filter_map(|(file, _)| file.strip_suffix(".toml"))
}

/// The layers of the sample city, what lies below on the map first.
///
/// # Errors
/// None as long as the definitions that this program was built with are right.
pub fn sample_layers() -> Result<Vec<Layer>, DefinitionError> {
    let of_sample = |(file, text): &(&str, &str)| {
        let mut raw = raw(file, text)?;
        if let Some((_, fields)) = SAMPLE_FIELDS.iter().find(|(known, _)| known == file) {
            raw.fields.retain(|field| fields.contains(&field.name.as_str()));
        }
        Reader { file }.layer(raw)
    };
    SAMPLE.iter().map(of_sample).collect()
}

/// Turns what is written into what it means, naming the file in every error.
struct Reader<'a> {
    file: &'a str,
}

impl Reader<'_> {
    fn layer(&self, raw: RawLayer) -> Result<Layer, DefinitionError> {
        let fields = raw
            .fields
            .iter()
            .map(|field| self.field(field))
            .collect::<Result<_, _>>()?;
        let geometry = self.word(
            "geometry",
            &raw.geometry,
            "None, Point, MultiPoint, MultiLineString, MultiPolygon or Geometry",
            GeometryType::parse,
        )?;
        let crs = self.word("crs", &raw.crs, "EPSG:n, for example EPSG:4490", |text| {
            text.parse::<Crs>().ok()
        })?;
        let wrong = |source| DefinitionError::Layer {
            file: self.file.to_owned(),
            source,
        };
        let mut layer = Layer::new(self.name("name", &raw.name)?, geometry, crs, fields).map_err(wrong)?;
        if let Some(key) = &raw.key {
            layer = layer.with_key(key).map_err(wrong)?;
        }
        layer.title = title(&raw.title);
        layer.basemap = raw.basemap;
        layer.authority = raw.authority;
        if let Some(zooms) = &raw.zoom {
            let range = match zooms[..] {
                [min, max] => ZoomRange::new(min, max).ok(),
                _ => None,
            };
            layer.zoom = range
                .ok_or_else(|| self.wrong("zoom", format!("{zooms:?}"), "two zooms from 0 to 20, the lower first"))?;
        }
        if let Some(access) = &raw.access {
            layer.access = self.word("access", access, "public or restricted", Access::parse)?;
        }
        if let Some(secrecy) = &raw.secrecy {
            layer.secrecy = self.word(
                "secrecy",
                secrecy,
                "public, internal, secret, confidential or top-secret",
                Secrecy::parse,
            )?;
        }
        if let Some(minutes) = raw.utc_offset_minutes {
            let is_zone = (-18 * 60..=18 * 60).contains(&minutes);
            layer.utc_offset_minutes = minutes;
            if !is_zone {
                return Err(self.wrong("utc_offset_minutes", minutes.to_string(), "-1080 to 1080"));
            }
        }
        layer.generalise = self.generalise(&raw.generalise, &layer)?;
        Ok(layer)
    }

    fn field(&self, raw: &RawField) -> Result<Field, DefinitionError> {
        let key = |what: &str| format!("fields.{}.{what}", raw.name);
        Ok(Field {
            name: self.name(&key("name"), &raw.name)?,
            title: title(&raw.title),
            field_type: self.word(
                &key("type"),
                &raw.field_type,
                "bool, int, float, text, date, datetime, bytes or array",
                FieldType::parse,
            )?,
        })
    }

    fn rules(&self, raw: &RawLayer) -> Result<Rules, DefinitionError> {
        let checks = &raw.checks;
        let known = |key: &str, name: &str| match raw.fields.iter().any(|field| field.name == name) {
            true => Ok(name.to_owned()),
            false => Err(self.wrong(key, name.to_owned(), "a field of the layer")),
        };
        let topology = |key: &str, word: &Option<String>| match word.as_deref() {
            None | Some("allowed") => Ok(Topology::Free),
            Some("forbidden") => Ok(Topology::Forbidden),
            Some(other) => Err(self.wrong(key, other.to_owned(), "allowed or forbidden")),
        };
        let fields = raw.fields.iter().map(|field| self.field_rule(field, &known));
        Ok(Rules {
            fields: fields.collect::<Result<_, _>>()?,
            parts: match checks.parts.as_deref() {
                None | Some("several") => Parts::Several,
                Some("single") => Parts::Single,
                Some(other) => return Err(self.wrong("checks.parts", other.to_owned(), "single or several")),
            },
            overlaps: topology("checks.overlaps", &checks.overlaps)?,
            gaps: topology("checks.gaps", &checks.gaps)?,
            area: match &checks.area {
                Some(area) if !(area.percent > 0.0 && area.percent.is_finite()) => {
                    return Err(self.wrong("checks.area.percent", area.percent.to_string(), "a number above 0"));
                }
                Some(area) => Some(AreaRule {
                    field: known("checks.area.field", &area.field)?,
                    percent: area.percent,
                }),
                None => None,
            },
            within: match &checks.within {
                Some(within) => Some(Within {
                    areas: self.target("checks.within.areas", &within.areas)?,
                    code: known("checks.within.code", &within.code)?,
                }),
                None => None,
            },
            inside: self.inside(raw)?,
            lineage: match &checks.lineage {
                Some(lineage) => Some(Lineage {
                    parent: known("checks.lineage.parent", &lineage.parent)?,
                    child: known("checks.lineage.child", &lineage.child)?,
                    area: lineage
                        .area
                        .as_deref()
                        .map(|name| known("checks.lineage.area", name))
                        .transpose()?,
                    date: lineage
                        .date
                        .as_deref()
                        .map(|name| known("checks.lineage.date", name))
                        .transpose()?,
                    of: self.target("checks.lineage.of", &lineage.of)?,
                }),
                None => None,
            },
        })
    }

    /// The field of `checks.inside`: it must name features of another layer, and be the one of `checks.within`.
    fn inside(&self, raw: &RawLayer) -> Result<Option<String>, DefinitionError> {
        let Some(name) = &raw.checks.inside else {
            return Ok(None);
        };
        let field = raw.fields.iter().find(|field| field.name == *name);
        let names = field.is_some_and(|field| field.references.is_some());
        let other = raw.checks.within.as_ref().is_some_and(|within| within.code != *name);
        match names && !other {
            true => Ok(Some(name.clone())),
            false => Err(self.wrong(
                "checks.inside",
                name.clone(),
                "a field of the layer that has references, and the one of checks.within where there is that",
            )),
        }
    }

    fn field_rule(
        &self,
        raw: &RawField,
        known: &dyn Fn(&str, &str) -> Result<String, DefinitionError>,
    ) -> Result<FieldRule, DefinitionError> {
        let key = |what: &str| format!("fields.{}.{what}", raw.name);
        let pattern = raw.pattern.as_deref().map(|pattern| {
            let whole = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
                .size_limit(1 << 20)
                .build();
            whole.map_err(|_| self.wrong(&key("pattern"), pattern.to_owned(), "a regular expression"))
        });
        let form = raw
            .form
            .as_deref()
            .map(|form| self.word(&key("form"), form, "parcel-code or unit-code", Form::parse));
        let dictionary = raw.dictionary.as_deref().map(|name| {
            self.word(
                &key("dictionary"),
                name,
                "a dictionary of this program (schemas/dictionaries), or the .toml file of one beside the definition",
                |name| self.dictionary(name),
            )
        });
        Ok(FieldRule {
            name: raw.name.clone(),
            presence: match (raw.required, raw.filled) {
                (true, _) => Presence::Required,
                (false, true) => Presence::Filled,
                (false, false) => Presence::Optional,
            },
            repetition: if raw.unique {
                Repetition::Unique
            } else {
                Repetition::Free
            },
            pattern: pattern.transpose()?,
            form: form.transpose()?,
            dictionary: dictionary.transpose()?,
            min: raw.min,
            max: raw.max,
            references: raw
                .references
                .as_deref()
                .map(|text| self.target(&key("references"), text))
                .transpose()?,
            begins_with: raw
                .begins_with
                .as_deref()
                .map(|name| known(&key("begins_with"), name))
                .transpose()?,
        })
    }

    /// A dictionary of this program, or of a file beside the definition.
    fn dictionary(&self, name: &str) -> Option<Arc<Dictionary>> {
        if !name.ends_with(".toml") {
            return Dictionary::built_in(name);
        }
        let path = Path::new(self.file).parent()?.join(name);
        let written = std::fs::metadata(&path).ok()?;
        if !written.is_file() || written.len() > MOST_OF_A_DICTIONARY {
            return None;
        }
        let text = std::fs::read_to_string(path).ok()?;
        Dictionary::read(&text).ok().map(Arc::new)
    }

    /// `layer.field`.
    fn target(&self, key: &str, text: &str) -> Result<Target, DefinitionError> {
        let parts = text
            .split_once('.')
            .filter(|(layer, field)| !layer.is_empty() && !field.is_empty());
        let (layer, field) = parts.ok_or_else(|| self.wrong(key, text.to_owned(), "layer.field"))?;
        Ok(Target {
            layer: layer.to_owned(),
            field: field.to_owned(),
        })
    }

    fn name(&self, key: &str, text: &str) -> Result<Name, DefinitionError> {
        Name::new(text).map_err(|source| DefinitionError::Name {
            file: self.file.to_owned(),
            key: key.to_owned(),
            source,
        })
    }

    fn word<T>(
        &self,
        key: &str,
        text: &str,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, DefinitionError> {
        read(text).ok_or_else(|| self.wrong(key, text.to_owned(), expected))
    }

    fn wrong(&self, key: &str, value: String, expected: &'static str) -> DefinitionError {
        DefinitionError::Value {
            file: self.file.to_owned(),
            key: key.to_owned(),
            value,
            expected,
        }
    }
}

/// Both languages, since a layer has one title: `宗地 Parcels`.
fn title(raw: &RawTitle) -> String {
    format!("{} {}", raw.zh.trim(), raw.en.trim()).trim().to_owned()
}

fn words(raw: &RawField) -> Words {
    Words {
        zh: raw.title.zh.clone(),
        en: raw.title.en.clone(),
        aliases: raw.aliases.clone(),
    }
}

fn default_crs() -> String {
    Crs::CGCS2000.to_string()
}

#[cfg(test)]
mod schema;

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::RankOrder;

    const WELLS: &str = r#"
        name = "wells"
        title = { zh = "水井", en = "Wells" }
        geometry = "Point"
        zoom = [10, 18]
        access = "public"
        secrecy = "内部"
        authority = "水利局"
        key = "number"
        fields = [{ name = "number", type = "int", title = { zh = "编号", en = "Number" } }]
    "#;

    fn error(from: &str, to: &str) -> String {
        assert!(WELLS.contains(from), "{from}");
        parse("wells.toml", &WELLS.replace(from, to)).unwrap_err().to_string()
    }

    #[test]
    fn a_definition_says_all_of_a_layer() {
        let layer = parse("wells.toml", WELLS).unwrap();
        assert_eq!((layer.name().as_str(), layer.title.as_str()), ("wells", "水井 Wells"));
        assert_eq!((layer.zoom.min(), layer.zoom.max(), layer.key()), (10, 18, Some(0)));
        assert_eq!(
            (layer.access, layer.secrecy, layer.basemap),
            (Access::Public, Secrecy::Internal, false)
        );
        assert_eq!(layer.authority.as_deref(), Some("水利局"));
        assert_eq!(layer.fields()[0].title, "编号 Number");
        let text = format!("{WELLS}\n[generalise]\nrank = {{ field = \"number\", order = \"smallest\" }}");
        let rank = parse("wells.toml", &text).unwrap().generalise.rank.unwrap();
        assert_eq!((rank.field.as_str(), rank.order), ("number", RankOrder::Smallest));
    }

    #[test]
    fn what_is_not_said_is_restricted_and_internal() {
        let text = WELLS
            .replace("access = \"public\"", "")
            .replace("secrecy = \"内部\"", "")
            .replace("zoom = [10, 18]", "");
        let layer = parse("wells.toml", &text).unwrap();
        assert_eq!(
            (layer.access, layer.secrecy, layer.zoom),
            (Access::Restricted, Secrecy::Internal, ZoomRange::ALL)
        );
    }

    #[test]
    fn every_error_names_the_file_and_the_key() {
        for (from, to, key) in [
            ("zoom = [10, 18]", "zoom = [18, 10]", "zoom"),
            ("zoom = [10, 18]", "zoom = [10, 18, 19]", "zoom"),
            ("zoom = [10, 18]", "zooms = [10, 18]", "zooms"),
            ("\"public\"", "\"everybody\"", "access"),
            ("\"内部\"", "\"hidden\"", "secrecy"),
            ("\"Point\"", "\"Circle\"", "geometry"),
            ("type = \"int\"", "type = \"number\"", "fields.number.type"),
            ("key = \"number\"", "key = \"nr\"", "nr"),
            ("name = \"wells\"", "name = \"the wells\"", "name"),
            ("name = \"number\"", "name = \"geom\"", "geom"),
            ("access = \"public\"", "crs = \"4490\"", "crs"),
            ("access = \"public\"", "utc_offset_minutes = 2000", "utc_offset_minutes"),
            ("geometry = \"Point\"", "", "geometry"),
            (
                "type = \"int\"",
                "type = \"int\", pattern = \"(\"",
                "fields.number.pattern",
            ),
            ("type = \"int\"", "type = \"int\", form = \"x\"", "fields.number.form"),
            (
                "type = \"int\"",
                "type = \"int\", dictionary = \"x\"",
                "fields.number.dictionary",
            ),
            (
                "type = \"int\"",
                "type = \"int\", references = \"x\"",
                "fields.number.references",
            ),
            (
                "type = \"int\"",
                "type = \"int\", begins_with = \"x\"",
                "fields.number.begins_with",
            ),
            ("access = \"public\"", "checks = { parts = \"few\" }", "checks.parts"),
            ("access = \"public\"", "checks = { gaps = \"few\" }", "checks.gaps"),
            (
                "access = \"public\"",
                "checks = { area = { field = \"x\", percent = 5 } }",
                "checks.area.field",
            ),
            (
                "access = \"public\"",
                "generalise = { dissolve = \"x\" }",
                "generalise.dissolve",
            ),
            (
                "access = \"public\"",
                "generalise = { rank = { field = \"x\", order = \"largest\" } }",
                "generalise.rank.field",
            ),
            (
                "access = \"public\"",
                "generalise = { rank = { field = \"number\", order = \"best\" } }",
                "generalise.rank.order",
            ),
            (
                "access = \"public\"",
                "generalise = { rank = { field = \"number\", order = [\"1\", \"1\"] } }",
                "generalise.rank.order",
            ),
        ] {
            let message = error(from, to);
            assert!(
                message.starts_with("wells.toml: ") && message.contains(key),
                "{message}"
            );
        }
    }

    #[test]
    fn the_sample_layers_are_public_parts_of_the_basemap_with_keys() {
        let layers = sample_layers().unwrap();
        assert_eq!(layers.len(), 8);
        for layer in layers {
            assert!(
                layer.basemap && layer.access == Access::Public && layer.key().is_some(),
                "{}",
                layer.name()
            );
            assert_eq!(layer.crs, Crs::CGCS2000);
        }
    }
}
