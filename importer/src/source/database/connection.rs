//! Connections: how they are named, shown and made.

use crate::error::Error;
use crate::messages;
use crate::source::said;
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

/// How long a server may take to answer at all, in seconds.
const PATIENCE: u32 = 10;
/// What a database is asked before anything else; GDAL splits it at semicolons.
const PRELUDE: &str = "SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on";

/// Whether `source` names a database, not a file.
pub fn is_named(source: &str) -> bool {
    let lower = source.to_lowercase();
    ["pg:", "postgres://", "postgresql://"]
        .iter()
        .any(|prefix| lower.starts_with(prefix))
}

/// `source` as messages and the store's log may show it: without what may be a password.
///
/// ```
/// use onemap_importer::source::database::shown;
/// assert_eq!(shown("PG:host=db dbname='the city' password=secret"), "PG:host=db dbname='the city'");
/// assert_eq!(shown("postgresql://me:secret@db/city"), "postgresql://me@db/city");
/// assert_eq!(shown("PG:dbname=city password=my secret"), "PG:…");
/// ```
pub fn shown(source: &str) -> String {
    let (prefix, rest) = split(source);
    if rest.contains("://") {
        return format!("{prefix}{}", onemap_store::without_password(rest));
    }
    match settings(rest) {
        Some(settings) => {
            let open = |setting: &&(&str, &str)| {
                ["host", "hostaddr", "port", "dbname", "user", "service"].contains(&setting.0)
            };
            let open = settings
                .iter()
                .filter(open)
                .map(|(key, value)| format!("{key}={value}"));
            format!("{prefix}{}", open.collect::<Vec<_>>().join(" "))
        }
        None => format!("{prefix}…"),
    }
}

/// Why there is no connection.
pub(super) enum Refusal {
    /// The server does not answer, or refuses.
    Unreachable(String),
    /// The text names no server.
    NotUnderstood,
}

impl Refusal {
    pub(super) fn of(self, source: &str) -> Error {
        match self {
            Refusal::Unreachable(reason) => Error::Store(onemap_store::Error::Unreachable {
                store: shown(source),
                reason,
            }),
            Refusal::NotUnderstood => Error::source(
                shown(source),
                "no connection is understood: expected PG:host=… dbname=… or postgresql://user@host/db",
            ),
        }
    }
}

/// Opens a database for reading.
pub(super) fn connect(source: &str) -> Result<Dataset, Refusal> {
    messages::forget();
    let prelude = format!("PRELUDE_STATEMENTS={PRELUDE}");
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_READONLY,
        allowed_drivers: Some(&["PostgreSQL"]),
        open_options: Some(&[prelude.as_str()]),
        sibling_files: None,
    };
    Dataset::open_ex(gdal_name(source), options).map_err(|error| {
        let reason = said(&error);
        // What libpq cannot parse it repeats, and that may be a part of a password.
        match reason.split_once("connection to server") {
            Some((_, reason)) => Refusal::Unreachable(format!("connection to server{reason}")),
            None => Refusal::NotUnderstood,
        }
    })
}

/// The connection as GDAL knows it, with a bound on how long it waits.
fn gdal_name(source: &str) -> String {
    let (_, rest) = split(source);
    if let Some((_, rest)) = rest.split_once("://") {
        let and = if rest.contains('?') { '&' } else { '?' };
        return format!("postgresql://{rest}{and}connect_timeout={PATIENCE}");
    }
    format!("PG:{rest} connect_timeout={PATIENCE}")
}

fn split(source: &str) -> (&str, &str) {
    match source.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("pg:") => source.split_at(3),
        _ => ("", source),
    }
}

/// The settings of a connection in keyword form; none where it is not in that form.
fn settings(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut settings = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let (key, after) = (key.trim_end(), after.trim_start());
        if key.is_empty() || key.contains(char::is_whitespace) {
            return None;
        }
        let end = match after.strip_prefix('\'') {
            Some(inner) => inner.find('\'').map(|at| at + 2)?,
            None => after.find(char::is_whitespace).unwrap_or(after.len()),
        };
        settings.push((key, &after[..end]));
        rest = after[end..].trim_start();
    }
    (!settings.is_empty()).then_some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_told_from_files() {
        for database in ["PG:dbname=x", "pg:dbname=x", "postgres://x", "PostgreSQL://x"] {
            assert!(is_named(database), "{database}");
        }
        assert!(!is_named("pg.gpkg") && !is_named("城.shp"));
    }

    #[test]
    fn passwords_are_never_shown() {
        for secret in [
            "PG:host=h password=secret",
            "PG:host=h password = 'secret secret' dbname=d",
            "PG:host=h password=my secret",
            "PG:password='it''s secret",
            "PG:postgresql://me:secret@h/d?password=secret",
            "postgres://me:secret@h/d",
            "PG:secret",
        ] {
            assert!(!shown(secret).contains("secret"), "{}", shown(secret));
        }
    }
}
