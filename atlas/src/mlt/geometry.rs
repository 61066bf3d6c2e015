//! The geometries of a layer: types, lengths, and one row of vertices.

use super::read::{Layer, Varints, signed};
use super::stream::{Encoding, Kind, put_stream, stream_of_numbers};
use crate::render::{put_varint, zigzag};

/// Types of single geometries; those of several are three more.
const POINT: u8 = 0;
const LINE: u8 = 1;
const POLYGON: u8 = 2;
const MULTI: u8 = 3;

/// Commands (MVT 2.1, clause 4.3.3).
const MOVE_TO: u64 = 1;
const LINE_TO: u64 = 2;
const CLOSE_PATH: u64 = 7;

/// The geometries of a layer by level.
#[derive(Debug, Default)]
pub(super) struct Geometries {
    types: Vec<u8>,
    /// How many points, lines or polygons, of geometries of several.
    members: Vec<u32>,
    /// How many rings each polygon has.
    rings: Vec<u32>,
    /// How many vertices each line or ring has.
    vertices: Vec<u32>,
    places: Vec<(i64, i64)>,
}

impl Geometries {
    /// Reads all geometries of a layer; none where one is no geometry.
    pub fn of(layer: &Layer<'_>) -> Option<Self> {
        let mut all = Self::default();
        for feature in &layer.features {
            match feature.geom_type {
                1 => all.points(feature.commands)?,
                2 => all.lines(feature.commands)?,
                3 => all.polygons(feature.commands)?,
                _ => return None,
            }
        }
        Some(all)
    }

    /// Appends the column.
    pub fn put(&self, out: &mut Vec<u8>) {
        let mut streams = Vec::new();
        let mut count = 2;
        stream_of_numbers(Kind::Data, self.types.iter().map(|&kind| kind.into()), &mut streams);
        let has_polygons = !self.rings.is_empty();
        // Where there are polygons, lines count as rings.
        let (parts, rings): (&[u32], &[u32]) = match has_polygons {
            true => (&self.rings, &self.vertices),
            false => (&self.vertices, &[]),
        };
        let lengths = [
            (Kind::GeometryLengths, &self.members[..]),
            (Kind::PartLengths, parts),
            (Kind::RingLengths, rings),
        ];
        for (kind, lengths) in lengths.into_iter().filter(|(_, lengths)| !lengths.is_empty()) {
            stream_of_numbers(kind, lengths.iter().map(|&length| length.into()), &mut streams);
            count += 1;
        }
        let (mut payload, mut last) = (Vec::with_capacity(self.places.len() * 3), (0, 0));
        for &(x, y) in &self.places {
            put_varint(zigzag(x - last.0), &mut payload);
            put_varint(zigzag(y - last.1), &mut payload);
            last = (x, y);
        }
        put_stream(
            Kind::Vertices,
            Encoding::VertexDelta,
            2 * self.places.len(),
            &payload,
            &mut streams,
        );
        put_varint(count, out);
        out.append(&mut streams);
    }

    fn points(&mut self, commands: &[u8]) -> Option<()> {
        let mut pen = Pen::new(commands);
        let count = pen.command(MOVE_TO)?;
        pen.go(count, &mut self.places)?;
        self.add(POINT, count)
    }

    fn lines(&mut self, commands: &[u8]) -> Option<()> {
        let (mut pen, mut count) = (Pen::new(commands), 0);
        while !pen.is_done() {
            self.path(&mut pen)?;
            count += 1;
        }
        self.add(LINE, count)
    }

    fn polygons(&mut self, commands: &[u8]) -> Option<()> {
        let (mut pen, mut count) = (Pen::new(commands), 0);
        while !pen.is_done() {
            let start = self.places.len();
            self.path(&mut pen)?;
            pen.command(CLOSE_PATH)?;
            if double_area(&self.places[start..]) > 0 {
                self.rings.push(0);
                count += 1;
            }
            *self.rings.last_mut().filter(|_| count > 0)? += 1;
        }
        self.add(POLYGON, count)
    }

    fn path(&mut self, pen: &mut Pen<'_>) -> Option<()> {
        let one = pen.command(MOVE_TO)?;
        pen.go(one, &mut self.places)?;
        let more = pen.command(LINE_TO)?;
        pen.go(more, &mut self.places)?;
        self.vertices.push(u32::try_from(one + more).ok()?);
        Some(())
    }

    fn add(&mut self, kind: u8, count: u64) -> Option<()> {
        if count == 1 {
            self.types.push(kind);
        } else {
            self.types.push(kind + MULTI);
            self.members.push(u32::try_from(count).ok()?);
        }
        Some(())
    }
}

/// Follows commands.
struct Pen<'a> {
    rest: Varints<'a>,
    at: (i64, i64),
}

impl<'a> Pen<'a> {
    fn new(commands: &'a [u8]) -> Self {
        Self {
            rest: Varints(commands),
            at: (0, 0),
        }
    }

    fn is_done(&self) -> bool {
        self.rest.0.is_empty()
    }

    /// How often the command that is due comes; none where another does.
    fn command(&mut self, due: u64) -> Option<u64> {
        let word = self.rest.next()?;
        (word & 7 == due).then_some(word >> 3)
    }

    fn go(&mut self, steps: u64, places: &mut Vec<(i64, i64)>) -> Option<()> {
        for _ in 0..steps {
            self.at.0 += signed(self.rest.next()?);
            self.at.1 += signed(self.rest.next()?);
            places.push(self.at);
        }
        Some(())
    }
}

fn double_area(ring: &[(i64, i64)]) -> i64 {
    let before = ring.iter().cycle().skip(ring.len().saturating_sub(1));
    before.zip(ring).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum()
}
