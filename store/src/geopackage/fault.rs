//! Errors on their way out: SQLite's own, until the store's path is added at the boundary.

use crate::Error;

/// What fails inside the GeoPackage store, before it is known which file it was.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite said so.
    Sql(rusqlite::Error),
    /// The file's content is not what this program wrote.
    Damaged(String),
    /// Anything that is already said in the store's own words.
    Store(Error),
}

/// The result of work inside the GeoPackage store.
pub(super) type Inner<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Store(error)
    }
}

impl Fault {
    /// Adds the store's path.
    pub(super) fn of(self, store: &str) -> Error {
        let store = store.to_owned();
        match self {
            Fault::Store(error) => error,
            Fault::Damaged(reason) => Error::Damaged { store, reason },
            Fault::Sql(source) => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Error::Busy { store },
                Some(rusqlite::ErrorCode::DatabaseCorrupt) => Error::Damaged {
                    store,
                    reason: source.to_string(),
                },
                Some(rusqlite::ErrorCode::NotADatabase) => Error::NotAStore {
                    store,
                    reason: "the file is no SQLite database; expected a GeoPackage that onemap made".to_owned(),
                },
                Some(rusqlite::ErrorCode::DiskFull) => Error::Io {
                    path: store,
                    source: std::io::Error::new(
                        std::io::ErrorKind::StorageFull,
                        "the disk is full, that of the store or that of temporary files (TMPDIR)",
                    ),
                },
                _ => Error::Sqlite { store, source },
            },
        }
    }

    /// Whether another process holds the file.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Fault::Sql(error) => matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
            ),
            Fault::Store(error) => matches!(error, Error::Busy { .. }),
            Fault::Damaged(_) => false,
        }
    }
}
