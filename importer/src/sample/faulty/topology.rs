//! Faults between parcels: overlaps, gaps, twins; and parcels whose code names another district.

use super::table::{Table, ring};
use super::{Field, Ledger, edge_key, field};
use crate::quality::measure::Scale;
use onemap_model::FindingCode as Code;
use onemap_model::{Coord, Geometry, Path, Polygon, Row};

/// How far the middle of a border is moved, in metres.
const SHIFT_M: f64 = 0.5;
/// A border that is moved is at least so long, in metres.
const BORDER_M: f64 = 8.0;

/// Plants one of each.
pub(super) fn plant(parcels: &mut Table, free: &mut Field, ledger: &mut Ledger) {
    // To the right of an edge lies the neighbour.
    bend(
        parcels,
        free,
        ledger,
        "border moved into the neighbour",
        Code::Overlap,
        -SHIFT_M,
    );
    bend(
        parcels,
        free,
        ledger,
        "border moved away from the neighbour",
        Code::Gap,
        SHIFT_M,
    );

    let (row, disc) = free.take();
    let twin = Row {
        ..parcels.rows[row].clone()
    };
    let (old, new) = (
        parcels.text(row, field::ZDDM),
        format!("{}9{:04}", &parcels.text(row, field::ZDDM)[..14], row % 10_000),
    );
    parcels.push(twin);
    let last = parcels.rows.len() - 1;
    parcels.set(last, field::ZDDM, new.as_str());
    parcels.set(last, field::BDCDYH, format!("{new}W00000000"));
    let place = Some(disc.centre);
    ledger.add(
        "parcel delivered twice",
        Code::GeometryDuplicate,
        "parcels",
        &[&new],
        place,
    );
    ledger.add("parcel delivered twice", Code::Overlap, "parcels", &[&new, &old], None);

    for (kind, prefix, code) in [
        ("code of another district", None, Code::DistrictDiffers),
        ("code of no district", Some("420299"), Code::DistrictUnknown),
    ] {
        let (row, disc) = free.take();
        let old = parcels.text(row, field::ZDDM);
        let other = if old.starts_with("420222") { "420281" } else { "420222" };
        // The cadastral zone 999 is nobody's, so that the code stays unique.
        let new = format!("{}999{}", prefix.unwrap_or(other), &old[9..]);
        parcels.set(row, field::ZDDM, new.as_str());
        let unit = parcels.text(row, field::BDCDYH);
        parcels.set(row, field::BDCDYH, format!("{new}{}", &unit[19..]));
        ledger.add(kind, code, "parcels", &[&new], Some(disc.centre));
    }
}

/// Moves the middle of a parcel's border with a neighbour, to the left by so many metres.
fn bend(parcels: &mut Table, free: &mut Field, ledger: &mut Ledger, kind: &'static str, code: Code, left_m: f64) {
    loop {
        let (row, _) = free.take();
        let coords = ring(&parcels.rows[row]).to_vec();
        let scale = Scale::at(coords[0].y);
        let inward = if scale.ring(&coords).area_m2 > 0.0 {
            left_m
        } else {
            -left_m
        };
        let found = coords.windows(2).enumerate().find_map(|(at, pair)| {
            let neighbour = *free.edges.get(&edge_key(pair[1], pair[0]))?;
            let fits = scale.distance(pair[0], pair[1]) >= BORDER_M && !free.used.contains(&neighbour);
            fits.then_some((at, neighbour))
        });
        let Some((at, neighbour)) = found else { continue };
        free.used.insert(neighbour);
        let (from, to) = (coords[at], coords[at + 1]);
        let (x, y) = scale.step(from, to);
        let length = x.hypot(y);
        let middle = Coord {
            x: (from.x + to.x) / 2.0 - y / length * inward / scale.x_m,
            y: (from.y + to.y) / 2.0 + x / length * inward / scale.y_m,
        };
        let mut bent = coords;
        bent.insert(at + 1, middle);
        let path = Path::new(bent).expect("the coordinates are finite");
        parcels.rows[row].geometry = Some(Geometry::Polygons(vec![Polygon { rings: vec![path] }]));
        let (own, other) = (parcels.text(row, field::ZDDM), parcels.text(neighbour, field::ZDDM));
        ledger.add(kind, code, "parcels", &[&own, &other], Some(middle));
        return;
    }
}
