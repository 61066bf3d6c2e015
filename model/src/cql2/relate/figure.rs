//! A geometry as points and tracks, and where a point lies to it.

use super::segment::Segment;
use crate::{Bbox, Coord, Dimension, Geometry};

/// A geometry, taken apart. Empty parts are left out; a track without extent is a point.
#[derive(Debug, Default)]
pub(super) struct Figure<'g> {
    pub points: Vec<Coord>,
    pub tracks: Vec<Track<'g>>,
    /// The places in `tracks` where each polygon's rings begin, and where all tracks end.
    polygons: Vec<std::ops::Range<usize>>,
    dimension: Option<Dimension>,
}

/// A line, or a ring of a polygon.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track<'g> {
    pub coords: &'g [Coord],
    pub kind: TrackKind,
}

/// What a track is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackKind {
    Line,
    Outer,
    Hole,
}

/// Where a point lies to a geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Interior = 0,
    Boundary = 1,
    Exterior = 2,
}

impl<'g> Figure<'g> {
    pub fn new(geometry: &'g Geometry) -> Self {
        let mut figure = Figure::default();
        figure.add(geometry);
        figure
    }

    /// The largest dimension of its parts; points where it is empty.
    pub fn dimension(&self) -> Dimension {
        self.dimension.unwrap_or(Dimension::Point)
    }

    pub fn has_area(&self) -> bool {
        !self.polygons.is_empty()
    }

    /// Whether parts of different dimensions are in it: then one may lie in the other.
    pub fn is_mixed(&self) -> bool {
        let has_lines = self.tracks.iter().any(|track| track.kind == TrackKind::Line);
        let kinds = [!self.points.is_empty(), has_lines, self.has_area()];
        kinds.into_iter().filter(|has| *has).count() > 1
    }

    /// Where a point lies, all parts taken together: an interior before a boundary.
    ///
    /// `ends` are those of the lines: see [`Figure::line_ends`].
    pub fn locate(&self, at: Coord, ends: &[Coord]) -> Place {
        if self.points.contains(&at) {
            return Place::Interior;
        }
        let on_line = self
            .tracks
            .iter()
            .any(|track| track.kind == TrackKind::Line && track.holds(at));
        let area = self.locate_in_area(at);
        match (on_line, area) {
            (_, Place::Interior) => Place::Interior,
            (true, _) if !is_end(ends, at) => Place::Interior,
            (true, _) => Place::Boundary,
            (false, area) => area,
        }
    }

    /// Where a point lies to the polygons alone.
    pub fn locate_in_area(&self, at: Coord) -> Place {
        let mut place = Place::Exterior;
        for rings in &self.polygons {
            match locate_in_polygon(&self.tracks[rings.clone()], at) {
                Place::Interior => return Place::Interior,
                Place::Boundary => place = Place::Boundary,
                Place::Exterior => {}
            }
        }
        place
    }

    /// The boundary of the lines: positions at which an odd number of them end (Simple Features, clause 6.1.7.1).
    /// Sorted.
    pub fn line_ends(&self) -> Vec<Coord> {
        let lines = self.tracks.iter().filter(|track| track.kind == TrackKind::Line);
        let mut ends: Vec<Coord> = lines
            .flat_map(|line| [line.coords[0], line.coords[line.coords.len() - 1]])
            .collect();
        ends.sort_by(order);
        let runs = ends.chunk_by(|a, b| a == b).filter(|run| run.len() % 2 == 1);
        runs.map(|run| run[0]).collect()
    }

    fn add(&mut self, geometry: &'g Geometry) {
        match geometry {
            Geometry::Points(path) => {
                self.points.extend(path.coords());
                self.grow(Dimension::Point, !path.is_empty());
            }
            Geometry::Lines(paths) => {
                for path in paths {
                    self.add_track(path.coords(), TrackKind::Line);
                    self.grow(Dimension::Line, !path.is_empty());
                }
            }
            Geometry::Polygons(polygons) => {
                for polygon in polygons {
                    let start = self.tracks.len();
                    for (at, ring) in polygon.rings.iter().enumerate() {
                        let kind = if at == 0 { TrackKind::Outer } else { TrackKind::Hole };
                        self.add_track(ring.coords(), kind);
                        self.grow(Dimension::Area, !ring.is_empty());
                    }
                    if self.tracks.len() > start {
                        self.polygons.push(start..self.tracks.len());
                    }
                }
            }
            Geometry::Collection(parts) => parts.iter().for_each(|part| self.add(part)),
        }
    }

    fn add_track(&mut self, coords: &'g [Coord], kind: TrackKind) {
        let Some(first) = coords.first() else { return };
        if coords.iter().all(|c| c == first) {
            self.points.push(*first);
        } else {
            self.tracks.push(Track { coords, kind });
        }
    }

    fn grow(&mut self, dimension: Dimension, is_there: bool) {
        if is_there {
            self.dimension = self.dimension.max(Some(dimension));
        }
    }
}

impl<'g> Track<'g> {
    /// Its segments in their order, those without length left out. A ring is closed whether its text closed it or not.
    pub fn segments(&self) -> impl Iterator<Item = Segment> + use<'g> {
        let coords = self.coords;
        let closing = match self.kind {
            TrackKind::Line => None,
            _ => coords.last().zip(coords.first()),
        };
        let runs = coords.windows(2).map(|pair| (&pair[0], &pair[1])).chain(closing);
        runs.map(|(&from, &to)| Segment { from, to })
            .filter(|segment| segment.from != segment.to)
    }

    pub fn bbox(&self) -> Option<Bbox> {
        Bbox::around(self.coords.iter().copied())
    }

    /// Whether its polygon lies to the left of it.
    pub fn has_area_left(&self) -> bool {
        (doubled_area(self.coords) > 0.0) == (self.kind == TrackKind::Outer)
    }

    fn holds(&self, at: Coord) -> bool {
        self.segments().any(|segment| segment.holds(at))
    }
}

/// Even-odd rule over all rings.
fn locate_in_polygon(rings: &[Track<'_>], at: Coord) -> Place {
    let mut inside = false;
    for segment in rings.iter().flat_map(Track::segments) {
        let (low, high) = (segment.min_y(), segment.max_y());
        if at.y < low || at.y > high || at.x > segment.max_x() {
            continue;
        }
        let side = segment.side(at);
        if side == 0.0 && at.x >= segment.min_x() {
            return Place::Boundary;
        }
        // The lower end belongs to a segment, the upper one does not: a ray to the east meets each vertex once.
        let is_met = (segment.from.y > at.y) != (segment.to.y > at.y);
        let upward = segment.to.y > segment.from.y;
        inside ^= is_met && (side > 0.0) == upward && side != 0.0;
    }
    if inside { Place::Interior } else { Place::Exterior }
}

/// Whether lines end there; `ends` are sorted.
pub(super) fn is_end(ends: &[Coord], at: Coord) -> bool {
    ends.binary_search_by(|end| order(end, &at)).is_ok()
}

fn order(a: &Coord, b: &Coord) -> std::cmp::Ordering {
    // -0.0 and 0.0 are one place.
    (a.x + 0.0)
        .total_cmp(&(b.x + 0.0))
        .then((a.y + 0.0).total_cmp(&(b.y + 0.0)))
}

/// Twice the signed area; positive where the ring runs counter-clockwise. Relative to its first position.
fn doubled_area(ring: &[Coord]) -> f64 {
    let Some(origin) = ring.first() else { return 0.0 };
    let cross = |pair: &[Coord]| {
        let (ax, ay) = (pair[0].x - origin.x, pair[0].y - origin.y);
        let (bx, by) = (pair[1].x - origin.x, pair[1].y - origin.y);
        ax * by - bx * ay
    };
    ring.windows(2).map(cross).sum()
}
