//! Draws the polygons of a feature: cut, cleaned, valid, wound as MVT wants them.

use super::clip_ring;
use super::frame::{Point, Subunits};
use super::mvt::Commands;
use super::repair::{hull, repair};
use super::ring::{Rings, Role, clean, double_area};
use super::simple::{Inspector, Verdict};

/// Takes the rings of a feature one after the other and draws them when all are there.
#[derive(Debug)]
pub(super) struct PolygonPen {
    rings: Rings,
    ring: Vec<Point>,
    spare: Vec<Point>,
    inspector: Inspector,
    /// The outer ring is gone, so its holes have nothing to be in.
    nothing_left: bool,
}

impl PolygonPen {
    pub fn new() -> Self {
        Self {
            rings: Rings::default(),
            ring: Vec::new(),
            spare: Vec::new(),
            inspector: Inspector::default(),
            nothing_left: true,
        }
    }

    /// Takes an outer ring, or a hole in the polygon whose outer ring came last; in subunits.
    pub fn ring(&mut self, vertices: impl Iterator<Item = Point>, subunits: Subunits, role: Role) {
        if role == Role::Hole && self.nothing_left {
            return;
        }
        self.ring.clear();
        self.ring.extend(vertices);
        self.cut(subunits);
        self.ring.iter_mut().for_each(|point| *point = subunits.round(*point));
        clean(&mut self.ring);
        if role == Role::Outer {
            self.nothing_left = self.ring.is_empty();
        }
        if !self.ring.is_empty() {
            self.rings.push(role, self.ring.iter().copied());
        }
    }

    /// Draws a ring at once: one of a polygon that is drawn whole and is valid when it is rounded, as it is here.
    pub fn draw_clear(&mut self, rounded: impl Iterator<Item = Point>, role: Role, commands: &mut Commands) {
        self.ring.clear();
        self.ring.extend(rounded);
        clean(&mut self.ring);
        draw_ring(&self.ring, role, commands);
    }

    /// Draws the polygons whose rings were taken, and forgets them.
    pub fn finish(&mut self, commands: &mut Commands) {
        if !self.rings.is_empty() {
            match self.inspector.inspect(&self.rings) {
                Verdict::Valid => draw(&self.rings, commands),
                Verdict::Doubtful => draw(&repair(&self.rings), commands),
                Verdict::Hopeless => draw(&hull(&self.rings), commands),
            }
            self.rings.clear();
        }
        self.nothing_left = true;
    }

    /// Cuts the ring to the tile where it is not inside.
    fn cut(&mut self, subunits: Subunits) {
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
        let (low, high) = (subunits.min(), subunits.max());
        if min.x > high || min.y > high || max.x < low || max.y < low {
            self.ring.clear();
        } else if !(subunits.is_drawn(min) && subunits.is_drawn(max)) {
            clip_ring::clip(&mut self.ring, subunits, &mut self.spare);
        }
    }
}

fn draw(rings: &Rings, commands: &mut Commands) {
    for polygon in rings.polygons() {
        for at in polygon.clone() {
            let role = if at == polygon.start { Role::Outer } else { Role::Hole };
            draw_ring(rings.ring(at), role, commands);
        }
    }
}

/// Draws an outer ring so that its area is positive, a hole so that it is negative (MVT 2.1, clause 4.3.4.4).
fn draw_ring(ring: &[Point], role: Role, commands: &mut Commands) {
    if (double_area(ring) > 0) == (role == Role::Outer) {
        commands.ring(ring.iter().copied());
    } else {
        commands.ring(ring.iter().rev().copied());
    }
}
