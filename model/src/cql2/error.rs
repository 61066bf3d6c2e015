//! What is wrong with a filter, and where.

use super::{MAX_CHARS, MAX_DEPTH, MAX_NODES};
use crate::TimeError;

/// A fault in a filter, with its place.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("filter, character {}: {fault}", at + 1)]
pub struct Cql2Error {
    /// Where: how many characters stand before it.
    pub at: u32,
    /// What.
    pub fault: Fault,
}

/// What is wrong with a filter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The filter is longer than [`MAX_CHARS`] characters.
    #[error("a filter may have {MAX_CHARS} characters")]
    TooLong,
    /// The filter is nested deeper than [`MAX_DEPTH`] levels.
    #[error("the filter is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The filter has more than [`MAX_NODES`] parts.
    #[error("the filter has more than {MAX_NODES} operators, names and literals")]
    TooMany,
    /// Something stands where something else must.
    #[error("found {found}, expected {expected}")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A text or a quoted name has no end.
    #[error("the quote {0} is never closed")]
    Unclosed(char),
    /// A number that cannot be.
    #[error("{0} is no number that can be calculated with")]
    BadNumber(String),
    /// A text that is no time.
    #[error(transparent)]
    BadTime(#[from] TimeError),
    /// Positions that make no geometry.
    #[error("{0}")]
    BadGeometry(String),
    /// The JSON is no JSON.
    #[error("this is no JSON: {0}")]
    BadJson(&'static str),
    /// A name that the layer does not know.
    #[error("there is no property {name:?}; there are {known}")]
    UnknownProperty {
        /// The name.
        name: String,
        /// The names there are, or the first of them.
        known: String,
    },
    /// A function that is not known.
    #[error("there is no function {name:?}; there are {known}")]
    UnknownFunction {
        /// The name.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Something is not of the type that is needed.
    #[error("{found} stands where {expected} must")]
    WrongType {
        /// What is there.
        found: String,
        /// What is needed.
        expected: &'static str,
    },
    /// Two things that cannot be compared.
    #[error("{left} cannot be compared with {right}")]
    NotComparable {
        /// The first.
        left: String,
        /// The second.
        right: String,
    },
    /// The wrong number of arguments.
    #[error("{name} takes {expected}, got {found}")]
    WrongCount {
        /// The operator or function.
        name: String,
        /// How many it takes.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
}

impl Cql2Error {
    /// A fault at a place.
    pub fn new(at: u32, fault: impl Into<Fault>) -> Self {
        Self {
            at,
            fault: fault.into(),
        }
    }

    pub(super) fn unexpected(at: u32, found: impl Into<String>, expected: &'static str) -> Self {
        let found = found.into();
        Self::new(at, Fault::Unexpected { found, expected })
    }
}

/// The text in quotes, cut where it is too long to be repeated.
pub(super) fn quoted(text: &str) -> String {
    const KEPT: usize = 40;
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
