//! The layers of parcels, of their lineage, and of addresses.

use super::codes;
use super::dictionary::Dictionary;
use super::divide::{Act, Day};
use super::frame;
use super::plane::{Pt, centroid};
use super::quarter::{Parcel, Quarter};
use onemap_model::{Coord, Date, Geometry, Instant, Path, Polygon, Row, TimeSpan, Value};

/// Parcels are known from this day on, 2010-01-01 in Beijing: microseconds since 1970.
const SURVEY_MICROS: i64 = 1_262_275_200_000_000;
const DAY_MICROS: i64 = 86_400_000_000;
/// From an address's edge of the parcel to its point, metres.
const DOOR_M: f64 = 3.0;

/// The moment at which a day begins in Beijing.
pub(super) fn moment(day: Day) -> Instant {
    Instant::from_micros(SURVEY_MICROS + i64::from(day) * DAY_MICROS).expect("some years after 2010")
}

/// The parcels of a quarter, past and present, by serial number.
pub(super) fn rows<'a>(quarter: &'a Quarter<'_>, uses: &'a Dictionary) -> impl Iterator<Item = Row> + 'a {
    quarter.parcels.iter().map(|parcel| Row {
        geometry: Some(polygon(parcel.path.clone())),
        values: vec![
            Value::text(parcel.code.as_str()),
            Value::text(codes::unit_code(&parcel.code, parcel.land_use)),
            Value::text(parcel.land_use),
            Value::text(uses.name(parcel.land_use)),
            Value::text(format!(
                "{}{}{}",
                parcel.district.name(),
                parcel.frontage.street,
                parcel.frontage.number
            )),
            Value::float(parcel.area_m2).expect("an area is finite"),
            Value::text(right_nature(parcel)),
        ],
        valid: TimeSpan::new(Some(moment(parcel.born)), parcel.died.map(moment)).expect("born before it died"),
    })
}

/// What happened to the parcels of a quarter: a row for each pair of parent and child, in the order of days.
pub(super) fn lineage<'a>(quarter: &'a Quarter<'_>) -> impl Iterator<Item = Row> + 'a {
    quarter.changes.iter().enumerate().flat_map(move |(number, change)| {
        let pairs = change
            .parents
            .iter()
            .flat_map(|&parent| change.children.iter().map(move |&child| (parent, child)));
        pairs.map(move |(parent, child)| {
            let (parent, child) = (&quarter.parcels[parent], &quarter.parcels[child]);
            // Of several children each is all there is between them; of several parents likewise.
            let (word, area_m2) = match change.act {
                Act::Split => ("split", child.area_m2),
                Act::Merge => ("merge", parent.area_m2),
            };
            Row {
                geometry: None,
                values: vec![
                    Value::text(format!("{}-{}", parent.code, child.code)),
                    Value::text(parent.code.as_str()),
                    Value::text(child.code.as_str()),
                    Value::text(word),
                    Value::Date(date(change.day)),
                    Value::text(case_number(quarter, change.act, change.day, number)),
                    Value::float(area_m2).expect("an area is finite"),
                ],
                valid: TimeSpan::ALWAYS,
            }
        })
    })
}

/// The addresses of a quarter: one for each built-up parcel of today.
pub(super) fn addresses<'a>(quarter: &'a Quarter<'_>) -> impl Iterator<Item = Row> + 'a {
    quarter
        .parcels_of_today()
        .filter(|(_, parcel)| is_built_up(parcel.land_use))
        .map(|(place, parcel)| {
            let front = &parcel.frontage;
            let full = format!("湖北省黄石市{}{}{}", parcel.district.name(), front.street, front.number);
            Row {
                geometry: Some(point(door(parcel))),
                values: vec![
                    Value::text(format!("A{:05}{:05}", quarter.plan.rank + 1, place + 1)),
                    Value::text(front.street.as_str()),
                    Value::text(front.number.as_str()),
                    Value::text(full),
                    Value::text(parcel.code.as_str()),
                ],
                valid: TimeSpan::ALWAYS,
            }
        })
}

/// Whether houses stand on land used so.
pub(super) fn is_built_up(land_use: &str) -> bool {
    matches!(&land_use[..2], "05" | "06" | "07" | "08" | "10") && land_use != "0810"
}

/// A little inside the parcel, behind the middle of its front.
pub(super) fn door(parcel: &Parcel) -> Pt {
    let inward = centroid(&parcel.ring) - parcel.frontage.door;
    parcel.frontage.door + inward.unit() * DOOR_M.min(inward.length() / 2.0)
}

/// A layer's geometry of one point of the plane.
pub(super) fn point(p: Pt) -> Geometry {
    let Coord { x, y } = frame::to_degrees(p);
    Geometry::point(x, y).expect("the city's coordinates are finite")
}

/// A polygon without holes.
pub(super) fn polygon(ring: Path) -> Geometry {
    Geometry::Polygons(vec![Polygon { rings: vec![ring] }])
}

fn right_nature(parcel: &Parcel) -> &'static str {
    let collective = &parcel.code[12..13] == "J";
    match (collective, &parcel.land_use[..2]) {
        (true, "07") => "批准拨用",
        (true, _) => "家庭承包",
        (false, "08" | "10") => "划拨",
        (false, _) => "出让",
    }
}

fn date(day: Day) -> Date {
    // 2010-01-01 plus whole days, through the calendar of the civil day in Beijing.
    let (year, month, day) = civil(14_610 + i64::from(day));
    Date::new(year, month, day).expect("a day of the calendar")
}

fn case_number(quarter: &Quarter<'_>, act: Act, day: Day, number: usize) -> String {
    let (year, ..) = date(day).ymd();
    let word = match act {
        Act::Split => "分",
        Act::Merge => "合",
    };
    format!("黄自然资{word}〔{year}〕{}-{:03}号", quarter.plan.rank + 1, number + 1)
}

/// Year, month and day of a number of days since 1970-01-01 (Howard Hinnant, `civil_from_days`).
fn civil(days: i64) -> (i16, i8, i8) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i16, month as i8, day as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_zero_is_new_year_2010_in_beijing() {
        assert_eq!(moment(0), Instant::parse("2010-01-01T00:00:00+08:00").unwrap());
        for day in [0, 58, 59, 789, 790, 4_400] {
            assert_eq!(date(day).start(480), moment(day), "day {day}");
        }
    }
}
