//! Which form a request asks for.

use super::Format;
use crate::ask::Ask;
use crate::negotiate;
use crate::problem::{Problem, shorten};

/// A form as the outside names it.
struct Names {
    format: Format,
    /// Words for `f=`, the one that links have first.
    words: &'static [&'static str],
    /// Media types in `Accept`, the one that answers have first, without parameters.
    media_types: &'static [&'static str],
    /// The `Content-Type` of answers.
    content_type: &'static str,
    /// What names of files end in.
    extension: &'static str,
    /// What people read.
    title: &'static str,
}

#[rustfmt::skip]
const ALL: &[Names] = &[
    Names { format: Format::GeoJson, words: &["json", "geojson"], media_types: &["application/geo+json", "application/json"],
            content_type: "application/geo+json", extension: "geojson", title: "GeoJSON" },
    Names { format: Format::Html, words: &["html"], media_types: &["text/html"],
            content_type: "text/html; charset=utf-8", extension: "html", title: "A page for people" },
];

impl Format {
    /// Every form there is, the default first.
    pub(crate) fn all() -> impl Iterator<Item = Format> {
        ALL.iter().map(|names| names.format)
    }

    /// The form that a request asks for: by `f`, else by `Accept`; GeoJSON where neither says anything that is known.
    ///
    /// # Errors
    /// 400 naming a value of `f` that is not known.
    pub(crate) fn of(ask: &Ask) -> Result<Self, Problem> {
        let Some(word) = ask.params.get("f") else {
            let types = ALL.iter().flat_map(|names| names.media_types.iter().copied());
            let best = negotiate::preferred(&ask.headers, types);
            return Ok(best.and_then(Self::of_media_type).unwrap_or(Format::GeoJson));
        };
        Self::of_word(word).ok_or_else(|| {
            let known: Vec<_> = ALL.iter().map(|names| names.words[0]).collect();
            let (word, known) = (shorten(word), known.join(", "));
            Problem::bad_request(format!("f: {word:?} is no format here: expected {known}"))
        })
    }

    /// The form of a word for `f=`.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let named = ALL.iter().find(|names| names.words.contains(&word));
        named.map(|names| names.format)
    }

    fn of_media_type(media_type: &str) -> Option<Self> {
        let named = ALL.iter().find(|names| names.media_types.contains(&media_type));
        named.map(|names| names.format)
    }

    fn names(self) -> &'static Names {
        let named = ALL.iter().find(|names| names.format == self);
        named.expect("every form has names")
    }

    /// The word for `f=`.
    pub(crate) fn word(self) -> &'static str {
        self.names().words[0]
    }

    /// The `Content-Type` of answers, and the `type` of links to them.
    pub(crate) fn content_type(self) -> &'static str {
        self.names().content_type
    }

    /// What names of files end in, without a dot before it.
    pub(crate) fn extension(self) -> &'static str {
        self.names().extension
    }

    /// What people read.
    pub(crate) fn title(self) -> &'static str {
        self.names().title
    }
}
