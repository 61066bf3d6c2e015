//! Loads: the writing transaction is open from beginning to end, so one load is one version or nothing.

use super::GeoPackage;
use super::apply;
use super::catalog;
use super::edit;
use super::fault::{Fault, Inner};
use super::look;
use super::schema;
use super::seal;
use super::stage::Stage;
use super::table::Table;
use crate::{Batch, CommitStep, Committed, Error, Load, LoadMode, Result};
use onemap_model::{GeometryType, Layer, Name, Row, Value, Version};
use rusqlite::Connection;

/// How often a commit waits for the busy time-out of some seconds.
const COMMIT_TRIES: u32 = 24;

/// Begins a load; see [`crate::Store::begin`].
pub(super) fn begin<'p>(package: &'p mut GeoPackage, batch: &Batch) -> Result<Box<dyn Load + 'p>> {
    let looked = package.look_to_write();
    package.named(looked)?;
    let begun = package.db.execute_batch("BEGIN IMMEDIATE").map_err(Fault::from);
    package.named(begun)?;
    let mut loading = Loading {
        package,
        batch: batch.clone(),
        base: Version(0),
        layers: Vec::new(),
        state: State::BetweenLayers,
    };
    let settled = look::settle(&loading.package.db, loading.package.crs);
    loading.base = loading.package.named(settled)?;
    Ok(Box::new(loading))
}

struct Loading<'p> {
    package: &'p mut GeoPackage,
    batch: Batch,
    base: Version,
    layers: Vec<LayerLoad>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    BetweenLayers,
    InLayer,
    Committed,
}

/// One layer of a load.
pub(super) struct LayerLoad {
    /// The rows, and the definition that they are kept under.
    pub stage: Stage,
    /// What happens to the rows that are there.
    pub mode: LoadMode,
    /// The layer as it is in the store; none where it is new.
    pub existing: Option<Table>,
    /// For each field of the layer that is kept, the place of its value in the loaded rows; none where they are alike.
    places: Option<Vec<Option<usize>>>,
}

impl Loading<'_> {
    fn start(&mut self, layer: &Layer, mode: LoadMode) -> Inner<()> {
        let name = layer.name();
        if self.state == State::InLayer {
            return Err(misfit(name, "the layer before it was not finished".to_owned()));
        }
        if self.layers.iter().any(|one| one.stage.table.layer.name().is_same(name)) {
            return Err(Error::LayerTwice(name.clone()).into());
        }
        if layer.crs != self.package.crs {
            let reason = format!("it is in {}, and the store is in {}", layer.crs, self.package.crs);
            return Err(misfit(name, reason));
        }
        let db = &self.package.db;
        let tables = catalog::current_tables(db)?;
        let existing = tables.into_iter().find(|table| table.layer.name().is_same(name));
        if let Some(other) = existing.as_ref().filter(|table| table.layer.name() != name) {
            return Err(misfit(
                name,
                format!("the store has it as {:?}: use that spelling", other.layer.name()),
            ));
        }
        if existing.is_none() && schema::exists(db, name.as_str())? {
            return Err(misfit(
                name,
                "the store has a table of that name that is no layer".to_owned(),
            ));
        }
        let (table, places) = match (&existing, mode) {
            (Some(existing), LoadMode::Append | LoadMode::Upsert) => joined(existing, layer, mode)?,
            (Some(existing), LoadMode::Replace) => (laid_like(existing, layer), None),
            (None, LoadMode::Upsert) if layer.key().is_none() => return Err(needs_key(name)),
            (None, _) => (Table::new(layer.clone()), None),
        };
        let stage = Stage::create(db, table, self.layers.len())?;
        self.layers.push(LayerLoad {
            stage,
            mode,
            existing,
            places,
        });
        self.state = State::InLayer;
        Ok(())
    }

    fn current(&mut self) -> Inner<&mut LayerLoad> {
        let started = self.state == State::InLayer;
        let current = self.layers.last_mut().filter(|_| started);
        current.ok_or_else(|| misfit(&Name::from_source(""), "no layer was started".to_owned()))
    }

    fn add(&mut self, mut row: Row) -> Inner<()> {
        let current = self.current()?;
        if let Some(places) = &current.places {
            let value = |place: &Option<usize>| place.and_then(|at| row.values.get(at).cloned()).unwrap_or(Value::Null);
            row.values = places.iter().map(value).collect();
        }
        edit::check_load(&current.stage.table, &row)?;
        let at = self.layers.len() - 1;
        self.layers[at].stage.push(&self.package.db, &row)
    }

    fn finish(&mut self, kind: GeometryType) -> Inner<()> {
        let current = self.current()?;
        let layer = &mut current.stage.table.layer;
        layer.geometry_type = match current.mode {
            LoadMode::Replace => found_kind(layer.geometry_type, kind),
            _ if current.existing.is_none() => found_kind(layer.geometry_type, kind),
            _ => joined_kind(layer.geometry_type, kind),
        };
        self.state = State::BetweenLayers;
        Ok(())
    }

    fn write(&mut self, step: &mut dyn FnMut(CommitStep)) -> Inner<Committed> {
        if self.state == State::InLayer {
            let name = self.current()?.stage.table.layer.name().clone();
            return Err(misfit(&name, "it was not finished".to_owned()));
        }
        let db = &self.package.db;
        let next = self.base.next();
        let (mut touched, mut counts) = (Vec::new(), Vec::new());
        seal::open_gate(db)?;
        for layer in &self.layers {
            let (one, done) = apply::apply(db, layer, next, step)?;
            touched.extend(one);
            counts.push((layer.stage.table.layer.name().clone(), done));
        }
        seal::close_gate(db)?;
        let version = if touched.is_empty() { self.base } else { next };
        if !touched.is_empty() {
            touched.sort_by(|a, b| a.layer.cmp(&b.layer));
            catalog::record(db, next, &self.batch.who, &self.batch.what, &touched)?;
        }
        step(CommitStep {
            what: "syncing",
            layer: None,
            done: 0,
            total: 0,
        });
        for layer in &self.layers {
            db.execute_batch(&format!("DROP TABLE {}", layer.stage.name))?;
        }
        commit_patiently(db)?;
        self.state = State::Committed;
        self.package.made(version);
        Ok(Committed {
            version,
            layers: counts,
        })
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        if self.state != State::Committed && !self.package.db.is_autocommit() {
            self.package.db.flush_prepared_statement_cache();
            if let Err(error) = self.package.db.execute_batch("ROLLBACK") {
                tracing::warn!("rolling back a load failed: {error}");
            }
        }
    }
}

impl Load for Loading<'_> {
    fn start_layer(&mut self, layer: &Layer, mode: LoadMode) -> Result<()> {
        let started = self.start(layer, mode);
        self.package.named(started)
    }

    fn push(&mut self, row: Row) -> Result<()> {
        let added = self.add(row);
        self.package.named(added)
    }

    fn finish_layer(&mut self, geometry_type: GeometryType) -> Result<()> {
        let finished = self.finish(geometry_type);
        self.package.named(finished)
    }

    fn commit(mut self: Box<Self>, step: &mut dyn FnMut(CommitStep)) -> Result<Committed> {
        let written = self.write(step);
        self.package.named(written)
    }
}

/// Commits, waiting for those who read: no new reader gets in meanwhile, and a long load is not to be lost to one.
fn commit_patiently(db: &Connection) -> Inner<()> {
    for _ in 1..COMMIT_TRIES {
        match db.execute_batch("COMMIT").map_err(Fault::from) {
            Err(fault) if fault.is_busy() => tracing::info!("waiting for another process to end its reading"),
            done => return done,
        }
    }
    Ok(db.execute_batch("COMMIT")?)
}

/// The layer as loaded, in the columns that are there already where the fields are the same.
fn laid_like(existing: &Table, layer: &Layer) -> Table {
    let fresh = Table::new(layer.clone());
    let place = |field: &onemap_model::Field| {
        let same = |own: &onemap_model::Field| own.name == field.name && own.field_type == field.field_type;
        existing.layer.fields().iter().position(same)
    };
    let places: Option<Vec<usize>> = layer.fields().iter().map(place).collect();
    let same_count = layer.fields().len() == existing.columns.len();
    match places.filter(|_| same_count && existing.geom.is_some() == fresh.geom.is_some()) {
        Some(places) => Table {
            columns: places.iter().map(|&at| existing.columns[at].clone()).collect(),
            fid: existing.fid.clone(),
            geom: existing.geom.clone(),
            ..fresh
        },
        None => fresh,
    }
}

/// The definition that is there, and where the loaded rows have the values of its fields.
fn joined(existing: &Table, layer: &Layer, mode: LoadMode) -> Inner<(Table, Option<Vec<Option<usize>>>)> {
    let (own, name) = (&existing.layer, layer.name());
    for field in layer.fields() {
        let found = own.fields().iter().find(|own| own.name == field.name);
        let kind = found.map(|found| found.field_type);
        if kind != Some(field.field_type) {
            let has = kind.map_or("has no such field".to_owned(), |kind| format!("has it as {kind}"));
            let reason = format!(
                "field {:?} is {}, and the store's layer {has}",
                field.name, field.field_type
            );
            return Err(misfit(name, reason));
        }
    }
    if existing.geom.is_none() && layer.geometry_type != GeometryType::None {
        return Err(misfit(name, "the store's layer has no geometry".to_owned()));
    }
    let mut table = existing.clone();
    if mode == LoadMode::Upsert {
        let key_of = |layer: &Layer| layer.key().map(|at| layer.fields()[at].name.clone());
        match (key_of(layer), key_of(own)) {
            (Some(loaded), Some(stored)) if loaded != stored => {
                return Err(misfit(
                    name,
                    format!("its key is {loaded:?}, and the store's layer has {stored:?}"),
                ));
            }
            (Some(loaded), None) => {
                let keyed = own.clone().with_key(loaded.as_str());
                table.layer = keyed.map_err(|e| misfit(name, e.to_string()))?;
            }
            (None, None) => return Err(needs_key(name)),
            _ => {}
        }
    }
    let places: Vec<_> = own
        .fields()
        .iter()
        .map(|field| layer.field_index(field.name.as_str()))
        .collect();
    let alike = places.len() == layer.fields().len() && places.iter().enumerate().all(|(i, at)| *at == Some(i));
    Ok((table, (!alike).then_some(places)))
}

/// The kind of a replaced layer: what its geometries turned out to be; what was expected where it has none.
fn found_kind(expected: GeometryType, found: GeometryType) -> GeometryType {
    match (expected, found) {
        (GeometryType::None, _) | (_, GeometryType::None) => expected,
        (_, found) => found,
    }
}

/// The kind of a layer of the one kind to which rows of the other were added.
fn joined_kind(there: GeometryType, added: GeometryType) -> GeometryType {
    use GeometryType::{Geometry, MultiPoint, None, Point};
    match (there, added) {
        (there, None) => there,
        (there, added) if there == added => there,
        (Point | MultiPoint, Point | MultiPoint) => MultiPoint,
        _ => Geometry,
    }
}

fn misfit(layer: &Name, reason: String) -> Fault {
    Error::Misfit {
        layer: layer.clone(),
        reason,
    }
    .into()
}

fn needs_key(layer: &Name) -> Fault {
    misfit(layer, "an upsert needs a key; name one with --key".to_owned())
}
