//! Identifiers of coordinate reference systems.

use std::fmt;

/// A coordinate reference system by its EPSG code.
///
/// Only the identifier lives here; transformations belong to the importer (PROJ) and the server (their own tables).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Crs(u32);

/// Why a text names no [`Crs`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no coordinate system: expected EPSG:n, for example EPSG:4490")]
pub struct CrsError(String);

impl Crs {
    /// CGCS2000 geographic, what a store keeps by default.
    pub const CGCS2000: Crs = Crs(4490);
    /// WGS 84 geographic.
    pub const WGS84: Crs = Crs(4326);
    /// Web Mercator.
    pub const WEB_MERCATOR: Crs = Crs(3857);

    /// The system with this EPSG code.
    pub fn epsg(code: u32) -> Self {
        Self(code)
    }

    /// The EPSG code.
    pub fn code(self) -> u32 {
        self.0
    }

    /// The OGC URI, `http://www.opengis.net/def/crs/EPSG/0/4490`.
    pub fn uri(self) -> String {
        format!("http://www.opengis.net/def/crs/EPSG/0/{}", self.0)
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EPSG:{}", self.0)
    }
}

impl std::str::FromStr for Crs {
    type Err = CrsError;

    /// Reads `EPSG:n`, `epsg:n` or the OGC URI.
    fn from_str(text: &str) -> Result<Self, CrsError> {
        let lower = text.trim().to_ascii_lowercase();
        lower
            .strip_prefix("epsg:")
            .or_else(|| lower.strip_prefix("http://www.opengis.net/def/crs/epsg/0/"))
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|&code| code > 0)
            .map(Crs)
            .ok_or_else(|| CrsError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crs_is_read_as_code_or_uri() {
        assert_eq!("EPSG:4490".parse(), Ok(Crs::CGCS2000));
        assert_eq!("epsg:4547".parse::<Crs>().unwrap().code(), 4547);
        assert_eq!(Crs::WGS84.uri().parse(), Ok(Crs::WGS84));
        for bad in [
            "",
            "4490",
            "EPSG:",
            "EPSG:-1",
            "EPSG:+1",
            "EPSG:x",
            "EPSG:0",
            "EPSG:99999999999",
        ] {
            assert!(bad.parse::<Crs>().is_err(), "{bad}");
        }
    }
}
