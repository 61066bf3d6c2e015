//! Lines: the same pieces, each along the same way and in the same direction.
//!
//! A piece of the source is a run of its segments inside the clip box. A tile agrees where
//! - every place on its lines is within a unit of the source inside the box grown by a unit;
//! - every place of the source inside the box shrunk by a unit is within a unit of the tile's lines, but for pieces
//!   that rounding makes vanish (no longer than a unit along either axis);
//! - each piece that the border cuts cleanly (one run in the grown, the given and the shrunk box) has exactly one line
//!   of the tile, near to it all along and in its direction; a line that belongs to no such piece runs along pieces
//!   that the border cuts otherwise.

use super::plane::{apart, clip_box, clip_segment, to_segments};
use super::{Judgement, TOLERANCE};
use geo::{Coord, Line, LineString, MultiLineString, Rect};

/// Places compared on a segment lie no further apart than this, in units.
const STRIDE: f64 = 8.0;

pub fn judge(source: &MultiLineString<f64>, found: &[LineString<f64>]) -> Result<Judgement, String> {
    let outer = pieces(source, &clip_box(TOLERANCE));
    let segments: Vec<_> = outer.iter().flat_map(LineString::lines).collect();
    for at in found.iter().flat_map(places) {
        let away = near(at, &segments);
        if away > TOLERANCE {
            return Err(format!("the line goes through {at:?}, {away:.3} units from the source"));
        }
    }
    let drawn: Vec<_> = found.iter().flat_map(LineString::lines).collect();
    for piece in pieces(source, &clip_box(-TOLERANCE))
        .iter()
        .filter(|piece| !may_vanish(piece))
    {
        for at in places(piece) {
            let away = near(at, &drawn);
            if away > TOLERANCE {
                return Err(format!(
                    "the source goes through {at:?}, {away:.3} units from the tile's line"
                ));
            }
        }
    }
    match_pieces(&outer, found)?;
    Ok(if found.is_empty() {
        Judgement::Absent
    } else {
        Judgement::Equal
    })
}

/// Every clean piece has a line of its own; what is left runs along unclean ones.
fn match_pieces(outer: &[LineString<f64>], found: &[LineString<f64>]) -> Result<(), String> {
    let mut left: Vec<_> = found.iter().collect();
    let mut unclean: Vec<Line<f64>> = Vec::new();
    for piece in outer {
        let within = |area: Rect<f64>| pieces(&MultiLineString(vec![piece.clone()]), &area);
        let (given, shrunk) = (within(clip_box(0.0)), within(clip_box(-TOLERANCE)));
        let clean = given.len() == 1 && shrunk.len() == 1 && !may_vanish(&shrunk[0]);
        if !clean {
            unclean.extend(piece.lines());
            continue;
        }
        let same =
            |line: &&LineString<f64>| runs_along(line, piece) && runs_along(&shrunk[0], line) && same_way(piece, line);
        let at = left.iter().position(same);
        let at = at.ok_or_else(|| format!("no line of the tile is the piece {:?}", brief(&given[0])))?;
        left.swap_remove(at);
    }
    match left
        .into_iter()
        .find(|line| places(line).any(|at| near(at, &unclean) > TOLERANCE))
    {
        Some(extra) => Err(format!("a line too many: {:?}", brief(extra))),
        None => Ok(()),
    }
}

/// Whether every place of `line` is within a unit of `other`.
fn runs_along(line: &LineString<f64>, other: &LineString<f64>) -> bool {
    let other: Vec<_> = other.lines().collect();
    places(line).all(|at| near(at, &other) <= TOLERANCE)
}

/// Whether two lines with the same course have the same direction; a closed one goes round the same way.
fn same_way(a: &LineString<f64>, b: &LineString<f64>) -> bool {
    let ends = |line: &LineString<f64>| (line.0[0], line.0[line.0.len() - 1]);
    let ((a_first, a_last), (b_first, b_last)) = (ends(a), ends(b));
    let length: f64 = a.lines().map(|l| apart(l.start, l.end)).sum();
    let gap = apart(a_first, a_last);
    if gap <= 4.0 * TOLERANCE && gap * 4.0 < length {
        return around(a) * around(b) > 0.0 || around(a).abs() <= 4.0 * TOLERANCE * length;
    }
    apart(a_first, b_first) + apart(a_last, b_last) < apart(a_first, b_last) + apart(a_last, b_first)
}

/// Twice the area that a line goes around once its ends are joined, by the direction.
fn around(line: &LineString<f64>) -> f64 {
    let origin = line.0[0];
    line.lines()
        .map(|l| (l.start - origin, l.end - origin))
        .map(|(a, b)| a.x * b.y - b.x * a.y)
        .sum()
}

fn brief(line: &LineString<f64>) -> (Coord<f64>, Coord<f64>, usize) {
    (line.0[0], line.0[line.0.len() - 1], line.0.len())
}

/// Whether rounding can make it a point: no two of its places are a unit apart or more.
fn may_vanish(line: &LineString<f64>) -> bool {
    let extremes = |of: fn(&Coord<f64>) -> f64| {
        let values = line.0.iter().map(of);
        values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
    };
    extremes(|c| c.x).max(extremes(|c| c.y)) <= TOLERANCE
}

/// The runs of the source's segments inside a box.
fn pieces(source: &MultiLineString<f64>, area: &Rect<f64>) -> Vec<LineString<f64>> {
    let mut all = Vec::new();
    for line in source {
        let mut run: Vec<Coord<f64>> = Vec::new();
        for inside in line.lines().map(|segment| clip_segment(segment, area)) {
            match inside {
                Some(part) if run.last() == Some(&part.start) => run.push(part.end),
                Some(part) => {
                    all.push(LineString::new(std::mem::replace(&mut run, vec![part.start, part.end])));
                }
                None => all.push(LineString::new(std::mem::take(&mut run))),
            }
        }
        all.push(LineString::new(run));
    }
    all.retain(|line| line.0.len() >= 2);
    all
}

fn places(line: &LineString<f64>) -> impl Iterator<Item = Coord<f64>> + '_ {
    line.lines().flat_map(|segment| {
        let steps = (apart(segment.start, segment.end) / STRIDE).ceil().max(1.0) as usize;
        (0..=steps).map(move |i| segment.start + segment.delta() * (i as f64 / steps as f64))
    })
}

fn near(at: Coord<f64>, segments: &[Line<f64>]) -> f64 {
    to_segments(at, segments.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(coords: &[(f64, f64)]) -> LineString<f64> {
        LineString::from(coords.to_vec())
    }

    fn verdict(source: &[(f64, f64)], found: &[&[(f64, f64)]]) -> Result<Judgement, String> {
        let found: Vec<_> = found.iter().map(|coords| line(coords)).collect();
        judge(&MultiLineString(vec![line(source)]), &found)
    }

    #[test]
    fn a_rounded_and_clipped_line_agrees() {
        let source = [(-100.0, 10.4), (50.3, 10.4), (60.0, 4500.0)];
        let leaves: f64 = 50.3 + 9.7 * (4160.0 - 10.4) / (4500.0 - 10.4);
        let found: &[(f64, f64)] = &[(-64.0, 10.0), (50.0, 10.0), (leaves.round(), 4160.0)];
        assert_eq!(verdict(&source, &[found]), Ok(Judgement::Equal));
    }

    #[test]
    fn a_line_that_strays_stops_short_or_turns_round_does_not_agree() {
        let source = [(10.0, 10.0), (50.0, 10.0), (50.0, 90.0)];
        for wrong in [
            &[(10.0, 10.0), (50.0, 10.0), (50.0, 80.0)][..],
            &[(10.0, 10.0), (50.0, 90.0)],
            &[(50.0, 90.0), (50.0, 10.0), (10.0, 10.0)],
            &[(10.0, 12.0), (50.0, 10.0), (50.0, 90.0)],
        ] {
            assert!(verdict(&source, &[wrong]).is_err(), "{wrong:?}");
        }
        assert!(verdict(&source, &[]).is_err());
        assert!(verdict(&source, &[&source, &source]).is_err());
    }

    #[test]
    fn short_and_closed_lines_have_a_direction_too() {
        let short = [(1826.28, 1395.93), (1823.76, 1394.38)];
        assert_eq!(
            verdict(&short, &[&[(1826.0, 1396.0), (1824.0, 1394.0)]]),
            Ok(Judgement::Equal)
        );
        assert!(verdict(&short, &[&[(1824.0, 1394.0), (1826.0, 1396.0)]]).is_err());
        let ring = [(1000.0, 1000.0), (1100.0, 1000.0), (1100.0, 1100.0), (1001.0, 1001.0)];
        let turned: Vec<_> = ring.iter().rev().copied().collect();
        assert_eq!(verdict(&ring, &[&ring]), Ok(Judgement::Equal));
        assert!(verdict(&ring, &[&turned]).is_err());
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two_pieces() {
        let source = [(10.0, 10.0), (10.0, -100.0), (30.0, -100.0), (30.0, 10.0)];
        let two: [&[(f64, f64)]; 2] = [&[(10.0, 10.0), (10.0, -64.0)], &[(30.0, -64.0), (30.0, 10.0)]];
        assert_eq!(verdict(&source, &two), Ok(Judgement::Equal));
        let joined: &[(f64, f64)] = &[(10.0, 10.0), (10.0, -64.0), (30.0, -64.0), (30.0, 10.0)];
        assert!(verdict(&source, &[joined]).is_err());
    }

    #[test]
    fn only_what_rounding_can_make_vanish_may_be_absent() {
        assert_eq!(verdict(&[(10.0, 10.0), (10.8, 10.4)], &[]), Ok(Judgement::Absent));
        assert!(verdict(&[(10.0, 10.0), (12.0, 10.0)], &[]).is_err());
        assert_eq!(verdict(&[(10.0, -100.0), (12.0, -70.0)], &[]), Ok(Judgement::Absent));
    }
}
