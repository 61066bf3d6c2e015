//! The layer of buildings: houses on the built-up parcels of today.

use super::footprint::{Footprint, Site, longest_edge};
use super::frame;
use super::plane::area;
use super::quarter::{Parcel, Quarter};
use super::rng::{Rng, Stream};
use super::zone::{BlockKind, QuarterKind};
use onemap_model::{Geometry, Polygon, Row, TimeSpan, Value};

/// A slab of flats is so deep, metres.
const SLAB_M: f64 = 12.5;

/// A house with what is known of it.
#[derive(Debug)]
struct House {
    footprint: Footprint,
    used_as: &'static str,
    floors: u32,
    floor_m: f64,
}

/// The buildings of a quarter, parcel by parcel.
pub(super) fn rows<'a>(quarter: &'a Quarter<'_>) -> impl Iterator<Item = Row> + 'a {
    quarter.parcels_of_today().flat_map(move |(place, parcel)| {
        let mut rng = Rng::new(Stream::Buildings, quarter.plan.a, quarter.plan.b, place as u32);
        let houses = houses(quarter, parcel, &mut rng);
        let several = houses.len() > 1;
        houses.into_iter().enumerate().map(move |(number, house)| {
            let name = if several {
                Value::text(format!("{}栋", number + 1))
            } else {
                Value::Null
            };
            row(parcel, number, name, house)
        })
    })
}

fn row(parcel: &Parcel, number: usize, name: Value, house: House) -> Row {
    let mut rings = vec![frame::closed(&house.footprint.outline)];
    rings.extend(house.footprint.court.as_deref().map(frame::closed));
    let height_m = (f64::from(house.floors) * house.floor_m * 10.0).round() / 10.0;
    Row {
        geometry: Some(Geometry::Polygons(vec![Polygon { rings }])),
        values: vec![
            Value::text(format!("{}F{:04}", parcel.code, number + 1)),
            name,
            Value::text(house.used_as),
            Value::Int(i64::from(house.floors)),
            Value::float(height_m).expect("a height is finite"),
            Value::text(parcel.code.as_str()),
        ],
        valid: TimeSpan::ALWAYS,
    }
}

fn houses(quarter: &Quarter<'_>, parcel: &Parcel, rng: &mut Rng) -> Vec<House> {
    let kind = quarter.blocks[parcel.block].kind;
    let used_as = match &parcel.land_use[..2] {
        "05" => "商业",
        "06" => {
            if parcel.land_use == "0604" {
                "仓储"
            } else {
                "工业"
            }
        }
        "07" => "住宅",
        "08" | "10" => "公共",
        _ => return Vec::new(),
    };
    // Not every plot is built over, and in parks stands a pavilion at most.
    let (empty, setback) = match kind {
        BlockKind::Park => (0.5, 12.0),
        BlockKind::OldTown => (0.03, 1.2),
        BlockKind::Village => (0.08, 1.8),
        BlockKind::Commerce => (0.04, 2.0),
        BlockKind::Industry | BlockKind::Storage => (0.06, 5.0),
        _ => (0.05, 3.0),
    };
    if rng.chance(empty) {
        return Vec::new();
    }
    let Some(site) = Site::find(&parcel.ring, longest_edge(&parcel.ring), setback) else {
        return Vec::new();
    };
    let floors = floors(quarter.plan.kind, kind, rng);
    let floor_m = if matches!(kind, BlockKind::Industry | BlockKind::Storage) {
        6.5
    } else {
        3.0
    };
    let house = |footprint| House {
        footprint,
        used_as,
        floors,
        floor_m,
    };
    match kind {
        BlockKind::Park => vec![House {
            floors: 1,
            ..house(pavilion(&site))
        }],
        BlockKind::Homes | BlockKind::Estates if site.length_m().max(site.width_m()) > 34.0 => {
            slabs(&site).into_iter().map(house).collect()
        }
        BlockKind::Industry => halls(&site, rng).into_iter().map(house).collect(),
        _ => vec![house(site.house(rng))],
    }
}

fn floors(quarter: QuarterKind, block: BlockKind, rng: &mut Rng) -> u32 {
    let (low, high) = match (block, quarter) {
        (BlockKind::Commerce, QuarterKind::Core) => (4, 28),
        (BlockKind::Commerce, _) => (3, 12),
        (BlockKind::OldTown, _) => (2, 6),
        (BlockKind::Estates, _) => (11, 33),
        (BlockKind::Homes, QuarterKind::Core) => (6, 18),
        (BlockKind::Homes, _) => (4, 11),
        (BlockKind::Public, _) => (2, 6),
        (BlockKind::Village, _) => (1, 3),
        (BlockKind::Industry | BlockKind::Storage, _) => (1, 2),
        _ => (1, 2),
    };
    low + rng.below(high - low + 1)
}

/// Rows of flats behind each other, as Chinese housing estates have them.
fn slabs(site: &Site) -> Vec<Footprint> {
    let rows = ((site.width_m() + 12.0) / (SLAB_M + 15.0)).floor().max(1.0);
    let columns = ((site.length_m() + 8.0) / 52.0).floor().max(1.0);
    let depth = (SLAB_M / site.width_m() * 2.0).min(2.0);
    let width = (2.0 - (columns - 1.0) * 16.0 / site.length_m()) / columns;
    let step = |count: f64, size: f64| if count > 1.0 { (2.0 - size) / (count - 1.0) } else { 0.0 };
    let (down, over) = (step(rows, depth), step(columns, width));
    (0..rows as u32)
        .flat_map(|row| (0..columns as u32).map(move |column| (row, column)))
        .map(|(row, column)| {
            let (l, w) = (-1.0 + over * f64::from(column), -1.0 + down * f64::from(row));
            site.part([l, l + width], [w, w + depth]).full()
        })
        .filter(|slab| area(&slab.outline) > 60.0)
        .collect()
}

/// A hall, and often a smaller one and an office beside it.
fn halls(site: &Site, rng: &mut Rng) -> Vec<Footprint> {
    if site.length_m() < 40.0 || site.width_m() < 24.0 || rng.chance(0.35) {
        return vec![site.full()];
    }
    let gap = 8.0 / site.length_m();
    let at = rng.between(-0.1, 0.4);
    let office = site.part([at + gap, 1.0], [-1.0, rng.between(-0.5, -0.2)]);
    let small = site.part([at + gap, 1.0], [0.0, 1.0]);
    vec![
        site.part([-1.0, at - gap], [-1.0, 1.0]).full(),
        office.full(),
        small.full(),
    ]
}

fn pavilion(site: &Site) -> Footprint {
    let (length, width) = ((9.0 / site.length_m()).min(1.0), (9.0 / site.width_m()).min(1.0));
    site.part([-length, length], [-width, width]).full()
}
