//! The bytes of Mapbox Vector Tiles 2.1: protobuf fields and geometry commands.

use super::frame::Point;

/// Geometry types (MVT 2.1, clause 4.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GeomType {
    Point = 1,
    Line = 2,
    Polygon = 3,
}

/// Appends a varint.
#[inline]
pub(super) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a field of bytes: tag, length, content.
#[inline]
pub(super) fn put_bytes(field: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(field << 3 | 2);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends a field that is a number.
#[inline]
pub(super) fn put_number(field: u8, number: u64, out: &mut Vec<u8>) {
    out.push(field << 3);
    put_varint(number, out);
}

/// The varint form of a signed number.
#[inline]
pub(super) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

/// The geometry of one feature as commands (MVT 2.1, clause 4.3).
#[derive(Debug)]
pub(super) struct Commands {
    bytes: Vec<u8>,
    cursor: Point,
}

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
        points.iter().for_each(|&point| self.go(point));
    }

    /// Draws a line of two points or more, no two following ones equal.
    pub fn line(&mut self, mut points: impl ExactSizeIterator<Item = Point>) {
        debug_assert!(points.len() >= 2);
        if let Some(start) = points.next() {
            self.command(Self::MOVE_TO, 1);
            self.go(start);
            self.command(Self::LINE_TO, points.len());
            points.for_each(|point| self.go(point));
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

    #[inline]
    fn go(&mut self, to: Point) {
        put_varint(zigzag(to.x - self.cursor.x), &mut self.bytes);
        put_varint(zigzag(to.y - self.cursor.y), &mut self.bytes);
        self.cursor = to;
    }
}
