//! Versions of the store and the changes between them.

use crate::{Feature, Fid, Instant, Name};
use std::fmt;

/// The number of a state of the whole store: 0 is empty, +1 at each commit, in commit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Version(pub u64);

/// Names one life of a store: renewed on restore or promotion, so that a version number never has two meanings.
///
/// Between 8 and 64 ASCII letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Epoch(Box<str>);

/// Why a text is no [`Epoch`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no epoch: expected 8 to 64 ASCII letters, digits and -")]
pub struct EpochError(String);

/// What happened to a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// It came into being.
    Insert,
    /// It changed.
    Update,
    /// It ceased to be.
    Delete,
}

/// What one commit did to one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The layer.
    pub layer: Name,
    /// The feature's number, in both states.
    pub fid: Fid,
    /// The state before; none for an insert, or where it was lost to a tool that bypassed the log.
    pub old: Option<Feature>,
    /// The state after; none for a delete.
    pub new: Option<Feature>,
}

/// What one commit did: the only way anything changes.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeSet {
    /// The version it made.
    pub version: Version,
    /// When it was committed, or sealed for edits by other programs.
    pub time: Instant,
    /// One entry for each feature touched.
    pub changes: Vec<Change>,
}

impl Version {
    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Epoch {
    /// Takes `text` as an epoch.
    ///
    /// # Errors
    /// [`EpochError`] where it is too short, too long, or has other characters.
    pub fn new(text: &str) -> Result<Self, EpochError> {
        let legal = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if legal {
            Ok(Self(text.into()))
        } else {
            Err(EpochError(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Change {
    /// What happened, from the states that are there.
    pub fn operation(&self) -> Operation {
        match (&self.old, &self.new) {
            (None, _) => Operation::Insert,
            (Some(_), Some(_)) => Operation::Update,
            (Some(_), None) => Operation::Delete,
        }
    }
}

impl Operation {
    /// The word used in logs and feeds.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_plain_text_of_some_length() {
        assert!(Epoch::new("0197c1b2-aaaa").is_ok());
        for bad in ["", "short", "with space here", "带中文的纪元"] {
            assert!(Epoch::new(bad).is_err(), "{bad}");
        }
    }
}
