//! What a form could not hold as it is.

/// One thing that was changed or left out, for people to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// A word that never changes its meaning (docs/export.md).
    pub code: &'static str,
    /// The sentence, with file, field and number.
    pub text: String,
}

impl Note {
    /// A note.
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}
