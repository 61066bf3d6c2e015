//! Where the rows of a load go while it is under way: straight into the new table of a layer, and into its history where
//! that begins with it, or into a temporary table to be compared with what is there. All go with the transaction.

use super::connect::Link;
use super::copy::{self, CopyIn};
use super::edit::dims;
use super::ewkb;
use super::fit::check_load;
use super::schema;
use super::table::{Column, Table, quote};
use super::types::{self, Dims, Shape};
use super::values;
use crate::Result;
use crate::layer::fit::misfit;
use onemap_model::{Dimension, GeometryType, Row, Value};

/// How rows are copied. All the tables are made in the transaction: nobody else sees them before it ends, and their rows
/// can be as settled as those that were vacuumed, so that indexes are made without asking who sees what.
const HOW: &str = "FORMAT binary, FREEZE";

/// What the table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It will be the layer's table; its numbers begin after this one.
    Become(i64),
    /// It is compared with the layer's table. Its numbers are only those of the rows, from 1 on.
    Compare,
}

/// What the history of a layer has of the staged rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InHistory {
    /// Nothing: it is there from before, or these rows do not go into it as they are.
    Nothing,
    /// All of them, as states that begin with the transaction of this number.
    All(i64),
    /// What they were before the column of geometries was made another.
    Outdated,
}

/// The rows of one layer of a load.
#[derive(Debug)]
pub(super) struct Stage {
    /// The layer as it is loaded, in the columns of this table; [`Table::current`] is not its name.
    pub table: Table,
    /// The table's name, quoted, with its schema.
    pub name: String,
    pub purpose: Purpose,
    /// Whether the layer's history has the rows too.
    pub in_history: InHistory,
    /// How many rows were added.
    pub rows: u64,
    /// What the geometries turned out to be: none as long as there was none.
    pub dims: Option<Dims>,
    copy: Option<CopyIn>,
    /// Whether the geometry column takes anything.
    is_wide: bool,
}

impl Stage {
    /// Makes the table, and begins to copy into it. A history that is not there yet is made, and gets the rows at once, as
    /// states that begin with the transaction `tx`.
    pub fn create(
        link: &mut Link,
        table: Table,
        (purpose, tx): (Purpose, i64),
        name: String,
        postgis: &str,
    ) -> Result<Self> {
        let mut stage = Self {
            table,
            name,
            purpose,
            in_history: InHistory::Nothing,
            rows: 0,
            dims: None,
            copy: None,
            is_wide: purpose == Purpose::Compare,
        };
        let sql = match purpose {
            Purpose::Become(_) => schema::create_current(&stage.table, &stage.name, postgis),
            Purpose::Compare => stage.temporary(postgis),
        };
        link.batch(&sql)?;
        let begins = matches!(purpose, Purpose::Become(_)) && !schema::has_history(link, &stage.table)?;
        if begins {
            schema::ensure_history(link, &mut stage.table, postgis)?;
            stage.in_history = InHistory::All(tx);
        }
        stage.begin_copy(link)?;
        Ok(stage)
    }

    /// The statement that makes the table for comparing: columns of the declared types, in a fixed order.
    fn temporary(&mut self, postgis: &str) -> String {
        let kinds = self
            .table
            .layer
            .fields()
            .iter()
            .map(|field| types::declared(field.field_type));
        let columns = kinds.enumerate().map(|(i, kind)| Column {
            name: format!("c{i}"),
            sql_type: kind.to_owned(),
            history: self.table.columns[i].history.clone(),
        });
        let columns: Vec<Column> = columns.collect();
        let bare = Table::new(self.table.layer.clone(), Dims::Mixed);
        self.table = Table { columns, ..bare };
        let geom = self
            .table
            .geom
            .iter()
            .map(|geom| format!(", {} {postgis}.geometry", quote(geom)));
        let fields = self
            .table
            .columns
            .iter()
            .map(|column| format!(", {} {}", column.name, column.sql_type));
        format!(
            "CREATE TEMPORARY TABLE {} (fid bigint{}, valid_from timestamptz, valid_to timestamptz{}) ON COMMIT DROP",
            self.name,
            geom.collect::<String>(),
            fields.collect::<String>()
        )
    }

    fn begin_copy(&mut self, link: &mut Link) -> Result<()> {
        let columns = self.table.current_content().join(", ");
        let (name, fid) = (&self.name, quote(&self.table.fid));
        let mut tables = vec![copy::Into {
            statement: format!("COPY {name} ({fid}, {columns}) FROM STDIN ({HOW})"),
            last: Vec::new(),
        }];
        if let InHistory::All(tx) = self.in_history {
            let columns = self.table.history_content().join(", ");
            let history = self.table.history();
            tables.push(copy::Into {
                statement: format!("COPY {history} (fid, {columns}, since_tx) FROM STDIN ({HOW})"),
                last: vec![tx],
            });
        }
        self.copy = Some(CopyIn::begin(link, tables)?);
        Ok(())
    }

    /// The number of the row that was added last.
    pub fn last_number(&self) -> i64 {
        let first = match self.purpose {
            Purpose::Become(after) => after,
            Purpose::Compare => 0,
        };
        first + self.rows as i64
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`crate::Error::Misfit`], which adds nothing; faults, after which the load is lost.
    pub fn push(&mut self, link: &mut Link, row: &Row, postgis: &str) -> Result<()> {
        check_load(&self.table.layer, row)?;
        self.see(link, row, postgis)?;
        let number = self.last_number() + 1;
        let table = &self.table;
        let columns = table.columns.len() + 3 + usize::from(table.geom.is_some());
        let copy = self.copy.as_mut().expect("rows are pushed between start and end");
        copy.row(columns, |out| write(table, number, row, out))
            .map_err(|reason| misfit(&table.layer, reason))?;
        self.rows += 1;
        copy.relieve(link)
    }

    /// Ends the copy.
    pub fn finish(&mut self, link: &mut Link) -> Result<()> {
        match self.copy.take() {
            Some(copy) => copy.finish(link),
            None => Ok(()),
        }
    }

    /// Lets the column take whatever comes, where a geometry comes that it was not declared for.
    fn see(&mut self, link: &mut Link, row: &Row, postgis: &str) -> Result<()> {
        let (Some(geometry), Some(geom)) = (&row.geometry, &self.table.geom) else {
            return Ok(());
        };
        let own = dims(geometry);
        self.dims = Some(self.dims.map_or(own, |dims| dims.with(own)));
        let kind = self.table.layer.geometry_type;
        let fits = match kind.dimension() {
            None => true,
            Some(Dimension::Point) => {
                geometry.dimension() == Some(Dimension::Point)
                    && (kind == GeometryType::MultiPoint || geometry.coord_count() <= 1)
            }
            other => geometry.dimension() == other,
        };
        if self.is_wide || (fits && self.dims == Some(self.table.shape.dims)) {
            return Ok(());
        }
        let g = quote(geom);
        self.finish(link)?;
        link.batch_long(&format!(
            "ALTER TABLE {} ALTER COLUMN {g} TYPE {postgis}.geometry",
            self.name
        ))?;
        self.is_wide = true;
        self.begin_copy(link)
    }

    /// Declares the column of a table that becomes the layer's as what was found.
    pub fn settle(&mut self, link: &mut Link, kind: GeometryType, postgis: &str) -> Result<()> {
        let loaded_as = self.table.layer.geometry_type;
        self.table.layer.geometry_type = kind;
        let (Purpose::Become(_), Some(geom)) = (self.purpose, &self.table.geom) else {
            return Ok(());
        };
        let shape = Shape::of(kind, self.dims.unwrap_or(Dims::Xy));
        if shape == self.table.shape && !self.is_wide {
            return Ok(());
        }
        self.table.shape = shape;
        let g = quote(geom);
        let value = match kind {
            GeometryType::MultiPoint | GeometryType::MultiLineString | GeometryType::MultiPolygon
                if loaded_as != kind =>
            {
                if self.in_history != InHistory::Nothing {
                    self.in_history = InHistory::Outdated;
                }
                format!("{postgis}.ST_Multi({g})")
            }
            _ => g.clone(),
        };
        let declared = self.table.geometry_type();
        let check = match shape.dims {
            Dims::Mixed => format!(", ADD CHECK ({postgis}.ST_SRID({g}) = {})", self.table.layer.crs.code()),
            _ => String::new(),
        };
        link.batch_long(&format!(
            "ALTER TABLE {} ALTER COLUMN {g} TYPE {postgis}.{declared} USING {value}{check}",
            self.name
        ))
    }
}

/// Appends the fields of a row in the order of the copy.
fn write(table: &Table, number: i64, row: &Row, out: &mut Vec<u8>) -> Result<(), String> {
    put(&Value::Int(number), out)?;
    if table.geom.is_some() {
        match &row.geometry {
            None => copy::null(out),
            Some(geometry) => copy::field(out, |out| {
                ewkb::encode(geometry, table.layer.geometry_type, table.layer.crs, out);
                Ok::<(), String>(())
            })?,
        }
    }
    for end in [row.valid.from(), row.valid.to()] {
        put(&end.map_or(Value::Null, Value::DateTime), out)?;
    }
    row.values.iter().try_for_each(|value| put(value, out))
}

fn put(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    if value.is_null() {
        copy::null(out);
        return Ok(());
    }
    copy::field(out, |out| values::encode(value, out))
}
