//! Which geodetic datums are taken as one: those within a metre of CGCS2000 and WGS 84.
//!
//! The members and why (coordinates of a point in the city, or of the member's own area):
//! - CGCS2000 is ITRF97 at epoch 2000.0 (GB 22021; EPSG datum 1043).
//! - WGS 84 and its realisations since G730 agree with the ITRF of their time within some centimetres (NGA.STND.0036);
//!   against the epoch 2000.0 of CGCS2000 plate motion of 3 cm a year adds up to 0.8 m by 2026.
//! - ITRF88 to ITRF2020 differ from one another by less than 0.2 m at one epoch (IERS Conventions 2010, chapter 4).
//! - ETRS89 is fixed to the Eurasian plate at epoch 1989.0 (EUREF resolution 1, 1990): eleven years of motion, 0.3 m,
//!   from CGCS2000 on that plate, and not growing.
//! - JGD2011 is ITRF94 at 1997.0 in the west and ITRF2008 at 2011.395 in the north-east: within 0.4 m. Its predecessor
//!   JGD2000 is not a member: the earthquake of 2011 moved the ground by up to 5 m.
//! - SIRGAS 2000 is ITRF2000 at 2000.4.
//! - GDA2020 is ITRF2014 at 2020.0; GDA94 (1.8 m) and NAD83 (1–2 m) are not members.

/// Names of member datums in EPSG's, OGC's and ESRI's spellings, in the form that [`plain`] makes.
const NAMES: [&str; 10] = [
    "wgs1984",
    "wgs84",
    "worldgeodeticsystem1984",
    "worldgeodeticsystem1984ensemble",
    "china2000",
    "chinageodeticcoordinatesystem2000",
    "europeanterrestrialreferencesystem1989",
    "japanesegeodeticdatum2011",
    "geocentricdatumofaustralia2020",
    "sistemadereferenciageocentricoparalasamericas2000",
];

/// Beginnings of the names of families all of whose members are.
const FAMILIES: [&str; 2] = ["internationalterrestrialreferenceframe", "worldgeodeticsystem1984g"];

/// Datums from which no parameters to CGCS2000 are public.
const SECRET_NAMES: [&str; 4] = ["xian1980", "beijing1954", "newbeijing", "xian80"];

/// How a datum stands to CGCS2000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinship {
    /// Within a metre: taken as equal.
    Equal,
    /// Only the operator can know the parameters.
    Secret,
    /// PROJ may know a way.
    Foreign,
}

/// How the datum of this name stands to CGCS2000.
pub fn kinship(datum: &str) -> Kinship {
    let name = plain(datum);
    let equal = NAMES.contains(&name.as_str()) || FAMILIES.iter().any(|family| name.starts_with(family));
    if SECRET_NAMES.contains(&name.as_str()) {
        Kinship::Secret
    } else if equal {
        Kinship::Equal
    } else {
        Kinship::Foreign
    }
}

/// Whether two spellings name one datum.
pub fn is_same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// Lower case, letters and digits only, without ESRI's `D_`.
fn plain(datum: &str) -> String {
    let datum = datum.strip_prefix("D_").unwrap_or(datum);
    datum
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_known_in_every_spelling() {
        for name in [
            "WGS_1984",
            "D_WGS_1984",
            "China_2000",
            "D_China_2000",
            "International_Terrestrial_Reference_Frame_2014",
            "World_Geodetic_System_1984_G1762",
            "World Geodetic System 1984 ensemble",
            "Japanese_Geodetic_Datum_2011",
            "Sistema_de_Referencia_Geocentrico_para_las_AmericaS_2000",
        ] {
            assert_eq!(kinship(name), Kinship::Equal, "{name}");
        }
    }

    #[test]
    fn neighbours_further_than_a_metre_are_no_members() {
        for name in [
            "Japanese_Geodetic_Datum_2000",
            "North_American_Datum_1983",
            "Geocentric_Datum_of_Australia_1994",
            "World_Geodetic_System_1972",
            "unknown",
        ] {
            assert_eq!(kinship(name), Kinship::Foreign, "{name}");
        }
    }

    #[test]
    fn the_old_chinese_datums_need_parameters() {
        for name in [
            "Xian_1980",
            "D_Xian_1980",
            "Beijing_1954",
            "D_Beijing_1954",
            "New_Beijing",
        ] {
            assert_eq!(kinship(name), Kinship::Secret, "{name}");
        }
    }
}
