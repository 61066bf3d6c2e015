//! Names of layers and fields.

use std::fmt;

/// Longest name in bytes: with the longest suffix (`_history`) it still fits PostgreSQL's 63.
const MAX_BYTES: usize = 48;

/// A legal name of a layer or field: letters of any script, digits and `_`, at most 48 bytes, no digit first.
///
/// Names are unique without regard to case; compare with [`Name::is_same`] where that matters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(std::sync::Arc<str>);

/// Why a text is no [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    #[error("a name must not be empty")]
    Empty,
    /// The text is longer than 48 bytes.
    #[error("the name {0:?} is longer than 48 bytes")]
    TooLong(String),
    /// A character that is no letter, digit or `_`, or a digit in the first place.
    #[error("the name {name:?} has {found:?} where only letters, digits and _ may stand (no digit first)")]
    BadCharacter {
        /// The text given.
        name: String,
        /// The first character that may not stand where it does.
        found: char,
    },
}

impl Name {
    /// Takes `text` as it is.
    ///
    /// # Errors
    /// [`NameError`] where the text is empty, too long, or has a character that a name may not have.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(NameError::TooLong(text.to_owned()));
        }
        let bad = text
            .chars()
            .enumerate()
            .find(|&(i, c)| !is_legal(c) || (i == 0 && c.is_numeric()));
        match bad {
            Some((_, found)) => Err(NameError::BadCharacter {
                name: text.to_owned(),
                found,
            }),
            None => Ok(Self(text.into())),
        }
    }

    /// Makes the nearest legal name out of any text: other characters become `_`, a leading digit gets one before it,
    /// what is too long is cut at a character. An empty text becomes `unnamed`.
    pub fn from_source(text: &str) -> Self {
        let mut name = String::with_capacity(text.len().min(MAX_BYTES) + 1);
        for c in text.trim().chars() {
            let c = if is_legal(c) { c } else { '_' };
            if name.is_empty() && c.is_numeric() {
                name.push('_');
            }
            if name.len() + c.len_utf8() > MAX_BYTES {
                break;
            }
            name.push(c);
        }
        if name.is_empty() {
            name.push_str("unnamed");
        }
        Self(name.into())
    }

    /// The name with `suffix` after it, cut in the middle where it would be too long.
    ///
    /// # Panics
    /// Where `suffix` itself is not made of legal characters or is longer than a name may be.
    pub fn with_suffix(&self, suffix: &str) -> Self {
        assert!(
            suffix.len() < MAX_BYTES && suffix.chars().all(is_legal),
            "{suffix:?} is a legal suffix"
        );
        let mut end = self.0.len().min(MAX_BYTES - suffix.len());
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        Self(format!("{}{suffix}", &self.0[..end]).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are the same name without regard to case.
    pub fn is_same(&self, other: &Name) -> bool {
        self.folded() == other.folded()
    }

    /// The name in the form that is compared: lower case.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

fn is_legal(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_make_a_name() {
        for name in ["roads", "宗地", "Дороги", "_1", "a2", "建_物"] {
            assert_eq!(Name::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_bad_name_is_refused_with_its_reason() {
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert!(matches!(
            Name::new("a b"),
            Err(NameError::BadCharacter { found: ' ', .. })
        ));
        assert!(matches!(
            Name::new("1a"),
            Err(NameError::BadCharacter { found: '1', .. })
        ));
        assert!(matches!(
            Name::new("a\"b"),
            Err(NameError::BadCharacter { found: '"', .. })
        ));
        assert!(matches!(Name::new(&"地".repeat(17)), Err(NameError::TooLong(_))));
    }

    #[test]
    fn any_text_has_a_nearest_name() {
        let check = |text: &str, expected: &str| assert_eq!(Name::from_source(text).as_str(), expected);
        check("addr:street", "addr_street");
        check("2020 plan", "_2020_plan");
        check(" ", "unnamed");
        check(&"地".repeat(17), &"地".repeat(16));
    }

    #[test]
    fn a_suffix_never_makes_a_name_too_long() {
        let long = Name::new(&"地".repeat(16)).unwrap();
        let name = long.with_suffix("_2");
        assert_eq!(name.as_str(), format!("{}_2", "地".repeat(15)));
        assert!(Name::new(name.as_str()).is_ok());
    }

    #[test]
    fn case_makes_no_difference() {
        assert!(Name::new("Roads").unwrap().is_same(&Name::new("rOADS").unwrap()));
    }
}
