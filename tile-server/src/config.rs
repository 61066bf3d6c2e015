//! Settings: what a file and the command line say, turned once into a checked [`Config`].

use crate::origin::{BaseUrl, BaseUrlError};
use onemap_store::OpenMode;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Settings as a TOML file or the command line gives them; what is absent is left to the next.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// The address to listen on, `127.0.0.1:8080`.
    pub listen: Option<String>,
    /// What every link begins with.
    pub public_url: Option<String>,
    /// How many megabytes of ready tiles are kept; 0 keeps none.
    pub cache_mb: Option<u64>,
    /// How many kilobytes a tile may have before compression.
    pub tile_kb: Option<u64>,
    /// Where the snapshot is kept that a restart begins with: a file, a folder, or `off`.
    pub snapshot: Option<String>,
    /// Bounds of connections and of work.
    #[serde(default)]
    pub limits: RawLimits,
}

/// Bounds as a TOML file gives them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLimits {
    /// Seconds within which a request's headers must have come.
    pub header_timeout_s: Option<u64>,
    /// Seconds after which a connection on which nothing moves is closed.
    pub idle_timeout_s: Option<u64>,
    /// Seconds that requests under way are given when the server stops.
    pub stop_timeout_s: Option<u64>,
    /// Connections at a time.
    pub max_connections: Option<usize>,
    /// Threads that render; the number of cores where absent.
    pub render_threads: Option<usize>,
    /// Pieces of rendering that may wait.
    pub max_queued: Option<usize>,
    /// Megabytes of answers that may be on their way to clients.
    pub max_answer_mb: Option<u64>,
    /// Streams of changes at a time.
    pub max_streams: Option<usize>,
    /// Milliseconds between two looks at the store, where nothing wakes the server earlier, 100 to 5000.
    pub poll_ms: Option<u64>,
}

/// Checked settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The store: a path, or `postgres://…`.
    pub store: String,
    /// How the store is opened: what is done with one of an older schema.
    pub open: OpenMode,
    /// The address to listen on; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// What every link begins with; from the request where none.
    pub public_url: Option<BaseUrl>,
    /// How many bytes of ready answers are kept; 0 keeps none.
    pub cache_bytes: u64,
    /// The most bytes of a tile before compression.
    pub tile_bytes: usize,
    /// Where the snapshot is kept.
    pub snapshot: SnapshotPlace,
    /// Bounds of connections and of work.
    pub limits: Limits,
}

/// Where the snapshot is kept that a restart begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotPlace {
    /// Nowhere.
    Off,
    /// Beside a store that is a file, in the user's cache folder for a database; where the store is large enough.
    Usual,
    /// In this file, or in a file of this folder.
    At(PathBuf),
}

/// Bounds of connections and of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Within which a request's headers must have come.
    pub header_timeout: Duration,
    /// After which a connection on which nothing moves is closed.
    pub idle_timeout: Duration,
    /// What requests under way are given when the server stops.
    pub stop_timeout: Duration,
    /// Connections at a time; further ones wait.
    pub max_connections: usize,
    /// Threads that render.
    pub render_threads: usize,
    /// Pieces of rendering that may wait; further ones are refused with 503.
    pub max_queued: usize,
    /// Bytes of answers that may be on their way to clients; further ones are refused with 503.
    pub max_answer_bytes: u64,
    /// Streams of changes at a time; further ones are refused with 503.
    pub max_streams: usize,
    /// Between two looks at the store, where nothing wakes the server earlier.
    pub poll: Duration,
}

/// Why settings cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("config {path}: {source}")]
    Unreadable {
        /// The path given.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is no TOML, or has a key that is not known or of another type.
    #[error("config {path}: {reason}")]
    Malformed {
        /// The path given.
        path: String,
        /// Place, key and expectation.
        reason: String,
    },
    /// `listen` is no address.
    #[error("listen: {0:?} is no address such as 127.0.0.1:8080 or [::]:8080")]
    Listen(String),
    /// `public_url` is no base URL.
    #[error("public_url: {0}")]
    PublicUrl(#[from] BaseUrlError),
    /// `snapshot` is empty.
    #[error("snapshot: expected a file, a folder, or \"off\"")]
    Snapshot,
    /// A number is out of its range.
    #[error("{key}: {value} is out of range: expected {min} to {max}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The value given.
        value: u64,
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },
}

impl RawConfig {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file, the line and the key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: shown.clone(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: shown,
            reason: error.to_string().trim_end().to_owned(),
        })
    }

    /// These settings, and `other` for what they leave open.
    #[must_use]
    pub fn or(self, other: RawConfig) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            public_url: self.public_url.or(other.public_url),
            cache_mb: self.cache_mb.or(other.cache_mb),
            tile_kb: self.tile_kb.or(other.tile_kb),
            snapshot: self.snapshot.or(other.snapshot),
            limits: other.limits,
        }
    }

    /// Checks everything, for the store `store`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key.
    pub fn check(self, store: String) -> Result<Config, ConfigError> {
        let listen = self.listen.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        Ok(Config {
            store,
            open: OpenMode::Existing,
            listen: listen.parse().map_err(|_| ConfigError::Listen(listen))?,
            public_url: self.public_url.map(|url| BaseUrl::parse(&url)).transpose()?,
            cache_bytes: within("cache_mb", self.cache_mb, 256, 0, 1 << 20)? << 20,
            tile_bytes: within("tile_kb", self.tile_kb, 500, 1, 1 << 20)? as usize * 1000,
            snapshot: match self.snapshot.as_deref() {
                None => SnapshotPlace::Usual,
                Some("off") => SnapshotPlace::Off,
                Some("") => return Err(ConfigError::Snapshot),
                Some(path) => SnapshotPlace::At(path.into()),
            },
            limits: self.limits.check()?,
        })
    }
}

impl RawLimits {
    fn check(self) -> Result<Limits, ConfigError> {
        let cores = std::thread::available_parallelism().map_or(2, |n| n.get()) as u64;
        let seconds = |key, value, default| within(key, value, default, 1, 3600).map(Duration::from_secs);
        let many = |key, value: Option<usize>, default, max| {
            within(key, value.map(|n| n as u64), default, 1, max).map(|n| n as usize)
        };
        Ok(Limits {
            header_timeout: seconds("limits.header_timeout_s", self.header_timeout_s, 10)?,
            idle_timeout: seconds("limits.idle_timeout_s", self.idle_timeout_s, 60)?,
            stop_timeout: seconds("limits.stop_timeout_s", self.stop_timeout_s, 10)?,
            max_connections: many("limits.max_connections", self.max_connections, 4096, 1_000_000)?,
            render_threads: many("limits.render_threads", self.render_threads, cores, 1024)?,
            max_queued: many("limits.max_queued", self.max_queued, 512, 1_000_000)?,
            max_answer_bytes: within("limits.max_answer_mb", self.max_answer_mb, 512, 1, 1 << 20)? << 20,
            max_streams: many("limits.max_streams", self.max_streams, 2048, 1_000_000)?,
            poll: Duration::from_millis(within("limits.poll_ms", self.poll_ms, 1000, 100, 5000)?),
        })
    }
}

impl Config {
    /// Whether the store is a database, and no file.
    pub(crate) fn is_database(&self) -> bool {
        let lower = self.store.trim().to_ascii_lowercase();
        let schemes = ["postgres:", "postgresql:", "pg:"];
        schemes.iter().any(|scheme| lower.starts_with(scheme))
    }

    /// The store as it may be shown: without any password.
    pub fn store_shown(&self) -> String {
        if !self.is_database() {
            return self.store.clone();
        }
        let Some((scheme, rest)) = self.store.split_once("://") else {
            return "a PostgreSQL database".to_owned();
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        format!("{scheme}://{place}")
    }
}

fn within(key: &'static str, value: Option<u64>, default: u64, min: u64, max: u64) -> Result<u64, ConfigError> {
    let value = value.unwrap_or(default);
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(ConfigError::OutOfRange { key, value, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_atlas::LayerSnapshot;

    #[test]
    fn what_is_not_said_has_a_default() {
        let config = RawConfig::default().check("city.gpkg".into()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(
            (config.cache_bytes, config.tile_bytes),
            (256 << 20, LayerSnapshot::DEFAULT_BUDGET)
        );
        assert_eq!(config.limits.header_timeout, Duration::from_secs(10));
    }

    #[test]
    fn every_message_names_the_key() {
        let check = |text: &str, key: &str| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("c.toml");
            std::fs::write(&path, text).unwrap();
            let got = RawConfig::read(&path).and_then(|raw| raw.check("x".into()));
            let message = got.unwrap_err().to_string();
            assert!(message.contains(key), "{message}");
        };
        check("chache_mb = 1", "chache_mb");
        check("cache_mb = \"x\"", "cache_mb");
        check("snapshot = \"\"", "snapshot");
        check("listen = \"here\"", "listen");
        check("public_url = \"map.cn\"", "public_url");
        check("[limits]\npoll_ms = 60000", "limits.poll_ms");
        check("[limits]\nmax_connections = 0", "limits.max_connections");
        check("[limits]\nwait = 0", "wait");
    }

    #[test]
    fn a_password_is_never_shown() {
        let check = |store: &str, expected: &str| {
            let config = RawConfig::default().check(store.into()).unwrap();
            assert_eq!(config.store_shown(), expected);
        };
        check("data/city.gpkg", "data/city.gpkg");
        check(
            "postgres://me:se@cret@host:5432/db?password=secret",
            "postgres://host:5432/db",
        );
        check("postgresql:///db?user=me&password=secret", "postgresql:///db");
        check("PG:password=secret", "a PostgreSQL database");
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = RawConfig {
            cache_mb: Some(1),
            listen: Some("[::1]:1".into()),
            ..RawConfig::default()
        };
        let line = RawConfig {
            cache_mb: Some(0),
            ..RawConfig::default()
        };
        let config = line.or(file).check("x".into()).unwrap();
        assert_eq!((config.cache_bytes, config.listen.port()), (0, 1));
    }
}
