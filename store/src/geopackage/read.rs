//! One consistent view of the file, now or as of a version.

use super::GeoPackage;
use super::catalog;
use super::fault::{Fault, Inner};
use super::prune;
use super::rows::Decoder;
use super::seal;
use super::table::{Table, quote};
use crate::{At, Error, LayerState, Reading, Result};
use onemap_model::{Feature, Fid, Name, Version};
use std::ops::ControlFlow;

/// Opens a view. Where the newest state is asked for, what other programs did is sealed first if that is possible; if
/// not, because somebody is writing, the last sealed state is seen.
pub(super) fn begin(package: &mut GeoPackage, at: At) -> Result<Box<dyn Reading + '_>> {
    if at == At::Now {
        match package.look() {
            Err(fault) if !fault.is_busy() => return Err(fault.of(&package.store)),
            _ => {}
        }
    }
    let view = View::begin(package, at);
    Ok(Box::new(view.map_err(|(fault, store)| fault.of(&store))?))
}

struct View<'p> {
    package: &'p GeoPackage,
    version: Version,
    /// Each layer at the version, and how its rows are found.
    layers: Vec<(Table, Source)>,
}

/// Where the rows of a layer at a version stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// In the table of current rows, all of it.
    Current,
    /// In both tables, told apart by their versions.
    Both,
    /// In the history alone: the table has other columns now.
    History,
}

impl<'p> View<'p> {
    fn begin(package: &'p GeoPackage, at: At) -> Result<Self, (Fault, String)> {
        let fail = |fault| (fault, package.store.clone());
        package.db.execute_batch("BEGIN").map_err(|error| fail(error.into()))?;
        // From here on, dropping the view ends the transaction.
        let mut view = View {
            package,
            version: Version(0),
            layers: Vec::new(),
        };
        view.fill(at).map_err(fail)?;
        Ok(view)
    }

    fn fill(&mut self, at: At) -> Inner<()> {
        let db = &self.package.db;
        let newest = catalog::version(db)?;
        let oldest = prune::oldest(db)?;
        self.version = match at {
            At::Now => newest,
            At::Version(asked) if (oldest..=newest).contains(&asked) => asked,
            At::Version(asked) => {
                return Err(Error::UnknownVersion { asked, oldest, newest }.into());
            }
        };
        let current = catalog::current_tables(db)?;
        for table in catalog::tables(db, self.version)? {
            let own = current.iter().find(|own| own.name() == table.name());
            let source = match own {
                Some(own) if own.holds_rows_of(&table) => {
                    let (changed, _) = catalog::state(db, table.name(), newest)?;
                    let is_newest = changed <= self.version && !seal::is_pending(db, own)?;
                    if is_newest { Source::Current } else { Source::Both }
                }
                _ => Source::History,
            };
            self.layers.push((table, source));
        }
        Ok(())
    }

    fn layer(&self, name: &Name) -> Inner<&(Table, Source)> {
        let found = self.layers.iter().find(|(table, _)| table.layer.name() == name);
        Ok(found.ok_or_else(|| Error::UnknownLayer(name.clone()))?)
    }

    fn sql(&self, table: &Table, source: Source, filter: &str) -> String {
        let (t, h, columns, v) = (table.current(), table.history(), table.decoded(), self.version);
        let fid = quote(&table.fid);
        // The plus keeps SQLite from going through an index when it needs every row.
        let current = format!("SELECT {columns} FROM {t} WHERE +since <= {v}{filter}");
        // A row with an open end was saved by a trigger and not sealed yet: it is the sealed state, unless the
        // statement that made the trigger save it was ignored in the end.
        let saved = match source {
            Source::History => "until IS NULL".to_owned(),
            _ => format!(
                "(until IS NULL AND NOT EXISTS (SELECT 1 FROM {t} onemap_t WHERE onemap_t.{fid} = {h}.{fid} \
                 AND onemap_t.since IS NOT NULL))"
            ),
        };
        let history = format!("SELECT {columns} FROM {h} WHERE since <= {v} AND (until > {v} OR {saved}){filter}");
        match source {
            Source::Current => format!("SELECT {columns} FROM {t} WHERE 1{filter}"),
            Source::Both => format!("{current} UNION ALL {history}"),
            Source::History => history,
        }
    }

    fn visit(&self, name: &Name, filter: &str, each: &mut dyn FnMut(Feature) -> ControlFlow<()>) -> Inner<()> {
        let (table, source) = self.layer(name)?;
        let mut statement = self.package.db.prepare(&self.sql(table, *source, filter))?;
        let mut rows = statement.query([])?;
        let mut decoder = Decoder::new(table);
        while let Some(row) = rows.next()? {
            if let Some(feature) = decoder.feature(row, 0)?
                && each(feature).is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn states(&self) -> Inner<Vec<LayerState>> {
        let state = |(table, _): &(Table, Source)| {
            let (changed, features) = catalog::state(&self.package.db, table.name(), self.version)?;
            Ok(LayerState {
                layer: table.layer.clone(),
                features,
                changed,
            })
        };
        self.layers.iter().map(state).collect()
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.package.db.execute_batch("COMMIT") {
            tracing::warn!("the end of a reading failed: {error}");
        }
    }
}

impl Reading for View<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn layers(&mut self) -> Result<Vec<LayerState>> {
        self.package.named(self.states())
    }

    fn features(&mut self, layer: &Name, each: &mut dyn FnMut(Feature) -> ControlFlow<()>) -> Result<()> {
        self.package.named(self.visit(layer, "", each))
    }

    fn feature(&mut self, layer: &Name, fid: Fid) -> Result<Option<Feature>> {
        let mut found = None;
        let filter = |table: &Table| format!(" AND {} = {fid}", quote(&table.fid));
        let visited = self.layer(layer).and_then(|(table, _)| {
            self.visit(layer, &filter(table), &mut |feature| {
                found = Some(feature);
                ControlFlow::Break(())
            })
        });
        self.package.named(visited)?;
        Ok(found)
    }
}
