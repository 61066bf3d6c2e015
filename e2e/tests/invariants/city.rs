//! A small city in a file or a database, and those who edit it with their own tools: SQL, `ogr2ogr`, `onemap-import`.

use super::steps::{At, End, Mode, PLACES, Rows, Sql, Step, Which};
use super::wkb::{self, Numbers};
use onemap_e2e::live;
use onemap_e2e::programs::import;
use onemap_testing::{Cluster, Database};
use rusqlite::functions::FunctionFlags;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// One row of a table: number, code, count and geometry.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub fid: u64,
    pub code: Value,
    pub n: Value,
    pub geometry: Option<Numbers>,
}

enum Held<'c> {
    File(PathBuf),
    Database(Database<'c>),
}

/// The city, gone with the value.
pub struct City<'c> {
    folder: tempfile::TempDir,
    held: Held<'c>,
}

impl City<'static> {
    pub fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city.gpkg");
        Self::make(folder, Held::File(path))
    }
}

impl<'c> City<'c> {
    pub fn in_a_database(cluster: &'c Cluster) -> Self {
        Self::make(tempfile::tempdir().unwrap(), Held::Database(cluster.fresh_database()))
    }

    fn make(folder: tempfile::TempDir, held: Held<'c>) -> Self {
        let city = Self { folder, held };
        for which in Which::ALL {
            city.load(which, Mode::Replace, &vec![(0, 0), (1, 1), (2, 3), (3, 5)]);
        }
        city
    }

    /// The store as our programs name it.
    pub fn store(&self) -> String {
        match &self.held {
            Held::File(path) => path.to_str().unwrap().to_owned(),
            Held::Database(database) => database.url(),
        }
    }

    /// Takes a step of somebody who edits.
    pub fn take(&self, step: &Step) {
        match step {
            Step::Sql(statements, end) => self.run(statements, *end),
            Step::Load(which, mode, rows) => self.load(*which, *mode, rows),
            Step::Overwrite(which, rows) => self.ogr2ogr(*which, rows, "-overwrite"),
            Step::Append(which, rows) if self.has(*which) => self.ogr2ogr(*which, rows, "-append"),
            Step::Drop(which) if self.has(*which) => self.drop(*which),
            Step::Append(..) | Step::Drop(_) | Step::Restart => {}
        }
    }

    /// Whether the layer has a table.
    pub fn has(&self, which: Which) -> bool {
        !self.columns(which).is_empty()
    }

    fn columns(&self, which: Which) -> Vec<String> {
        let table = which.name();
        match &self.held {
            Held::File(path) => {
                let db = open(path);
                let mut names = db.prepare("SELECT name FROM pragma_table_info(?)").unwrap();
                let names = names.query_map([table], |row| row.get(0)).unwrap();
                names.map(Result::unwrap).collect()
            }
            Held::Database(database) => {
                let sql = format!(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
                );
                database.psql(&sql).lines().map(str::to_owned).collect()
            }
        }
    }

    /// The rows that are valid now, by number.
    pub fn rows(&self, which: Which) -> Vec<Row> {
        let columns = self.columns(which);
        let table = which.name();
        let valid = if columns.iter().any(|column| column == "valid_to") {
            "(valid_from IS NULL OR valid_from <= CURRENT_TIMESTAMP) AND (valid_to IS NULL OR valid_to > CURRENT_TIMESTAMP)"
        } else {
            "true"
        };
        match &self.held {
            Held::File(path) => {
                let db = open(path);
                let sql = format!("SELECT fid, code, n, geom FROM {table} WHERE {valid} ORDER BY fid");
                let mut rows = db.prepare(&sql).unwrap();
                let rows = rows.query_map([], |row| {
                    let (code, n): (Option<String>, Option<i64>) = (row.get(1)?, row.get(2)?);
                    let geometry: Option<Vec<u8>> = row.get(3)?;
                    Ok(Row {
                        fid: row.get::<_, i64>(0)?.cast_unsigned(),
                        code: json!(code),
                        n: json!(n),
                        geometry: geometry.map(|blob| wkb::read_gpkg(&blob)),
                    })
                });
                rows.unwrap().map(Result::unwrap).collect()
            }
            Held::Database(database) => {
                let sql = format!(
                    "SELECT json_build_array(fid, code, n, encode(ST_AsBinary(geom, 'NDR'), 'hex')) FROM {table} WHERE {valid} ORDER BY fid"
                );
                let read = |line: &str| {
                    let row: Value = serde_json::from_str(line).unwrap();
                    Row {
                        fid: row[0].as_u64().unwrap(),
                        code: row[1].clone(),
                        n: row[2].clone(),
                        geometry: row[3].as_str().map(|hex| wkb::read(&bytes(hex))),
                    }
                };
                database.psql(&sql).lines().map(read).collect()
            }
        }
    }

    fn run(&self, statements: &[Sql], end: End) {
        let has: Vec<(Which, Vec<String>)> = Which::ALL.map(|which| (which, self.columns(which))).into();
        let possible = |sql: &&Sql| {
            let (_, columns) = &has[Which::ALL.iter().position(|which| *which == sql.layer()).unwrap()];
            let of_validity = matches!(sql, Sql::End(..) | Sql::Begin(..));
            !columns.is_empty() && (!of_validity || columns.iter().any(|column| column == "valid_to"))
        };
        let mut script: Vec<String> = statements.iter().filter(possible).map(|sql| self.text(sql)).collect();
        if script.is_empty() {
            return;
        }
        if end == End::RollbackToFirst {
            script.insert(1, "SAVEPOINT here".to_owned());
            script.push("ROLLBACK TO here".to_owned());
        }
        script.push(if end == End::Rollback { "ROLLBACK" } else { "COMMIT" }.to_owned());
        let script = format!("BEGIN;\n{};", script.join(";\n"));
        let ran = match &self.held {
            Held::File(path) => open(path).execute_batch(&script).map_err(|error| error.to_string()),
            Held::Database(database) => database.try_psql(&script).map(drop),
        };
        // A number that a table of another's making gives out twice: then nothing of the transaction is done.
        if let Err(error) = ran {
            assert!(
                error.contains("duplicate key") || error.contains("UNIQUE constraint"),
                "{script}\n{error}"
            );
        }
    }

    fn geometry(&self, which: Which, at: At) -> String {
        match &self.held {
            Held::File(_) => format!("x'{}'", hex(&wkb::write_gpkg(which, at))),
            Held::Database(_) => format!("ST_GeomFromWKB('\\x{}', 4490)", hex(&wkb::write(which, at))),
        }
    }

    fn text(&self, sql: &Sql) -> String {
        let table = sql.layer().name();
        let geometry = |at: At| self.geometry(sql.layer(), at);
        let is_file = matches!(self.held, Held::File(_));
        match *sql {
            Sql::Insert(_, code, at) => format!(
                "INSERT INTO {table} (geom, code, n) VALUES ({}, 'k{code}', 0)",
                geometry(at)
            ),
            Sql::Put(_, fid, code, at) if is_file => format!(
                "INSERT OR REPLACE INTO {table} (fid, geom, code, n) VALUES ({fid}, {}, 'k{code}', 0)",
                geometry(at)
            ),
            Sql::Put(_, fid, code, at) => format!(
                "INSERT INTO {table} (fid, geom, code, n) VALUES ({fid}, {}, 'k{code}', 0) \
                 ON CONFLICT (fid) DO UPDATE SET geom = excluded.geom, code = excluded.code, n = 0",
                geometry(at)
            ),
            Sql::Move(_, fid, at) => format!("UPDATE {table} SET geom = {} WHERE fid = {fid}", geometry(at)),
            Sql::MoveMany(_, fid, at) => format!("UPDATE {table} SET geom = {} WHERE fid >= {fid}", geometry(at)),
            Sql::Rename(_, fid, code) => format!("UPDATE {table} SET code = 'k{code}' WHERE fid = {fid}"),
            Sql::Count(_, fid) => format!("UPDATE {table} SET n = n + 1 WHERE fid = {fid}"),
            Sql::CountMany(_, fid) => format!("UPDATE {table} SET n = n + 1 WHERE fid >= {fid}"),
            Sql::Touch(_, fid) => format!("UPDATE {table} SET code = code, n = n WHERE fid = {fid}"),
            Sql::Nowhere(_, fid) => format!("UPDATE {table} SET geom = NULL WHERE fid = {fid}"),
            Sql::End(_, fid) => format!("UPDATE {table} SET valid_to = '2001-01-01T00:00:00.000Z' WHERE fid = {fid}"),
            Sql::Begin(_, fid) => {
                format!("UPDATE {table} SET valid_from = '2000-01-01T00:00:00.000Z', valid_to = NULL WHERE fid = {fid}")
            }
            Sql::Delete(_, fid) => format!("DELETE FROM {table} WHERE fid = {fid}"),
            Sql::DeleteMany(_, fid) => format!("DELETE FROM {table} WHERE fid >= {fid}"),
            Sql::Clear(_) if is_file => format!("DELETE FROM {table}"),
            Sql::Clear(_) => format!("TRUNCATE {table}"),
        }
    }

    fn load(&self, which: Which, mode: Mode, rows: &Rows) {
        let file = self.delivery(which, rows);
        let mode = match mode {
            Mode::Replace => "replace",
            Mode::Append => "append",
            Mode::Upsert => "upsert",
        };
        let before = self.has(which).then(|| self.rows(which));
        let (file, store, layer) = (file.to_str().unwrap(), self.store(), which.name());
        let run = import(&[
            "load", file, "--layer", layer, "--key", "code", "--mode", mode, "--to", &store,
        ]);
        match run.code {
            Some(0) if mode == "replace" => assert_eq!(self.rows(which).len(), rows.len(), "{}", run.stderr),
            Some(0) => {}
            // It says what does not fit, and does nothing.
            Some(1) => assert_eq!(self.has(which).then(|| self.rows(which)), before, "{}", run.stderr),
            _ => panic!("{:?}: {}{}", run.code, run.stdout, run.stderr),
        }
    }

    fn delivery(&self, which: Which, rows: &Rows) -> PathBuf {
        let feature = |&(code, at): &(u8, At)| {
            let geometry = match which {
                Which::Spots => json!({"type": "Point", "coordinates": [PLACES[at].0, PLACES[at].1]}),
                Which::Plots => json!({"type": "MultiPolygon", "coordinates": [[wkb::ring(at)]]}),
            };
            json!({"type": "Feature", "properties": {"code": format!("k{code}"), "n": at}, "geometry": geometry})
        };
        let features: Vec<Value> = rows.iter().map(feature).collect();
        let path = self.folder.path().join(format!("{}.geojson", which.name()));
        std::fs::write(
            &path,
            json!({"type": "FeatureCollection", "features": features}).to_string(),
        )
        .unwrap();
        path
    }

    fn ogr2ogr(&self, which: Which, rows: &Rows, mode: &str) {
        let file = self.delivery(which, rows);
        let (format, target) = match &self.held {
            Held::File(path) => ("GPKG", path.to_str().unwrap().to_owned()),
            Held::Database(database) => ("PostgreSQL", live::for_gdal(database)),
        };
        let mut ogr = Command::new("ogr2ogr");
        ogr.args([
            mode,
            "-f",
            format,
            &target,
            file.to_str().unwrap(),
            "-nln",
            which.name(),
            "-a_srs",
            "EPSG:4490",
        ]);
        if mode == "-overwrite" {
            let kind = ["POINT", "MULTIPOLYGON"][usize::from(which == Which::Plots)];
            ogr.args(["-nlt", kind, "-lco", "FID=fid", "-lco", "GEOMETRY_NAME=geom"]);
        }
        succeed(&mut ogr);
    }

    fn drop(&self, which: Which) {
        let sql = format!("DROP TABLE {}", which.name());
        match &self.held {
            Held::File(path) => succeed(Command::new("ogrinfo").arg("-q").arg(path).args(["-sql", &sql])),
            Held::Database(database) => drop(database.psql(&sql)),
        }
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// The file as another program opens it, with the functions that its triggers call.
fn open(path: &std::path::Path) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(path).unwrap();
    db.busy_timeout(Duration::from_secs(60)).unwrap();
    for (name, axis, most) in [
        ("ST_MinX", 0, false),
        ("ST_MaxX", 0, true),
        ("ST_MinY", 1, false),
        ("ST_MaxY", 1, true),
    ] {
        let function = move |context: &rusqlite::functions::Context<'_>| {
            let (min, max) = wkb::extent(context.get_raw(0).as_blob()?, axis);
            Ok(if most { max } else { min })
        };
        db.create_scalar_function(name, 1, FunctionFlags::SQLITE_UTF8, function)
            .unwrap();
    }
    let is_empty = |context: &rusqlite::functions::Context<'_>| {
        let blob = context.get_raw(0).as_blob_or_null()?;
        Ok(blob.map(|blob| wkb::read_gpkg(blob).is_empty()))
    };
    db.create_scalar_function("ST_IsEmpty", 1, FunctionFlags::SQLITE_UTF8, is_empty)
        .unwrap();
    db
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}
