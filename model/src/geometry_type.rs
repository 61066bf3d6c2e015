//! Kinds of geometry, as OGC Simple Features names them.

use std::fmt;

/// What kind of geometry the features of a layer have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GeometryType {
    /// The layer has attributes only.
    None,
    /// One point each.
    Point,
    /// Any number of points each.
    MultiPoint,
    /// Any number of lines each.
    MultiLineString,
    /// Any number of polygons each.
    MultiPolygon,
    /// Mixed kinds.
    Geometry,
}

/// The topological dimension of a geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Points.
    Point,
    /// Lines.
    Line,
    /// Polygons.
    Area,
}

impl GeometryType {
    /// The name in Simple Features' spelling, `MultiPolygon`; `None` for attribute-only layers.
    pub fn as_str(self) -> &'static str {
        match self {
            GeometryType::None => "None",
            GeometryType::Point => "Point",
            GeometryType::MultiPoint => "MultiPoint",
            GeometryType::MultiLineString => "MultiLineString",
            GeometryType::MultiPolygon => "MultiPolygon",
            GeometryType::Geometry => "Geometry",
        }
    }

    /// Reads the name written by [`GeometryType::as_str`], in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::None,
            Self::Point,
            Self::MultiPoint,
            Self::MultiLineString,
            Self::MultiPolygon,
            Self::Geometry,
        ]
        .into_iter()
        .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// The dimension that all its features have; none where they may differ or have none.
    pub fn dimension(self) -> Option<Dimension> {
        match self {
            GeometryType::None | GeometryType::Geometry => None,
            GeometryType::Point | GeometryType::MultiPoint => Some(Dimension::Point),
            GeometryType::MultiLineString => Some(Dimension::Line),
            GeometryType::MultiPolygon => Some(Dimension::Area),
        }
    }
}

impl fmt::Display for GeometryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
