//! Which form a request asks for.

use super::{Format, TextEncoding};
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
    Names { format: Format::GeoJsonSeq, words: &["geojsonseq", "json-seq"], media_types: &["application/geo+json-seq"],
            content_type: "application/geo+json-seq", extension: "geojsons", title: "GeoJSON text sequence" },
    Names { format: Format::GeoJsonLines, words: &["ndjson", "geojsonl"], media_types: &["application/x-ndjson"],
            content_type: "application/x-ndjson", extension: "geojsonl", title: "GeoJSON, a feature a line" },
    Names { format: Format::Csv, words: &["csv"], media_types: &["text/csv"],
            content_type: "text/csv; charset=utf-8; header=present", extension: "csv", title: "CSV" },
    Names { format: Format::CsvMarked, words: &["csv-bom"], media_types: &[],
            content_type: "text/csv; charset=utf-8; header=present", extension: "csv", title: "CSV for Excel" },
    Names { format: Format::FlatGeobuf, words: &["fgb", "flatgeobuf"], media_types: &["application/flatgeobuf"],
            content_type: "application/flatgeobuf", extension: "fgb", title: "FlatGeobuf" },
    Names { format: Format::GeoParquet, words: &["parquet", "geoparquet"], media_types: &["application/vnd.apache.parquet"],
            content_type: "application/vnd.apache.parquet", extension: "parquet", title: "GeoParquet" },
    Names { format: Format::GeoPackage, words: &["gpkg", "geopackage"], media_types: &["application/geopackage+sqlite3"],
            content_type: "application/geopackage+sqlite3", extension: "gpkg", title: "GeoPackage" },
    Names { format: Format::Shapefile(TextEncoding::Utf8), words: &["shp"], media_types: &["application/zip"],
            content_type: "application/zip", extension: "shp.zip", title: "Shapefile" },
    Names { format: Format::Shapefile(TextEncoding::Gbk), words: &["shp-gbk"], media_types: &[],
            content_type: "application/zip", extension: "shp.zip", title: "Shapefile in GBK" },
    Names { format: Format::Html, words: &["html"], media_types: &["text/html"],
            content_type: "text/html; charset=utf-8", extension: "html", title: "A page for people" },
];

impl Format {
    /// Every form there is, the default first.
    pub(crate) fn all() -> impl Iterator<Item = Format> {
        ALL.iter().map(|names| names.format)
    }

    /// One form for each media type that `Accept` may name, the default first.
    pub(crate) fn negotiable() -> impl Iterator<Item = Format> {
        let named = ALL.iter().filter(|names| !names.media_types.is_empty());
        named.map(|names| names.format)
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
        let same = |names: &&Names| match (names.format, self) {
            (Format::Shapefile(_), Format::Shapefile(TextEncoding::Gb18030)) => true,
            (named, format) => named == format,
        };
        ALL.iter().find(same).expect("every form has names")
    }

    /// The word for `f=`.
    pub(crate) fn word(self) -> &'static str {
        self.names().words[0]
    }

    /// The `Content-Type` of answers, and the `type` of links to them.
    pub(crate) fn content_type(self) -> &'static str {
        self.names().content_type
    }

    /// Whether an answer in this form is a file to be kept, rather than something to look at.
    pub(crate) fn is_file(self) -> bool {
        !matches!(
            self,
            Format::GeoJson | Format::GeoJsonSeq | Format::GeoJsonLines | Format::Html
        )
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
