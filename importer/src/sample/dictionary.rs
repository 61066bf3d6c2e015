//! Names of codes, read from `schemas/dictionaries`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Codes of land use: GB/T 21010.
pub(super) const LAND_USE: &str = include_str!("../../../schemas/dictionaries/land-use.toml");
/// Classes of points of interest.
pub(super) const POI_CLASSES: &str = include_str!("../../../schemas/dictionaries/poi-classes.toml");

/// What codes mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dictionary {
    #[expect(dead_code, reason = "for those who read the file")]
    title: String,
    #[expect(dead_code, reason = "for those who read the file")]
    standard: String,
    codes: BTreeMap<String, String>,
}

impl Dictionary {
    /// Reads a dictionary that is part of this program.
    pub(super) fn read(text: &str) -> Self {
        toml::from_str(text).expect("the dictionaries are tested")
    }

    /// The name of a code; the code itself where it is not in the dictionary.
    pub(super) fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.codes.get(code).map_or(code, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionaries_have_codes_of_the_right_length() {
        for (text, length) in [(LAND_USE, 4), (POI_CLASSES, 6)] {
            let dictionary = Dictionary::read(text);
            assert!(dictionary.codes.len() > 20);
            for (code, name) in &dictionary.codes {
                assert!(
                    code.len() == length && code.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty(),
                    "{code}"
                );
            }
        }
    }
}
