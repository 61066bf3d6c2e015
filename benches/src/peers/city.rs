//! The city that all are measured with, prepared once: as files, as a store in PostGIS, and as the plain table that
//! Martin serves.

use crate::program;
use anyhow::{Context, Result, anyhow};
use onemap_model::Coord;
use onemap_testing::Cluster;
use std::path::{Path, PathBuf};
use tokio_postgres::NoTls;

/// The database of the store.
const DATABASE: &str = "city";

/// What Martin is given: the parcels that are true now, in the projection of the tiles, in the order of the map and with
/// an index, with the attributes that our tiles have.
const TABLE: &str = "
CREATE SCHEMA peer;
CREATE TABLE peer.unfinished AS
    SELECT fid, fid::text AS id, zddm, bdcdyh, yt, yt_name, zl, zdmj, qlxz,
           ST_Transform(ST_SetSRID(geom, 4326), 3857)::geometry(MultiPolygon, 3857) AS geom
    FROM public.parcels
    WHERE coalesce(valid_from <= now(), true) AND coalesce(valid_to > now(), true)
    ORDER BY geom;
ALTER TABLE peer.unfinished ADD PRIMARY KEY (fid);
CREATE INDEX ON peer.unfinished USING gist (geom);
ANALYZE peer.unfinished;
ALTER TABLE peer.unfinished RENAME TO parcels;
";

/// The prepared city; its PostgreSQL runs as long as this is there.
#[derive(Debug)]
pub struct City {
    /// The server with both tables.
    pub cluster: Cluster,
    /// The store, for `onemap-serve` and for edits.
    pub url: String,
    /// The parcels as a store in one file, for `onemap-export`.
    pub file: PathBuf,
    /// The same parcels as FlatGeobuf, which tippecanoe reads fastest.
    pub flatgeobuf: PathBuf,
}

impl City {
    /// Makes what is not in `folder` yet.
    ///
    /// # Errors
    /// Where a program fails or PostGIS is not installed.
    pub fn prepare(folder: &Path, programs: &Path, features: u64) -> Result<Self> {
        let folder = folder.join(format!("city-{features}"));
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let importer = programs.join("onemap-import");
        let whole = made(&folder.join("city.gpkg"), |to| {
            program::run(&importer, &["sample", "--features", &features.to_string(), "--to", to])
        })?;
        let whole = text(&whole)?;
        let file = made(&folder.join("parcels.gpkg"), |to| {
            program::run(&importer, &["load", whole, "--source-layer", "parcels", "--to", to])
        })?;
        let flatgeobuf = made(&folder.join("parcels.fgb"), |to| {
            program::run(&programs.join("onemap-export"), &[text(&file)?, "--to", to])
        })?;
        let builder = Cluster::builder().durable().setting("shared_buffers", "1GB");
        let cluster = builder.kept(&folder.join("postgres")).start();
        let cluster = cluster.context("PostgreSQL with PostGIS is not here")?;
        let url = cluster.url(DATABASE);
        let city = Self {
            cluster,
            url,
            file,
            flatgeobuf,
        };
        city.fill(&importer, whole)?;
        Ok(city)
    }

    fn fill(&self, importer: &Path, whole: &str) -> Result<()> {
        let sql = |database: &str, sql: &str| self.cluster.try_psql(database, sql).map_err(|error| anyhow!(error));
        if self.cluster.has_database(DATABASE).map_err(|error| anyhow!(error))? {
            return Ok(());
        }
        eprintln!("loading the parcels into PostGIS");
        sql("postgres", "DROP DATABASE IF EXISTS unfinished")?;
        sql("postgres", "CREATE DATABASE unfinished TEMPLATE onemap_template")?;
        let url = self.cluster.url("unfinished");
        program::run(importer, &["load", whole, "--source-layer", "parcels", "--to", &url])?;
        sql("unfinished", TABLE)?;
        sql("unfinished", "VACUUM ANALYZE")?;
        sql("postgres", &format!("ALTER DATABASE unfinished RENAME TO {DATABASE}"))?;
        Ok(())
    }

    /// A copy of the store to be edited, made anew: what is kept stays as it is. Nobody may be connected to the store.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn copy(&self) -> Result<String> {
        let sql = |sql: &str| self.cluster.try_psql("postgres", sql).map_err(|error| anyhow!(error));
        sql("DROP DATABASE IF EXISTS edited")?;
        sql(&format!("CREATE DATABASE edited TEMPLATE {DATABASE}"))?;
        Ok(self.cluster.url("edited"))
    }

    /// A place in every parcel that is true now, with its number in the store.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn places(&self) -> Result<Vec<(i64, Coord)>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (database, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
            let driver = tokio::spawn(connection);
            let sql = "SELECT fid, ST_X(p), ST_Y(p)
                       FROM (SELECT fid, ST_Transform(ST_PointOnSurface(geom), 4326) AS p FROM peer.parcels) AS inside";
            let rows = database.query(sql, &[]).await?;
            drop(database);
            driver.await??;
            let place = |row: &tokio_postgres::Row| {
                let at = Coord {
                    x: row.get(1),
                    y: row.get(2),
                };
                (row.get(0), at)
            };
            Ok(rows.iter().map(place).collect())
        })
    }
}

/// Makes a file beside its place and moves it there when it is whole; does nothing where it is there.
fn made(path: &Path, make: impl FnOnce(&str) -> Result<program::Run>) -> Result<PathBuf> {
    if !path.exists() {
        eprintln!("making {}", path.display());
        let name = path.file_name().context("the path of a file has a name")?;
        let unfinished = path.with_file_name(format!("unfinished-{}", name.to_string_lossy()));
        let _ = std::fs::remove_file(&unfinished);
        make(text(&unfinished)?)?;
        std::fs::rename(&unfinished, path).with_context(|| format!("making {}", path.display()))?;
    }
    Ok(path.to_owned())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}
