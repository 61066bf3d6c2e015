//! Faults of lineage, references and roads.

use super::table::Table;
use super::{Field, Ledger, field};
use onemap_model::FindingCode as Code;
use onemap_model::{Date, Geometry, Row, TimeSpan, Value};

/// The day of the first survey: parcels live from then on.
const SURVEY: (i16, i8, i8) = (2010, 1, 1);

/// Fields of the layer of lineage.
const PARENT: usize = 1;
const OPERATION: usize = 3;
const CASE: usize = 5;
const AREA: usize = 6;

fn add(lineage: &mut Table, parent: &str, child: &str, area: f64) -> String {
    let id = format!("{parent}-{child}");
    let (year, month, day) = SURVEY;
    lineage.push(Row {
        geometry: None,
        values: vec![
            Value::text(id.as_str()),
            Value::text(parent),
            Value::text(child),
            Value::text("split"),
            Value::Date(Date::new(year, month, day).expect("a day of the calendar")),
            Value::text("planted"),
            Value::float(area).expect("it is finite"),
        ],
        valid: TimeSpan::ALWAYS,
    });
    id
}

/// Plants one of each in the lineage of parcels.
pub(super) fn plant(parcels: &Table, lineage: &mut Table, free: &mut Field, ledger: &mut Ledger) {
    let mut take = || {
        let (row, _) = free.take();
        parcels.text(row, field::ZDDM)
    };
    let nobody = |key: &str| format!("{}997{}", &key[..6], &key[9..]);

    let child = take();
    let id = add(lineage, &nobody(&child), &child, 100.0);
    ledger.add(
        "parent that is not there",
        Code::LineageParentMissing,
        "parcel_lineage",
        &[&id],
        None,
    );

    let parent = take();
    let id = add(lineage, &parent, &nobody(&parent), 100.0);
    for code in [Code::LineageChildMissing, Code::LineageTime] {
        ledger.add("child that is not there", code, "parcel_lineage", &[&id], None);
    }

    let same = take();
    let id = add(lineage, &same, &same, 100.0);
    ledger.add("own ancestor", Code::LineageCycle, "parcel_lineage", &[&id], None);

    // The first rows of cases that were not touched yet.
    let mut case = || {
        let first = (free.others..lineage.rows.len())
            .find(|row| *row == 0 || lineage.text(*row, CASE) != lineage.text(*row - 1, CASE))
            .expect("there are more cases than faults");
        free.others = first + 1;
        first
    };
    let (one, two) = (case(), case());
    let id = lineage.text(one, 0);
    lineage.set(one, OPERATION, "swap");
    ledger.add(
        "operation that is none",
        Code::ValuePattern,
        "parcel_lineage",
        &[&id],
        None,
    );
    let id = lineage.text(two, 0);
    lineage.rows[two].values[AREA] = Value::float(1e6).expect("it is finite");
    ledger.add(
        "areas that do not add up",
        Code::LineageArea,
        "parcel_lineage",
        &[&id],
        None,
    );
    debug_assert!(!lineage.text(two, PARENT).is_empty());
}

/// Plants one of each in addresses and roads.
pub(super) fn plant_elsewhere(addresses: &mut Table, roads: &mut Table, free: &mut Field, ledger: &mut Ledger) {
    const ZDDM: usize = 4;
    let row = free.others * 7 % addresses.rows.len();
    let (id, key) = (addresses.text(row, 0), addresses.text(row, ZDDM));
    addresses.set(row, ZDDM, format!("{}996{}", &key[..6], &key[9..]));
    let place = addresses.rows[row].geometry.as_ref().and_then(|g| g.coords().next());
    ledger.add(
        "address on no parcel",
        Code::ReferenceMissing,
        "addresses",
        &[&id],
        place,
    );

    let row = free.others * 5 % roads.rows.len();
    let Some(at) = roads.rows[row]
        .geometry
        .as_ref()
        .map(Geometry::coords)
        .and_then(|mut all| all.next())
    else {
        return;
    };
    roads
        .wkt
        .insert(row, format!("LINESTRING({0} {1},{0} {1})", at.x, at.y));
    let id = roads.text(row, 0);
    ledger.add("road without length", Code::ZeroLength, "roads", &[&id], Some(at));
}
