//! Draws the geometry of a feature.

use super::clip_line;
use super::frame::{Point, Vertices};
use super::mvt::{Commands, GeomType};
use super::polygon::PolygonPen;
use crate::data::shapes::{Kind, Shapes};
use std::ops::Range;

/// Draws runs of paths, one kind at a time.
#[derive(Debug)]
pub(super) struct Pen {
    commands: Commands,
    polygon: PolygonPen,
    points: Vec<Point>,
    part: Vec<Point>,
}

impl Pen {
    pub fn new() -> Self {
        Self {
            commands: Commands::new(),
            polygon: PolygonPen::default(),
            points: Vec::new(),
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
        if !self.points.is_empty() {
            self.commands.points(&self.points);
        }
        Some(self.commands.bytes()).filter(|bytes| !bytes.is_empty())
    }

    fn run(&mut self, shapes: &Shapes, kind: Kind, paths: Range<usize>, vertices: &impl Vertices) {
        let along = |path: usize| shapes.vertices(path).map(|vertex| vertices.point(vertex));
        match kind {
            Kind::Points => self
                .points
                .extend(paths.flat_map(along).filter(|point| point.is_drawn())),
            Kind::Lines => paths.for_each(|path| {
                self.points.extend(along(path));
                clip_line::clip(&self.points, &mut self.part, |part| self.commands.line(part));
                self.points.clear();
            }),
            Kind::Polygons => {
                for path in paths {
                    self.polygon
                        .ring(along(path), shapes.is_outer(path), &mut self.commands);
                }
                self.polygon.finish(&mut self.commands);
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
