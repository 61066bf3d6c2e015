//! Parcel codes (宗地代码, 19 characters) and real-estate unit codes (不动产单元代码, 28).

use super::districts::District;
use super::zone::BlockKind;

/// Quarters to a side of a cadastral zone (地籍区).
const ZONE: i32 = 10;
/// Zones to a side of the city's square of zones: 25² fit in three digits.
const ZONES: i32 = 25;

/// The parcel code of the `serial`th parcel (from 1) of a quarter: county, zone, sub-zone, right, serial.
pub(super) fn parcel_code(district: District, a: i32, b: i32, kind: BlockKind, serial: u32) -> String {
    let (zone_a, zone_b) = (a.div_euclid(ZONE) + ZONES / 2, b.div_euclid(ZONE) + ZONES - 6);
    debug_assert!(
        (0..ZONES).contains(&zone_a) && (0..ZONES).contains(&zone_b),
        "quarter {a} {b}"
    );
    let zone = zone_a + ZONES * zone_b + 1;
    let sub_zone = a.rem_euclid(ZONE) + ZONE * b.rem_euclid(ZONE) + 1;
    format!("{}{zone:03}{sub_zone:03}{}{serial:05}", district.code(), right(kind))
}

/// The code of the real-estate unit on a parcel: its house, its trees, or nothing.
pub(super) fn unit_code(parcel: &str, land_use: &str) -> String {
    let thing = match &land_use[..2] {
        "05" | "06" | "07" | "08" | "10" => "F00010001",
        "02" | "03" => "L00000000",
        _ => "W00000000",
    };
    format!("{parcel}{thing}")
}

/// Ownership and kind of right: state land's surface, homesteads, contracted arable land and forest, other.
fn right(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::Village => "JC",
        BlockKind::Fields => "JD",
        BlockKind::Forest => "JE",
        BlockKind::Orchard | BlockKind::Pond => "JY",
        _ => "GB",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_parts_in_place() {
        let code = parcel_code(District::Xialu, -3, 2, BlockKind::Homes, 17);
        assert_eq!((code.len(), &code[..6], &code[12..]), (19, "420204", "GB00017"));
        assert_eq!(unit_code(&code, "0101"), format!("{code}W00000000"));
        assert_eq!(unit_code(&code, "0701").len(), 28);
    }

    #[test]
    fn every_quarter_has_its_own_zone_and_sub_zone() {
        let mut seen = std::collections::HashSet::new();
        for a in -120..125 {
            for b in -180..7 {
                let code = parcel_code(District::Daye, a, b, BlockKind::Homes, 1);
                assert!(
                    seen.insert(code[6..12].to_owned()) && code.len() == 19,
                    "{a} {b}: {code}"
                );
            }
        }
    }
}
