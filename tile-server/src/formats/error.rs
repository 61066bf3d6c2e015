//! Why features could not be written.

use crate::problem::Problem;
use std::io;

/// Why features could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WriteError {
    /// The sink or a temporary file fails.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A position that the coordinate system has no numbers for.
    #[error("feature {fid} at {lon}, {lat} (degrees) has no place in {crs}")]
    NoPlace {
        /// The feature's number.
        fid: u64,
        /// Longitude.
        lon: f64,
        /// Latitude.
        lat: f64,
        /// The system.
        crs: String,
    },
    /// A file could not be written by the library that keeps it.
    #[error(transparent)]
    Store(#[from] onemap_store::Error),
    /// More than the form can hold.
    #[error("{0}")]
    TooMuch(String),
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NoPlace { .. } => Problem::bad_request(format!("crs: {error}")),
            WriteError::TooMuch(what) => Problem::bad_request(format!("f: {what}")),
            // Who reads has gone, or is too slow.
            WriteError::Io(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::TimedOut) => {
                tracing::debug!(%error, "a download was broken off");
                Problem::fault()
            }
            WriteError::Io(_) | WriteError::Store(_) => {
                tracing::error!(%error, "features could not be written");
                Problem::fault()
            }
        }
    }
}
