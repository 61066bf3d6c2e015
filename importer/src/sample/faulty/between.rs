//! Faults between layers: a building that stands in the neighbour's parcel, an address that names a parcel elsewhere.

use super::table::Table;
use super::{Field, Ledger};
use onemap_model::FindingCode as Code;
use onemap_model::{Coord, Geometry, Path, Polygon};

/// How far a building is moved, in degrees: some sixty metres, more than a parcel with a building is wide.
const SHIFT_DEGREES: f64 = 6e-4;

/// Plants one of each.
pub(super) fn plant(addresses: &mut Table, buildings: &mut Table, free: &mut Field, ledger: &mut Ledger) {
    let row = (free.others * 11 + 3) % buildings.rows.len();
    if let Some(Geometry::Polygons(polygons)) = &mut buildings.rows[row].geometry {
        polygons.iter_mut().for_each(|polygon| *polygon = moved(polygon));
    }
    let place = buildings.rows[row].geometry.as_ref().and_then(|g| g.coords().next());
    let id = buildings.text(row, 0);
    let kind = "building off its parcel";
    ledger.add(kind, Code::OutsideNamed, "buildings", &[&id], place);

    const ZDDM: usize = 4;
    let count = addresses.rows.len();
    // Those of `past` are multiples of seven.
    let row = (free.others * 7 + 1) % count;
    let elsewhere = addresses.text((row + count / 2) % count, ZDDM);
    addresses.set(row, ZDDM, elsewhere);
    let place = addresses.rows[row].geometry.as_ref().and_then(|g| g.coords().next());
    let id = addresses.text(row, 0);
    let kind = "address off its parcel";
    ledger.add(kind, Code::OutsideNamed, "addresses", &[&id], place);
}

fn moved(polygon: &Polygon) -> Polygon {
    let ring = |path: &Path| {
        let coords = path.coords().iter().map(|p| Coord {
            x: p.x + SHIFT_DEGREES,
            y: p.y,
        });
        Path::new(coords.collect()).expect("finite coordinates stay finite")
    };
    Polygon {
        rings: polygon.rings.iter().map(ring).collect(),
    }
}
