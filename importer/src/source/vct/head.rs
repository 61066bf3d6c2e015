//! The head of a VCT file: how its numbers are written, and in which coordinate system.
//!
//! Version 1 (GB/T 17798-1999 and the land surveys' own editions) has `Unit`, `Coordinate`, `Topo`, `Meridinan` (so
//! spelt); versions 2 and 3 (GB/T 17798-2007) have `CoordinateSystemType`, `XAxisDirection`, `XYUnit`, `Parameters`.
//! `Coordinate: G` are a surveyor's axes, of which X points north; `M` a mathematician's, of which X points east.

use super::lines::Lines;
use super::scan::{Kind, Scan, marker};
use crate::encoding::Decoder;
use crate::error::Result;

/// Most lines of a head.
const MAX_HEAD: usize = 10_000;

/// Which coordinate comes first in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// Easting or longitude.
    EastNorth,
    /// Northing or latitude.
    NorthEast,
}

/// What coordinates are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Metres.
    Metre,
    /// Kilometres, which become metres.
    Kilometre,
    /// Degrees.
    Degree,
    /// Degrees, minutes and seconds as one number, `DDDMMSS.SSSS`, which become degrees.
    Sexagesimal,
}

impl Unit {
    /// Whether the result is in degrees.
    pub fn is_angle(self) -> bool {
        matches!(self, Unit::Degree | Unit::Sexagesimal)
    }
}

/// What the head says.
#[derive(Debug, Clone)]
pub struct Head {
    entries: Vec<(String, String)>,
    /// What is between values: one ASCII character.
    pub separator: u8,
    /// Numbers in a position: 2 or 3.
    pub dimensions: usize,
    /// Which coordinate comes first; none where the head does not say.
    pub axes: Option<Axes>,
    /// What coordinates are written in; none where the head does not say.
    pub unit: Option<Unit>,
    /// Whether polygons of version 1 are lists of lines; none where the head does not say.
    pub by_lines: Option<bool>,
    /// Whether nodes and lines of version 1 carry their topology.
    pub has_topology: bool,
}

impl Head {
    /// Reads the head that `scan` found.
    ///
    /// # Errors
    /// Where there is none, or it says something that cannot be read: an offset, axes to the west, unknown units.
    pub fn read(lines: &mut Lines, scan: &Scan, decoder: &Decoder) -> Result<Self> {
        let Some(section) = scan.of_kind(Kind::Head).next() else {
            return Err(lines.error(1, "there is no HeadBegin"));
        };
        lines.go_to(section.first)?;
        let mut entries = Vec::new();
        while let Some(line) = lines.next()? {
            if marker(&line.bytes).is_some() {
                break;
            }
            if entries.len() == MAX_HEAD {
                return Err(lines.error(line.place.number, format!("a head of more than {MAX_HEAD} lines")));
            }
            let text = decoder.decode(&line.bytes).0.into_owned();
            if let Some((key, value)) = text.split_once([':', '：']) {
                entries.push((key.trim().to_lowercase(), value.trim().to_owned()));
            }
        }
        Self::of(entries).map_err(|reason| lines.error(section.first.number, format!("HeadBegin: {reason}")))
    }

    fn of(entries: Vec<(String, String)>) -> Result<Self, String> {
        let mut head = Self {
            entries,
            separator: b',',
            dimensions: 2,
            axes: None,
            unit: None,
            by_lines: None,
            has_topology: false,
        };
        head.separator = separator(head.get(&["separator"]))?;
        head.dimensions = match head.get(&["dim"]) {
            None | Some("2") => 2,
            Some("3") => 3,
            Some(other) => return Err(format!("Dim: {other:?}; 2 or 3 was expected")),
        };
        head.axes = axes(&head)?;
        head.unit = unit(&head)?;
        let topology = head.get(&["topo"]).map(str::to_owned);
        head.by_lines = topology.as_ref().map(|topology| topology != "0");
        head.has_topology = topology.as_deref() == Some("2");
        match head.get(&["offset"]) {
            Some(offset) if offset.contains(|c: char| ('1'..='9').contains(&c)) => {
                Err(format!("Offset: {offset:?}; shifted coordinates are not read"))
            }
            _ => Ok(head),
        }
    }

    /// The value of the first of these keys, in lower case, that is there and not empty.
    pub fn get(&self, keys: &[&str]) -> Option<&str> {
        let value = |key: &&str| {
            let found = self.entries.iter().find(|(own, value)| own == key && !value.is_empty());
            found.map(|(_, value)| value.as_str())
        };
        keys.iter().find_map(value)
    }

    /// The numbers of a value that is a list; none for what is no number.
    pub fn numbers(&self, key: &str) -> Vec<Option<f64>> {
        let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite());
        let list = self
            .get(&[key])
            .map(|text| text.split([',', '，', ';']).map(number).collect());
        list.unwrap_or_default()
    }
}

fn separator(given: Option<&str>) -> Result<u8, String> {
    match given.map(str::as_bytes) {
        None => Ok(b','),
        Some([one]) if one.is_ascii_graphic() && !one.is_ascii_alphanumeric() && !b"+-.".contains(one) => Ok(*one),
        Some(_) => Err(format!(
            "Separator: {:?}; one ASCII character that no number has was expected",
            given.unwrap_or_default()
        )),
    }
}

fn axes(head: &Head) -> Result<Option<Axes>, String> {
    let direction = |key: &str| Some(head.get(&[key])?.chars().next()?.to_ascii_uppercase());
    match (direction("xaxisdirection"), direction("yaxisdirection")) {
        (None, None) => {}
        (Some('E' | '东') | None, Some('N' | '北') | None) => return Ok(Some(Axes::EastNorth)),
        (Some('N' | '北') | None, Some('E' | '东') | None) => return Ok(Some(Axes::NorthEast)),
        (x, y) => {
            let shown = |axis: Option<char>| axis.map_or_else(|| "nothing".to_owned(), String::from);
            let (x, y) = (shown(x), shown(y));
            return Err(format!(
                "XAxisDirection {x}, YAxisDirection {y}; E and N, or N and E, were expected"
            ));
        }
    }
    let letter = head
        .get(&["coordinate", "coordsystype"])
        .and_then(|text| text.chars().next());
    Ok(match letter.map(|letter| letter.to_ascii_uppercase()) {
        Some('G') => Some(Axes::NorthEast),
        Some('M') => Some(Axes::EastNorth),
        _ => None,
    })
}

fn unit(head: &Head) -> Result<Option<Unit>, String> {
    let Some(text) = head.get(&["xyunit", "unit"]) else {
        let kind = head.get(&["coordinatesystemtype"]).and_then(|text| text.chars().next());
        return Ok(match kind.map(|letter| letter.to_ascii_uppercase()) {
            Some('D') => Some(Unit::Degree),
            Some('P') => Some(Unit::Metre),
            _ => None,
        });
    };
    Ok(Some(match text.to_lowercase().as_str() {
        "m" | "meter" | "metre" | "米" => Unit::Metre,
        "k" | "km" | "千米" | "公里" => Unit::Kilometre,
        "d" | "degree" | "度" => Unit::Degree,
        "s" | "度分秒" => Unit::Sexagesimal,
        _ => return Err(format!("the unit {text:?} is not read; M, K, D or S was expected")),
    }))
}

/// Entries of a head as tests write them.
#[cfg(test)]
pub fn head_of(text: &str) -> Result<Head, String> {
    let pair = |line: &str| {
        line.split_once(':')
            .map(|(key, value)| (key.trim().to_lowercase(), value.trim().to_owned()))
    };
    Head::of(text.lines().filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_head_say_which_axis_comes_first() {
        let check = |text: &str, expected| assert_eq!(head_of(text).unwrap().axes, expected, "{text}");
        check("XAxisDirection:E\nYAxisDirection:N", Some(Axes::EastNorth));
        check("XAxisDirection:N\nYAxisDirection:E", Some(Axes::NorthEast));
        check("Coordinate: G", Some(Axes::NorthEast));
        check("Coordinate: M", Some(Axes::EastNorth));
        check("Dim: 2", None);
        assert!(
            head_of("XAxisDirection:W\nYAxisDirection:N")
                .unwrap_err()
                .contains("XAxisDirection W")
        );
    }

    #[test]
    fn units_and_separators_are_known_or_refused() {
        let check = |text: &str, expected| assert_eq!(head_of(text).unwrap().unit, expected, "{text}");
        check("Unit: M", Some(Unit::Metre));
        check("Unit: S", Some(Unit::Sexagesimal));
        check("CoordinateSystemType: D", Some(Unit::Degree));
        check("", None);
        assert!(head_of("Unit: chi").unwrap_err().contains("chi"));
        assert_eq!(head_of("Separator: |").unwrap().separator, b'|');
        assert!(head_of("Separator: 1").is_err() && head_of("Separator: ab").is_err());
    }

    #[test]
    fn what_would_move_everything_is_refused() {
        assert!(head_of("Offset: 500000,0").unwrap_err().contains("500000"));
        assert!(head_of("Offset: 0,0.0").is_ok());
        assert!(head_of("Dim: 4").unwrap_err().contains("\"4\""));
    }
}
