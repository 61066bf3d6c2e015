//! Faults of values: codes, keys, areas, times.

use super::table::Table;
use super::{Field, Ledger, field};
use onemap_model::FindingCode as Code;
use onemap_model::{Instant, TimeSpan, Value};

/// Plants one of each.
pub(super) fn plant(parcels: &mut Table, free: &mut Field, ledger: &mut Ledger) {
    let mut change = |kind: &'static str, codes: &[Code], change: &dyn Fn(&mut Table, usize, &str)| {
        let (row, disc) = free.take();
        let key = parcels.text(row, field::ZDDM);
        change(parcels, row, &key);
        let now = parcels.rows[row].values[field::ZDDM].clone();
        let name = if now.is_null() {
            (row + 1).to_string()
        } else {
            now.to_string()
        };
        for code in codes {
            ledger.add(kind, *code, "parcels", &[&name], Some(disc.centre));
        }
    };
    change("no key", &[Code::KeyNull], &|table, row, _| {
        table.rows[row].values[field::ZDDM] = Value::Null
    });
    change("no land use", &[Code::ValueMissing], &|table, row, _| {
        table.rows[row].values[field::YT] = Value::Null
    });
    change(
        "land use that is none",
        &[Code::ValueNotInDictionary],
        &|table, row, _| table.set(row, field::YT, "9999"),
    );
    change("twice the area", &[Code::AreaDiffers], &|table, row, _| {
        if let Value::Float(area) = table.rows[row].values[field::ZDMJ] {
            table.rows[row].values[field::ZDMJ] = Value::float(area.get() * 2.0).expect("an area is finite");
        }
    });
    change(
        "negative area",
        &[Code::ValueOutOfBounds, Code::AreaDiffers],
        &|table, row, _| {
            table.rows[row].values[field::ZDMJ] = Value::float(-5.0).expect("it is finite");
        },
    );
    change(
        "ownership K",
        &[Code::ParcelCodeSyntax, Code::UnitCodeDiffers],
        &|table, row, key| {
            table.set(row, field::ZDDM, format!("{}K{}", &key[..12], &key[13..]));
        },
    );
    change(
        "homestead on state land",
        &[Code::ParcelCodeRule],
        &|table, row, key| {
            let code = format!("{}999{}GC{}", &key[..6], &key[9..12], &key[14..]);
            table.set(row, field::BDCDYH, format!("{code}W00000000"));
            table.set(row, field::ZDDM, code);
        },
    );
    change("thing P", &[Code::UnitCodeSyntax], &|table, row, key| {
        table.set(row, field::BDCDYH, format!("{key}P00000001"));
    });
    change("nothing with a number", &[Code::UnitCodeRule], &|table, row, key| {
        table.set(row, field::BDCDYH, format!("{key}W00000001"));
    });
    change(
        "unit of another parcel",
        &[Code::UnitCodeDiffers],
        &|table, row, key| {
            table.set(row, field::BDCDYH, format!("{}998{}W00000000", &key[..6], &key[9..]));
        },
    );
    change(
        "end before the beginning",
        &[Code::ValidTimeInverted],
        &|table, row, _| {
            table.valid_to.insert(row, "2001-01-01T00:00:00.000Z".into());
        },
    );
    change(
        "new parcel without parents",
        &[Code::ParentlessChild],
        &|table, row, _| {
            let from = Instant::parse("2015-05-05T00:00:00+08:00").ok();
            table.rows[row].valid = TimeSpan::new(from, None).expect("an open end is after any beginning");
        },
    );
    pairs(parcels, free, ledger);
}

/// The later of two rows gets what the earlier has.
fn pairs(parcels: &mut Table, free: &mut Field, ledger: &mut Ledger) {
    let mut two = |table: &Table| loop {
        let ((a, disc_a), (b, disc_b)) = (free.take(), free.take());
        let same = table.text(a, field::ZDDM)[..6] == table.text(b, field::ZDDM)[..6];
        if same {
            let later = if a > b { (a, disc_a) } else { (b, disc_b) };
            return (a.min(b), later);
        }
    };
    let (first, (second, disc)) = two(parcels);
    let unit = parcels.text(first, field::BDCDYH);
    parcels.set(second, field::BDCDYH, unit);
    let key = parcels.text(second, field::ZDDM);
    for code in [Code::ValueNotUnique, Code::UnitCodeDiffers] {
        ledger.add("unit code of another", code, "parcels", &[&key], Some(disc.centre));
    }
    let (first, (second, disc)) = two(parcels);
    let key = parcels.text(first, field::ZDDM);
    parcels.set(second, field::ZDDM, key.as_str());
    parcels.set(second, field::BDCDYH, format!("{key}Q00000007"));
    ledger.add(
        "key of another",
        Code::KeyDuplicate,
        "parcels",
        &[&key],
        Some(disc.centre),
    );
}
