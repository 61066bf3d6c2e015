//! Draws the geometry of a feature.

use super::clip_line;
use super::frame::{Point, Stored, Vertices};
use super::mvt::{Commands, GeomType};
use super::polygon::PolygonPen;
use super::ring::Role;
use crate::data::shapes::{Kind, Shapes};
use std::ops::Range;

/// Draws runs of paths, one kind at a time.
#[derive(Debug)]
pub(super) struct Pen {
    commands: Commands,
    polygon: PolygonPen,
    points: Vec<Point>,
    line: Vec<Point>,
    part: Vec<Point>,
}

impl Pen {
    pub fn new() -> Self {
        Self {
            commands: Commands::new(),
            polygon: PolygonPen::new(),
            points: Vec::new(),
            line: Vec::new(),
            part: Vec::new(),
        }
    }

    /// Draws what a feature has of kind `wanted`, and gives the commands; none where nothing is drawn.
    pub fn draw(&mut self, shapes: &Shapes, slot: usize, wanted: GeomType, vertices: &impl Vertices) -> Option<&[u8]> {
        self.commands.clear();
        self.points.clear();
        shapes.runs(slot, |kind, paths| {
            if geom_type(kind) == Some(wanted) {
                self.run(shapes, kind, paths, vertices);
            }
        });
        self.polygon.finish(&mut self.commands);
        if !self.points.is_empty() {
            self.commands.points(&self.points);
        }
        Some(self.commands.bytes()).filter(|bytes| !bytes.is_empty())
    }

    /// Draws a feature of polygons that lies inside the tile and is known to be valid when it is rounded.
    pub fn draw_clear(&mut self, shapes: &Shapes, slot: usize, stored: &Stored<'_>) -> &[u8] {
        self.commands.clear();
        for path in shapes.paths_of(slot) {
            let role = if shapes.is_outer(path) { Role::Outer } else { Role::Hole };
            self.polygon
                .draw_clear(stored.rounded(shapes.vertices(path)), role, &mut self.commands);
        }
        self.commands.bytes()
    }

    fn run(&mut self, shapes: &Shapes, kind: Kind, paths: Range<usize>, vertices: &impl Vertices) {
        let subunits = vertices.subunits();
        let along = |path: usize| shapes.vertices(path).map(|vertex| vertices.place(vertex));
        match kind {
            Kind::Points => {
                let rounded = paths.flat_map(along).map(|point| subunits.round(point));
                self.points.extend(rounded.filter(|point| point.is_drawn()));
            }
            Kind::Lines => {
                for path in paths {
                    self.line.clear();
                    self.line.extend(along(path));
                    let draw = |part: &[Point]| self.commands.line(part.iter().copied());
                    clip_line::clip(&self.line, subunits, &mut self.part, draw);
                }
            }
            Kind::Polygons => {
                for path in paths {
                    let role = if shapes.is_outer(path) { Role::Outer } else { Role::Hole };
                    self.polygon.ring(along(path), subunits, role);
                }
            }
            Kind::Null | Kind::Collection => {}
        }
    }
}

/// The geometry types that a feature may have in a tile.
pub(super) fn geom_types(kind: Kind) -> &'static [GeomType] {
    match kind {
        Kind::Null => &[],
        Kind::Points => &[GeomType::Point],
        Kind::Lines => &[GeomType::Line],
        Kind::Polygons => &[GeomType::Polygon],
        Kind::Collection => &[GeomType::Point, GeomType::Line, GeomType::Polygon],
    }
}

fn geom_type(kind: Kind) -> Option<GeomType> {
    match geom_types(kind) {
        [one] => Some(*one),
        _ => None,
    }
}
