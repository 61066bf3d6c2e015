//! Positions on their way to a geometry literal, and what makes them a line or a ring.

use super::error::Fault;
use crate::{Coord, Path, Polygon};

/// Positions so far.
#[derive(Debug, Default)]
pub(super) struct Positions {
    coords: Vec<Coord>,
    z: Vec<f64>,
}

impl Positions {
    /// Adds a position of two numbers, or three with a height.
    pub fn push(&mut self, numbers: &[f64]) -> Result<(), Fault> {
        let wrong = |what: &str| Err(Fault::BadGeometry(format!("the position {numbers:?} {what}")));
        let (coord, z) = match *numbers {
            [x, y] => (Coord { x, y }, None),
            [x, y, z] => (Coord { x, y }, Some(z)),
            _ => return wrong("must have 2 numbers, or 3 with its height"),
        };
        if !numbers.iter().all(|number| number.is_finite()) {
            return wrong("must have finite numbers");
        }
        if !self.coords.is_empty() && z.is_some() == self.z.is_empty() {
            return wrong("must have a height where those before it have one, and none where they have none");
        }
        self.coords.push(coord);
        self.z.extend(z);
        Ok(())
    }

    /// Adds all positions of `other`.
    pub fn append(&mut self, other: Positions) -> Result<(), Fault> {
        for (at, coord) in other.coords.iter().enumerate() {
            match other.z.get(at) {
                Some(&z) => self.push(&[coord.x, coord.y, z])?,
                None => self.push(&[coord.x, coord.y])?,
            }
        }
        Ok(())
    }

    /// Any number of positions.
    pub fn points(self) -> Result<Path, Fault> {
        Path::with_z(self.coords, self.z).map_err(|error| Fault::BadGeometry(error.to_string()))
    }

    /// One position at most.
    pub fn point(self) -> Result<Path, Fault> {
        match self.coords.len() {
            0 | 1 => self.points(),
            many => Err(Fault::BadGeometry(format!("a point has one position, this has {many}"))),
        }
    }

    /// Two positions or more; none for an empty line.
    pub fn line(self) -> Result<Path, Fault> {
        match self.coords.len() {
            1 => Err(Fault::BadGeometry(
                "a line needs two positions, this has one".to_owned(),
            )),
            _ => self.points(),
        }
    }

    /// A closed run of four positions or more.
    pub fn ring(self) -> Result<Path, Fault> {
        let (first, last) = (self.coords.first(), self.coords.last());
        if self.coords.len() < 4 || first != last {
            let count = self.coords.len();
            return Err(Fault::BadGeometry(format!(
                "a ring needs four positions, the last like the first; this has {count}{}",
                if first == last { "" } else { " and is open" }
            )));
        }
        self.points()
    }
}

/// A polygon of these rings, the outer one first; empty where there are none.
pub(super) fn polygon(rings: Vec<Positions>) -> Result<Polygon, Fault> {
    let rings = rings.into_iter().map(Positions::ring).collect::<Result<_, _>>()?;
    Ok(Polygon { rings })
}
