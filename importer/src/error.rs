//! What can go wrong in an import.

use std::path::{Path, PathBuf};

/// The result of the importer's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an import could not be done. Data that is merely bad gives findings instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A source that cannot be read as asked.
    #[error("{source_name}: {reason}")]
    Source {
        /// The source as the user named it, with the file inside an archive where there is one.
        source_name: String,
        /// What is wrong with it and what was expected.
        reason: String,
    },
    /// A layer of a source that cannot be read as asked.
    #[error("{source_name}: layer {layer:?}: {reason}")]
    Layer {
        /// The source as the user named it.
        source_name: String,
        /// The source's own name of the layer.
        layer: String,
        /// What is wrong with it and what was expected.
        reason: String,
    },
    /// Flags or sources that do not go together.
    #[error("{0}")]
    Usage(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] onemap_store::Error),
    /// The operating system failed.
    #[error("{path}: {reason}", path = path.display(), reason = io_reason(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// Its own error.
        source: std::io::Error,
    },
    /// The library for formats and projections failed where no input can make it fail.
    #[error("GDAL: {0}")]
    Gdal(String),
    /// The user stopped it.
    #[error("interrupted: nothing was changed")]
    Interrupted,
}

impl Error {
    /// An error about a whole source.
    pub fn source(source_name: impl ToString, reason: impl ToString) -> Self {
        Error::Source {
            source_name: source_name.to_string(),
            reason: one_line(&reason.to_string()),
        }
    }

    /// An error about one layer of a source.
    pub fn layer(source_name: impl ToString, layer: impl ToString, reason: impl ToString) -> Self {
        Error::Layer {
            source_name: source_name.to_string(),
            layer: layer.to_string(),
            reason: one_line(&reason.to_string()),
        }
    }

    /// A failure of the operating system at `path`.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Error::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// Whether the machine or the program is at fault, not the data and not what was asked.
    pub fn is_fault(&self) -> bool {
        use onemap_store::Error as Store;
        matches!(
            self,
            Error::Io { .. }
                | Error::Gdal(_)
                | Error::Store(
                    Store::Sqlite { .. } | Store::Io { .. } | Store::Unreachable { .. } | Store::Postgres { .. }
                )
        )
    }
}

/// What an error of the operating system says to people.
fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => one_line(&error.to_string()),
    }
}

/// `text` on one line: control characters become spaces, runs of spaces one.
pub fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_line() {
        let error = Error::source("a.shp", "first\nsecond\u{1b}[31m  third");
        assert_eq!(error.to_string(), "a.shp: first second [31m third");
    }

    #[test]
    fn bad_data_is_no_fault() {
        assert!(!Error::source("a", "b").is_fault());
        let full = Error::io(Path::new("/x"), std::io::ErrorKind::StorageFull.into());
        assert!(full.is_fault() && full.to_string() == "/x: the disk is full", "{full}");
    }
}
