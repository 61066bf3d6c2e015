//! Shapes that are valid and yet no land: repeated vertices, spikes, slivers, areas and lines without size.
//!
//! Measured in metres on the ground; coordinates are degrees.

use super::measure::Scale;
use super::validity::Fault;
use onemap_model::{Coord, FindingCode, Geometry, Path, Polygon};

/// The tangent of the angle below which a spike's is: one degree.
const SPIKE_TANGENT: f64 = 0.017_455_064_928_217_585;
/// A spike is at least so long, in metres: what is shorter is the noise of coordinates.
const SPIKE_M: f64 = 0.05;
/// An area is a sliver below this width, in metres.
pub const SLIVER_M: f64 = 0.2;
/// An area below this is none, in square metres: a square of a millimetre.
const NO_AREA_M2: f64 = 1e-6;
/// A line below this is none, in metres.
const NO_LENGTH_M: f64 = 1e-3;

/// What is odd about the shape of a geometry in degrees; each kind once for each ring or line, at its first place.
pub fn faults(geometry: &Geometry) -> Vec<Fault> {
    let mut found = Vec::new();
    look(geometry, &mut found);
    found
}

fn look(geometry: &Geometry, found: &mut Vec<Fault>) {
    match geometry {
        Geometry::Points(_) => {}
        Geometry::Lines(lines) => lines.iter().for_each(|line| look_at_line(line, found)),
        Geometry::Polygons(polygons) => polygons.iter().for_each(|polygon| look_at_polygon(polygon, found)),
        Geometry::Collection(parts) => parts.iter().for_each(|part| look(part, found)),
    }
}

fn look_at_line(line: &Path, found: &mut Vec<Fault>) {
    let Some(&first) = line.coords().first() else { return };
    let scale = Scale::at(first.y);
    let steps = line.coords().windows(2).map(|pair| scale.distance(pair[0], pair[1]));
    if steps.sum::<f64>() < NO_LENGTH_M {
        let code = FindingCode::ZeroLength;
        found.push(Fault { code, at: first });
    } else {
        look_for_repeats(line, found);
    }
}

fn look_at_polygon(polygon: &Polygon, found: &mut Vec<Fault>) {
    let Some(&first) = polygon.rings.first().and_then(|shell| shell.coords().first()) else {
        return;
    };
    let scale = Scale::at(first.y);
    polygon.rings.iter().for_each(|ring| look_for_repeats(ring, found));
    let shell = scale.ring(polygon.rings[0].coords());
    if shell.area_m2.abs() < NO_AREA_M2 {
        let code = FindingCode::ZeroArea;
        return found.push(Fault { code, at: first });
    }
    if shell.width_m() < SLIVER_M {
        let code = FindingCode::Sliver;
        return found.push(Fault { code, at: first });
    }
    for ring in &polygon.rings {
        if let Some(at) = spike(&super::validity::open_ring(ring), scale) {
            let code = FindingCode::Spike;
            found.push(Fault { code, at });
        }
    }
}

fn look_for_repeats(path: &Path, found: &mut Vec<Fault>) {
    if let Some(pair) = path.coords().windows(2).find(|pair| pair[0] == pair[1]) {
        let code = FindingCode::DuplicateVertex;
        found.push(Fault { code, at: pair[0] });
    }
}

/// The tip of the first spike of a ring.
///
/// The angle is that between the ways to both neighbours, by its sine and cosine together: precise near zero.
pub fn spike(ring: &[Coord], scale: Scale) -> Option<Coord> {
    let n = ring.len();
    (0..n)
        .map(|i| (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]))
        .find_map(|(before, tip, after)| {
            let ((ax, ay), (bx, by)) = (scale.step(tip, before), scale.step(tip, after));
            let (sine, cosine) = ((ax * by - ay * bx).abs(), ax * bx + ay * by);
            let is_narrow = cosine > 0.0 && sine < cosine * SPIKE_TANGENT;
            (is_narrow && ax.hypot(ay).min(bx.hypot(by)) >= SPIKE_M).then_some(tip)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A polygon whose vertices are given in metres.
    fn check(ring: &[(f64, f64)], expected: &[FindingCode]) {
        let scale = Scale::at(30.0);
        let coords = ring.iter().map(|(x, y)| Coord {
            x: 115.0 + x / scale.x_m,
            y: 30.0 + y / scale.y_m,
        });
        let rings = vec![Path::new(coords.collect()).unwrap()];
        let found = faults(&Geometry::Polygons(vec![Polygon { rings }]));
        let codes: Vec<FindingCode> = found.iter().map(|fault| fault.code).collect();
        assert_eq!(codes, expected, "{ring:?}");
    }

    #[test]
    fn odd_shapes_are_told_from_narrow_ones() {
        let square = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (0.0, 0.0)];
        check(&square, &[]);
        check(&[(0.0, 0.0), (9.0, 0.0), (9.0, 0.5), (0.0, 0.5), (0.0, 0.0)], &[]);
        check(
            &[(0.0, 0.0), (9.0, 0.0), (9.0, 0.1), (0.0, 0.1), (0.0, 0.0)],
            &[FindingCode::Sliver],
        );
        check(
            &[(0.0, 0.0), (9.0, 0.0), (4.0, 0.0), (0.0, 0.0)],
            &[FindingCode::ZeroArea],
        );
        let repeated = [(0.0, 0.0), (9.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 0.0)];
        check(&repeated, &[FindingCode::DuplicateVertex]);
        let spiked = [
            (0.0, 0.0),
            (9.0, 0.0),
            (9.0, 4.0),
            (30.0, 4.01),
            (9.0, 4.02),
            (9.0, 9.0),
            (0.0, 9.0),
            (0.0, 0.0),
        ];
        check(&spiked, &[FindingCode::Spike]);
        let narrow_triangle = [(0.0, 0.0), (30.0, 0.0), (30.0, 1.0), (0.0, 0.0)];
        check(&narrow_triangle, &[]);
    }
}
