//! The bytes of Mapbox Vector Tiles 2.1: protobuf fields and geometry commands.

use super::frame::Point;

/// Geometry types (MVT 2.1, clause 4.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GeomType {
    Point = 1,
    Line = 2,
    Polygon = 3,
}

/// Appends a varint.
#[inline]
pub(crate) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// How many bytes a varint has.
#[inline]
pub(super) fn varint_len(number: u64) -> usize {
    (70 - (number | 1).leading_zeros() as usize) / 7
}

/// Appends a field of bytes: tag, length, content.
#[inline]
pub(super) fn put_bytes(field: u8, bytes: &[u8], out: &mut Vec<u8>) {
    put_bytes_head(field, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends tag and length of a field of bytes.
#[inline]
pub(super) fn put_bytes_head(field: u8, len: usize, out: &mut Vec<u8>) {
    out.push(field << 3 | 2);
    put_varint(len as u64, out);
}

/// How many bytes a field of so many bytes takes.
#[inline]
pub(super) fn bytes_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// Appends a field that is a number.
#[inline]
pub(super) fn put_number(field: u8, number: u64, out: &mut Vec<u8>) {
    out.push(field << 3);
    put_varint(number, out);
}

/// The varint form of a signed number.
#[inline]
pub(crate) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

/// The geometry of one feature as commands (MVT 2.1, clause 4.3).
#[derive(Debug)]
pub(super) struct Commands {
    bytes: Vec<u8>,
    cursor: Point,
}

/// Bytes of a step between two drawn positions, at the most: twice a varint of 15 bits.
const STEP_BYTES: usize = 6;

impl Commands {
    const MOVE_TO: u64 = 1;
    const LINE_TO: u64 = 2;
    const CLOSE_PATH: u64 = 7;

    pub fn new() -> Self {
        Self {
            bytes: Vec::new(),
            cursor: Point { x: 0, y: 0 },
        }
    }

    /// Begins the next feature.
    pub fn clear(&mut self) {
        *self = Self {
            bytes: std::mem::take(&mut self.bytes),
            ..Self::new()
        };
        self.bytes.clear();
    }

    /// What was drawn since the last [`Commands::clear`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Draws points, at least one.
    pub fn points(&mut self, points: &[Point]) {
        self.command(Self::MOVE_TO, points.len());
        self.go(points.iter().copied());
    }

    /// Draws a line of two points or more, no two following ones equal.
    pub fn line(&mut self, mut points: impl ExactSizeIterator<Item = Point>) {
        debug_assert!(points.len() >= 2);
        if let Some(start) = points.next() {
            self.command(Self::MOVE_TO, 1);
            self.go(std::iter::once(start));
            self.command(Self::LINE_TO, points.len());
            self.go(points);
        }
    }

    /// Draws a ring of three points or more, the first not repeated at the end.
    pub fn ring(&mut self, points: impl ExactSizeIterator<Item = Point>) {
        debug_assert!(points.len() >= 3);
        self.line(points);
        self.command(Self::CLOSE_PATH, 1);
    }

    #[inline]
    fn command(&mut self, command: u64, count: usize) {
        put_varint((count as u64) << 3 | command, &mut self.bytes);
    }

    /// Goes from one drawn position to the next.
    #[inline]
    fn go(&mut self, points: impl ExactSizeIterator<Item = Point>) {
        let start = self.bytes.len();
        // Room for all of it at once, and for a last write that is longer than what it counts for.
        self.bytes.resize(start + STEP_BYTES * (points.len() + 1), 0);
        let (out, mut at) = (&mut self.bytes[start..], 0);
        for to in points {
            at = put_small(zigzag(to.x - self.cursor.x) as u32, out, at);
            at = put_small(zigzag(to.y - self.cursor.y) as u32, out, at);
            self.cursor = to;
        }
        self.bytes.truncate(start + at);
    }
}

/// Writes a varint of at most 21 bits at `at`, without a branch; gives where the next one goes.
#[inline]
fn put_small(number: u32, out: &mut [u8], at: usize) -> usize {
    debug_assert!(number < 1 << 21);
    let (second, third) = (number >= 1 << 7, number >= 1 << 14);
    let bytes = [
        number as u8 & 0x7f | u8::from(second) << 7,
        (number >> 7) as u8 & 0x7f | u8::from(third) << 7,
        (number >> 14) as u8,
    ];
    out[at..at + 3].copy_from_slice(&bytes);
    at + 1 + usize::from(second) + usize::from(third)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_small_varints_are_those_of_varints() {
        for bits in 0..64 {
            for number in [(1_u64 << bits) - 1, 1 << bits] {
                let mut out = Vec::new();
                put_varint(number, &mut out);
                assert_eq!(out.len(), varint_len(number), "{number}");
                if number < 1 << 21 {
                    let mut small = [0; 6];
                    let end = put_small(number as u32, &mut small, 0);
                    assert_eq!(small[..end], out, "{number}");
                }
            }
        }
    }
}
