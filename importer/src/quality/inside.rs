//! Whether a point lies inside a ring, exactly; for long rings without looking at every edge.

use super::predicate::{by_xy, orient};
use onemap_model::Coord;

/// From so many vertices on a ring's edges are sorted into strips.
const LONG: usize = 64;

/// Where a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Inside.
    Inside,
    /// On the ring itself.
    On,
    /// Outside.
    Outside,
}

/// A ring that is asked for many points. Its vertices come without the last one that closes it.
#[derive(Debug)]
pub struct Inside<'a> {
    ring: &'a [Coord],
    low: f64,
    high: f64,
    /// For each of equally high strips the edges that meet it, where the ring is long.
    strips: Vec<Vec<u32>>,
}

impl<'a> Inside<'a> {
    /// Prepares a ring in O(n), but for edges that run through many strips.
    pub fn new(ring: &'a [Coord]) -> Self {
        let low = ring.iter().map(|p| p.y).fold(f64::INFINITY, f64::min);
        let high = ring.iter().map(|p| p.y).fold(f64::NEG_INFINITY, f64::max);
        let mut inside = Self {
            ring,
            low,
            high,
            strips: Vec::new(),
        };
        let total: f64 = ring
            .iter()
            .zip(ring.iter().cycle().skip(1))
            .map(|(a, b)| (a.y - b.y).abs())
            .sum();
        // So many strips that edges have some eight entries on average.
        let height = high - low;
        if ring.len() >= LONG && height > 0.0 {
            let most = 8.0 * ring.len() as f64 * height / total;
            let count = (most as usize).clamp(1, ring.len());
            inside.strips = vec![Vec::new(); count];
            for edge in 0..ring.len() {
                let (a, b) = inside.edge(edge);
                for strip in inside.strip(a.y.min(b.y))..=inside.strip(a.y.max(b.y)) {
                    inside.strips[strip].push(edge as u32);
                }
            }
        }
        inside
    }

    /// Takes a ring for one question.
    pub fn plain(ring: &'a [Coord]) -> Self {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        let strips = Vec::new();
        Self {
            ring,
            low,
            high,
            strips,
        }
    }

    fn strip(&self, y: f64) -> usize {
        let share = (y - self.low) / (self.high - self.low);
        ((share * self.strips.len() as f64) as usize).min(self.strips.len() - 1)
    }

    fn edge(&self, at: usize) -> (Coord, Coord) {
        let next = if at + 1 == self.ring.len() { 0 } else { at + 1 };
        (self.ring[at], self.ring[next])
    }

    /// Where a point lies.
    pub fn side(&self, p: Coord) -> Side {
        if !(self.low..=self.high).contains(&p.y) {
            return Side::Outside;
        }
        let mut odd = false;
        let mut on = false;
        let mut see = |at: usize| {
            let (a, b) = self.edge(at);
            if (a.y > p.y) != (b.y > p.y) {
                let (down, up) = if a.y <= b.y { (a, b) } else { (b, a) };
                match orient(down, up, p) {
                    0.0 => on = true,
                    side if side > 0.0 => odd = !odd,
                    _ => {}
                }
            } else if a.y == p.y || b.y == p.y {
                let level = a.y == b.y && (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x);
                on |= level || by_xy(&a, &p).is_eq() || by_xy(&b, &p).is_eq();
            }
        };
        match self.strips.is_empty() {
            true => (0..self.ring.len()).for_each(&mut see),
            false => self.strips[self.strip(p.y)].iter().for_each(|at| see(*at as usize)),
        }
        match (on, odd) {
            (true, _) => Side::On,
            (false, true) => Side::Inside,
            (false, false) => Side::Outside,
        }
    }

    /// Where another ring lies that does not cross this one: the side of a vertex that is not on it, else of the
    /// middle of an edge; `On` where all of these are on it.
    pub fn side_of_ring(&self, ring: &[Coord]) -> Side {
        let middle = |(a, b): (&Coord, &Coord)| Coord {
            x: a.x / 2.0 + b.x / 2.0,
            y: a.y / 2.0 + b.y / 2.0,
        };
        let middles = ring.iter().zip(ring.iter().cycle().skip(1)).map(middle);
        let mut sides = ring.iter().copied().chain(middles).map(|p| self.side(p));
        sides.find(|side| *side != Side::On).unwrap_or(Side::On)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(n: usize) -> Vec<Coord> {
        let at = |i: usize| {
            let (sin, cos) = (i as f64 / n as f64 * std::f64::consts::TAU).sin_cos();
            Coord { x: cos, y: sin }
        };
        (0..n).map(at).collect()
    }

    #[test]
    fn long_and_short_rings_answer_alike() {
        for ring in [wheel(8), wheel(5_000)] {
            let inside = Inside::new(&ring);
            for (x, y, expected) in [
                (0.0, 0.0, Side::Inside),
                (0.5, -0.5, Side::Inside),
                (0.9, 0.9, Side::Outside),
                (0.0, 2.0, Side::Outside),
                (1.0, 0.0, Side::On),
            ] {
                assert_eq!(inside.side(Coord { x, y }), expected, "{x} {y}");
            }
            assert!(ring.iter().all(|p| inside.side(*p) == Side::On));
        }
    }
}
