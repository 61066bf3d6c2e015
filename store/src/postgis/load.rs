//! Loads: one transaction from beginning to end, so one load is one version or nothing.
//!
//! The rows of a layer that is new, or gets other columns, are copied straight into its table (`stage`, `apply`); others
//! wait in a temporary table, and are compared with those that are there (`compare`).

use super::PostGis;
use super::apply;
use super::batches;
use super::catalog;
use super::connect::Link;
use super::preview;
use super::schema;
use super::stage::{Purpose, Stage};
use super::table::{Table, literal, quote};
use super::transaction::{self, Isolation};
use super::types::Dims;
use crate::batch::{BatchLayer, Record};
use crate::layer::fit::{misfit, was_prepared};
use crate::layer::plan::{self, Places};
use crate::{Batch, CommitStep, Committed, Delivery, Error, Load, LoadCounts, LoadMode, Planned, Result};
use onemap_model::{GeometryType, Layer, Name, Row, Version};
use std::ops::ControlFlow;

/// What a load's transaction is given beyond others: all the time it needs, memory for sorting, patience with writers. Its
/// few long statements would each be compiled for seconds, because of temporary tables of which nothing is known.
const SETTINGS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
    SET LOCAL work_mem = '64MB'; SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL jit = off";
/// How long the commit waits for somebody who writes to one of the layers.
pub(super) const PATIENCE: &str = "SET LOCAL lock_timeout = '10min'";
/// One load at a time; the lock goes with the transaction, however it ends.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('onemap'), hashtext('load'))";

/// Begins a load; see [`crate::Store::begin`].
pub(super) fn begin<'p>(store: &'p mut PostGis, batch: &Batch) -> Result<Box<dyn Load + 'p>> {
    store.look()?;
    let loading = Loading {
        store,
        batch: batch.clone(),
        delivery: Delivery::default(),
        layers: Vec::new(),
        state: State::BetweenLayers,
        tx: None,
    };
    let link = &mut loading.store.link;
    link.batch(Isolation::ReadCommitted.begin())?;
    prepare(link)?;
    Ok(Box::new(loading))
}

/// Makes the running transaction one for long work, and the only one of its kind.
pub(super) fn prepare(link: &mut Link) -> Result<()> {
    link.batch(SETTINGS)?;
    link.batch(LOCK)
}

struct Loading<'p> {
    store: &'p mut PostGis,
    batch: Batch,
    delivery: Delivery,
    layers: Vec<LayerLoad>,
    state: State,
    /// What the history calls the transaction, once something was written in it.
    tx: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    BetweenLayers,
    InLayer,
    Committed,
}

/// One layer of a load.
#[derive(Debug)]
pub(super) struct LayerLoad {
    /// The rows, and the definition that they were loaded with.
    pub stage: Stage,
    /// What happens to the rows that are there.
    pub mode: LoadMode,
    /// The layer as it is in the store; none where it is new.
    pub existing: Option<Table>,
    /// The layer as it will be, in the columns of its table; where a new table comes, the stage has it.
    pub kept: Table,
    places: Option<Places>,
    written: Option<LoadCounts>,
}

impl Loading<'_> {
    fn start(&mut self, layer: &Layer, mode: LoadMode) -> Result<()> {
        let name = layer.name();
        if self.state == State::InLayer {
            return Err(misfit(layer, "the layer before it was not finished".to_owned()));
        }
        if self.tx.is_some() {
            return Err(was_prepared(layer));
        }
        if self.layers.iter().any(|one| one.stage.table.layer.name().is_same(name)) {
            return Err(Error::LayerTwice(name.clone()));
        }
        let crs = self.store.crs;
        if layer.crs != crs {
            return Err(misfit(
                layer,
                format!("it is in {}, and the store is in {crs}", layer.crs),
            ));
        }
        let existing = self.existing(layer)?;
        let (kept, places, is_kept) = match (&existing, mode) {
            (Some(existing), LoadMode::Append | LoadMode::Upsert) => {
                let (kept, places) = plan::joined(&existing.layer, layer, mode)?;
                let table = Table {
                    layer: kept,
                    ..existing.clone()
                };
                (table, places, true)
            }
            (Some(existing), LoadMode::Replace) => match plan::same_fields(&existing.layer, layer) {
                Some(places) => (laid_like(existing, layer, &places), None, true),
                None => (fresh(layer), None, false),
            },
            (None, LoadMode::Upsert) if layer.key().is_none() => return Err(plan::needs_key(layer)),
            (None, _) => (fresh(layer), None, false),
        };
        let number = self.layers.len();
        let tx = catalog::enter(&mut self.store.link, &self.batch.who, &self.batch.what)?;
        let (link, postgis) = (&mut self.store.link, &self.store.postgis);
        let (purpose, name) = if is_kept {
            (Purpose::Compare, format!("pg_temp.onemap_stage_{number}"))
        } else {
            let place = match existing {
                Some(_) => format!("onemap_history.{}", quote(&format!("{}_new", kept.name()))),
                None => kept.current(),
            };
            (Purpose::Become(last_number(link, &kept)?), place)
        };
        let stage = Stage::create(link, kept.clone(), (purpose, tx), name, postgis)?;
        self.layers.push(LayerLoad {
            stage,
            mode,
            existing,
            kept,
            places,
            written: None,
        });
        self.state = State::InLayer;
        Ok(())
    }

    /// The layer of that name that is there.
    fn existing(&mut self, layer: &Layer) -> Result<Option<Table>> {
        let (link, name) = (&mut self.store.link, layer.name());
        let tables = catalog::current_tables(link)?;
        let existing = tables.into_iter().find(|table| table.layer.name().is_same(name));
        match &existing {
            Some(other) if other.layer.name() != name => {
                let reason = format!("the store has it as {:?}: use that spelling", other.layer.name());
                return Err(misfit(layer, reason));
            }
            None if schema::columns_of(link, "public", name.as_str())?.is_some() => {
                let reason = "the database has a table of that name that is no layer".to_owned();
                return Err(misfit(layer, reason));
            }
            _ => {}
        }
        Ok(existing)
    }

    fn current(&mut self) -> Result<&mut LayerLoad> {
        let started = self.state == State::InLayer;
        let current = self.layers.last_mut().filter(|_| started);
        current.ok_or_else(|| Error::Misfit {
            layer: Name::from_source(""),
            reason: "no layer was started".to_owned(),
        })
    }

    /// Writes those layers into their tables that were not, of all or of those alone that nobody else knows yet.
    fn write(&mut self, which: Which, step: &mut dyn FnMut(CommitStep)) -> Result<i64> {
        if self.state == State::InLayer {
            let layer = self.current()?.stage.table.layer.clone();
            return Err(misfit(&layer, "it was not finished".to_owned()));
        }
        let (link, postgis) = (&mut self.store.link, self.store.postgis.as_str());
        let tx = match self.tx {
            Some(tx) => tx,
            None => {
                link.batch(PATIENCE)?;
                *self.tx.insert(catalog::enter(link, &self.batch.who, &self.batch.what)?)
            }
        };
        for layer in &mut self.layers {
            if layer.written.is_none() && (which == Which::All || layer.existing.is_none()) {
                layer.written = Some(apply::apply(link, layer, tx, postgis, step)?);
            }
        }
        Ok(tx)
    }

    /// Makes a version of what was written.
    fn seal(&mut self, tx: i64, step: &mut dyn FnMut(CommitStep)) -> Result<Committed> {
        let one = |layer: &LayerLoad| {
            (
                layer.stage.table.layer.name().clone(),
                layer.written.unwrap_or_default(),
            )
        };
        let counts: Vec<(Name, LoadCounts)> = self.layers.iter().map(one).collect();
        let record = self.record(&counts);
        let link = &mut self.store.link;
        batches::record(link, tx, None, &record)?;
        step(CommitStep {
            what: "syncing",
            layer: None,
            done: 0,
            total: 0,
        });
        let version = commit(link, tx)?;
        self.state = State::Committed;
        Ok(Committed {
            version,
            layers: counts,
        })
    }
}

/// Which layers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those that are new: nobody waits for them.
    New,
    /// All. Who writes to the others, or reads one that gets other columns, waits until the commit.
    All,
}

/// Commits. Where the connection is lost before the answer came, the database is asked what became of it.
pub(super) fn commit(link: &mut Link, tx: i64) -> Result<Version> {
    match link.batch_long("COMMIT") {
        Ok(()) => catalog::version_of(link, tx),
        Err(Error::Unreachable { store, reason }) => {
            let version = link.ready().and_then(|_| {
                let rows = link.query("SELECT version FROM onemap_meta.commit WHERE tx = $1", &[&tx])?;
                Ok(rows.first().and_then(|row| row.get::<_, Option<i64>>(0)))
            });
            match version {
                Ok(Some(version)) => Ok(catalog::number(version)),
                _ => Err(Error::Unreachable { store, reason }),
            }
        }
        Err(error) => Err(error),
    }
}

/// The layer as loaded, in the columns that are there already, at these places.
fn laid_like(existing: &Table, layer: &Layer, places: &[usize]) -> Table {
    Table {
        layer: layer.clone(),
        columns: places.iter().map(|&at| existing.columns[at].clone()).collect(),
        ..existing.clone()
    }
}

/// The table of a layer that is new.
fn fresh(layer: &Layer) -> Table {
    Table::new(layer.clone(), Dims::Xy)
}

/// The last number that a layer of this name ever gave, which a new table goes on from.
fn last_number(link: &mut Link, table: &Table) -> Result<i64> {
    link.batch(&schema::create_sequence(table))?;
    let sql = format!(
        "SELECT coalesce(pg_sequence_last_value({}), 0)",
        literal(&table.sequence())
    );
    Ok(link.query(&sql, &[])?[0].get(0))
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
        if self.state != State::Committed {
            // A copy that is under way ends with its stage.
            self.layers.clear();
            transaction::roll_back(&mut self.store.link);
        }
    }
}

impl Load for Loading<'_> {
    fn start_layer(&mut self, layer: &Layer, mode: LoadMode) -> Result<()> {
        self.start(layer, mode)
    }

    fn push(&mut self, row: Row) -> Result<()> {
        let current = self.current()?;
        let row = match &current.places {
            Some(places) => places.of(row),
            None => row,
        };
        let last = self.layers.len() - 1;
        let PostGis { link, postgis, .. } = &mut *self.store;
        self.layers[last].stage.push(link, &row, postgis)
    }

    fn finish_layer(&mut self, geometry_type: GeometryType) -> Result<()> {
        self.current()?;
        let last = self.layers.len() - 1;
        let current = &mut self.layers[last];
        let PostGis { link, postgis, .. } = &mut *self.store;
        current.stage.finish(link)?;
        let there = current.kept.layer.geometry_type;
        let kind = match current.mode {
            LoadMode::Append | LoadMode::Upsert if current.existing.is_some() => {
                plan::joined_kind(there, geometry_type)
            }
            _ => plan::found_kind(there, geometry_type),
        };
        current.kept.layer.geometry_type = kind;
        current.stage.settle(link, kind, postgis)?;
        self.state = State::BetweenLayers;
        Ok(())
    }

    fn describe(&mut self, delivery: Delivery) {
        self.delivery = delivery;
    }

    fn prepare(&mut self, step: &mut (dyn FnMut(CommitStep) + Send)) -> Result<()> {
        self.write(Which::New, step).map(drop)
    }

    fn preview(
        mut self: Box<Self>,
        step: &mut dyn FnMut(CommitStep),
        each: &mut dyn FnMut(Planned<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<(Name, LoadCounts)>> {
        if let (Some(_), Some(first)) = (self.tx, self.layers.first()) {
            return Err(was_prepared(&first.kept.layer));
        }
        let mut flow = ControlFlow::Continue(());
        let mut counts = Vec::new();
        let Self { store, layers, .. } = &mut *self;
        for layer in layers {
            let mut each = |planned: Planned<'_>| {
                if flow.is_continue() {
                    flow = each(planned);
                }
                flow
            };
            let done = preview::preview(&mut store.link, layer, &store.postgis, step, &mut each)?;
            counts.push((layer.stage.table.layer.name().clone(), done));
        }
        Ok(counts)
    }

    fn commit(mut self: Box<Self>, step: &mut dyn FnMut(CommitStep)) -> Result<Committed> {
        let tx = self.write(Which::All, step)?;
        self.seal(tx, step)
    }
}
