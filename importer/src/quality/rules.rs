//! Rules: what the definition of a layer demands of its values and shapes.
//!
//! They are written in the layer's file beside its fields (`required`, `unique`, `pattern`, `form`, `dictionary`, `min`,
//! `max`, `references`, `begins_with`) and under `[checks]`; [`crate::definition`] reads them.

use super::codes::Form;
use regex::Regex;
use std::collections::HashSet;
use std::sync::Arc;

/// What a layer's definition demands.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Of its fields.
    pub fields: Vec<FieldRule>,
    /// Of its geometries: how many parts.
    pub parts: Parts,
    /// Whether features may lie on one another.
    pub overlaps: Topology,
    /// Whether narrow gaps may lie between features.
    pub gaps: Topology,
    /// The registered area, and how far the drawn one may differ.
    pub area: Option<AreaRule>,
    /// In which features of which layer each one lies.
    pub within: Option<Within>,
    /// The field that names the feature of another layer in which each one lies.
    pub inside: Option<String>,
    /// Which fields tell the past of another layer's features.
    pub lineage: Option<Lineage>,
}

impl Rules {
    /// The layer and field by which each feature names the one that it lies in.
    pub fn named(&self) -> Option<&Target> {
        let name = self.inside.as_ref()?;
        let field = self.fields.iter().find(|field| field.name == *name)?;
        field.references.as_ref()
    }
}

/// What is demanded of one field.
#[derive(Debug, Clone, Default)]
pub struct FieldRule {
    /// The field's name.
    pub name: String,
    /// Whether it may be empty.
    pub presence: Presence,
    /// Whether two features may have the same value at the same time.
    pub repetition: Repetition,
    /// What the value's text must match, whole.
    pub pattern: Option<Regex>,
    /// The kind of code that it is.
    pub form: Option<Form>,
    /// The values that there are.
    pub dictionary: Option<Arc<Dictionary>>,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The layer and field that it names a feature by.
    pub references: Option<Target>,
    /// The field whose value this one begins with.
    pub begins_with: Option<String>,
}

/// Whether a value may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// It may.
    #[default]
    Optional,
    /// It may not where its column is there.
    Filled,
    /// It may not, and its column must be there.
    Required,
}

/// Whether a value may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repetition {
    /// It may.
    #[default]
    Free,
    /// It may not at the same time.
    Unique,
}

/// How many parts a geometry may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parts {
    /// Any number.
    #[default]
    Several,
    /// One.
    Single,
}

/// Whether a relation between features is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topology {
    /// It is not.
    #[default]
    Free,
    /// It is, and each one found is a finding.
    Forbidden,
}

/// A registered area.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaRule {
    /// The field that holds it, in square metres.
    pub field: String,
    /// How far the drawn area may be off, in percent of the registered one.
    pub percent: f64,
}

/// A field of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The layer.
    pub layer: String,
    /// The field.
    pub field: String,
}

/// Where features lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// The layer of areas, and the field with their code.
    pub areas: Target,
    /// The field whose value begins with that code.
    pub code: String,
}

/// Parents and children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The field with the parent's code.
    pub parent: String,
    /// The field with the child's code.
    pub child: String,
    /// The field with the area that went from one to the other.
    pub area: Option<String>,
    /// The field with the day.
    pub date: Option<String>,
    /// The features that have parents, and their key.
    pub of: Target,
}

/// The codes that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dictionary {
    /// What it is called.
    pub title: String,
    /// Its codes.
    pub codes: HashSet<Box<str>>,
}

macro_rules! dictionaries {
    ($($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../../schemas/dictionaries/", $name, ".toml")))),+]
    };
}

const BUILT_IN: &[(&str, &str)] = dictionaries! {
    "area-units" "control-lines" "land-use" "poi-classes" "right-settings" "right-types"
};

impl Dictionary {
    /// The names of the dictionaries of this program.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A dictionary of this program, by the name of its file.
    pub fn built_in(name: &str) -> Option<Arc<Self>> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Arc::new(Self::read(text).expect("the dictionaries are tested")))
    }

    /// Reads a dictionary: a title, and a table `codes`.
    ///
    /// # Errors
    /// What is wrong with the text, with line and key.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(serde::Deserialize)]
        struct Raw {
            title: String,
            codes: std::collections::BTreeMap<Box<str>, String>,
        }
        let raw: Raw = toml::from_str(text).map_err(|e| e.to_string())?;
        Ok(Self {
            title: raw.title,
            codes: raw.codes.into_keys().collect(),
        })
    }
}
