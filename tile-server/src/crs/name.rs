//! The names of coordinate systems in addresses: OGC's URIs, URNs, and short forms, safe or not.

use super::{Authority, OutCrs};
use crate::problem::{Problem, shorten};
use onemap_model::{Crs, Layer};

/// The system that answers are in where nothing else is asked for.
pub(crate) const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// Other names of it. Heights need no system of their own here: they are as they were stored.
const ALSO_CRS84: [&str; 8] = [
    "http://www.opengis.net/def/crs/ogc/1.3/crs84",
    "http://www.opengis.net/def/crs/ogc/0/crs84",
    "http://www.opengis.net/def/crs/ogc/0/crs84h",
    "urn:ogc:def:crs:ogc:1.3:crs84",
    "urn:ogc:def:crs:ogc::crs84",
    "ogc:crs84",
    "ogc:crs84h",
    "crs84",
];
/// What stands before EPSG's codes.
const BEFORE_CODES: [&str; 3] = [
    "http://www.opengis.net/def/crs/epsg/0/",
    "urn:ogc:def:crs:epsg::",
    "epsg:",
];

impl OutCrs {
    /// The system of this name, where it is one of those that every layer can be had in: its URI, `[EPSG:4547]`,
    /// `EPSG:4547`, or a URN.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match authority(text)? {
            Authority::Crs84 => Some(Self::CRS84),
            Authority::Epsg(crs) => Self::of(crs),
        }
    }

    /// The system that the parameter `name` asks for, for a layer.
    ///
    /// # Errors
    /// 400 naming those that there are.
    pub(crate) fn read(name: &str, text: &str, layer: &Layer) -> Result<Self, Problem> {
        let stored = Some(Self::storage(layer)).filter(|stored| Some(stored.authority) == authority(text));
        Self::parse(text).or(stored).ok_or_else(|| Self::unknown(name, text))
    }

    /// The refusal of a system that is not known.
    pub(crate) fn unknown(name: &str, text: &str) -> Problem {
        Problem::bad_request(format!(
            "{name}: {:?} is not known here: expected {CRS84} or http://www.opengis.net/def/crs/EPSG/0/n with n one of \
             4326, 4490, 3857, or 4491 to 4554 (CGCS2000 / Gauss-Kruger)",
            shorten(text)
        ))
    }

    /// The URI, by which OGC API knows it.
    pub(crate) fn uri(&self) -> String {
        match self.authority {
            Authority::Crs84 => CRS84.to_owned(),
            Authority::Epsg(crs) => crs.uri(),
        }
    }
}

fn authority(text: &str) -> Option<Authority> {
    let text = text.trim().to_ascii_lowercase();
    let text = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(&text);
    let text = text.replacen("https://", "http://", 1);
    if ALSO_CRS84.contains(&text.as_str()) {
        return Some(Authority::Crs84);
    }
    let code = BEFORE_CODES.iter().find_map(|before| text.strip_prefix(before))?;
    let code = code.parse().ok().filter(|_| code.bytes().all(|b| b.is_ascii_digit()))?;
    Some(Authority::Epsg(Crs::epsg(code)))
}
