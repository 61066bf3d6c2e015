//! Why an export could not be done.

use super::pmtiles::ExportError;
use crate::formats::WriteError;
use std::path::{Path, PathBuf};

/// Why an export could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Error {
    /// Arguments that cannot be, or do not go together.
    #[error("{0}")]
    Usage(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] onemap_store::Error),
    /// The operating system failed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Its own error.
        source: std::io::Error,
    },
    /// A layer could not be written.
    #[error("{file}: layer {layer:?}: {source}", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// The layer.
        layer: String,
        /// Why.
        source: Box<WriteError>,
    },
    /// Tiles could not be written.
    #[error(transparent)]
    Tiles(#[from] ExportError),
    /// The user stopped it.
    #[error("interrupted: no file was written")]
    Interrupted,
}

impl Error {
    /// A failure of the operating system at `path`.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Error::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// What the program exits with: 1 for data and usage, 2 for faults.
    pub fn code(&self) -> u8 {
        use onemap_store::Error as Store;
        let is_fault = |error: &Store| {
            matches!(
                error,
                Store::Io { .. } | Store::Sqlite { .. } | Store::Unreachable { .. } | Store::Postgres { .. }
            )
        };
        match self {
            Error::Interrupted | Error::Tiles(ExportError::Stopped { .. }) => 130,
            Error::Io { .. } | Error::Tiles(ExportError::Io { .. }) => 2,
            Error::Store(error) => 1 + u8::from(is_fault(error)),
            Error::Write { source, .. } => match &**source {
                WriteError::Io(_) => 2,
                WriteError::Store(error) => 1 + u8::from(is_fault(error)),
                _ => 1,
            },
            _ => 1,
        }
    }
}

/// `text` on one line.
pub(super) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
