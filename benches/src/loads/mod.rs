//! Loads of a city beside `ogr2ogr` and `osm2pgsql`, each pair in turns, our checks on; checking and undoing a load.

pub mod copies;
pub mod report;

use crate::program::{self, Run};
use anyhow::{Context, Result};
use onemap_testing::Cluster;
use std::path::Path;

/// The definitions that an extract of OpenStreetMap is loaded through.
pub const OSM_LAYERS: [&str; 6] = ["roads", "buildings", "pois", "land_use", "water", "districts"];

/// The programs that take part.
#[derive(Debug, Clone, Copy)]
pub struct Programs<'a> {
    /// `onemap-import`.
    pub importer: &'a Path,
    /// The database server.
    pub cluster: &'a Cluster,
    /// Where files are made.
    pub folder: &'a Path,
}

/// One way to load, by us and by another, run by run.
#[derive(Debug, Default)]
pub struct Pair {
    /// What was loaded, and where to.
    pub what: String,
    /// How the other program was called.
    pub peer: String,
    /// Our runs.
    pub ours: Vec<Run>,
    /// The other's runs.
    pub theirs: Vec<Run>,
}

impl Pair {
    fn of(what: &str, peer: &str) -> Self {
        Self {
            what: what.to_owned(),
            peer: peer.to_owned(),
            ..Self::default()
        }
    }

    /// Runs both in turns.
    fn rounds(
        mut self,
        rounds: usize,
        mut ours: impl FnMut() -> Result<Run>,
        mut theirs: impl FnMut() -> Result<Run>,
    ) -> Result<Self> {
        for round in 1..=rounds {
            eprintln!("{}, round {round} of {rounds}", self.what);
            self.ours.push(ours()?);
            self.theirs.push(theirs()?);
        }
        Ok(self)
    }
}

impl Programs<'_> {
    /// The GeoPackage `delivered`, which has parcels and nothing else, into PostGIS.
    ///
    /// # Errors
    /// Where a program fails.
    pub fn into_postgis(&self, delivered: &str, rounds: usize) -> Result<Pair> {
        let ours = || {
            let database = self.cluster.fresh_database();
            self.load(delivered, &["--define", "parcels"], &database.url())
        };
        let theirs = || {
            let database = self.cluster.fresh_database();
            let (port, name) = (self.cluster.port(), database.name());
            let target = format!("PG:host=127.0.0.1 port={port} user=onemap dbname={name}");
            let copying = ["--config", "PG_USE_COPY", "YES", "-f", "PostgreSQL", &target, delivered];
            program::run(
                Path::new("ogr2ogr"),
                &[&copying[..], &["parcels", "-lco", "SPATIAL_INDEX=GIST"]].concat(),
            )
        };
        let peer = "`ogr2ogr -f PostgreSQL`, PG_USE_COPY, spatial index";
        Pair::of("parcels, GeoPackage → PostGIS", peer).rounds(rounds, ours, theirs)
    }

    /// The parcels of the shapefile `parcels` into a new GeoPackage.
    ///
    /// # Errors
    /// Where a program fails.
    pub fn into_geopackage(&self, parcels: &str, rounds: usize) -> Result<Pair> {
        let target = self.path("loaded.gpkg")?;
        let fresh = || std::fs::remove_file(&target).or_else(missing);
        let ours = || {
            fresh()?;
            self.load(parcels, &["--define", "parcels"], &target)
        };
        let theirs = || {
            fresh()?;
            program::run(Path::new("ogr2ogr"), &["-f", "GPKG", &target, parcels])
        };
        let peer = "`ogr2ogr -f GPKG`, spatial index";
        let pair = Pair::of("parcels, Shapefile → GeoPackage", peer).rounds(rounds, ours, theirs)?;
        fresh()?;
        Ok(pair)
    }

    /// The extract `pbf` of OpenStreetMap into PostGIS.
    ///
    /// # Errors
    /// Where a program fails.
    pub fn of_openstreetmap(&self, pbf: &str, rounds: usize) -> Result<Pair> {
        let ours = || {
            let database = self.cluster.fresh_database();
            let defined: Vec<&str> = OSM_LAYERS.iter().flat_map(|layer| ["--define", layer]).collect();
            self.load(pbf, &defined, &database.url())
        };
        let theirs = || {
            let database = self.cluster.fresh_database();
            database.psql("CREATE EXTENSION IF NOT EXISTS postgis");
            let port = self.cluster.port().to_string();
            let place = ["-H", "127.0.0.1", "-P", &port, "-U", "onemap", "-d", database.name()];
            program::run(
                Path::new("osm2pgsql"),
                &[&place[..], &["--latlong", "--log-level=warn", "--create", pbf]].concat(),
            )
        };
        let bytes = std::fs::metadata(pbf)
            .with_context(|| format!("looking at {pbf}"))?
            .len();
        let what = format!("OpenStreetMap, PBF of {:.0} MB → PostGIS", bytes as f64 / 1e6);
        let peer = "`osm2pgsql --latlong`, its own style";
        Pair::of(&what, peer).rounds(rounds, ours, theirs)
    }

    /// All checks of all layers of the city, nothing loaded.
    ///
    /// # Errors
    /// Where the program fails otherwise than by findings.
    pub fn check(&self, city: &str) -> Result<Run> {
        program::run(self.importer, &["check", city, "--define", "all"])
    }

    /// Loads the parcels, and undoes that, in a GeoPackage and in PostGIS: what undoing took.
    ///
    /// # Errors
    /// Where a program fails.
    pub fn undo(&self, city: &str) -> Result<[Run; 2]> {
        let (file, database) = (self.path("undone.gpkg")?, self.cluster.fresh_database());
        std::fs::remove_file(&file).or_else(missing)?;
        let one = |store: &str| {
            self.load(city, &["--source-layer", "parcels"], store)?;
            program::run(self.importer, &["rollback", store, "1", "--yes"])
        };
        let undone = [one(&file)?, one(&database.url())?];
        std::fs::remove_file(&file)?;
        Ok(undone)
    }

    fn load(&self, source: &str, options: &[&str], store: &str) -> Result<Run> {
        program::run(self.importer, &[&["load", source, "--to", store], options].concat())
    }

    /// The path of a file in the folder.
    ///
    /// # Errors
    /// Where it cannot be written as text.
    pub fn path(&self, name: &str) -> Result<String> {
        let path = self.folder.join(name);
        Ok(path.to_str().context("the folder's name is not UTF-8")?.to_owned())
    }
}

fn missing(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}
