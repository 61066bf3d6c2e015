//! Distances on the ellipsoid to geometries whose edges are straight in longitude and latitude.

use super::bound::at_least_m;
use super::inside::contains;
use super::spheroid::{Local, POLAR, apart, back_from, close, wrapped};
use crate::{Bbox, Coord, Geometry};

/// In degrees: longer edges are measured in pieces, for far from a place they may come near it more than once.
const PIECE: f64 = 1.0;
/// In metres: where a step along an edge is shorter, its nearest place is found.
const STILL: f64 = 1e-5;
/// Steps towards the nearest place of an edge; each but the first one or two are of millimetres.
const STEPS: usize = 20;

/// How far the geometry is from a place, in metres: 0 where the place lies in it or on it. None where it is empty.
///
/// Exact to a hundredth of a millimetre. Costs some nanoseconds a vertex, and more for the few edges that may be nearest.
pub fn distance_m(from: Coord, to: &Geometry) -> Option<f64> {
    if contains(to, from) {
        return Some(0.0);
    }
    let mut nearest = Nearest::new(from, f64::INFINITY);
    nearest.look(to);
    nearest.finish()
}

/// How far two geometries are from each other, in metres: 0 where they have a point in common. None where one is empty.
/// Where it is more than `enough`, it may be said to be any number above that.
///
/// `meet` says whether they have a point in common. Costs the product of their vertices, less what their boxes save.
pub fn between_m(a: &Geometry, b: &Geometry, enough: f64, meet: impl FnOnce() -> bool) -> Option<f64> {
    let (around_a, around_b) = (a.bbox()?, b.bbox()?);
    if let Some(at) = only_point(a) {
        return distance_m(at, b);
    }
    if let Some(at) = only_point(b) {
        return distance_m(at, a);
    }
    if around_a.intersects(&around_b) && meet() {
        return Some(0.0);
    }
    let mut best = f64::INFINITY;
    for (corners, around, other) in [(a, around_b, b), (b, around_a, a)] {
        for corner in corners.coords() {
            if at_least_m(corner, around) >= best.min(enough) {
                continue;
            }
            let mut nearest = Nearest::new(corner, best);
            nearest.look(other);
            best = best.min(nearest.best);
        }
    }
    // Where all corners were too far to be looked at, nothing is near.
    Some(if best.is_finite() { best } else { f64::MAX })
}

fn only_point(geometry: &Geometry) -> Option<Coord> {
    match geometry {
        Geometry::Points(path) if path.len() == 1 => path.coords().first().copied(),
        _ => None,
    }
}

/// The nearest place so far.
struct Nearest {
    from: Coord,
    best: f64,
    found: bool,
}

impl Nearest {
    fn new(from: Coord, best: f64) -> Self {
        let y = from.y.clamp(-90.0, 90.0);
        Self {
            from: Coord { x: from.x, y },
            best,
            found: false,
        }
    }

    fn finish(self) -> Option<f64> {
        self.found.then_some(self.best)
    }

    fn look(&mut self, geometry: &Geometry) {
        match geometry {
            Geometry::Points(path) => path.coords().iter().for_each(|&at| self.edge(at, at)),
            Geometry::Lines(paths) => paths.iter().for_each(|path| self.line(path.coords())),
            Geometry::Polygons(polygons) => {
                let rings = polygons.iter().flat_map(|polygon| &polygon.rings);
                rings.for_each(|ring| self.line(ring.coords()));
            }
            Geometry::Collection(parts) => parts.iter().for_each(|part| self.look(part)),
        }
    }

    /// The edge that looks nearest first: then nearly all others need no closer look.
    fn line(&mut self, coords: &[Coord]) {
        if let [only] = coords {
            return self.edge(*only, *only);
        }
        let scale = self.from.y.to_radians().cos();
        let rough = |(a, b): &(Coord, Coord)| {
            let (a, b) = (self.beside(*a, *a), self.beside(*b, *a));
            let [ax, ay, bx, by] = [a.x * scale, a.y, b.x * scale, b.y];
            let (dx, dy) = (bx - ax, by - ay);
            let part = (-(ax * dx + ay * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            let part = if part.is_nan() { 0.0 } else { part };
            (ax + dx * part).powi(2) + (ay + dy * part).powi(2)
        };
        if let Some((a, b)) = edges_of(coords).min_by(|a, b| rough(a).total_cmp(&rough(b))) {
            self.edge(a, b);
        }
        edges_of(coords).for_each(|(a, b)| self.edge(a, b));
    }

    /// A place as seen from here, on the side of the world where `anchor` is nearer.
    fn beside(&self, at: Coord, anchor: Coord) -> Coord {
        let shift = wrapped(anchor.x - self.from.x) - (anchor.x - self.from.x);
        Coord {
            x: at.x + shift - self.from.x,
            y: at.y - self.from.y,
        }
    }

    fn edge(&mut self, a: Coord, b: Coord) {
        self.found = true;
        let pieces = ((b.x - a.x).abs().max((b.y - a.y).abs()) / PIECE)
            .ceil()
            .clamp(1.0, 720.0);
        if pieces == 1.0 {
            return self.piece(a, b);
        }
        let at = |part: f64| Coord {
            x: a.x + (b.x - a.x) * part / pieces,
            y: a.y + (b.y - a.y) * part / pieces,
        };
        (0..pieces as u32).for_each(|i| self.piece(at(f64::from(i)), at(f64::from(i + 1))));
    }

    fn piece(&mut self, a: Coord, b: Coord) {
        let around = Bbox::around([a, b]).expect("there are two of them");
        if at_least_m(self.from, around) < self.best {
            self.best = self.best.min(to_edge(self.from, a, b));
        }
    }
}

fn edges_of(coords: &[Coord]) -> impl Iterator<Item = (Coord, Coord)> {
    coords.windows(2).map(|pair| (pair[0], pair[1]))
}

/// The distance to an edge of at most a degree.
fn to_edge(from: Coord, a: Coord, b: Coord) -> f64 {
    let clamp = |at: Coord| Coord {
        x: at.x,
        y: at.y.clamp(-90.0, 90.0),
    };
    let (a, b) = (clamp(a), clamp(b));
    if a == b {
        return apart(from, a);
    }
    let at = |part: f64| Coord {
        x: a.x + (b.x - a.x) * part,
        y: a.y + (b.y - a.y) * part,
    };
    let mut part = flat(from, a, b, from.y);
    let foot = at(part);
    if close(from, foot).is_some() {
        // In the plane of the middle latitude what is left is of the third order.
        let foot = at(flat(from, a, b, (from.y + foot.y) / 2.0));
        return apart(from, foot).min(apart(from, a)).min(apart(from, b));
    }
    // Towards the place where the geodesic meets the edge at a right angle.
    let mut best = f64::INFINITY;
    for _ in 0..STEPS {
        let here = at(part);
        let (length, back) = back_from(from, here);
        best = best.min(length);
        let local = Local::at(here.y.to_radians());
        let east = (b.x - a.x).to_radians() * local.parallel;
        let north = (b.y - a.y).to_radians() * local.meridian;
        let size = east * east + north * north;
        let step = (back[0] * east + back[1] * north) / size;
        let next = (part + step).clamp(0.0, 1.0);
        let moved = (next - part).abs() * size.sqrt();
        part = next;
        if size == 0.0 || moved < STILL {
            break;
        }
    }
    best.min(apart(from, a)).min(apart(from, b))
}

/// How far along an edge its nearest place is, in a plane whose units are those of the ellipsoid at a latitude.
fn flat(from: Coord, a: Coord, b: Coord, latitude: f64) -> f64 {
    let local = Local::at(latitude.clamp(-POLAR.max(89.0), POLAR.max(89.0)).to_radians());
    let x = |degrees: f64| degrees * local.parallel;
    let y = |degrees: f64| degrees * local.meridian;
    let (ax, ay) = (x(wrapped(a.x - from.x)), y(a.y - from.y));
    let (dx, dy) = (x(b.x - a.x), y(b.y - a.y));
    let part = -(ax * dx + ay * dy) / (dx * dx + dy * dy);
    if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Path, Polygon};
    use proptest::prelude::*;

    fn path(coords: &[(f64, f64)]) -> Path {
        Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
    }

    fn line(coords: &[(f64, f64)]) -> Geometry {
        Geometry::Lines(vec![path(coords)])
    }

    /// Tries many places of the line.
    fn tried(from: Coord, coords: &[(f64, f64)]) -> f64 {
        let mut best = f64::INFINITY;
        for pair in coords.windows(2) {
            for i in 0..=2000 {
                let part = f64::from(i) / 2000.0;
                let x = pair[0].0 + (pair[1].0 - pair[0].0) * part;
                let y = pair[0].1 + (pair[1].1 - pair[0].1) * part;
                best = best.min(apart(from, Coord { x, y }));
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_place_of_a_line_is_nearer_than_its_distance_and_one_is_as_near(
            x in -180.0..180.0, y in -85.0..85.0, size in prop_oneof![Just(0.001), Just(0.1), Just(5.0)],
            corners in prop::collection::vec((-1.0..1.0, -1.0..1.0), 2..5), far in 0.0..2.0,
        ) {
            let coords: Vec<_> = corners.iter().map(|(dx, dy)| (x + size * (dx + far), f64::clamp(y + size * dy, -90.0, 90.0))).collect();
            let from = Coord { x, y };
            let (found, tried) = (distance_m(from, &line(&coords)).unwrap(), tried(from, &coords));
            prop_assert!(found <= tried + 1e-4, "{found} {tried}");
            // The places tried are at most so far from each other.
            let step = size * 4.0 * 111_700.0 / 2000.0;
            prop_assert!(tried - found <= step, "{found} {tried}");
        }
    }

    #[test]
    fn what_holds_the_place_is_0_m_away_and_the_nearest_part_counts() {
        let outer = path(&[
            (115.0, 30.0),
            (115.01, 30.0),
            (115.01, 30.01),
            (115.0, 30.01),
            (115.0, 30.0),
        ]);
        let hole = path(&[
            (115.004, 30.004),
            (115.004, 30.006),
            (115.006, 30.006),
            (115.006, 30.004),
            (115.004, 30.004),
        ]);
        let polygon = Geometry::Polygons(vec![Polygon {
            rings: vec![outer, hole],
        }]);
        let far = |x, y| distance_m(Coord { x, y }, &polygon).unwrap();
        assert_eq!(far(115.001, 30.001), 0.0);
        assert_eq!(far(115.0, 30.005), 0.0);
        // From the middle of the hole to its eastern side: 0.001 degrees of longitude.
        assert!((far(115.005, 30.005) - 96.4).abs() < 0.1, "{}", far(115.005, 30.005));
        let both = Geometry::Collection(vec![polygon, Geometry::point(115.02, 30.0).unwrap()]);
        let away = distance_m(Coord { x: 115.0199, y: 30.0 }, &both).unwrap();
        assert!((away - 9.65).abs() < 0.01, "{away}");
        assert_eq!(
            distance_m(Coord { x: 1.0, y: 1.0 }, &Geometry::Collection(Vec::new())),
            None
        );
    }

    #[test]
    fn geometries_are_as_far_apart_as_their_nearest_places() {
        let a = line(&[(115.0, 30.0), (115.0, 30.01)]);
        let b = line(&[(115.001, 30.005), (115.01, 30.005)]);
        let apart = between_m(&a, &b, f64::INFINITY, || false).unwrap();
        assert!((apart - 96.4).abs() < 0.1, "{apart}");
        assert_eq!(between_m(&a, &a, f64::INFINITY, || true), Some(0.0));
        assert!(between_m(&a, &b, 50.0, || false).unwrap() > 50.0);
        assert_eq!(between_m(&a, &Geometry::Lines(Vec::new()), 1.0, || false), None);
    }

    #[test]
    fn the_antimeridian_is_no_border() {
        let fiji = line(&[(179.99, -17.0), (180.0, -17.0)]);
        let away = distance_m(Coord { x: -179.99, y: -17.0 }, &fiji).unwrap();
        assert!((away - 1_065.0).abs() < 2.0, "{away}");
    }
}
