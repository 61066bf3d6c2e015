//! Vertices that say nothing: repeated ones, and the tips of spikes.

use crate::quality::measure::Scale;
use crate::quality::shape;
use onemap_model::{Coord, Geometry, Path, Polygon};

/// A ring has at least so many positions, the last of which is the first.
const LEAST_OF_RING: usize = 4;
/// A line has at least so many.
const LEAST_OF_LINE: usize = 2;

/// The geometry without vertices that are repeated right after themselves, and where the first one was; none where there
/// are none. What would become too short stays as it is.
pub(super) fn without_repeats(geometry: &Geometry) -> Option<(Geometry, Coord)> {
    mapped(geometry, &mut |path, least| {
        let coords = path.coords();
        let at = coords.windows(2).find(|pair| pair[0] == pair[1])?[0];
        let kept: Vec<usize> = (0..coords.len())
            .filter(|&i| i == 0 || coords[i] != coords[i - 1])
            .collect();
        (kept.len() >= least).then(|| (picked(path, &kept), at))
    })
}

/// The geometry without the tips of the spikes of its polygons, and where the first one was; none where there are none.
pub(super) fn without_spikes(geometry: &Geometry) -> Option<(Geometry, Coord)> {
    mapped(geometry, &mut |path, least| {
        if least != LEAST_OF_RING {
            return None;
        }
        let scale = Scale::at(path.coords().first()?.y);
        let mut ring = path.clone();
        let mut first = None;
        while let Some(without) = without_tip(&ring, scale) {
            first = first.or(Some(without.1));
            ring = without.0;
        }
        first.map(|at| (ring, at))
    })
}

/// The ring without the first tip that it has, and without what then follows itself.
fn without_tip(ring: &Path, scale: Scale) -> Option<(Path, Coord)> {
    let coords = ring.coords();
    let open = coords
        .len()
        .checked_sub(1)
        .filter(|_| coords.first() == coords.last())?;
    // With repeated vertices there is no angle; those are another rule's, but must not be in the way here.
    let mut kept: Vec<usize> = (0..open).filter(|&i| i == 0 || coords[i] != coords[i - 1]).collect();
    let bare: Vec<Coord> = kept.iter().map(|&i| coords[i]).collect();
    let tip = shape::spike(&bare, scale)?;
    kept.retain(|&i| coords[i] != tip);
    // Where it went out and back by the same way, both ends of that are the same now.
    kept.dedup_by(|a, b| coords[*a] == coords[*b]);
    while kept.len() > 1 && coords[kept[0]] == coords[kept[kept.len() - 1]] {
        kept.pop();
    }
    kept.push(*kept.first()?);
    (kept.len() >= LEAST_OF_RING).then(|| (picked(ring, &kept), tip))
}

/// The positions of a path in these places.
fn picked(path: &Path, places: &[usize]) -> Path {
    let coords = places.iter().map(|&i| path.coords()[i]).collect();
    let z = places.iter().filter_map(|&i| path.z().get(i).copied()).collect();
    Path::with_z(coords, z).expect("every number is finite, and each position has its height")
}

/// A way to make a path another one, which is told how many positions it needs; gives where it began.
type Change<'c> = dyn FnMut(&Path, usize) -> Option<(Path, Coord)> + 'c;

/// The geometry with changed paths, and where the first change was; none where nothing changed.
fn mapped(geometry: &Geometry, change: &mut Change<'_>) -> Option<(Geometry, Coord)> {
    let mut first = None;
    let mut path = |path: &Path, least| match change(path, least) {
        Some((changed, at)) => {
            first = first.or(Some(at));
            changed
        }
        None => path.clone(),
    };
    let changed = match geometry {
        Geometry::Points(_) => return None,
        Geometry::Lines(lines) => Geometry::Lines(lines.iter().map(|line| path(line, LEAST_OF_LINE)).collect()),
        Geometry::Polygons(polygons) => {
            let mut polygon = |polygon: &Polygon| Polygon {
                rings: polygon.rings.iter().map(|ring| path(ring, LEAST_OF_RING)).collect(),
            };
            Geometry::Polygons(polygons.iter().map(&mut polygon).collect())
        }
        Geometry::Collection(parts) => {
            let mut part = |part: &Geometry| match mapped(part, change) {
                Some((changed, at)) => {
                    first = first.or(Some(at));
                    changed
                }
                None => part.clone(),
            };
            Geometry::Collection(parts.iter().map(&mut part).collect())
        }
    };
    first.map(|at| (changed, at))
}
