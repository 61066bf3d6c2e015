//! The records of geometries: what each line of them means.
//!
//! Editions differ in small ways (whether a count stands before a single point, whether a line is one piece or several,
//! whether a record ends with `0`), and files mix them. So a record is read by the shape of its lines: a position has
//! two or three numbers with separators between, a count or a kind is one whole number alone.

use super::crs;
use super::curve::{self, Position};
use super::head::{Axes, Head};
use super::lines::{Line, Lines, Place};
use super::scan::{Kind, marker};
use crate::error::Error;

/// Most positions of one geometry: 240 MB.
pub const MAX_POSITIONS: usize = 10_000_000;
/// Largest number that a coordinate can be, whatever the unit.
const MAX_COORDINATE: f64 = 1e9;

/// Why a record was not read.
#[derive(Debug)]
pub enum Fault {
    /// The file cannot be read on.
    File(Error),
    /// Only this record is wrong, in this line, and its end is not known.
    Record(u64, String),
    /// The record is well formed; its geometry cannot be made.
    Shape(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::File(error)
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Fault::Shape(reason)
    }
}

/// The result of reading a part of a record.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// A geometry as a record has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One point.
    Point(Position),
    /// One point, and where it points to.
    Directed(Position, Position),
    /// Several points.
    Points(Vec<Position>),
    /// Pieces of a line, one after the other.
    Line(Vec<Vec<Position>>),
    /// Lines by their identifiers, one after the other.
    LineBy(Vec<i64>),
    /// The rings of a polygon.
    Rings(Vec<Vec<Position>>),
    /// Rings as lines by their identifiers, negative ones backwards, with 0 between rings.
    RingsBy(Vec<i64>),
    /// A text on the map: the text, and where each part of it stands, with its angle.
    Text(Vec<u8>, Vec<(Position, Option<f64>)>),
}

/// A record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its identifier.
    pub id: i64,
    /// The code of its feature class.
    pub code: Vec<u8>,
    /// Where it begins.
    pub place: Place,
    /// Its geometry, or why there is none.
    pub shape: Result<Shape, String>,
    /// Whether a curve was read as the chain of its points, which it goes through.
    pub smooth: bool,
}

/// Reads records.
pub struct Reader<'a> {
    /// The file.
    pub lines: &'a mut Lines,
    /// Its head.
    pub head: &'a Head,
    /// Which coordinate comes first.
    pub axes: Axes,
    /// Whether a line is the code of a feature class, to find a record again after a broken one.
    pub is_code: &'a dyn Fn(&[u8]) -> bool,
    smooth: bool,
}

impl<'a> Reader<'a> {
    /// A reader from where `lines` is.
    pub fn new(lines: &'a mut Lines, head: &'a Head, axes: Axes, is_code: &'a dyn Fn(&[u8]) -> bool) -> Self {
        Self {
            lines,
            head,
            axes,
            is_code,
            smooth: false,
        }
    }

    /// The next record of a section of this kind; none at its end.
    ///
    /// # Errors
    /// Where the file cannot be read, or a record is broken: then the next call goes on with the one after it.
    pub fn next(&mut self, kind: Kind) -> Result<Option<Record>> {
        match self.lines.peek(0)? {
            None => return Ok(None),
            Some(line) if marker(&line.bytes).is_some() => return Ok(None),
            Some(_) => {}
        }
        let read = self.record(kind);
        if matches!(read, Err(Fault::Record(..))) {
            self.find_next()?;
        }
        read.map(Some)
    }

    /// Again the positions of the line whose record begins here.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn again(&mut self) -> Result<Record> {
        self.record(Kind::Line)
    }

    fn record(&mut self, kind: Kind) -> Result<Record> {
        let first = self.line()?;
        let id = whole(&first).ok_or_else(|| wrong(&first, "an identifier was expected"))?;
        let code = self.line()?.bytes;
        self.line()?;
        self.smooth = false;
        let shape = match kind {
            Kind::Point => self.point(),
            Kind::Line => self.a_line(),
            Kind::Annotation => self.annotation(),
            _ => self.polygon(),
        };
        let shape = match shape {
            Ok(shape) => Ok(shape),
            Err(Fault::Shape(reason)) => {
                // Its lines are not all read.
                self.find_next()?;
                Err(reason)
            }
            Err(other) => return Err(other),
        };
        if let Some(line) = self.lines.peek(0)?
            && line.bytes == b"0"
        {
            self.lines.next()?;
        }
        Ok(Record {
            id,
            code,
            place: first.place,
            shape,
            smooth: self.smooth,
        })
    }

    /// Passes over lines up to what looks like the next record: after a `0`, or before a number and a known code.
    fn find_next(&mut self) -> Result<()> {
        loop {
            match self.lines.peek(0)? {
                None => return Ok(()),
                Some(line) if marker(&line.bytes).is_some() => return Ok(()),
                Some(line) if line.bytes == b"0" => {
                    self.lines.next()?;
                    return Ok(());
                }
                Some(line) => {
                    let is_number = whole(line).is_some();
                    let is_code = self.is_code;
                    if is_number && self.lines.peek(1)?.is_some_and(|code| is_code(&code.bytes)) {
                        return Ok(());
                    }
                    self.lines.next()?;
                }
            }
        }
    }

    /// The next line, which is not the end of the section.
    fn line(&mut self) -> Result<Line> {
        let (is_end, number) = match self.lines.peek(0)? {
            Some(line) => (marker(&line.bytes).is_some(), line.place.number),
            None => (true, 0),
        };
        if is_end {
            return Err(Fault::Record(number, "the record ends too early".into()));
        }
        let line = self.lines.next()?;
        Ok(line.unwrap_or_default())
    }

    fn number(&mut self, what: &str) -> Result<i64> {
        let line = self.line()?;
        whole(&line).ok_or_else(|| wrong(&line, &format!("{what} was expected")))
    }

    fn count(&mut self, what: &str) -> Result<usize> {
        let line = self.line()?;
        let count = whole(&line).and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| (1..=MAX_POSITIONS).contains(count));
        count.ok_or_else(|| wrong(&line, &format!("{what} was expected, 1 to {MAX_POSITIONS}")))
    }

    /// Whether the next line is one whole number.
    fn is_number_next(&mut self) -> Result<bool> {
        Ok(self.lines.peek(0)?.is_some_and(|line| whole(line).is_some()))
    }

    fn point(&mut self) -> Result<Shape> {
        let kind = self.number("the kind of a point")?;
        if !(1..=4).contains(&kind) {
            return Err(Fault::Shape(format!("{kind} is no kind of point that is read here")));
        }
        let least = if kind == 3 { 2 } else { 1 };
        let count = if self.is_number_next()? {
            self.count("a number of points")?
        } else {
            least
        };
        let points = self.positions(count)?;
        if kind == 2 && self.head.has_topology && self.is_number_next()? {
            self.node_topology()?;
        }
        Ok(match (kind, points.as_slice()) {
            (3, [at, to]) => Shape::Directed(*at, *to),
            (3, _) => {
                return Err(Fault::Shape(format!(
                    "{count} positions of a directed point; 2 were expected"
                )));
            }
            (_, [at]) => Shape::Point(*at),
            _ => Shape::Points(points),
        })
    }

    /// Passes over the lines that a node of version 1 joins. Their count stands alone, as a record's identifier does:
    /// what follows that is a known code.
    fn node_topology(&mut self) -> Result<()> {
        let is_code = self.is_code;
        if self.lines.peek(1)?.is_some_and(|line| is_code(&line.bytes)) {
            return Ok(());
        }
        let count = self.number("a number of lines")?;
        let count = usize::try_from(count).unwrap_or(0).min(MAX_POSITIONS);
        if count > 0 {
            self.references(count)?;
        }
        Ok(())
    }

    fn a_line(&mut self) -> Result<Shape> {
        let kind = self.number("the kind of a line")?;
        if kind == 100 {
            let count = self.count("a number of lines")?;
            return Ok(Shape::LineBy(self.references(count)?));
        }
        if !(1..=6).contains(&kind) {
            return Err(Fault::Shape(format!("{kind} is no kind of line that is read here")));
        }
        if !self.is_number_next()? {
            let line = self.line()?;
            return Err(wrong(&line, "a number of points or pieces was expected"));
        }
        // A count of positions is followed by a position, a count of pieces by the kind of the first.
        let has_pieces = self.lines.peek(1)?.is_some_and(|line| whole(line).is_some());
        let mut pieces = Vec::new();
        if has_pieces {
            for _ in 0..self.count("a number of pieces")? {
                let kind = self.number("the kind of a piece of a line")?;
                pieces.push(self.piece(kind)?);
            }
        } else {
            pieces.push(self.piece(kind)?);
        }
        if self.head.has_topology {
            self.line_topology()?;
        }
        Ok(Shape::Line(pieces))
    }

    /// Passes over the two nodes and two polygons that a line of version 1 with topology ends with.
    fn line_topology(&mut self) -> Result<()> {
        for at in 0..4 {
            if self.lines.peek(at)?.is_none_or(|line| whole(line).is_none()) {
                return Ok(());
            }
        }
        for _ in 0..4 {
            self.line()?;
        }
        Ok(())
    }

    /// A piece of a line: version 1 has kinds 1 to 6, version 2 has 11 to 17.
    fn piece(&mut self, kind: i64) -> Result<Vec<Position>> {
        match kind {
            1 | 11 => self.counted(),
            // They go through their points; how, the file does not say.
            5 | 6 | 15 => {
                self.smooth = true;
                self.counted()
            }
            2 | 12 => {
                let by = self.three()?;
                curve::arc(&by, self.tolerance()).map_err(Fault::Shape)
            }
            3 => {
                let by = self.three()?;
                curve::circle(&by, self.tolerance()).map_err(Fault::Shape)
            }
            _ => Err(Fault::Shape(format!(
                "{} is not read",
                match kind {
                    4 => "an ellipse by four points",
                    13 => "an arc by its centre and angles",
                    14 => "an elliptical arc",
                    16 => "a B-spline",
                    17 => "a Bezier curve",
                    _ => "this kind of line",
                }
            ))),
        }
    }

    fn polygon(&mut self) -> Result<Shape> {
        // Version 1 goes on with the label's position, version 2 with a kind.
        if !self.is_number_next()? {
            self.label()?;
            return self.polygon_of_version_1();
        }
        let kind = self.number("the kind of a polygon")?;
        if !matches!(kind, 1 | 100) {
            return Err(Fault::Shape(format!("{kind} is no kind of polygon that is read here")));
        }
        self.label()?;
        if kind == 1 {
            let mut rings = Vec::new();
            for _ in 0..self.count("a number of rings")? {
                let kind = self.number("the kind of a ring")?;
                rings.push(self.ring(kind)?);
            }
            return Ok(Shape::Rings(rings));
        }
        match self.number("how a polygon is composed, 21 or 22,")? {
            21 => {
                let count = self.count("a number of lines")?;
                Ok(Shape::RingsBy(self.references(count)?))
            }
            22 => Err(Fault::Shape("a polygon made of polygons is not read".into())),
            other => Err(Fault::Shape(format!(
                "{other} is no composition of a polygon that is read here"
            ))),
        }
    }

    /// Passes over the position of a polygon's label, which may have a height or not.
    fn label(&mut self) -> Result<()> {
        let line = self.line()?;
        match self.numbers(&line) {
            Ok(numbers) if numbers.len() > 1 => Ok(()),
            _ => Err(wrong(&line, "the position of a label was expected")),
        }
    }

    fn ring(&mut self, kind: i64) -> Result<Vec<Position>> {
        match kind {
            11 => self.counted(),
            12 => {
                let by = self.three()?;
                curve::circle(&by, self.tolerance()).map_err(Fault::Shape)
            }
            13 => {
                let centre = self.positions(1)?[0];
                let line = self.line()?;
                let radius = float(&line.bytes).and_then(|radius| crs::scaled(radius, self.head.unit));
                let radius = radius.ok_or_else(|| wrong(&line, "a radius was expected"))?;
                curve::circle_around(centre, radius, self.tolerance()).map_err(Fault::Shape)
            }
            14 => Err(Fault::Shape("an ellipse is not read".into())),
            other => Err(Fault::Shape(format!("{other} is no kind of ring that is read here"))),
        }
    }

    /// After the label's position: a count, and then positions, or lines. Positions of several rings have a count each,
    /// and a `0` at the end.
    fn polygon_of_version_1(&mut self) -> Result<Shape> {
        let count = self.count("a number of points or lines")?;
        let by_lines = match self.head.by_lines {
            Some(by_lines) => by_lines,
            // Positions have decimals, or there is one in each line however many are to come.
            None => !(self.lines.peek(0)?).is_some_and(|line| line.bytes.contains(&b'.')),
        };
        if by_lines {
            return Ok(Shape::RingsBy(self.references(count)?));
        }
        let mut rings = vec![self.positions(count)?];
        let mut total = count;
        while self.is_number_next()? && self.lines.peek(1)?.is_some_and(|line| whole(line).is_none()) {
            let is_code = self.is_code;
            if self.lines.peek(0)?.is_some_and(|line| line.bytes == b"0")
                || self.lines.peek(1)?.is_some_and(|line| is_code(&line.bytes))
            {
                break;
            }
            let count = self.count("a number of points")?;
            total += count;
            if total > MAX_POSITIONS {
                return Err(Fault::Shape(format!("more than {MAX_POSITIONS} positions")));
            }
            rings.push(self.positions(count)?);
        }
        Ok(Shape::Rings(rings))
    }

    /// A text on the map. Version 2 has a kind, the text, positions with an angle; version 1 the font, colour, style,
    /// size and spacing, then the text.
    fn annotation(&mut self) -> Result<Shape> {
        let kind = self.lines.peek(0)?.and_then(whole);
        if let Some(kind @ (1 | 2)) = kind {
            self.line()?;
            let text = self.text()?;
            let count = if kind == 2 || self.is_number_next()? {
                self.count("a number of points")?
            } else {
                1
            };
            return Ok(Shape::Text(text, self.places(count)?));
        }
        for _ in 0..5 {
            self.line()?;
        }
        let text = self.text()?;
        let count = self.count("a number of points")?;
        Ok(Shape::Text(text, self.places(count)?))
    }

    /// A text, which may be empty.
    fn text(&mut self) -> Result<Vec<u8>> {
        Ok(self.lines.next_raw()?.unwrap_or_default().bytes)
    }

    fn places(&mut self, count: usize) -> Result<Vec<(Position, Option<f64>)>> {
        let mut places = Vec::new();
        for _ in 0..count {
            let line = self.line()?;
            let numbers = self.numbers(&line)?;
            let dimensions = self.head.dimensions;
            if numbers.len() < dimensions || numbers.len() > dimensions + 1 {
                return Err(wrong(
                    &line,
                    &format!("{dimensions} coordinates and an angle were expected"),
                ));
            }
            places.push((
                self.position(&numbers[..dimensions], &line)?,
                numbers.get(dimensions).copied(),
            ));
        }
        Ok(places)
    }

    /// A count, and so many positions.
    fn counted(&mut self) -> Result<Vec<Position>> {
        let count = self.count("a number of points")?;
        self.positions(count)
    }

    /// Three positions, with or without the number before them.
    fn three(&mut self) -> Result<[Position; 3]> {
        let count = if self.is_number_next()? {
            self.count("a number of points")?
        } else {
            3
        };
        let points = self.positions(count)?;
        points
            .try_into()
            .map_err(|_| Fault::Shape(format!("{count} points of an arc or circle; 3 were expected")))
    }

    fn positions(&mut self, count: usize) -> Result<Vec<Position>> {
        let mut positions = Vec::new();
        for _ in 0..count {
            let line = self.line()?;
            let numbers = self.numbers(&line)?;
            if numbers.len() != self.head.dimensions {
                let expected = self.head.dimensions;
                return Err(wrong(&line, &format!("{expected} coordinates were expected")));
            }
            positions.push(self.position(&numbers, &line)?);
        }
        Ok(positions)
    }

    fn numbers(&self, line: &Line) -> Result<Vec<f64>> {
        let cells = line.bytes.split(|byte| *byte == self.head.separator);
        let numbers: Option<Vec<f64>> = cells.take(5).map(float).collect();
        numbers.ok_or_else(|| wrong(line, "coordinates were expected"))
    }

    fn position(&self, numbers: &[f64], line: &Line) -> Result<Position> {
        let scaled = |number: f64| {
            let scaled = crs::scaled(number, self.head.unit).filter(|scaled| scaled.abs() <= MAX_COORDINATE);
            scaled.ok_or_else(|| wrong(line, "this is no coordinate"))
        };
        let (first, second) = (scaled(numbers[0])?, scaled(numbers[1])?);
        let height = numbers.get(2).copied().unwrap_or(f64::NAN);
        Ok(match self.axes {
            Axes::EastNorth => [first, second, height],
            Axes::NorthEast => [second, first, height],
        })
    }

    /// So many identifiers, with any number of them in a line.
    fn references(&mut self, count: usize) -> Result<Vec<i64>> {
        let mut references = Vec::new();
        while references.len() < count {
            let line = self.line()?;
            for cell in line.bytes.split(|byte| *byte == self.head.separator || *byte == b',') {
                let cell = cell.trim_ascii();
                if cell.is_empty() {
                    continue;
                }
                let id = std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok());
                references.push(id.ok_or_else(|| wrong(&line, "identifiers of lines were expected"))?);
            }
            if references.len() > count {
                return Err(wrong(
                    &line,
                    &format!("more than the {count} identifiers that were announced"),
                ));
            }
        }
        Ok(references)
    }

    fn tolerance(&self) -> f64 {
        match self.head.unit {
            Some(unit) if unit.is_angle() => curve::TOLERANCE_DEG,
            _ => curve::TOLERANCE_M,
        }
    }
}

fn wrong(line: &Line, expected: &str) -> Fault {
    Fault::Record(line.place.number, format!("{:?}: {expected}", line.shown()))
}

/// The whole number that a line is.
fn whole(line: &Line) -> Option<i64> {
    std::str::from_utf8(&line.bytes).ok()?.parse().ok()
}

fn float(bytes: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(bytes.trim_ascii()).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
