//! Loads: the writing transaction is open from beginning to end, so one load is one version or nothing.

use super::GeoPackage;
use super::apply;
use super::batches;
use super::catalog::{self, Touched};
use super::fault::{Fault, Inner};
use super::look;
use super::preview;
use super::schema;
use super::seal;
use super::stage::Stage;
use super::table::Table;
use crate::batch::{BatchLayer, Record};
use crate::layer::fit::{check_load, misfit, was_prepared};
use crate::layer::plan::{self, Places};
use crate::{Batch, CommitStep, Committed, Delivery, Error, Load, LoadCounts, LoadMode, Planned, Result};
use onemap_model::{GeometryType, Layer, Name, Row, Version};
use rusqlite::Connection;
use std::ops::ControlFlow;

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
        delivery: Delivery::default(),
        base: Version(0),
        layers: Vec::new(),
        state: State::BetweenLayers,
        written: None,
    };
    let settled = look::settle(&loading.package.db, loading.package.crs);
    loading.base = loading.package.named(settled)?;
    Ok(Box::new(loading))
}

struct Loading<'p> {
    package: &'p mut GeoPackage,
    batch: Batch,
    delivery: Delivery,
    base: Version,
    layers: Vec<LayerLoad>,
    state: State,
    written: Option<Written>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    BetweenLayers,
    InLayer,
    Committed,
}

/// What became of each layer once it was written, and is not committed yet.
type Written = Vec<(Option<Touched>, LoadCounts)>;

/// One layer of a load.
pub(super) struct LayerLoad {
    /// The rows, and the definition that they are kept under.
    pub stage: Stage,
    /// What happens to the rows that are there.
    pub mode: LoadMode,
    /// The layer as it is in the store; none where it is new.
    pub existing: Option<Table>,
    places: Option<Places>,
}

impl Loading<'_> {
    fn start(&mut self, layer: &Layer, mode: LoadMode) -> Inner<()> {
        let name = layer.name();
        if self.state == State::InLayer {
            return Err(misfit(layer, "the layer before it was not finished".to_owned()).into());
        }
        if self.written.is_some() {
            return Err(was_prepared(layer).into());
        }
        if self.layers.iter().any(|one| one.stage.table.layer.name().is_same(name)) {
            return Err(Error::LayerTwice(name.clone()).into());
        }
        if layer.crs != self.package.crs {
            let reason = format!("it is in {}, and the store is in {}", layer.crs, self.package.crs);
            return Err(misfit(layer, reason).into());
        }
        let db = &self.package.db;
        let tables = catalog::current_tables(db)?;
        let existing = tables.into_iter().find(|table| table.layer.name().is_same(name));
        if let Some(other) = existing.as_ref().filter(|table| table.layer.name() != name) {
            let reason = format!("the store has it as {:?}: use that spelling", other.layer.name());
            return Err(misfit(layer, reason).into());
        }
        if existing.is_none() && schema::exists(db, name.as_str())? {
            let reason = "the store has a table of that name that is no layer".to_owned();
            return Err(misfit(layer, reason).into());
        }
        let (table, places) = match (&existing, mode) {
            (Some(existing), LoadMode::Append | LoadMode::Upsert) => {
                let (kept, places) = plan::joined(&existing.layer, layer, mode)?;
                let table = Table {
                    layer: kept,
                    ..existing.clone()
                };
                (table, places)
            }
            (Some(existing), LoadMode::Replace) => (laid_like(existing, layer), None),
            (None, LoadMode::Upsert) if layer.key().is_none() => return Err(plan::needs_key(layer).into()),
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
        current.ok_or_else(|| {
            let (layer, reason) = (Name::from_source(""), "no layer was started".to_owned());
            Error::Misfit { layer, reason }.into()
        })
    }

    fn add(&mut self, row: Row) -> Inner<()> {
        let current = self.current()?;
        let row = match &current.places {
            Some(places) => places.of(row),
            None => row,
        };
        check_load(&current.stage.table.layer, &row)?;
        let at = self.layers.len() - 1;
        self.layers[at].stage.push(&self.package.db, &row)
    }

    fn finish(&mut self, kind: GeometryType) -> Inner<()> {
        let current = self.current()?;
        let layer = &mut current.stage.table.layer;
        layer.geometry_type = match current.mode {
            LoadMode::Replace => plan::found_kind(layer.geometry_type, kind),
            _ if current.existing.is_none() => plan::found_kind(layer.geometry_type, kind),
            _ => plan::joined_kind(layer.geometry_type, kind),
        };
        self.state = State::BetweenLayers;
        Ok(())
    }

    fn tell(
        &mut self,
        step: &mut dyn FnMut(CommitStep),
        each: &mut dyn FnMut(Planned<'_>) -> ControlFlow<()>,
    ) -> Inner<Vec<(Name, LoadCounts)>> {
        if let (Some(_), Some(first)) = (&self.written, self.layers.first()) {
            return Err(was_prepared(&first.stage.table.layer).into());
        }
        let db = &self.package.db;
        let mut flow = ControlFlow::Continue(());
        let mut counts = Vec::new();
        for layer in &self.layers {
            let mut each = |planned: Planned<'_>| {
                if flow.is_continue() {
                    flow = each(planned);
                }
                flow
            };
            let done = preview::preview(db, layer, step, &mut each)?;
            counts.push((layer.stage.table.layer.name().clone(), done));
        }
        Ok(counts)
    }

    /// Writes all layers into their tables, where that was not done.
    fn write(&mut self, step: &mut dyn FnMut(CommitStep)) -> Inner<Written> {
        if let Some(written) = self.written.take() {
            return Ok(written);
        }
        if self.state == State::InLayer {
            let layer = &self.current()?.stage.table.layer;
            return Err(misfit(layer, "it was not finished".to_owned()).into());
        }
        let (db, next) = (&self.package.db, self.base.next());
        seal::open_gate(db)?;
        let layers = self.layers.iter();
        let written = layers
            .map(|layer| apply::apply(db, layer, next, step))
            .collect::<Inner<_>>()?;
        seal::close_gate(db)?;
        Ok(written)
    }

    /// Makes a version of what was written.
    fn seal(&mut self, written: Written, step: &mut dyn FnMut(CommitStep)) -> Inner<Committed> {
        let (db, next) = (&self.package.db, self.base.next());
        let (mut touched, mut counts) = (Vec::new(), Vec::new());
        for (layer, (one, done)) in self.layers.iter().zip(written) {
            touched.extend(one);
            counts.push((layer.stage.table.layer.name().clone(), done));
        }
        let version = if touched.is_empty() { self.base } else { next };
        if !touched.is_empty() {
            touched.sort_by(|a, b| a.layer.cmp(&b.layer));
            catalog::record(db, next, &self.batch.who, &self.batch.what, &touched)?;
            batches::record(db, next, None, &self.record(&counts))?;
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

impl Loading<'_> {
    /// What is kept of the batch.
    fn record(&self, counts: &[(Name, LoadCounts)]) -> Record {
        let layers = self.layers.iter().zip(counts);
        let layers = layers.map(|(load, (layer, counts))| BatchLayer {
            layer: layer.clone(),
            mode: Some(load.mode),
            counts: *counts,
        });
        Record {
            layers: layers.collect(),
            delivery: self.delivery.clone(),
        }
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

    fn describe(&mut self, delivery: Delivery) {
        self.delivery = delivery;
    }

    fn prepare(&mut self, step: &mut (dyn FnMut(CommitStep) + Send)) -> Result<()> {
        let written = self.write(step);
        self.written = Some(self.package.named(written)?);
        Ok(())
    }

    fn preview(
        mut self: Box<Self>,
        step: &mut dyn FnMut(CommitStep),
        each: &mut dyn FnMut(Planned<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<(Name, LoadCounts)>> {
        let told = self.tell(step, each);
        self.package.named(told)
    }

    fn commit(mut self: Box<Self>, step: &mut dyn FnMut(CommitStep)) -> Result<Committed> {
        let sealed = self.write(step).and_then(|written| self.seal(written, step));
        self.package.named(sealed)
    }
}

/// Commits, waiting for those who read: no new reader gets in meanwhile, and a long load is not to be lost to one.
pub(super) fn commit_patiently(db: &Connection) -> Inner<()> {
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
    match plan::same_fields(&existing.layer, layer) {
        Some(places) => Table {
            columns: places.iter().map(|&at| existing.columns[at].clone()).collect(),
            fid: existing.fid.clone(),
            geom: existing.geom.clone(),
            ..fresh
        },
        None => fresh,
    }
}
