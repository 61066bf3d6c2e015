//! Cuts lines to the tile and its buffer.

use super::frame::{Point, Subunits};
use super::ring::cross;

/// Cuts a line, in subunits, to what is inside, borders included; rounds it, and hands each part of two positions or
/// more to `each`, in units: no two following positions equal, none in the middle of a straight run. `part` is working
/// space.
pub(super) fn clip(line: &[Point], subunits: Subunits, part: &mut Vec<Point>, mut each: impl FnMut(&[Point])) {
    part.clear();
    let mut is_open = false;
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let inside = segment(a, b, subunits);
        if !(is_open && inside.is_some_and(|(from, _)| from == a)) {
            finish(part, &mut each);
        }
        if let Some((from, to)) = inside {
            push(part, subunits.round(from));
            push(part, subunits.round(to));
        }
        is_open = inside.is_some_and(|(_, to)| to == b);
    }
    finish(part, &mut each);
}

fn finish(part: &mut Vec<Point>, each: &mut impl FnMut(&[Point])) {
    if part.len() >= 2 {
        each(part);
    }
    part.clear();
}

/// Adds a position, unless it repeats the last; takes the last away where the line only went straight through it.
fn push(part: &mut Vec<Point>, to: Point) {
    if part.last() == Some(&to) {
        return;
    }
    if let [.., a, b] = part[..] {
        let onward = (b.x - a.x) * (to.x - b.x) + (b.y - a.y) * (to.y - b.y) > 0;
        if onward && cross(a, b, to) == 0 {
            part.pop();
        }
    }
    part.push(to);
}

/// What of the segment is inside, in its direction; may be a single position.
fn segment(a: Point, b: Point, subunits: Subunits) -> Option<(Point, Point)> {
    if subunits.is_drawn(a) && subunits.is_drawn(b) {
        return Some((a, b));
    }
    let (min, max) = (subunits.min(), subunits.max());
    let beyond = |at: fn(Point) -> i64| at(a).max(at(b)) < min || at(a).min(at(b)) > max;
    if beyond(|p| p.x) || beyond(|p| p.y) {
        return None;
    }
    // Candidates for the ends, each computed from the whole segment: cutting twice would round twice.
    let sides = [at_x(a, b, min), at_x(a, b, max), at_y(a, b, min), at_y(a, b, max)];
    let ends = sides.into_iter().flatten().chain([a, b]);
    let inside = ends.filter(|&point| subunits.is_drawn(point));
    let along =
        |p: &Point| i128::from(b.x - a.x) * i128::from(p.x - a.x) + i128::from(b.y - a.y) * i128::from(p.y - a.y);
    Some((inside.clone().min_by_key(along)?, inside.max_by_key(along)?))
}

/// Where the segment crosses the vertical at `x`, rounded half up; none where it does not, or runs along it.
pub(super) fn at_x(a: Point, b: Point, x: i64) -> Option<Point> {
    // In one direction whichever way it was drawn, so that shared edges stay shared.
    let (a, b) = if a.x <= b.x { (a, b) } else { (b, a) };
    (a.x < x && x < b.x).then(|| Point {
        x,
        y: a.y + share(b.y - a.y, x - a.x, b.x - a.x),
    })
}

/// Where the segment crosses the horizontal at `y`; see [`at_x`].
pub(super) fn at_y(a: Point, b: Point, y: i64) -> Option<Point> {
    let flip = |p: Point| Point { x: p.y, y: p.x };
    at_x(flip(a), flip(b), y).map(flip)
}

/// `whole * part / of`, rounded half up, for `of > 0`.
fn share(whole: i64, part: i64, of: i64) -> i64 {
    match whole.checked_mul(part).and_then(|product| product.checked_mul(2)) {
        Some(twice) if of < 1 << 61 => (twice + of).div_euclid(2 * of),
        _ => {
            let (twice, of) = (2 * i128::from(whole) * i128::from(part), i128::from(of));
            (twice + of).div_euclid(2 * of) as i64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &[(i64, i64)], expected: &[&[(i64, i64)]]) {
        let points = |line: &[(i64, i64)]| line.iter().map(|&(x, y)| Point { x, y }).collect::<Vec<_>>();
        let mut parts = Vec::new();
        clip(&points(line), Subunits::UNITS, &mut Vec::new(), |part| {
            parts.push(part.to_vec());
        });
        let expected: Vec<_> = expected.iter().map(|part| points(part)).collect();
        assert_eq!(parts, expected, "{line:?}");
    }

    #[test]
    fn a_line_inside_stays_and_one_outside_goes() {
        check(&[(0, 0), (10, 5), (20, 0)], &[&[(0, 0), (10, 5), (20, 0)]]);
        check(&[(-70, 0), (-65, 4000)], &[]);
        check(&[], &[]);
        check(&[(5, 5)], &[]);
        check(&[(5, 5), (5, 5)], &[]);
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_has_two_parts() {
        check(
            &[(0, 0), (5000, 0), (5000, 100), (0, 100)],
            &[&[(0, 0), (4160, 0)], &[(4160, 100), (0, 100)]],
        );
    }

    #[test]
    fn a_line_through_the_tile_is_cut_at_both_borders() {
        check(&[(-1000, 2048), (9000, 2048)], &[&[(-64, 2048), (4160, 2048)]]);
        check(&[(-1064, -1064), (5160, 5160)], &[&[(-64, -64), (4160, 4160)]]);
        check(&[(4200, 4100), (4100, 4200)], &[&[(4160, 4140), (4140, 4160)]]);
    }

    #[test]
    fn a_line_along_the_border_is_drawn_and_one_that_only_touches_it_is_not() {
        check(&[(4160, -500), (4160, 100)], &[&[(4160, -64), (4160, 100)]]);
        check(&[(5000, 0), (4160, 10), (5000, 20)], &[]);
        check(&[(4161, 4159), (4159, 4161)], &[]);
        check(&[(0, 0), (4160, 10), (0, 20)], &[&[(0, 0), (4160, 10), (0, 20)]]);
    }

    #[test]
    fn positions_in_a_straight_run_are_left_out_but_turns_back_stay() {
        check(&[(0, 0), (5, 5), (5, 5), (10, 10)], &[&[(0, 0), (10, 10)]]);
        check(&[(0, 0), (10, 0), (5, 0)], &[&[(0, 0), (10, 0), (5, 0)]]);
    }

    #[test]
    fn a_line_from_the_end_of_the_world_is_cut_without_overflow() {
        let far = 1 << 35;
        check(&[(-far, -far), (far, far)], &[&[(-64, -64), (4160, 4160)]]);
        check(&[(-far, 1), (far, 0)], &[&[(-64, 1), (4160, 0)]]);
    }
}
