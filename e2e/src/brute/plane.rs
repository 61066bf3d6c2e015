//! Distances and boxes in the plane of a tile; distances are along the axes (Chebyshev).

use super::{BUFFER, EXTENT};
use geo::{Coord, Line, Rect};

/// The clip box of a tile, grown by `more` units on all sides.
pub fn clip_box(more: f64) -> Rect<f64> {
    let margin = BUFFER + more;
    Rect::new(
        Coord { x: -margin, y: -margin },
        Coord {
            x: EXTENT + margin,
            y: EXTENT + margin,
        },
    )
}

/// Whether `at` lies in `area` or on its border.
pub fn holds(area: &Rect<f64>, at: Coord<f64>) -> bool {
    (area.min().x..=area.max().x).contains(&at.x) && (area.min().y..=area.max().y).contains(&at.y)
}

/// The greater of the two differences along the axes.
pub fn apart(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).abs().max((a.y - b.y).abs())
}

/// The distance from a place to a segment.
pub fn to_segment(at: Coord<f64>, line: Line<f64>) -> f64 {
    let (from, step) = (line.start - at, line.end - line.start);
    // The distance along the segment is convex and piecewise linear: its least value is at an end, or where one of
    // |dx| and |dy| is zero, or where both are equal.
    let zero = |offset: f64, slope: f64| {
        if slope == 0.0 {
            0.0
        } else {
            (-offset / slope).clamp(0.0, 1.0)
        }
    };
    let places = [
        0.0,
        1.0,
        zero(from.x, step.x),
        zero(from.y, step.y),
        zero(from.x - from.y, step.x - step.y),
        zero(from.x + from.y, step.x + step.y),
    ];
    let distance = |t: f64| (from.x + step.x * t).abs().max((from.y + step.y * t).abs());
    places.into_iter().map(distance).fold(f64::INFINITY, f64::min)
}

/// The distance from a place to the nearest of many segments; infinite where there are none.
pub fn to_segments(at: Coord<f64>, lines: impl IntoIterator<Item = Line<f64>>) -> f64 {
    lines
        .into_iter()
        .map(|line| to_segment(at, line))
        .fold(f64::INFINITY, f64::min)
}

/// The part of a segment inside a box, by Liang and Barsky (1984); none where they have no point in common.
pub fn clip_segment(line: Line<f64>, area: &Rect<f64>) -> Option<Line<f64>> {
    let step = line.end - line.start;
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    let sides = [
        (-step.x, line.start.x - area.min().x),
        (step.x, area.max().x - line.start.x),
        (-step.y, line.start.y - area.min().y),
        (step.y, area.max().y - line.start.y),
    ];
    for (outward, room) in sides {
        if outward == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if outward < 0.0 {
            enter = enter.max(room / outward);
        } else {
            leave = leave.min(room / outward);
        }
    }
    let at = |t: f64| Coord {
        x: line.start.x + step.x * t,
        y: line.start.y + step.y * t,
    };
    let start = if enter == 0.0 { line.start } else { at(enter) };
    let end = if leave == 1.0 { line.end } else { at(leave) };
    (enter <= leave).then(|| Line::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_to_a_segment_is_along_the_axes() {
        let line = Line::new(Coord { x: 0.0, y: 0.0 }, Coord { x: 10.0, y: 10.0 });
        let check = |x: f64, y: f64, expected: f64| {
            assert!((to_segment(Coord { x, y }, line) - expected).abs() < 1e-12, "{x} {y}")
        };
        check(5.0, 5.0, 0.0);
        check(6.0, 4.0, 1.0);
        check(-3.0, 1.0, 3.0);
        check(12.0, 11.0, 2.0);
        let spot = Line::new(Coord { x: 1.0, y: 1.0 }, Coord { x: 1.0, y: 1.0 });
        assert_eq!(to_segment(Coord { x: 4.0, y: 0.0 }, spot), 3.0);
    }

    #[test]
    fn a_segment_is_cut_at_the_box() {
        let area = Rect::new(Coord { x: 0.0, y: 0.0 }, Coord { x: 10.0, y: 10.0 });
        let cut = |a: (f64, f64), b: (f64, f64)| clip_segment(Line::new(a, b), &area);
        assert_eq!(cut((-5.0, 5.0), (15.0, 5.0)), Some(Line::new((0.0, 5.0), (10.0, 5.0))));
        assert_eq!(cut((2.0, 2.0), (3.0, 3.0)), Some(Line::new((2.0, 2.0), (3.0, 3.0))));
        assert_eq!(cut((-1.0, -5.0), (-1.0, 15.0)), None);
        assert_eq!(cut((-5.0, 5.0), (5.0, -6.0)), None);
        assert_eq!(cut((5.0, 10.0), (5.0, 20.0)), Some(Line::new((5.0, 10.0), (5.0, 10.0))));
    }
}
