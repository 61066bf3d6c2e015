//! The shapes and their index: `.shp` and `.shx` (ESRI Shapefile Technical Description, July 1998).

use super::super::WriteError;
use super::super::json::doubled_area;
use super::super::spool::Spool;
use onemap_model::{Bbox, Geometry, GeometryType, Path};
use std::io::Write;

/// A kind of shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Point,
    MultiPoint,
    Line,
    Polygon,
}

/// No value (below −10^38): for measures, which features here do not have.
const NOTHING: f64 = -1e39;
const HEAD_BYTES: u64 = 100;

/// Shapes in the making.
pub(super) struct Shapes {
    shape: Shape,
    has_z: bool,
    shp: Spool,
    shx: Spool,
    rows: i32,
    extent: Option<Bbox>,
    /// The lowest and the highest height.
    heights: Option<(f64, f64)>,
}

/// A file: its head, and what follows.
pub(super) struct File {
    head: Vec<u8>,
    body: Spool,
}

impl Shape {
    /// The kind of all geometries of a layer; none where they differ or there are none.
    pub fn of(kind: GeometryType) -> Option<Self> {
        match kind {
            GeometryType::Point => Some(Shape::Point),
            GeometryType::MultiPoint => Some(Shape::MultiPoint),
            GeometryType::MultiLineString => Some(Shape::Line),
            GeometryType::MultiPolygon => Some(Shape::Polygon),
            GeometryType::Geometry | GeometryType::None => None,
        }
    }

    /// What is added to a file's name where a layer has several.
    pub fn suffix(self) -> &'static str {
        match self {
            Shape::Point => "_point",
            Shape::MultiPoint => "_points",
            Shape::Line => "_line",
            Shape::Polygon => "_polygon",
        }
    }

    fn code(self, has_z: bool) -> i32 {
        let flat = match self {
            Shape::Point => 1,
            Shape::Line => 3,
            Shape::Polygon => 5,
            Shape::MultiPoint => 8,
        };
        if has_z { flat + 10 } else { flat }
    }
}

impl Shapes {
    /// None yet.
    pub fn new(shape: Shape, has_z: bool) -> Self {
        Self {
            shape,
            has_z,
            shp: Spool::new(),
            shx: Spool::new(),
            rows: 0,
            extent: None,
            heights: None,
        }
    }

    /// Adds a shape, or that there is none.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn push(&mut self, geometry: Option<&Geometry>) -> Result<(), WriteError> {
        let content = match geometry {
            None => 0_i32.to_le_bytes().to_vec(),
            Some(geometry) => self.content(geometry),
        };
        self.rows += 1;
        // In words of two bytes, the larger first. Files that grow too large for it are refused when they are done.
        let words = |bytes: u64| ((bytes / 2) as i32).to_be_bytes();
        let length = words(content.len() as u64);
        self.shx.put_bytes(&words(HEAD_BYTES + self.shp.size()))?;
        self.shx.put_bytes(&length)?;
        self.shp.put_bytes(&self.rows.to_be_bytes())?;
        self.shp.put_bytes(&length)?;
        self.shp.put_bytes(&content)
    }

    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        self.shp.size()
    }

    /// The two files.
    pub fn finish(self) -> (File, File) {
        let head = |body: &Spool| {
            let mut head = Vec::with_capacity(HEAD_BYTES as usize);
            head.extend_from_slice(&9994_i32.to_be_bytes());
            head.extend_from_slice(&[0; 20]);
            head.extend_from_slice(&(((HEAD_BYTES + body.size()) / 2) as i32).to_be_bytes());
            head.extend_from_slice(&1000_i32.to_le_bytes());
            head.extend_from_slice(&self.shape.code(self.has_z).to_le_bytes());
            let (low, high) = self.heights.unwrap_or_default();
            let extent = self.extent.map_or([0.0; 4], Bbox::to_array);
            put(&mut head, extent.into_iter().chain([low, high, 0.0, 0.0]));
            head
        };
        let (shp, shx) = (head(&self.shp), head(&self.shx));
        let file = |head, body| File { head, body };
        (file(shp, self.shp), file(shx, self.shx))
    }

    fn content(&mut self, geometry: &Geometry) -> Vec<u8> {
        let bbox = geometry.bbox();
        self.extent = self.extent.zip(bbox).map(|(a, b)| a.union(b)).or(self.extent).or(bbox);
        let mut out = self.shape.code(self.has_z).to_le_bytes().to_vec();
        match geometry {
            Geometry::Points(path) if self.shape == Shape::Point => self.point(&mut out, path),
            Geometry::Points(path) => self.runs(&mut out, bbox, std::slice::from_ref(path)),
            Geometry::Lines(lines) => self.runs(&mut out, bbox, lines),
            Geometry::Polygons(polygons) => {
                let rings = polygons.iter().flat_map(|polygon| {
                    let outer = [true].into_iter().chain(std::iter::repeat(false));
                    polygon.rings.iter().zip(outer).map(|(ring, outer)| turned(ring, outer))
                });
                self.runs(&mut out, bbox, &rings.collect::<Vec<_>>());
            }
            Geometry::Collection(_) => {}
        }
        out
    }

    fn point(&mut self, out: &mut Vec<u8>, path: &Path) {
        let at = path.coords().first().copied().unwrap_or_default();
        put(out, [at.x, at.y]);
        if self.has_z {
            let heights = self.heights_of(path);
            put(out, heights.into_iter().take(1).chain([NOTHING]));
        }
    }

    fn runs(&mut self, out: &mut Vec<u8>, bbox: Option<Bbox>, runs: &[Path]) {
        let runs: Vec<_> = runs.iter().filter(|run| !run.is_empty()).collect();
        let positions: usize = runs.iter().map(|run| run.len()).sum();
        let number = |out: &mut Vec<u8>, number: usize| out.extend_from_slice(&(number as i32).to_le_bytes());
        put(out, bbox.map_or([0.0; 4], Bbox::to_array));
        if self.shape == Shape::MultiPoint {
            number(out, positions);
        } else {
            number(out, runs.len());
            number(out, positions);
            let mut begin = 0;
            for run in &runs {
                number(out, begin);
                begin += run.len();
            }
        }
        put(
            out,
            runs.iter().flat_map(|run| run.coords()).flat_map(|at| [at.x, at.y]),
        );
        if self.has_z {
            let heights: Vec<f64> = runs.iter().flat_map(|run| self.heights_of(run)).collect();
            let low = heights.iter().copied().fold(f64::INFINITY, f64::min);
            let high = heights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            put(out, [low, high].into_iter().chain(heights));
        }
    }

    /// A height for each position; the form has no word for an unknown one, so that is 0.
    fn heights_of(&mut self, path: &Path) -> Vec<f64> {
        let height = |at: usize| path.z().get(at).copied().filter(|z| z.is_finite()).unwrap_or(0.0);
        let heights: Vec<f64> = (0..path.len()).map(height).collect();
        for &height in &heights {
            let (low, high) = self.heights.unwrap_or((height, height));
            self.heights = Some((low.min(height), high.max(height)));
        }
        heights
    }
}

impl File {
    /// Writes it.
    ///
    /// # Errors
    /// Where the sink or the disk fails.
    pub fn write(self, out: &mut dyn Write) -> Result<(), WriteError> {
        out.write_all(&self.head)?;
        self.body.copy(out)
    }
}

fn put(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = f64>) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// The ring as shapefiles have it: outer ones clockwise, holes the other way.
fn turned(ring: &Path, outer: bool) -> Path {
    let clockwise = doubled_area(ring.coords()) < 0.0;
    if clockwise == outer {
        return ring.clone();
    }
    let coords = ring.coords().iter().rev().copied().collect();
    let z = ring.z().iter().rev().copied().collect();
    Path::with_z(coords, z).expect("it was a path before it was turned")
}
