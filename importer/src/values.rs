//! Attribute values: from what a source has to what the model knows.

use crate::encoding::Decoder;
use crate::ogr::{Feature, RawTime};
use onemap_model::{Date, FieldType, FindingCode, Instant, Value};

/// Longest text or byte string that is kept, in bytes; what is longer is no attribute of a thing on a map.
pub const MAX_BYTES: usize = 16 << 20;

/// How a field of the source becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An integer that means true or false.
    Bool,
    /// An integer.
    Int,
    /// A number.
    Float,
    /// A text, or anything as text (times of day).
    Text,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// Bytes.
    Bytes,
    /// A list of 32-bit integers.
    Ints,
    /// A list of 64-bit integers.
    Longs,
    /// A list of numbers.
    Floats,
    /// A list of texts.
    Texts,
    /// A text of a table in which empty means unknown.
    WrittenText,
    /// A text that is written as an integer.
    WrittenInt,
    /// A text that is written as a number.
    WrittenFloat,
    /// A text that is written as a day.
    WrittenDate,
    /// A text that is written as a moment.
    WrittenDateTime,
    /// The number of an OSM object, with the letter of its type before it.
    OsmId {
        /// `n`, `w` or `r`.
        letter: char,
    },
    /// The same for areas: of a relation in this column, or of a closed way in the next.
    OsmArea,
}

/// Where values come from and whom to tell what is wrong with them.
pub struct Reader<'a> {
    /// The encoding of the texts.
    pub decoder: &'a Decoder,
    /// The offset of times that state none, in minutes east of UTC.
    pub utc_offset_minutes: i16,
}

/// What is wrong with a value, in words.
pub type Notes = Vec<(FindingCode, String)>;

impl Kind {
    /// The type that a field of the model has for it.
    pub fn field_type(self) -> FieldType {
        match self {
            Kind::Bool => FieldType::Bool,
            Kind::Int | Kind::WrittenInt => FieldType::Int,
            Kind::Float | Kind::WrittenFloat => FieldType::Float,
            Kind::Text | Kind::WrittenText | Kind::OsmId { .. } | Kind::OsmArea => FieldType::Text,
            Kind::Date | Kind::WrittenDate => FieldType::Date,
            Kind::DateTime | Kind::WrittenDateTime => FieldType::DateTime,
            Kind::Bytes => FieldType::Bytes,
            Kind::Ints | Kind::Longs | Kind::Floats | Kind::Texts => FieldType::Array,
        }
    }

    /// Whether it is the id of an OSM object.
    pub fn is_osm(self) -> bool {
        matches!(self, Kind::OsmId { .. } | Kind::OsmArea)
    }

    /// The kind of a field by GDAL's type and sub-type.
    pub fn of_ogr(kind: u32, sub_kind: u32) -> Self {
        use gdal_sys::OGRFieldSubType::OFSTBoolean;
        use gdal_sys::OGRFieldType as Ogr;
        match kind {
            Ogr::OFTInteger if sub_kind == OFSTBoolean => Kind::Bool,
            Ogr::OFTInteger | Ogr::OFTInteger64 => Kind::Int,
            Ogr::OFTReal => Kind::Float,
            Ogr::OFTDate => Kind::Date,
            Ogr::OFTDateTime => Kind::DateTime,
            Ogr::OFTBinary => Kind::Bytes,
            Ogr::OFTIntegerList => Kind::Ints,
            Ogr::OFTInteger64List => Kind::Longs,
            Ogr::OFTRealList => Kind::Floats,
            Ogr::OFTStringList => Kind::Texts,
            _ => Kind::Text,
        }
    }
}

impl Reader<'_> {
    /// The value of the field at `at`; what is wrong with it is added to `notes`.
    pub fn read(&self, feature: &mut Feature<'_>, at: usize, kind: Kind, notes: &mut Notes) -> Value {
        let value = match kind {
            Kind::Bool => feature.int(at).map(|v| Value::Bool(v != 0)),
            Kind::Int => feature.int(at).map(Value::Int),
            Kind::Float => feature.double(at).map(|v| float(v, notes)),
            Kind::Text => feature.text(at).map(|bytes| self.text(bytes, notes)),
            Kind::WrittenText => {
                let written = feature.text(at).filter(|bytes| !bytes.is_empty());
                written.map(|bytes| self.text(bytes, notes))
            }
            Kind::Date => feature.time(at).map(|time| or_null(date(time), notes)),
            Kind::DateTime => feature.time(at).map(|time| self.moment(time, notes)),
            Kind::Bytes => feature.bytes(at).map(|bytes| bounded(bytes, notes)),
            Kind::Ints => feature
                .ints(at)
                .map(|list| list.iter().map(|&v| Value::Int(v.into())).collect())
                .map(Value::Array),
            Kind::Longs => feature
                .longs(at)
                .map(|list| list.iter().map(|&v| Value::Int(v)).collect())
                .map(Value::Array),
            Kind::Floats => feature
                .doubles(at)
                .map(|list| list.iter().map(|&v| float(v, notes)).collect())
                .map(Value::Array),
            Kind::Texts => feature
                .texts(at)
                .map(|list| list.iter().map(|v| self.text(v, notes)).collect())
                .map(Value::Array),
            Kind::WrittenInt | Kind::WrittenFloat | Kind::WrittenDate | Kind::WrittenDateTime => feature
                .text(at)
                .and_then(|bytes| self.written(&self.decoder.decode(bytes).0, kind, notes)),
            Kind::OsmId { letter } => osm_id(feature, at, letter),
            Kind::OsmArea => osm_id(feature, at, 'r').or_else(|| osm_id(feature, at + 1, 'w')),
        };
        value.unwrap_or_default()
    }

    fn text(&self, bytes: &[u8], notes: &mut Notes) -> Value {
        if bytes.len() > MAX_BYTES {
            return too_long(bytes.len(), notes);
        }
        let (text, damaged) = self.decoder.decode(bytes);
        if damaged {
            let shown: String = text.chars().take(60).collect();
            notes.push((
                FindingCode::EncodingInvalid,
                format!("{shown:?} has bytes that {} has not", self.decoder.name()),
            ));
        }
        Value::text(text)
    }

    fn written(&self, text: &str, kind: Kind, notes: &mut Notes) -> Option<Value> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let value = match kind {
            Kind::WrittenInt => text.parse().ok().map(Value::Int),
            Kind::WrittenFloat => text.parse().ok().map(|number| float(number, notes)),
            Kind::WrittenDate => Date::parse(text).ok().map(Value::Date),
            _ => self.written_moment(text, notes),
        };
        Some(value.unwrap_or_else(|| {
            notes.push((
                FindingCode::ValueOutOfRange,
                format!("{text:?} is no {}", kind.field_type()),
            ));
            Value::Null
        }))
    }

    /// A moment as it is written, with an offset or without.
    pub fn written_moment(&self, text: &str, notes: &mut Notes) -> Option<Value> {
        if let Ok(moment) = Instant::parse(text) {
            return Some(Value::DateTime(moment));
        }
        let moment = Instant::parse(&format!("{text}Z")).ok()?;
        notes.push((
            FindingCode::TimeZoneAssumed,
            format!("{text:?} has no offset; {} was taken", self.offset()),
        ));
        self.local(moment).map(Value::DateTime)
    }

    fn moment(&self, time: RawTime, notes: &mut Notes) -> Value {
        let Some(read) = clock(time) else {
            return or_null(Err(shown(time)), notes);
        };
        // GDAL's flag: 100 is UTC, each step a quarter of an hour; 0 unknown, 1 "local".
        let moment = if time.zone > 1 {
            Instant::from_micros(read.micros() - i64::from(time.zone - 100) * 15 * 60_000_000).ok()
        } else {
            notes.push((
                FindingCode::TimeZoneAssumed,
                format!("{} has no offset; {} was taken", shown(time), self.offset()),
            ));
            self.local(read)
        };
        or_null(moment.map(Value::DateTime).ok_or_else(|| shown(time)), notes)
    }

    /// The moment at which clocks in the layer's zone show what `utc` shows in UTC.
    fn local(&self, utc: Instant) -> Option<Instant> {
        Instant::from_micros(utc.micros() - i64::from(self.utc_offset_minutes) * 60_000_000).ok()
    }

    fn offset(&self) -> String {
        let (sign, minutes) = (
            if self.utc_offset_minutes < 0 { '-' } else { '+' },
            self.utc_offset_minutes.unsigned_abs(),
        );
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

fn float(number: f64, notes: &mut Notes) -> Value {
    Value::float(number).unwrap_or_else(|| {
        notes.push((FindingCode::NumberNotFinite, format!("{number} is no finite number")));
        Value::Null
    })
}

fn bounded(bytes: &[u8], notes: &mut Notes) -> Value {
    if bytes.len() > MAX_BYTES {
        too_long(bytes.len(), notes)
    } else {
        Value::Bytes(bytes.into())
    }
}

fn too_long(len: usize, notes: &mut Notes) -> Value {
    notes.push((
        FindingCode::ValueOutOfRange,
        format!("{len} bytes; at most {MAX_BYTES} are kept"),
    ));
    Value::Null
}

fn or_null(value: Result<Value, String>, notes: &mut Notes) -> Value {
    value.unwrap_or_else(|shown| {
        notes.push((
            FindingCode::ValueOutOfRange,
            format!("{shown} is no time of the calendar"),
        ));
        Value::Null
    })
}

fn day(time: RawTime) -> Option<Date> {
    let [year, month, day] = time.date;
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn date(time: RawTime) -> Result<Value, String> {
    day(time).map(Value::Date).ok_or_else(|| shown(time))
}

/// The moment as if it were UTC.
fn clock(time: RawTime) -> Option<Instant> {
    let [hour, minute] = time.clock;
    let fits = (0..24).contains(&hour) && (0..60).contains(&minute) && (0.0..61.0).contains(&time.second);
    // GDAL keeps seconds as a 32-bit float: exact to a millisecond only.
    let millis = (i64::from(hour) * 60 + i64::from(minute)) * 60_000 + (f64::from(time.second) * 1e3).round() as i64;
    let start = day(time)?.start(0);
    fits.then(|| Instant::from_micros(start.micros() + millis * 1000).ok())
        .flatten()
}

fn shown(time: RawTime) -> String {
    let ([year, month, day], [hour, minute]) = (time.date, time.clock);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}", time.second)
}

fn osm_id(feature: &mut Feature<'_>, at: usize, letter: char) -> Option<Value> {
    let digits = std::str::from_utf8(feature.text(at)?).ok()?;
    (!digits.is_empty()).then(|| Value::text(format!("{letter}{digits}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(decoder: &Decoder) -> Reader<'_> {
        Reader {
            decoder,
            utc_offset_minutes: 480,
        }
    }

    fn time(zone: i32) -> RawTime {
        RawTime {
            date: [2024, 5, 1],
            clock: [8, 30],
            second: 15.25,
            zone,
        }
    }

    #[test]
    fn a_time_without_offset_is_beijings_with_a_finding() {
        let utf8 = Decoder::utf8();
        let check = |zone, expected: &str, findings| {
            let mut notes = Notes::new();
            assert_eq!(reader(&utf8).moment(time(zone), &mut notes).to_string(), expected);
            assert_eq!(notes.len(), findings, "{notes:?}");
        };
        check(100, "2024-05-01T08:30:15.250Z", 0);
        check(132, "2024-05-01T00:30:15.250Z", 0);
        check(0, "2024-05-01T00:30:15.250Z", 1);
    }

    #[test]
    fn impossible_times_are_null_with_a_finding() {
        let utf8 = Decoder::utf8();
        for bad in [
            RawTime {
                date: [2024, 2, 30],
                ..time(100)
            },
            RawTime {
                date: [99_999, 1, 1],
                ..time(100)
            },
            RawTime {
                clock: [25, 0],
                ..time(100)
            },
            RawTime {
                second: f32::NAN,
                ..time(100)
            },
        ] {
            let mut notes = Notes::new();
            assert_eq!(reader(&utf8).moment(bad, &mut notes), Value::Null);
            assert_eq!(notes[0].0, FindingCode::ValueOutOfRange);
        }
    }

    #[test]
    fn written_values_are_read_and_what_does_not_fit_is_told() {
        let utf8 = Decoder::utf8();
        let check = |text, kind, expected: &str, findings| {
            let mut notes = Notes::new();
            let value = reader(&utf8).written(text, kind, &mut notes).unwrap_or_default();
            assert_eq!(
                (value.to_string().as_str(), notes.len()),
                (expected, findings),
                "{text}"
            );
        };
        check("42", Kind::WrittenInt, "42", 0);
        check("6.0", Kind::WrittenFloat, "6", 0);
        check("1e999", Kind::WrittenFloat, "", 1);
        check("", Kind::WrittenInt, "", 0);
        check("x", Kind::WrittenInt, "", 1);
        check(
            "2010-10-12 00:59:38+00:00",
            Kind::WrittenDateTime,
            "2010-10-12T00:59:38.000Z",
            0,
        );
        check(
            "2010-10-12 00:59:38",
            Kind::WrittenDateTime,
            "2010-10-11T16:59:38.000Z",
            1,
        );
    }

    #[test]
    fn numbers_that_are_not_finite_become_null() {
        let mut notes = Notes::new();
        assert_eq!(float(f64::INFINITY, &mut notes), Value::Null);
        assert_eq!(notes[0].0, FindingCode::NumberNotFinite);
    }

    #[test]
    fn bytes_that_do_not_decode_give_a_finding() {
        let utf8 = Decoder::utf8();
        let mut notes = Notes::new();
        assert_eq!(reader(&utf8).text(b"a\xff", &mut notes).to_string(), "a\u{fffd}");
        assert_eq!(notes[0].0, FindingCode::EncodingInvalid);
        assert_eq!(reader(&utf8).text(&vec![b'a'; MAX_BYTES + 1], &mut notes), Value::Null);
    }
}
