//! The parameters of `/items` and `/items/{id}`, as the table of routes tells of them.

use super::fields::PROPERTIES;
use super::order::SORTBY;
use super::place::{AFTER, BEFORE};
use super::versions::{DEFAULT_STATES, MAX_STATES};
use super::when::DATETIME;
use crate::crs::CRS84;
use crate::nearest;
use crate::parameter::{self, Kind, Parameter};

pub(super) const DEFAULT_LIMIT: u64 = 10;
pub(super) const MAX_LIMIT: u64 = 10_000;
/// All forms that a page can have.
const PAGE_FORMATS: [&str; 12] = [
    "json",
    "geojson",
    "html",
    "geojsonseq",
    "ndjson",
    "csv",
    "csv-bom",
    "fgb",
    "parquet",
    "gpkg",
    "shp",
    "shp-gbk",
];
/// The same without the page for people.
const FILE_FORMATS: [&str; 11] = [
    "json",
    "geojson",
    "geojsonseq",
    "ndjson",
    "csv",
    "csv-bom",
    "fgb",
    "parquet",
    "gpkg",
    "shp",
    "shp-gbk",
];
pub(super) const FORMATS: [&str; 3] = ["json", "geojson", "html"];
pub(super) const CRS: &str = "crs";
pub(super) use crate::parameter::BBOX_CRS;

/// `datetime`
pub(crate) const AT: Parameter = Parameter::new(
    DATETIME,
    Kind::Text,
    "When features have to be true: a time, a day, or two of them with a slash between, .. for an open end; now where \
     absent",
);

const IN_CRS: Parameter = Parameter::new(
    CRS,
    Kind::Uri { default: Some(CRS84) },
    "The system of the answer's coordinates, in its authority's axis order; /collections/{layer} lists them",
);

const SHOWN: Parameter = Parameter::new(
    PROPERTIES,
    Kind::Text,
    "The only fields shown, separated by commas; all where absent",
);

/// The parameters of `/items`; fields can be named beside them.
#[rustfmt::skip]
pub(crate) const PARAMS: &[Parameter] = &[
    parameter::BBOX,
    parameter::BBOX_IN,
    AT,
    Parameter::new(
        "limit",
        Kind::Whole { min: 1, max: Some(MAX_LIMIT), default: Some(DEFAULT_LIMIT) },
        "How many features at most; a larger number counts as the largest",
    ),
    nearest::NEAR,
    nearest::COUNT,
    parameter::OFFSET,
    Parameter::new(AFTER, Kind::Text, "The place after which the page begins; as links give it"),
    Parameter::new(BEFORE, Kind::Text, "The place before which the page ends; as links give it"),
    Parameter::new(SORTBY, Kind::Texts, "What /collections/{layer}/sortables names, each with - before it for descending"),
    SHOWN,
    IN_CRS,
    parameter::FILTERED,
    parameter::FILTERED_LANG,
    parameter::FILTERED_CRS,
    parameter::AS_OF,
    parameter::format(&PAGE_FORMATS),
];

/// The parameters of `/download`; fields can be named beside them.
#[rustfmt::skip]
pub(crate) const DOWNLOAD_PARAMS: &[Parameter] = &[
    parameter::BBOX,
    parameter::BBOX_IN,
    AT,
    SHOWN,
    IN_CRS,
    parameter::FILTERED,
    parameter::FILTERED_LANG,
    parameter::FILTERED_CRS,
    parameter::AS_OF,
    parameter::format(&FILE_FORMATS),
];

/// The parameters of `/items/{id}`.
pub(crate) const ITEM_PARAMS: &[Parameter] = &[AT, SHOWN, IN_CRS, parameter::AS_OF, parameter::format(&FORMATS)];

/// The parameters of `/items/{id}/versions`.
#[rustfmt::skip]
pub(crate) const VERSIONS_PARAMS: &[Parameter] = &[
    Parameter::new(
        "limit",
        Kind::Whole { min: 1, max: Some(MAX_STATES), default: Some(DEFAULT_STATES) },
        "How many states at most; a larger number counts as the largest",
    ),
    Parameter::new(AFTER, Kind::Text, "Where the page begins; as links give it"),
    SHOWN,
    IN_CRS,
    parameter::AS_OF,
    parameter::format(&["json", "geojson"]),
];
