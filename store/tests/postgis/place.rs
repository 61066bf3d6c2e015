//! A database with a store and a layer, and reading what happened to it.

use crate::support::*;
use onemap_model::{Crs, Version};
use onemap_store::{At, LoadMode, LogEntry, LogPosition, OpenMode, Store};
use onemap_testing::{Cluster, Database};

/// A database with the layer `pois` of three points; none where there is no PostgreSQL.
pub struct Place {
    pub db: Database<'static>,
    pub store: Box<dyn Store>,
}

/// The SQL of a point of the layer.
pub fn point(n: i64) -> String {
    format!("ST_SetSRID(ST_MakePoint({}, 30), 4490)", 114.0 + n as f64 / 100.0)
}

/// An INSERT of one row, as `row` makes it.
pub fn insert(code: &str, n: i64) -> String {
    format!("INSERT INTO pois (geom, code, n) VALUES ({}, '{code}', {n})", point(n))
}

impl Place {
    pub fn empty() -> Option<Self> {
        let db = Cluster::shared()?.fresh_database();
        let store = onemap_store::open(&db.url(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
        Some(Self { db, store })
    }

    pub fn new() -> Option<Self> {
        let mut place = Self::empty()?;
        let rows = [row("a", 1), row("b", 2), row("c", 3)];
        load(&mut *place.store, &pois(), LoadMode::Replace, &rows);
        Some(place)
    }

    pub fn psql(&self, sql: &str) -> String {
        self.db.psql(sql)
    }

    /// One more connection to the store.
    pub fn open(&self) -> Box<dyn Store> {
        onemap_store::open(&self.db.url(), OpenMode::Existing).unwrap()
    }

    pub fn version(&mut self) -> u64 {
        self.store.catch_up().unwrap().0
    }

    /// The log after a version.
    pub fn log(&mut self, after: u64) -> Vec<LogEntry> {
        let version = Version(after);
        log(&mut *self.store, LogPosition { version, offset: 0 }, 1000)
    }

    /// How many commits there are after a version.
    pub fn commits(&mut self, after: u64) -> usize {
        self.store.commits(Version(after), 100).unwrap().len()
    }

    /// What the log says was done after a version: feature, `insert`, `update` or `delete`.
    pub fn done(&mut self, after: u64) -> Vec<(u64, &'static str)> {
        let entries = self.log(after);
        entries
            .iter()
            .map(|e| (e.change.fid.get(), e.change.operation().as_str()))
            .collect()
    }

    /// Checks everything that must hold whatever was done: the store is sound, the log replayed from the beginning gives
    /// every version that can be read, and the last of them is the table.
    pub fn check(&mut self) {
        self.store.catch_up().unwrap();
        assert_sound(&mut *self.store);
        let mut replayed = State::new();
        let entries = self.log(0);
        // A transaction that failed may have left a gap in the numbers.
        for commit in self.store.commits(Version(0), 10_000).unwrap() {
            let v = commit.version.0;
            let of_version = entries.iter().filter(|entry| entry.version.0 == v);
            let at = At::Version(Version(v));
            if commit.layers.iter().any(|layer| layer.redefined) {
                // Whoever follows reads such a layer anew; the log still says what was and what is.
                let before = replayed.keys().copied().collect::<Vec<_>>();
                let known = |entry: &&LogEntry| before.contains(&entry.change.fid.get()) == entry.change.old.is_some();
                assert!(of_version.clone().all(|entry| known(&entry)), "version {v}");
                replayed = if self.has_pois(at) {
                    state(&mut *self.store, at)
                } else {
                    State::new()
                };
                continue;
            }
            of_version.for_each(|entry| replay(&mut replayed, &entry.change));
            assert_eq!(state(&mut *self.store, at), replayed, "version {v}");
        }
        assert!(entries.windows(2).all(|pair| pair[0].time <= pair[1].time));
    }

    fn has_pois(&mut self, at: At) -> bool {
        let layers = self.store.read(at).unwrap().layers().unwrap();
        layers.iter().any(|state| state.layer.name().as_str() == "pois")
    }
}
