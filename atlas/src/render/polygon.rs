//! Draws polygons: cut, cleaned, valid, wound as MVT wants them.

use super::clip_ring;
use super::frame::{MAX, MIN, Point};
use super::mvt::Commands;
use super::repair::{hull, repair};
use super::ring::{Rings, clean, double_area};
use super::simple::{Inspector, Verdict};

/// Takes the rings of polygons one after the other and draws each polygon when it is complete.
#[derive(Debug, Default)]
pub(super) struct PolygonPen {
    rings: Rings,
    ring: Vec<Point>,
    spare: Vec<Point>,
    inspector: Inspector,
    /// The outer ring is gone, so its holes have nothing to be in.
    nothing_left: bool,
}

impl PolygonPen {
    /// Takes an outer ring, or a hole in the polygon whose outer ring came last.
    pub fn ring(&mut self, vertices: impl Iterator<Item = Point>, is_outer: bool, commands: &mut Commands) {
        if is_outer {
            self.finish(commands);
            self.nothing_left = false;
        }
        if self.nothing_left {
            return;
        }
        self.ring.clear();
        self.ring.extend(vertices);
        self.cut();
        clean(&mut self.ring);
        if !self.ring.is_empty() {
            self.rings.push(&self.ring);
        } else if is_outer {
            self.nothing_left = true;
        }
    }

    /// Draws the polygon whose rings were taken last.
    pub fn finish(&mut self, commands: &mut Commands) {
        if self.rings.len() > 0 {
            match self.inspector.inspect(&self.rings) {
                Verdict::Valid => draw(&mut self.rings, commands),
                Verdict::Doubtful => repair(&self.rings, |polygon| draw_copy(polygon, commands)),
                Verdict::Hopeless => draw_hull(self.rings.ring(0), commands),
            }
        }
        self.rings.clear();
    }

    /// Cuts the ring to the tile where it is not inside.
    fn cut(&mut self) {
        let Some(&first) = self.ring.first() else { return };
        let (mut min, mut max) = (first, first);
        for point in &self.ring {
            min = Point {
                x: min.x.min(point.x),
                y: min.y.min(point.y),
            };
            max = Point {
                x: max.x.max(point.x),
                y: max.y.max(point.y),
            };
        }
        if min.x > MAX || min.y > MAX || max.x < MIN || max.y < MIN {
            self.ring.clear();
        } else if !(min.is_drawn() && max.is_drawn()) {
            clip_ring::clip(&mut self.ring, &mut self.spare);
        }
    }
}

fn draw(rings: &mut Rings, commands: &mut Commands) {
    for at in 0..rings.len() {
        let ring = rings.ring_mut(at);
        // The outer ring has a positive area, holes a negative one (MVT 2.1, clause 4.3.4.4).
        if (double_area(ring) > 0) != (at == 0) {
            ring.reverse();
        }
        commands.ring(ring);
    }
}

fn draw_copy(rings: &Rings, commands: &mut Commands) {
    let mut copy = Rings::default();
    rings.iter().for_each(|ring| copy.push(ring));
    draw(&mut copy, commands);
}

fn draw_hull(ring: &[Point], commands: &mut Commands) {
    let mut rings = Rings::default();
    rings.push(&hull(ring));
    if rings.edge_count() > 0 {
        draw(&mut rings, commands);
    }
}
