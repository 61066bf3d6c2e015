//! The coordinate system of a VCT file, from its head and the range of its numbers: declared only where both agree.
//!
//! Codes are EPSG's: Gauss-Krüger in zones of three and six degrees, with the zone's number before the easting and
//! without, and the geographic systems.

use super::head::{Axes, Head, Unit};
use onemap_model::Bbox;

/// What the coordinates are in, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declared {
    /// The system of this EPSG code.
    Code(u32),
    /// None, for this reason.
    Nothing(String),
}

/// A datum whose codes are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Datum {
    Cgcs2000,
    Xian80,
    Beijing54,
    Wgs84,
}

/// The first code of each family of zones of a datum.
struct Codes {
    geographic: u32,
    /// Six degrees, zones 13 to 23, with the number before the easting.
    six: u32,
    /// Six degrees, central meridians 75° to 135°.
    six_bare: u32,
    /// Three degrees, zones 25 to 45.
    three: u32,
    /// Three degrees, central meridians 75° to 135°.
    three_bare: u32,
}

impl Datum {
    fn codes(self) -> Option<Codes> {
        let of = |geographic, [six, six_bare, three, three_bare]: [u32; 4]| Codes {
            geographic,
            six,
            six_bare,
            three,
            three_bare,
        };
        match self {
            Datum::Cgcs2000 => Some(of(4490, [4491, 4502, 4513, 4534])),
            Datum::Xian80 => Some(of(4610, [2327, 2338, 2349, 2370])),
            Datum::Beijing54 => Some(of(4214, [21413, 21453, 2401, 2422])),
            Datum::Wgs84 => None,
        }
    }

    fn by_name(name: &str) -> Option<Self> {
        let plain: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        let has = |words: &[&str]| words.iter().any(|word| plain.contains(word));
        match () {
            () if has(&["cgcs2000", "china2000", "国家2000", "2000国家"]) => Some(Datum::Cgcs2000),
            () if has(&["iag75", "iag1975", "xian", "西安", "1980"]) => Some(Datum::Xian80),
            () if has(&["krasso", "kraso", "克拉索夫", "beijing", "北京", "1940"]) => Some(Datum::Beijing54),
            () if has(&["wgs84", "wgs1984"]) => Some(Datum::Wgs84),
            () => None,
        }
    }

    /// The half axis of its ellipsoid, in metres.
    fn half_axis_m(self) -> f64 {
        match self {
            Datum::Cgcs2000 | Datum::Wgs84 => 6_378_137.0,
            Datum::Xian80 => 6_378_140.0,
            Datum::Beijing54 => 6_378_245.0,
        }
    }
}

/// The system of coordinates that lie in `seen` (east, north; metres or degrees).
pub fn declared(head: &Head, seen: Option<&Bbox>) -> Declared {
    code(head, seen).map_or_else(Declared::Nothing, Declared::Code)
}

fn code(head: &Head, seen: Option<&Bbox>) -> Result<u32, String> {
    let seen = seen.ok_or("there are no coordinates")?;
    let datum = datum(head)?;
    let is_angle = match head.unit {
        Some(unit) => unit.is_angle(),
        None => return Err("the head has no unit".into()),
    };
    if is_angle {
        let fits = seen.west() >= -180.0 && seen.east() <= 180.0 && seen.south() >= -90.0 && seen.north() <= 90.0;
        if !fits {
            return Err(format!("the head says degrees, the coordinates are {}", shown(seen)));
        }
        return Ok(datum.codes().map_or(4326, |codes| codes.geographic));
    }
    let projection = head.get(&["projection"]).ok_or("the head has no projection")?;
    let plain = projection.to_lowercase();
    if !["gauss", "高斯", "transverse"].iter().any(|word| plain.contains(word)) {
        return Err(format!("the head's projection is {projection:?}, not Gauss-Krüger"));
    }
    let codes = datum.codes().ok_or("there are no Gauss-Krüger zones on WGS 84")?;
    zone(head, seen, &codes)
}

/// The datum: by the ellipsoid's name and its half axis, which must agree where both are there.
fn datum(head: &Head) -> Result<Datum, String> {
    let text = head
        .get(&["spheroid", "horizontalcrs"])
        .ok_or("the head has no spheroid")?;
    let named = Datum::by_name(text.split([',', '，']).next().unwrap_or_default())
        .ok_or_else(|| format!("the head's spheroid is {text:?}, which is none of CGCS2000, IAG-75, Krassovsky"))?;
    let numbers = ["spheroid", "parameters"].map(|key| head.numbers(key));
    let axis = numbers
        .iter()
        .flatten()
        .flatten()
        .find(|number| (6.3e6..6.4e6).contains(*number));
    match axis {
        Some(axis) if (axis - named.half_axis_m()).abs() > 0.5 => Err(format!(
            "the head's spheroid is {text:?}, its half axis {axis}: these contradict each other"
        )),
        _ => Ok(named),
    }
}

fn zone(head: &Head, seen: &Bbox, codes: &Codes) -> Result<u32, String> {
    let meridian = meridian(head).ok_or("the head has no central meridian")?;
    let written = (seen.west() / 1e6).floor();
    let easting = |x: f64| (0.05e6..0.95e6).contains(&(x - written * 1e6));
    let northing = |y: f64| (0.0..7.0e6).contains(&y);
    let contradicts = || {
        format!(
            "the head's central meridian is {meridian}°, the coordinates are {}",
            shown(seen)
        )
    };
    if !(easting(seen.west()) && easting(seen.east()) && northing(seen.south()) && northing(seen.north())) {
        return Err(contradicts());
    }
    if let Some(false_easting) = false_easting(head)
        && (false_easting / 1e6).floor() != written
    {
        return Err(format!(
            "the head's false easting is {false_easting}, the coordinates are {}",
            shown(seen)
        ));
    }
    let steps = |from: f64, by: f64| {
        let steps = (meridian - from) / by;
        (steps.fract() == 0.0 && (0.0..=60.0 / by).contains(&steps)).then_some(steps as u32)
    };
    // 0 without a zone's number: three degrees and six are the same numbers then.
    let found = match written as i64 {
        0 if width(head) == Some(6.0) => steps(75.0, 6.0).map(|at| codes.six_bare + at),
        0 => steps(75.0, 3.0).map(|at| codes.three_bare + at),
        zone @ 13..=23 if meridian == 6.0 * zone as f64 - 3.0 => steps(75.0, 6.0).map(|at| codes.six + at),
        zone @ 25..=45 if meridian == 3.0 * zone as f64 => steps(75.0, 3.0).map(|at| codes.three + at),
        _ => None,
    };
    found.ok_or_else(contradicts)
}

/// The central meridian in degrees: a key of its own in version 1, the first of the parameters in the others.
fn meridian(head: &Head) -> Option<f64> {
    let own = head.get(&["meridinan", "meridian", "centralmeridian"]);
    let own = own.and_then(|text| text.trim_end_matches(['E', 'e', '°', '度']).trim().parse().ok());
    own.or_else(|| head.numbers("parameters").first().copied().flatten())
        .filter(|degrees: &f64| (70.0..=140.0).contains(degrees))
}

/// What is added to eastings, where the parameters have a number that is nothing else.
fn false_easting(head: &Head) -> Option<f64> {
    let mut numbers = head.numbers("parameters").into_iter().flatten();
    numbers.find(|number| number % 1e6 == 500_000.0)
}

/// The width of a zone in degrees, the number before its own: `…,3,38`.
fn width(head: &Head) -> Option<f64> {
    let numbers = head.numbers("parameters");
    let last = numbers
        .iter()
        .rev()
        .flatten()
        .find(|number| [3.0, 6.0].contains(*number));
    last.copied().filter(|_| numbers.len() >= 5)
}

/// Which axis the numbers of the file, as they are written, have first; none where they do not tell.
pub fn looks(seen: &Bbox) -> Option<Axes> {
    let northing = |from: f64, to: f64| from >= 1.0e6 && to <= 6.5e6;
    let easting = |from: f64, to: f64| (from >= 0.0 && to < 1.0e6) || (from >= 13.0e6 && to < 46.0e6);
    let latitude = |from: f64, to: f64| from >= 3.0 && to <= 55.0;
    let longitude = |from: f64, to: f64| from >= 70.0 && to <= 140.0;
    let ([west, south, east, north], is) = (seen.to_array(), |x: bool, y: bool| x && y);
    let of = |up: &dyn Fn(f64, f64) -> bool, right: &dyn Fn(f64, f64) -> bool| match () {
        () if is(right(west, east), up(south, north)) => Some(Axes::EastNorth),
        () if is(up(west, east), right(south, north)) => Some(Axes::NorthEast),
        () => None,
    };
    of(&latitude, &longitude).or_else(|| of(&northing, &easting))
}

/// Degrees of a number `DDDMMSS.SSSS`; none where minutes or seconds are 60 or more.
pub fn degrees(number: f64) -> Option<f64> {
    let whole = number.abs();
    let (degrees, rest) = ((whole / 10_000.0).floor(), whole % 10_000.0);
    let (minutes, seconds) = ((rest / 100.0).floor(), rest % 100.0);
    let turned = degrees + minutes / 60.0 + seconds / 3600.0;
    (minutes < 60.0 && seconds < 60.0).then_some(turned.copysign(number))
}

/// A coordinate of the file in metres or degrees; none where it is no such number.
pub fn scaled(number: f64, unit: Option<Unit>) -> Option<f64> {
    match unit {
        Some(Unit::Kilometre) => Some(number * 1000.0),
        Some(Unit::Sexagesimal) => degrees(number),
        _ => Some(number),
    }
}

fn shown(seen: &Bbox) -> String {
    let [west, south, east, north] = seen.to_array();
    format!("x {west} to {east}, y {south} to {north}")
}

#[cfg(test)]
mod tests {
    use super::super::head::head_of;
    use super::*;
    use crate::crs::Horizontal;
    use onemap_model::Crs;

    const V3: &str = "CoordinateSystemType:P\nXYUnit:M\nSpheroid:CGCS2000,6378137.0,298.257222101\n\
                      Projection:高斯-克吕格投影\nParameters:114,1,38500000,0,3,38";

    fn check(head: &str, seen: [f64; 4]) -> Result<u32, String> {
        let [west, south, east, north] = seen;
        let seen = Bbox::new(west, south, east, north).unwrap();
        code(&head_of(head).unwrap(), Some(&seen))
    }

    #[test]
    fn heads_of_each_version_give_their_zone() {
        assert_eq!(check(V3, [38.5e6, 3.2e6, 38.6e6, 3.3e6]), Ok(4526));
        let bare = V3.replace("38500000", "500000");
        assert_eq!(check(&bare, [0.5e6, 3.2e6, 0.6e6, 3.3e6]), Ok(4547));
        let v1 = "Unit: M\nProjection: Gauss-Krueger Projection\nSpheroid: IAG-75 Spheroid\nParameters: 6378140,6356755\nMeridinan: 114";
        assert_eq!(check(v1, [38.5e6, 3.2e6, 38.6e6, 3.3e6]), Ok(2362));
        let six = "Unit: M\nProjection: 高斯\nSpheroid: Krassovsky\nMeridian: 117";
        assert_eq!(check(six, [20.2e6, 3.2e6, 20.3e6, 3.3e6]), Ok(21_420));
        let degrees = "Unit: D\nSpheroid: CGCS2000";
        assert_eq!(check(degrees, [114.0, 30.0, 115.0, 31.0]), Ok(4490));
    }

    #[test]
    fn a_head_that_contradicts_its_numbers_declares_nothing() {
        for (head, seen, why) in [
            (V3.to_owned(), [0.5e6, 3.2e6, 0.6e6, 3.3e6], "false easting"),
            (
                V3.replace("114", "117").replace("38500000", "0"),
                [38.5e6, 3.2e6, 38.6e6, 3.3e6],
                "117°",
            ),
            (V3.to_owned(), [114.0, 30.0, 115.0, 31.0], "114°"),
            (
                V3.replace("6378137", "6378140"),
                [38.5e6, 3.2e6, 38.6e6, 3.3e6],
                "half axis",
            ),
            (
                V3.replace("CGCS2000", "site"),
                [38.5e6, 3.2e6, 38.6e6, 3.3e6],
                "none of CGCS2000",
            ),
            ("Unit: M".to_owned(), [38.5e6, 3.2e6, 38.6e6, 3.3e6], "no spheroid"),
            (
                V3.replace("高斯-克吕格投影", "UTM"),
                [38.5e6, 3.2e6, 38.6e6, 3.3e6],
                "UTM",
            ),
            (
                "Unit: D\nSpheroid: CGCS2000".to_owned(),
                [38.5e6, 3.2e6, 38.6e6, 3.3e6],
                "degrees",
            ),
        ] {
            let said = check(&head, seen).unwrap_err();
            assert!(said.contains(why), "{head}: {said}");
        }
    }

    #[test]
    fn every_code_is_the_zone_that_it_stands_for() {
        for datum in [Datum::Cgcs2000, Datum::Xian80, Datum::Beijing54] {
            let codes = datum.codes().unwrap();
            let zone = |code: u32, meridian: u32, easting: f64| {
                let crs = Horizontal::of_code(Crs::epsg(code)).unwrap();
                let proj = crs.srs().to_proj4().unwrap();
                assert!(proj.contains(&format!("+lon_0={meridian} ")), "{code}: {proj}");
                assert_eq!(crs.false_easting_m(), Some(easting), "{code}");
            };
            for at in 0..=20 {
                zone(codes.three + at, 75 + 3 * at, f64::from(25 + at) * 1e6 + 5e5);
                zone(codes.three_bare + at, 75 + 3 * at, 5e5);
            }
            for at in 0..=10 {
                zone(codes.six + at, 75 + 6 * at, f64::from(13 + at) * 1e6 + 5e5);
                zone(codes.six_bare + at, 75 + 6 * at, 5e5);
            }
            assert!(Horizontal::of_code(Crs::epsg(codes.geographic)).is_ok());
        }
    }

    #[test]
    fn the_order_of_axes_shows_in_the_numbers() {
        let check = |seen: [f64; 4], expected| {
            let [west, south, east, north] = seen;
            assert_eq!(
                looks(&Bbox::new(west, south, east, north).unwrap()),
                expected,
                "{seen:?}"
            );
        };
        check([38.5e6, 3.2e6, 38.6e6, 3.3e6], Some(Axes::EastNorth));
        check([3.2e6, 38.5e6, 3.3e6, 38.6e6], Some(Axes::NorthEast));
        check([3.2e6, 0.5e6, 3.3e6, 0.6e6], Some(Axes::NorthEast));
        check([114.0, 30.0, 115.0, 31.0], Some(Axes::EastNorth));
        check([30.0, 114.0, 31.0, 115.0], Some(Axes::NorthEast));
        check([0.0, 0.0, 500.0, 500.0], None);
    }

    #[test]
    fn degrees_minutes_and_seconds_are_one_number() {
        assert_eq!(degrees(1_143_000.0), Some(114.5));
        assert_eq!(degrees(-300_036.0), Some(-30.01));
        assert_eq!(degrees(1_146_100.0), None);
    }
}
