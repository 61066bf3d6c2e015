//! Arcs and circles as chains of points that leave the curve by a millimetre at most.

/// A position: east, north, height (NaN where there is none).
pub type Position = [f64; 3];

/// How far a chain may leave its curve: metres.
pub const TOLERANCE_M: f64 = 0.001;
/// The same in degrees, where the file is in degrees.
pub const TOLERANCE_DEG: f64 = 1e-8;
/// Most points of one arc.
const MAX_STEPS: f64 = 100_000.0;

/// The arc from the first of three positions by the second to the third, which are all kept. Positions in one line make
/// two straight segments.
///
/// # Errors
/// A sentence where it would have more points than are reasonable.
pub fn arc(by: &[Position; 3], tolerance: f64) -> Result<Vec<Position>, String> {
    let [a, b, c] = by;
    let Some(centre) = centre(a, b, c) else {
        return Ok(by.to_vec());
    };
    let mut points = vec![*a];
    let turn = signed_area(a, b, c).signum();
    sweep(&mut points, b, centre, turn, tolerance)?;
    sweep(&mut points, c, centre, turn, tolerance)?;
    Ok(points)
}

/// The circle through three positions, closed.
///
/// # Errors
/// A sentence where they are in one line, or it would have more points than are reasonable.
pub fn circle(by: &[Position; 3], tolerance: f64) -> Result<Vec<Position>, String> {
    let [a, b, c] = by;
    let centre = centre(a, b, c).ok_or("the three points of a circle are in one line")?;
    let mut points = arc(by, tolerance)?;
    sweep(&mut points, a, centre, signed_area(a, b, c).signum(), tolerance)?;
    Ok(points)
}

/// The circle around a position, closed.
///
/// # Errors
/// A sentence where the radius is not positive, or it would have more points than are reasonable.
pub fn circle_around(centre: Position, radius: f64, tolerance: f64) -> Result<Vec<Position>, String> {
    if !(radius > 0.0 && radius < 1e7) {
        return Err(format!("{radius} is no radius"));
    }
    let [x, y, z] = centre;
    circle(&[[x + radius, y, z], [x, y + radius, z], [x - radius, y, z]], tolerance)
}

/// Goes on around `centre` from the last of `points` to `to`, counter-clockwise where `turn` is positive.
fn sweep(points: &mut Vec<Position>, to: &Position, centre: [f64; 2], turn: f64, tolerance: f64) -> Result<(), String> {
    let Some(from) = points.last().copied() else {
        return Ok(());
    };
    let angle = |p: &Position| (p[1] - centre[1]).atan2(p[0] - centre[0]);
    let radius = (from[0] - centre[0]).hypot(from[1] - centre[1]);
    let (start, full) = (angle(&from), std::f64::consts::TAU);
    let by = ((angle(to) - start) * turn).rem_euclid(full);
    // The height of an arc above its chord is r (1 - cos(step / 2)).
    let step = 2.0 * (1.0 - (tolerance / radius).min(1.0)).acos();
    let steps = (by / step.max(1e-12)).ceil().max(1.0);
    if steps > MAX_STEPS {
        return Err(format!("an arc of radius {radius} needs more than {MAX_STEPS} points"));
    }
    for at in 1..steps as u32 {
        let share = f64::from(at) / steps;
        let direction = start + turn * by * share;
        points.push([
            centre[0] + radius * direction.cos(),
            centre[1] + radius * direction.sin(),
            from[2] + (to[2] - from[2]) * share,
        ]);
    }
    points.push(*to);
    Ok(())
}

/// Twice the area of a triangle, positive where it turns counter-clockwise.
fn signed_area(a: &Position, b: &Position, c: &Position) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// The middle of the circle through three positions; none where they are, as far as numbers tell, in one line.
fn centre(a: &Position, b: &Position, c: &Position) -> Option<[f64; 2]> {
    // From `a` on, so that large coordinates do not eat the digits.
    let ([bx, by], [cx, cy]) = ([b[0] - a[0], b[1] - a[1]], [c[0] - a[0], c[1] - a[1]]);
    let d = 2.0 * (bx * cy - by * cx);
    let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
    let (x, y) = ((cy * b2 - by * c2) / d, (bx * c2 - cx * b2) / d);
    (x.is_finite() && y.is_finite() && x.hypot(y) < 1e7).then_some([a[0] + x, a[1] + y])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flat(x: f64, y: f64) -> Position {
        [x, y, f64::NAN]
    }

    #[test]
    fn a_half_circle_goes_by_its_middle() {
        let points = arc(&[flat(10.0, 0.0), flat(0.0, 10.0), flat(-10.0, 0.0)], TOLERANCE_M).unwrap();
        assert!(
            points
                .iter()
                .all(|p| p[1] >= -1e-9 && (p[0].hypot(p[1]) - 10.0).abs() < 1e-9)
        );
        let points = arc(&[flat(10.0, 0.0), flat(0.0, -10.0), flat(-10.0, 0.0)], TOLERANCE_M).unwrap();
        assert!(points.iter().all(|p| p[1] <= 1e-9));
    }

    #[test]
    fn points_in_one_line_stay_one() {
        let by = [flat(0.0, 0.0), flat(1.0, 1.0), flat(2.0, 2.0)];
        assert_eq!(arc(&by, TOLERANCE_M).unwrap().len(), 3);
        assert!(circle(&by, TOLERANCE_M).is_err());
        assert!(circle_around(flat(0.0, 0.0), -1.0, TOLERANCE_M).is_err());
        assert!(circle_around(flat(0.0, 0.0), f64::NAN, TOLERANCE_M).is_err());
    }

    #[test]
    fn a_circle_has_its_area_and_is_closed() {
        let points = circle_around(flat(38.5e6, 3.3e6), 100.0, TOLERANCE_M).unwrap();
        assert_eq!(points[0][..2], points[points.len() - 1][..2]);
        let area: f64 = points
            .windows(2)
            .map(|p| signed_area(&flat(38.5e6, 3.3e6), &p[0], &p[1]))
            .sum();
        assert!((area / 2.0 - std::f64::consts::PI * 1e4).abs() < 1.0, "{area}");
    }

    proptest! {
        #[test]
        fn no_chord_leaves_its_arc_by_more_than_a_millimetre(r in 0.1..5000.0f64, from in 0.0..6.2f64, by in 0.1..3.0f64) {
            let at = |angle: f64| flat(38.5e6 + r * angle.cos(), 3.3e6 + r * angle.sin());
            let points = arc(&[at(from), at(from + by / 3.0), at(from + by)], TOLERANCE_M).unwrap();
            for pair in points.windows(2) {
                let middle = [(pair[0][0] + pair[1][0]) / 2.0 - 38.5e6, (pair[0][1] + pair[1][1]) / 2.0 - 3.3e6];
                prop_assert!(r - middle[0].hypot(middle[1]) < 1.1 * TOLERANCE_M);
            }
        }
    }
}
