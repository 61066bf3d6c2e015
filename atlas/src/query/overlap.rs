//! What areas have in common, exactly: in longitude and latitude, with straight edges.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::simplify::SimplifyShape;
use i_overlay::float::single::SingleFloatOverlay;
use onemap_model::{Bbox, Coord, Geometry, Path, Polygon};

type Ring = Vec<[f64; 2]>;

/// Degrees from the origin beyond which nothing is taken for a place: arithmetic on it could overflow.
const FARTHEST: f64 = 1e6;

/// Areas that neither cross nor overlap themselves: each polygon's by the even-odd rule of its rings, and all together.
///
/// Positions are whole numbers of 2^-60 of the extent, or finer: far below what any survey tells apart.
#[derive(Debug, Clone, Default)]
pub struct Areas(Vec<Vec<Ring>>);

impl Areas {
    /// The areas of a geometry, whatever is wrong with it; none where its coordinates are no places at all.
    pub fn of(geometry: &Geometry) -> Option<Self> {
        Self::made(geometry, &|ring| ring.iter().map(|at| [at.x, at.y]).collect())
    }

    /// As [`Areas::of`], cut to a box: cheap where a large geometry is looked at in a small one.
    pub fn of_part(geometry: &Geometry, bbox: Bbox) -> Option<Self> {
        Self::made(geometry, &|ring| cut(ring, bbox))
    }

    fn made(geometry: &Geometry, ring: &dyn Fn(&[Coord]) -> Ring) -> Option<Self> {
        let is_place = |at: Coord| at.x.abs() <= FARTHEST && at.y.abs() <= FARTHEST;
        if !geometry.coords().all(is_place) {
            return None;
        }
        let mut each = Vec::new();
        collect(geometry, ring, &mut each);
        Some(Self::union(each.into_iter().map(Self)))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many corners there are.
    pub fn corner_count(&self) -> usize {
        self.0.iter().flatten().map(Vec::len).sum()
    }

    /// What both have in common.
    #[must_use]
    pub fn common(&self, other: &Areas) -> Areas {
        if self.is_empty() || other.is_empty() {
            return Areas::default();
        }
        Self(
            self.0
                .overlay_as::<i64>(&other.0, OverlayRule::Intersect, FillRule::NonZero),
        )
    }

    /// What lies in any of them.
    pub fn union(each: impl IntoIterator<Item = Areas>) -> Areas {
        let mut each = each.into_iter();
        let Some(mut all) = each.next() else {
            return Areas::default();
        };
        let mut is_one = true;
        for more in each {
            is_one = false;
            all.0.extend(more.0);
        }
        if is_one || all.is_empty() {
            return all;
        }
        // Outer rings run one way and holes the other: what is inside any of them is wound around.
        Self(all.0.simplify_shape_as::<i64>(FillRule::NonZero))
    }

    /// The areas as a geometry.
    pub fn to_geometry(&self) -> Geometry {
        let path = |ring: &Ring| {
            let corners = ring.iter().chain(ring.first());
            let coords = corners.map(|&[x, y]| Coord { x, y }).collect();
            Path::new(coords).expect("what is between places is a place")
        };
        let polygon = |rings: &Vec<Ring>| Polygon {
            rings: rings.iter().map(path).collect(),
        };
        Geometry::Polygons(self.0.iter().map(polygon).collect())
    }
}

/// The shapes of each polygon.
fn collect(geometry: &Geometry, ring: &dyn Fn(&[Coord]) -> Ring, into: &mut Vec<Vec<Vec<Ring>>>) {
    match geometry {
        Geometry::Points(_) | Geometry::Lines(_) => {}
        Geometry::Polygons(polygons) => {
            for polygon in polygons {
                let rings = polygon.rings.iter().map(|path| ring(path.coords()));
                let rings: Vec<Ring> = rings.filter(|ring| ring.len() >= 3).collect();
                if !rings.is_empty() {
                    into.push(rings.simplify_shape_as::<i64>(FillRule::EvenOdd));
                }
            }
        }
        Geometry::Collection(parts) => parts.iter().for_each(|part| collect(part, ring, into)),
    }
}

/// The ring cut to a box (Sutherland and Hodgman): what lies outside is moved to its border, where it is no area.
fn cut(ring: &[Coord], bbox: Bbox) -> Ring {
    let around = Bbox::around(ring.iter().copied());
    let mut corners: Ring = ring.iter().map(|at| [at.x, at.y]).collect();
    if around.is_none_or(|around| bbox.contains(&around)) {
        return corners;
    }
    let sides = [
        (0, bbox.west(), 1.0),
        (0, bbox.east(), -1.0),
        (1, bbox.south(), 1.0),
        (1, bbox.north(), -1.0),
    ];
    for (axis, border, sign) in sides {
        corners = cut_side(&corners, axis, border, sign);
    }
    corners
}

/// What of the ring is on the side of a line along an axis where `sign` times its place is more.
fn cut_side(ring: &[[f64; 2]], axis: usize, border: f64, sign: f64) -> Ring {
    let mut kept = Vec::with_capacity(ring.len());
    let is_in = |at: &[f64; 2]| (at[axis] - border) * sign >= 0.0;
    let mut last = ring.last().copied();
    for &at in ring {
        if let Some(from) = last.filter(|from| is_in(from) != is_in(&at)) {
            let part = (border - from[axis]) / (at[axis] - from[axis]);
            let mut crossing = [0.0; 2];
            crossing[axis] = border;
            crossing[1 - axis] = from[1 - axis] + (at[1 - axis] - from[1 - axis]) * part;
            kept.push(crossing);
        }
        if is_in(&at) {
            kept.push(at);
        }
        last = Some(at);
    }
    kept
}
