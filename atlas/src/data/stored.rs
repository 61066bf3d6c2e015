//! How the arrays of a segment are written to a snapshot's file and read back.
//!
//! Whatever is read is looked at so far that no later use of it can fail: lengths, bounds, what indexes what.

use super::bits::PackedBits;
use super::column::{Column, Whole};
use super::interner::{Blobs, Texts};
use super::offsets::Offsets;
use super::packed::{Packed, Words};
use super::times::Times;
use crate::persist::reader::{Damage, Read, Reader, check, damage};
use crate::persist::values;
use crate::persist::writer::Writer;
use crate::shelf::{Plain, Shelf, Utf8};
use onemap_model::{Date, Instant, TimeSpan};
use std::io;

impl Packed {
    pub(crate) fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.signed(self.base);
        out.number(self.span);
        match &self.words {
            Words::None => {
                out.number(0);
                Ok(())
            }
            Words::U8(words) => numbered(1, words, out),
            Words::U16(words) => numbered(2, words, out),
            Words::U32(words) => numbered(4, words, out),
            Words::U64(words) => numbered(8, words, out),
        }
    }

    /// Reads `count` numbers, none less than `least` or more than `most`.
    pub(crate) fn read(from: &mut Reader, count: usize, least: i64, most: i64) -> Read<Self> {
        let (base, span) = (from.signed()?, from.number()?);
        let words = match from.number()? {
            0 => Words::None,
            1 => Words::U8(from.shelf_of(count)?),
            2 => Words::U16(from.shelf_of(count)?),
            4 => Words::U32(from.shelf_of(count)?),
            8 => Words::U64(from.shelf_of(count)?),
            other => return damage(format!("numbers of {other} bytes")),
        };
        let largest = match &words {
            Words::None => 0,
            Words::U8(words) => words.iter().copied().max().map_or(0, u64::from),
            Words::U16(words) => words.iter().copied().max().map_or(0, u64::from),
            Words::U32(words) => words.iter().copied().max().map_or(0, u64::from),
            Words::U64(words) => words.iter().copied().max().unwrap_or(0),
        };
        check(largest <= span, "a number is larger than the largest")?;
        let highest = i128::from(base) + i128::from(span);
        let is_within = count == 0 || (base >= least && highest <= i128::from(most));
        if !is_within {
            return damage(format!("numbers from {base} to {highest}, expected {least} to {most}"));
        }
        Ok(Self { base, span, words })
    }
}

fn numbered<T: Plain>(size: u64, words: &Shelf<T>, out: &mut Writer<'_>) -> io::Result<()> {
    out.number(size);
    out.shelf(words)
}

impl Offsets {
    pub(crate) fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        match self {
            Offsets::Uniform(length) => {
                out.number(0);
                out.number(*length as u64);
                Ok(())
            }
            Offsets::Listed(starts) => numbered(1, starts, out),
        }
    }

    /// Reads the runs of `count` entries; gives how long they are together.
    pub(crate) fn read(from: &mut Reader, count: usize) -> Read<(Self, usize)> {
        if from.number()? == 0 {
            let length = from.size()?;
            let Some(total) = length.checked_mul(count) else {
                return damage(format!("{count} runs of {length}"));
            };
            return Ok((Offsets::Uniform(length), total));
        }
        let starts: Shelf<u32> = from.shelf()?;
        check(
            count.checked_add(1) == Some(starts.len()),
            "not as many runs as there should be",
        )?;
        check(starts[0] == 0 && starts.is_sorted(), "runs do not follow each other")?;
        let total = starts[count] as usize;
        Ok((Offsets::Listed(starts), total))
    }
}

impl PackedBits {
    pub(crate) fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.number(self.len as u64);
        out.shelf(&self.words)
    }

    pub(crate) fn read(from: &mut Reader, count: usize) -> Read<Self> {
        let len = from.size()?;
        check(len == count, "not as many bits as there should be")?;
        let words = from.shelf_of(count.div_ceil(64))?;
        Ok(Self { words, len })
    }
}

impl Blobs {
    fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.shelf(&self.bytes)?;
        out.shelf(&self.ends)
    }

    fn read(from: &mut Reader) -> Read<Self> {
        let (bytes, ends): (Shelf<u8>, Shelf<u32>) = (from.shelf()?, from.shelf()?);
        let end = ends.last().map_or(0, |&end| end as usize);
        check(
            ends.is_sorted() && end <= bytes.len(),
            "strings do not follow each other",
        )?;
        Ok(Self { bytes, ends })
    }
}

impl Texts {
    fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.shelf(self.text.shelf())?;
        out.shelf(&self.ends)
    }

    fn read(from: &mut Reader) -> Read<Self> {
        let Blobs { bytes, ends } = Blobs::read(from)?;
        let text = Utf8::new(bytes).ok_or_else(|| Damage("a text is no UTF-8".to_owned()))?;
        let is_whole = |&end: &u32| text.as_str().is_char_boundary(end as usize);
        check(ends.iter().all(is_whole), "a text ends within a character")?;
        Ok(Self { text, ends })
    }
}

impl Column {
    pub(crate) fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        match self {
            Column::Whole { kind, numbers, present } => {
                out.number(*kind as u64);
                numbers.store(out)?;
                out.number(u64::from(present.is_some()));
                present.as_ref().map_or(Ok(()), |present| present.store(out))
            }
            Column::Float(floats) => numbered(10, floats, out),
            Column::FewFloats { codes, floats } => {
                numbered(11, floats, out)?;
                codes.store(out)
            }
            Column::Text { codes, dictionary } => {
                out.number(12);
                dictionary.store(out)?;
                codes.store(out)
            }
            Column::Bytes { codes, dictionary } => {
                out.number(13);
                dictionary.store(out)?;
                codes.store(out)
            }
            Column::Other(values) => {
                out.number(14);
                values.iter().for_each(|value| values::store(value, out));
                Ok(())
            }
        }
    }

    pub(crate) fn read(from: &mut Reader, count: usize) -> Read<Self> {
        let finite = |floats: &Shelf<f64>| {
            let is_sound = |float: &f64| float.is_finite() || float.is_nan();
            check(floats.iter().all(is_sound), "a float is infinite")
        };
        // Nothing but nulls has no code but 0, which is no place among floats.
        let codes_below = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(match from.number()? {
            0 => Self::read_whole(Whole::Bool, from, count)?,
            1 => Self::read_whole(Whole::Int, from, count)?,
            2 => Self::read_whole(Whole::Date, from, count)?,
            3 => Self::read_whole(Whole::DateTime, from, count)?,
            10 => {
                let floats = from.shelf_of(count)?;
                finite(&floats)?;
                Column::Float(floats)
            }
            11 => {
                let floats: Shelf<f64> = from.shelf()?;
                finite(&floats)?;
                let codes = Packed::read(from, count, 0, codes_below(floats.len()) - 1)?;
                Column::FewFloats { codes, floats }
            }
            12 => {
                let dictionary = Texts::read(from)?;
                let codes = Packed::read(from, count, 0, codes_below(dictionary.len()))?;
                Column::Text { codes, dictionary }
            }
            13 => {
                let dictionary = Blobs::read(from)?;
                let codes = Packed::read(from, count, 0, codes_below(dictionary.len()))?;
                Column::Bytes { codes, dictionary }
            }
            14 => Column::Other((0..count).map(|_| values::read(from)).collect::<Read<_>>()?),
            other => return damage(format!("a column of kind {other}")),
        })
    }

    fn read_whole(kind: Whole, from: &mut Reader, count: usize) -> Read<Self> {
        let numbers = Packed::read(from, count, i64::MIN, i64::MAX)?;
        let present = match from.number()? {
            0 => None,
            _ => Some(PackedBits::read(from, count)?),
        };
        let end = |offset| Instant::from_micros(numbers.of_offset(offset)).is_ok();
        let is_there = |at: &usize| present.as_ref().is_none_or(|present| present.get(*at));
        let is_sound = match kind {
            Whole::Bool | Whole::Int => true,
            Whole::DateTime => count == 0 || (end(0) && end(numbers.span())),
            Whole::Date => (0..count).filter(is_there).all(|at| date(numbers.get(at)).is_some()),
        };
        check(is_sound, "a time is none")?;
        Ok(Column::Whole { kind, numbers, present })
    }
}

fn date(number: i64) -> Option<Date> {
    let year = i16::try_from(number.div_euclid(512)).ok()?;
    let day = number.rem_euclid(512);
    Date::new(year, (day / 32) as i8, (day % 32) as i8).ok()
}

impl Times {
    pub(crate) fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        out.number(self.spans.len() as u64);
        for span in &self.spans {
            out.maybe(span.from().map(Instant::micros));
            out.maybe(span.to().map(Instant::micros));
        }
        self.codes.store(out)
    }

    pub(crate) fn read(from: &mut Reader, count: usize) -> Read<Self> {
        let none = |_| Damage("a time is none".to_owned());
        let end = |from: &mut Reader| from.maybe()?.map(Instant::from_micros).transpose().map_err(none);
        let spans = from.count()?;
        let span = |_| TimeSpan::new(end(from)?, end(from)?).map_err(none);
        let spans: Vec<TimeSpan> = (0..spans).map(span).collect::<Read<_>>()?;
        check(count == 0 || !spans.is_empty(), "no valid time")?;
        let codes = Packed::read(from, count, 0, spans.len() as i64 - 1)?;
        Ok(Times::new(codes, spans, count))
    }
}
