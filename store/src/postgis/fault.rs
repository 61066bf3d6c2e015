//! Errors on their way out: PostgreSQL's own, until the store's name is added at the boundary.

use crate::Error;
use tokio_postgres::error::SqlState;

/// What fails inside the PostGIS store, before it is known which database it was.
#[derive(Debug)]
pub(super) enum Fault {
    /// PostgreSQL, or the library that speaks to it, said so.
    Sql(tokio_postgres::Error),
    /// The connection is gone, or an answer did not come in time.
    Lost(String),
    /// There is no store, and cannot be one.
    NoStore(String),
}

/// The result of work inside the PostGIS store.
pub(super) type Inner<T> = Result<T, Fault>;

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Fault::Sql(error)
    }
}

impl Fault {
    /// Adds the store's name, which has no password in it.
    pub(super) fn of(self, store: &str) -> Error {
        let store = store.to_owned();
        match self {
            Fault::NoStore(reason) => Error::NotAStore { store, reason },
            Fault::Lost(reason) => Error::Unreachable { store, reason },
            Fault::Sql(error) => of_sql(&error, store),
        }
    }

    /// PostgreSQL's code, where it said what is wrong.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Fault::Sql(error) => error.code(),
            _ => None,
        }
    }
}

/// What PostgreSQL said, in the store's words.
fn of_sql(error: &tokio_postgres::Error, store: String) -> Error {
    let Some(said) = error.as_db_error() else {
        return Error::Unreachable {
            store,
            reason: with_sources(error),
        };
    };
    let code = said.code();
    let message = match said.detail() {
        // A row's values belong into the log, not into a client's hands; the constraint's name says enough.
        Some(detail) if !detail.starts_with("Failing row") => format!("{}: {detail}", said.message()),
        _ => said.message().to_owned(),
    };
    let message = match *code == SqlState::DISK_FULL {
        true => format!("the disk of the database server is full: {message}"),
        false => message,
    };
    if is_busy(code) {
        return Error::Busy { store };
    }
    if is_gone(code) {
        return Error::Unreachable { store, reason: message };
    }
    if *code == SqlState::UNDEFINED_DATABASE || *code == SqlState::INVALID_CATALOG_NAME {
        let reason = format!("{message}; make it first, for example with createdb: onemap makes what is in it");
        return Error::NotAStore { store, reason };
    }
    Error::Postgres {
        store,
        message,
        code: Some(code.code().to_owned()),
    }
}

/// Codes with which the server ends or refuses connections (appendix A, classes 08, 53 and 57).
pub(super) fn is_gone(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::DATABASE_DROPPED,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::IDLE_SESSION_TIMEOUT,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code)
}

fn is_busy(code: &SqlState) -> bool {
    [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::OBJECT_IN_USE,
    ]
    .contains(code)
}

/// An error with all that caused it: `tokio_postgres` says only the kind.
pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}
