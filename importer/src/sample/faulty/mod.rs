//! A bad delivery: the sample city as CSV files, with planted faults and a ledger that says which, where and in what.
//!
//! The same number of parcels gives the same files. Faults are planted so that each is found under its own code, and
//! nothing else is: in parcels of today that nobody refers to and that have no past, one fault to a parcel. Where a fault
//! brings another with it (the second of two equal parcels lies on the first), the ledger has both.

mod attributes;
mod between;
mod ledger;
mod past;
mod shapes;
mod table;
mod topology;

pub use ledger::{Entry, Ledger};

use super::City;
use super::parcels::is_built_up;
use crate::error::{Error, Result};
use onemap_model::{Row, Value};
use shapes::Disc;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use table::Table;

/// Fields of a parcel, by their place in the layer.
mod field {
    pub const ZDDM: usize = 0;
    pub const BDCDYH: usize = 1;
    pub const YT: usize = 2;
    pub const ZDMJ: usize = 5;
}

/// What was planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planted {
    /// How many entries the ledger has.
    pub faults: usize,
    /// How many kinds of faults.
    pub kinds: usize,
}

/// The layers that are delivered.
const LAYERS: [&str; 6] = [
    "districts",
    "parcels",
    "parcel_lineage",
    "addresses",
    "roads",
    "buildings",
];

/// Writes the delivery of `city` and its `ledger.json` into a folder, which is made. All rows are held in memory: about
/// a kilobyte a parcel.
///
/// # Errors
/// Where nothing can be written there.
pub fn write(city: &City, folder: &Path) -> Result<Planted> {
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    let (tables, ledger) = plant(city)?;
    for table in &tables {
        let path = folder.join(format!("{}.csv", table.layer));
        std::fs::write(&path, table.csv()).map_err(|e| Error::io(&path, e))?;
    }
    let path = folder.join("ledger.json");
    std::fs::write(&path, ledger.json()).map_err(|e| Error::io(&path, e))?;
    Ok(Planted {
        faults: ledger.entries.len(),
        kinds: ledger.kinds(),
    })
}

/// The tables of the delivery, and what is wrong in them.
///
/// # Errors
/// None as long as the city has its layers.
pub fn plant(city: &City) -> Result<(Vec<Table>, Ledger)> {
    let mut tables = Vec::new();
    for name in LAYERS {
        let layer = city.layers().iter().find(|layer| layer.name().as_str() == name);
        let layer = layer.ok_or_else(|| Error::Usage(format!("the sample city has no layer {name}")))?;
        let mut table = Table::new(layer);
        let pushed = city.features(name, &mut |row: Row| {
            table.push(row);
            ControlFlow::Continue(())
        });
        pushed.map_err(|e| Error::Usage(e.to_string()))?;
        tables.push(table);
    }
    let mut ledger = Ledger::default();
    let mut field = Field::of(&tables);
    // So often each kind.
    let times = (city.parcels as usize / 8_000).clamp(1, 25);
    for _ in 0..times {
        let [_, parcels, lineage, addresses, roads, buildings] = &mut tables[..] else {
            unreachable!("there are six tables")
        };
        topology::plant(parcels, &mut field, &mut ledger);
        shapes::plant(parcels, &mut field, &mut ledger);
        attributes::plant(parcels, &mut field, &mut ledger);
        past::plant(parcels, lineage, &mut field, &mut ledger);
        past::plant_elsewhere(addresses, roads, &mut field, &mut ledger);
        between::plant(addresses, buildings, &mut field, &mut ledger);
        field.others += 1;
    }
    Ok((tables, ledger))
}

/// Where faults can be planted.
struct Field {
    /// Free parcels, by their place in the table, with the room in them.
    free: Vec<(usize, Disc)>,
    next: usize,
    used: HashSet<usize>,
    /// For each edge of a parcel that never changed (as bits, in its own direction) the parcel.
    edges: HashMap<[u64; 4], usize>,
    /// How many of other tables were used.
    others: usize,
}

impl Field {
    fn of(tables: &[Table]) -> Self {
        let [_, parcels, lineage, addresses, _, buildings] = tables else {
            unreachable!("there are six tables")
        };
        let text = |value: &Value| value.as_text().unwrap_or_default().to_owned();
        let past: HashSet<String> = lineage
            .rows
            .iter()
            .flat_map(|row| [text(&row.values[1]), text(&row.values[2])])
            .collect();
        // What stands on a parcel would be off it where that is moved.
        let names = |table: &Table, field: usize| -> Vec<String> {
            table.rows.iter().map(|row| text(&row.values[field])).collect()
        };
        let named: HashSet<String> = [names(addresses, 4), names(buildings, 5)]
            .concat()
            .into_iter()
            .collect();
        let survey = parcels.rows.iter().filter_map(|row| row.valid.from()).min();
        let (mut free, mut edges) = (Vec::new(), HashMap::new());
        for (at, row) in parcels.rows.iter().enumerate() {
            // What changed over time meets its neighbours more than once.
            let is_old = row.valid.from() == survey && !past.contains(&text(&row.values[field::ZDDM]));
            if row.valid.to().is_some() || !is_old {
                continue;
            }
            for pair in table::ring(row).windows(2) {
                edges.insert(edge_key(pair[0], pair[1]), at);
            }
            let is_free =
                !is_built_up(&text(&row.values[field::YT])) && !named.contains(&text(&row.values[field::ZDDM]));
            if let Some(disc) = Disc::within(row).filter(|_| is_free) {
                free.push((at, disc));
            }
        }
        Self {
            free,
            next: 0,
            used: HashSet::new(),
            edges,
            others: 0,
        }
    }

    /// The next free parcel.
    ///
    /// # Panics
    /// Where there is none: cities have a hundred free parcels to a thousand.
    fn take(&mut self) -> (usize, Disc) {
        // A step that has no divisor in common with the number spreads them over the city.
        let step = (self.free.len() / 97).max(1);
        for _ in 0..self.free.len() * 2 {
            let (at, disc) = self.free[self.next % self.free.len()];
            self.next += step;
            if self.next >= self.free.len() {
                self.next = self.next % step + 1;
            }
            if self.used.insert(at) {
                return (at, disc);
            }
        }
        let at = self.free.iter().find(|(at, _)| !self.used.contains(at));
        let (at, disc) = *at.expect("a city has more free parcels than faults");
        self.used.insert(at);
        (at, disc)
    }
}

fn edge_key(a: onemap_model::Coord, b: onemap_model::Coord) -> [u64; 4] {
    [a.x.to_bits(), a.y.to_bits(), b.x.to_bits(), b.y.to_bits()]
}
