//! The values of a layer in one tile, each once, written as they come.

use super::mvt::{bytes_len, put_bytes, put_bytes_head, varint_len};
use crate::data::interner::hash;

/// Values by number, in the form in which the layer has them (MVT 2.1, field 4 of a layer).
#[derive(Debug, Default)]
pub(super) struct Values {
    written: Vec<u8>,
    /// The end of each in `written`.
    ends: Vec<u32>,
    /// The upper half of a value's hash above its number plus one; 0 where free. A power of two long, at most half full.
    table: Vec<u64>,
    /// How many of the values are in the table.
    hashed: usize,
}

/// The field of a layer that is a value.
const VALUE: u8 = 4;
/// The field of a value that is a text.
const TEXT: u8 = 1;

impl Values {
    /// All values, one field after the other.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// Adds a text, which no other value is expected to equal, and gives its number; none beyond 4 GiB of values.
    pub fn add_text(&mut self, text: &[u8]) -> Option<u32> {
        put_bytes_head(VALUE, bytes_len(text.len()), &mut self.written);
        put_bytes(TEXT, text, &mut self.written);
        self.added()
    }

    /// The number of an encoded value, new or not; none beyond 4 GiB of values.
    pub fn number(&mut self, encoded: &[u8]) -> Option<u32> {
        if self.table.len() < 2 * (self.hashed + 1) {
            self.grow();
        }
        let mask = self.table.len() - 1;
        let upper = hash(encoded) >> 32;
        let mut at = upper as usize & mask;
        loop {
            let entry = self.table[at];
            if entry == 0 {
                break;
            }
            let number = entry as u32 - 1;
            if entry >> 32 == upper && self.is(number, encoded) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
        put_bytes(VALUE, encoded, &mut self.written);
        let number = self.added()?;
        self.table[at] = upper << 32 | u64::from(number + 1);
        self.hashed += 1;
        Some(number)
    }

    fn added(&mut self) -> Option<u32> {
        let start = self.ends.last().map_or(0, |&end| end as usize);
        let number = u32::try_from(self.ends.len())
            .ok()
            .filter(|&number| number < u32::MAX - 1);
        match (u32::try_from(self.written.len()), number) {
            (Ok(end), Some(number)) => {
                self.ends.push(end);
                Some(number)
            }
            _ => {
                self.written.truncate(start);
                None
            }
        }
    }

    fn is(&self, number: u32, encoded: &[u8]) -> bool {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        let written = &self.written[start..self.ends[at] as usize];
        written.len() == bytes_len(encoded.len()) && written[1 + varint_len(encoded.len() as u64)..] == *encoded
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 2).max(256);
        let entries = std::mem::replace(&mut self.table, vec![0; size]);
        for entry in entries.into_iter().filter(|&entry| entry != 0) {
            let mut at = (entry >> 32) as usize & (size - 1);
            while self.table[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.table[at] = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_number_and_texts_that_are_added_have_their_own() {
        let mut values = Values::default();
        let text = |n: usize| {
            [
                b"\x0a".to_vec(),
                "黄".repeat(n % 70).into_bytes(),
                n.to_string().into_bytes(),
            ]
            .concat()
        };
        let mut expected = Vec::new();
        for round in 0..2 {
            for n in 0..1000 {
                assert_eq!(values.number(&text(n)), Some(2 * n as u32), "round {round}");
                if round == 0 {
                    put_bytes(4, &text(n), &mut expected);
                    assert_eq!(values.add_text(b"id"), Some(2 * n as u32 + 1));
                    expected.extend(b"\x22\x04\x0a\x02id");
                }
            }
        }
        assert_eq!(values.written(), expected);
        assert_eq!(values.number(b""), Some(2000));
        assert_eq!(
            values.number(b"\x0a\x02id"),
            Some(2001),
            "what was added is not looked for"
        );
    }
}
