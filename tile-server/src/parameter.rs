//! The parameters of addresses as the table of routes tells of them: what they are called, what they mean, what may stand
//! in them. The description at `/api` is made of this, and so is the refusal of what no route knows.

use crate::filter::{FILTER, FILTER_CRS, FILTER_LANG, LANGUAGES};
use crate::versions::{MIN_VERSION, VERSION};
use serde_json::{Value, json};

/// A parameter in the query part of an address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub description: &'static str,
    /// What may stand in it.
    pub kind: Kind,
}

/// What may stand in a parameter. Lists are written with commas between their members (`style: form, explode: false`).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// An address that names something, such as a coordinate system; the one that is meant where it is absent.
    Uri { default: Option<&'static str> },
    /// One of some words; the one that is meant where it is absent.
    OneOf {
        values: &'static [&'static str],
        default: Option<&'static str>,
    },
    /// A whole number.
    Whole {
        min: u64,
        max: Option<u64>,
        default: Option<u64>,
    },
    /// Texts.
    Texts,
    /// Numbers, so many at least and at most.
    Numbers { least: usize, most: usize },
}

impl Parameter {
    /// A parameter.
    pub(crate) const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
        }
    }

    /// The parameter as an OpenAPI 3.0 parameter object.
    pub(crate) fn describe(&self) -> Value {
        in_query(self.name, self.description, &self.kind.schema())
    }
}

impl Kind {
    fn schema(self) -> Value {
        let mut schema = match self {
            Kind::Text | Kind::Uri { .. } => json!({"type": "string"}),
            Kind::OneOf { values, .. } => json!({"type": "string", "enum": values}),
            Kind::Whole { min, max: None, .. } => json!({"type": "integer", "minimum": min}),
            Kind::Whole { min, max, .. } => json!({"type": "integer", "minimum": min, "maximum": max}),
            Kind::Texts => json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
            Kind::Numbers { least, most } => {
                json!({"type": "array", "items": {"type": "number"}, "minItems": least, "maxItems": most})
            }
        };
        match self {
            Kind::Uri { default: Some(default) } => schema["default"] = default.into(),
            Kind::OneOf {
                default: Some(default), ..
            } => schema["default"] = default.into(),
            Kind::Whole {
                default: Some(default), ..
            } => schema["default"] = default.into(),
            _ => (),
        }
        schema
    }
}

/// An OpenAPI 3.0 parameter object.
pub(crate) fn in_query(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "required": false, "style": "form", "explode": false,
           "description": description, "schema": schema})
}

/// `f`, with the formats that a route has.
pub(crate) const fn format(values: &'static [&'static str]) -> Parameter {
    let description = "The format; what the Accept header prefers where it is absent";
    let kind = Kind::OneOf { values, default: None };
    Parameter::new("f", kind, description)
}

/// `f` of pages for people and programs.
pub(crate) const F: Parameter = format(&["json", "html"]);

/// `bbox`
pub(crate) const BBOX: Parameter = Parameter::new(
    "bbox",
    Kind::Numbers { least: 4, most: 6 },
    "west,south,east,north in degrees (CRS84); west above east crosses the antimeridian. What touches the box is in",
);

/// The name of `bbox-crs`.
pub(crate) const BBOX_CRS: &str = "bbox-crs";

/// `bbox-crs`
pub(crate) const BBOX_IN: Parameter = Parameter::new(
    BBOX_CRS,
    Kind::Uri {
        default: Some(crate::collections::CRS84),
    },
    "The system of the box",
);

/// `offset`
pub(crate) const OFFSET: Parameter = Parameter::new(
    "offset",
    Kind::Whole {
        min: 0,
        max: None,
        default: Some(0),
    },
    "How many features are skipped",
);

/// `collections`
pub(crate) const COLLECTIONS: Parameter = Parameter::new(
    "collections",
    Kind::Texts,
    "The layers, separated by commas; the basemap where absent",
);

/// `filter`
pub(crate) const FILTERED: Parameter = Parameter::new(
    FILTER,
    Kind::Text,
    "A condition in CQL2 on what /collections/{layer}/queryables names; at most 65536 characters, 100 levels, 10000 parts",
);

/// `filter-lang`
pub(crate) const FILTERED_LANG: Parameter = Parameter::new(
    FILTER_LANG,
    Kind::OneOf {
        values: &LANGUAGES,
        default: Some(LANGUAGES[0]),
    },
    "How the filter is written",
);

/// `filter-crs`
pub(crate) const FILTERED_CRS: Parameter = Parameter::new(
    FILTER_CRS,
    Kind::Uri {
        default: Some(crate::collections::CRS84),
    },
    "The system of the filter's geometries",
);

/// `version`
pub(crate) const AS_OF: Parameter = Parameter::new(
    VERSION,
    Kind::Whole {
        min: 0,
        max: None,
        default: None,
    },
    "As of this version of the store",
);

/// `min-version`, which every route knows that knows its parameters.
pub(crate) const AT_LEAST: Parameter = Parameter::new(
    MIN_VERSION,
    Kind::Whole {
        min: 0,
        max: None,
        default: None,
    },
    "Answer from this version or a later one; waits up to a second for it, else 503",
);

/// The names of the tile grids.
pub(crate) const GRIDS: [&str; 2] = ["WebMercatorQuad", "CGCS2000Quad"];

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::TileMatrixSet;

    #[test]
    fn the_grids_named_are_those_there_are() {
        assert_eq!(TileMatrixSet::ALL.map(TileMatrixSet::as_str), GRIDS);
    }
}
