//! Rings: put together from lines, and sorted into outer and inner ones.

use super::curve::Position;

/// Most rings of a polygon.
pub const MAX_RINGS: usize = 10_000;
/// Most edges that are looked at to sort the rings of a polygon: some seconds.
const MAX_LOOKS: usize = 1_000_000_000;

/// Rings from lines, `0` between them. `line` gives the positions of a line by its identifier, which is never negative.
///
/// Lines follow one another where they end and begin within `tolerance`; the joint is kept once where it is the same
/// position, twice where it is not. A ring that is closed also ends where the next line begins elsewhere.
///
/// # Errors
/// What `line` says, or a sentence where lines do not follow one another or a ring is not closed.
pub fn from_lines<E: From<String>>(
    references: &[i64],
    tolerance: f64,
    most: usize,
    mut line: impl FnMut(i64) -> Result<Vec<Position>, E>,
) -> Result<Vec<Vec<Position>>, E> {
    let mut rings: Vec<Vec<Position>> = Vec::new();
    let mut ring: Vec<Position> = Vec::new();
    let mut total = 0;
    for id in references {
        if *id == 0 {
            end(&mut rings, &mut ring, tolerance)?;
            continue;
        }
        let mut points = line(id.checked_abs().ok_or_else(|| format!("{id} is no line"))?)?;
        if *id < 0 {
            points.reverse();
        }
        total += points.len();
        if total > most {
            return Err(format!("more than {most} positions").into());
        }
        match (ring.last().copied(), points.first().copied()) {
            (_, None) => continue,
            (None, _) => ring = points,
            (Some(last), Some(first)) if gap(&last, &first) <= tolerance => {
                let skipped = usize::from(last[..2] == first[..2]);
                ring.extend_from_slice(&points[skipped..]);
            }
            (Some(_), _) if is_closed(&ring, tolerance) => {
                end(&mut rings, &mut ring, tolerance)?;
                ring = points;
            }
            (Some(last), Some(first)) => {
                let gap = gap(&last, &first);
                return Err(format!("line {id} begins {gap} away from where the one before it ends").into());
            }
        }
    }
    end(&mut rings, &mut ring, tolerance)?;
    if rings.is_empty() {
        return Err("it names no line".to_owned().into());
    }
    Ok(rings)
}

/// Ends a ring; one that is closed but for the tolerance gets its first position again.
fn end(rings: &mut Vec<Vec<Position>>, ring: &mut Vec<Position>, tolerance: f64) -> Result<(), String> {
    let mut done = std::mem::take(ring);
    let (Some(first), Some(last)) = (done.first().copied(), done.last().copied()) else {
        return Ok(());
    };
    if !is_closed(&done, tolerance) {
        let (at, gap) = (rings.len() + 1, gap(&first, &last));
        return Err(format!(
            "ring {at} is not closed: it ends {gap} away from where it begins"
        ));
    }
    if first[..2] != last[..2] {
        done.push(first);
    }
    rings.push(done);
    Ok(())
}

fn is_closed(ring: &[Position], tolerance: f64) -> bool {
    match ring {
        [first, _, _, .., last] => gap(first, last) <= tolerance,
        _ => false,
    }
}

fn gap(a: &Position, b: &Position) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A polygon: its outer ring, then its inner ones.
pub type Polygon = Vec<Vec<Position>>;

/// Sorts rings into polygons: one that lies in an even number of others is an outer ring, one in an odd number an inner
/// ring of the smallest around it. Which way round they go does not count: files disagree about it.
///
/// # Errors
/// A sentence where there are more than [`MAX_RINGS`], or they lie in one another so often that it would take too long.
pub fn polygons(rings: Vec<Vec<Position>>) -> Result<Vec<Polygon>, String> {
    if rings.len() > MAX_RINGS {
        return Err(format!("{} rings; at most {MAX_RINGS} are read", rings.len()));
    }
    if rings.len() < 2 {
        return Ok(vec![rings]);
    }
    let mut sized: Vec<Sized> = rings.into_iter().map(Sized::of).collect();
    sized.sort_by(|a, b| b.area.total_cmp(&a.area));
    let mut polygons: Vec<Polygon> = Vec::new();
    let mut looks = 0;
    // The polygon that each ring belongs to.
    let mut placed: Vec<usize> = Vec::new();
    for at in 0..sized.len() {
        let mut around = Vec::new();
        for larger in 0..at {
            if sized[larger].holds(&sized[at], &mut looks)? {
                around.push(larger);
            }
        }
        let ring = std::mem::take(&mut sized[at].owned);
        let polygon = match around.last() {
            Some(closest) if around.len() % 2 == 1 => {
                let polygon = placed[*closest];
                polygons[polygon].push(ring);
                polygon
            }
            _ => {
                polygons.push(vec![ring]);
                polygons.len() - 1
            }
        };
        placed.push(polygon);
    }
    Ok(polygons)
}

/// A ring with its size and box.
struct Sized {
    owned: Vec<Position>,
    /// Its corners, which stay when `owned` has gone into its polygon.
    corners: Vec<[f64; 2]>,
    area: f64,
    low: [f64; 2],
    high: [f64; 2],
}

impl Sized {
    fn of(ring: Vec<Position>) -> Self {
        let (mut low, mut high, mut area) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2], 0.0);
        for p in &ring {
            for axis in 0..2 {
                low[axis] = low[axis].min(p[axis]);
                high[axis] = high[axis].max(p[axis]);
            }
        }
        let origin = ring.first().copied().unwrap_or_default();
        for pair in ring.windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|p| [p[0] - origin[0], p[1] - origin[1]]);
            area += a[0] * b[1] - b[0] * a[1];
        }
        Self {
            corners: ring.iter().map(|p| [p[0], p[1]]).collect(),
            owned: ring,
            area: area.abs(),
            low,
            high,
        }
    }

    /// Whether a smaller ring lies in this one, by the first of its corners or middles of edges that is not on the line.
    fn holds(&self, smaller: &Sized, looks: &mut usize) -> Result<bool, String> {
        let apart = (0..2).any(|axis| smaller.low[axis] < self.low[axis] || smaller.high[axis] > self.high[axis]);
        if apart {
            return Ok(false);
        }
        let middle = |p: &[[f64; 2]]| [(p[0][0] + p[1][0]) / 2.0, (p[0][1] + p[1][1]) / 2.0];
        let middles = smaller.corners.windows(2).map(middle);
        for probe in smaller.corners.iter().copied().chain(middles) {
            *looks += self.corners.len();
            if *looks > MAX_LOOKS {
                return Err("its rings lie in one another too often to be sorted".into());
            }
            if let Some(inside) = side(&self.corners, probe) {
                return Ok(inside);
            }
        }
        Ok(true)
    }
}

/// Whether a position is inside a closed chain; none on it.
fn side(ring: &[[f64; 2]], p: [f64; 2]) -> Option<bool> {
    let mut inside = false;
    for pair in ring.windows(2) {
        let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
        if (ay > p[1]) == (by > p[1]) {
            let level = ay == p[1] && by == p[1];
            if level && p[0] >= ax.min(bx) && p[0] <= ax.max(bx) || [ax, ay] == p {
                return None;
            }
            continue;
        }
        let coord = |x, y| robust::Coord { x, y };
        let turn = robust::orient2d(coord(ax, ay), coord(bx, by), coord(p[0], p[1]));
        if turn == 0.0 {
            return None;
        }
        inside ^= (turn > 0.0) == (by > ay);
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(points: &[[f64; 2]]) -> Vec<Position> {
        points.iter().map(|[x, y]| [*x, *y, f64::NAN]).collect()
    }

    fn square(from: f64, size: f64) -> Vec<Position> {
        let to = from + size;
        chain(&[[from, from], [to, from], [to, to], [from, to], [from, from]])
    }

    fn join(references: &[i64]) -> Result<Vec<Vec<Position>>, String> {
        from_lines(references, 0.001, 1000, |id| match id {
            1 => Ok(chain(&[[0.0, 0.0], [9.0, 0.0]])),
            2 => Ok(chain(&[[0.0, 9.0], [9.0, 0.0]])),
            3 => Ok(chain(&[[0.0, 9.0], [0.0, 0.0]])),
            4 => Ok(square(1.0, 1.0)),
            other => Err(format!("line {other} is not in the file")),
        })
    }

    #[test]
    fn signed_lines_make_rings() {
        let ring = chain(&[[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [0.0, 0.0]]);
        let flat = |rings: Vec<Vec<Position>>| {
            rings
                .into_iter()
                .map(|r| r.iter().map(|p| [p[0], p[1]]).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        assert_eq!(flat(join(&[1, -2, 3]).unwrap()), flat(vec![ring.clone()]));
        assert_eq!(join(&[1, -2, 3, 0, 4]).unwrap().len(), 2);
        assert_eq!(join(&[1, -2, 3, -4]).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_ring_says_why() {
        for (references, why) in [
            (&[1, 2, 3][..], "line 2 begins"),
            (&[1, -2], "ring 1 is not closed"),
            (&[1, -2, 3, 0, 7], "line 7 is not in the file"),
            (&[0, 0], "names no line"),
            (&[i64::MIN], "is no line"),
        ] {
            let said = join(references).unwrap_err();
            assert!(said.contains(why), "{references:?}: {said}");
        }
    }

    #[test]
    fn islands_in_holes_are_polygons_of_their_own() {
        let rings = vec![square(4.0, 1.0), square(0.0, 9.0), square(3.0, 3.0), square(20.0, 2.0)];
        let polygons = polygons(rings).unwrap();
        let sizes: Vec<_> = polygons.iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 1, 1]);
    }

    #[test]
    fn a_hole_that_touches_its_shell_is_a_hole() {
        let hole = chain(&[[0.0, 0.0], [4.0, 1.0], [1.0, 4.0], [0.0, 0.0]]);
        assert_eq!(polygons(vec![square(0.0, 9.0), hole]).unwrap().len(), 1);
        assert_eq!(polygons(vec![square(0.0, 9.0), square(9.0, 2.0)]).unwrap().len(), 2);
    }
}
