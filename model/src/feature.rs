//! Features: things on the map.

use crate::{Geometry, TimeSpan, Value};
use std::fmt;

/// The number of a feature in its layer: 1 to 2^53 − 1, never reused. It is the feature's id in vector tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fid(u64);

/// Why a number is no [`Fid`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no feature number: expected 1 to 9007199254740991")]
pub struct FidError(i64);

/// What a source says of one thing: where it is, what is known of it, when it was true.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// Where it is; none for attribute-only layers and for null geometries.
    pub geometry: Option<Geometry>,
    /// One value for each field of the layer, in the layer's order.
    pub values: Vec<Value>,
    /// When it was true in the city.
    pub valid: TimeSpan,
}

/// A row with its number: a thing on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// The number in the layer.
    pub fid: Fid,
    /// All that is known of it.
    pub row: Row,
}

impl Fid {
    /// The feature number `number`.
    ///
    /// # Errors
    /// [`FidError`] outside 1 to 2^53 − 1.
    pub fn new(number: i64) -> Result<Self, FidError> {
        match u64::try_from(number) {
            Ok(fid) if (1..1 << 53).contains(&fid) => Ok(Self(fid)),
            _ => Err(FidError(number)),
        }
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The number as SQL's integers have it.
    pub fn as_i64(self) -> i64 {
        self.0 as i64
    }
}

impl fmt::Display for Fid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fid_is_positive_and_exact_in_a_double() {
        assert!(Fid::new(0).is_err() && Fid::new(-1).is_err() && Fid::new(1 << 53).is_err());
        assert_eq!(Fid::new((1 << 53) - 1).unwrap().get(), 9_007_199_254_740_991);
    }
}
