//! Which segments of two figures may meet: those whose boxes do.

use super::figure::Figure;
use super::segment::Segment;
use crate::Bbox;
use std::ops::ControlFlow;

/// A segment and where it belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub segment: Segment,
    /// The place of its track in the figure.
    pub track: u32,
    /// Its place among the segments of the track.
    pub at: u32,
}

/// Few enough that every pair is looked at.
const FEW: usize = 256;

/// Hands every pair of segments whose boxes meet to `each`, until it breaks.
pub(super) fn pairs(a: &Figure<'_>, b: &Figure<'_>, mut each: impl FnMut(&Member, &Member) -> ControlFlow<()>) {
    let (Some(a_box), Some(b_box)) = (bbox(a), bbox(b)) else {
        return;
    };
    let (mut a, mut b) = (members(a, &b_box), members(b, &a_box));
    if a.len() * b.len() <= FEW {
        let all = a.iter().flat_map(|one| b.iter().map(move |other| (one, other)));
        let _ = all
            .filter(|(one, other)| boxes_meet(&one.segment, &other.segment))
            .try_for_each(|(one, other)| each(one, other));
        return;
    }
    let by_min_x = |one: &Member, other: &Member| one.segment.min_x().total_cmp(&other.segment.min_x());
    a.sort_unstable_by(by_min_x);
    b.sort_unstable_by(by_min_x);
    let _ = sweep(&a, &b, &mut each);
}

/// From west to east, with those of the other figure that are not yet passed.
fn sweep(a: &[Member], b: &[Member], each: &mut impl FnMut(&Member, &Member) -> ControlFlow<()>) -> ControlFlow<()> {
    let (mut next_a, mut next_b) = (0, 0);
    let (mut open_a, mut open_b): (Vec<&Member>, Vec<&Member>) = (Vec::new(), Vec::new());
    loop {
        let a_first = match (a.get(next_a), b.get(next_b)) {
            (Some(one), Some(other)) => one.segment.min_x() <= other.segment.min_x(),
            // Nothing more can meet where one figure has neither segments to come nor open ones.
            (Some(_), None) if !open_b.is_empty() => true,
            (None, Some(_)) if !open_a.is_empty() => false,
            _ => return ControlFlow::Continue(()),
        };
        if a_first {
            let one = &a[next_a];
            next_a += 1;
            open_b.retain(|other| other.segment.max_x() >= one.segment.min_x());
            for other in open_b.iter().filter(|other| boxes_meet(&one.segment, &other.segment)) {
                each(one, other)?;
            }
            open_a.push(one);
        } else {
            let other = &b[next_b];
            next_b += 1;
            open_a.retain(|one| one.segment.max_x() >= other.segment.min_x());
            for one in open_a.iter().filter(|one| boxes_meet(&one.segment, &other.segment)) {
                each(one, other)?;
            }
            open_b.push(other);
        }
    }
}

/// The segments whose boxes meet `near`.
fn members(figure: &Figure<'_>, near: &Bbox) -> Vec<Member> {
    let mut members = Vec::new();
    for (track, one) in (0..).zip(&figure.tracks) {
        let segments = (0..).zip(one.segments()).filter(|(_, segment)| meets(segment, near));
        members.extend(segments.map(|(at, segment)| Member { segment, track, at }));
    }
    members
}

fn bbox(figure: &Figure<'_>) -> Option<Bbox> {
    figure
        .tracks
        .iter()
        .filter_map(|track| track.bbox())
        .reduce(Bbox::union)
}

fn meets(segment: &Segment, bbox: &Bbox) -> bool {
    segment.min_x() <= bbox.east()
        && bbox.west() <= segment.max_x()
        && segment.min_y() <= bbox.north()
        && bbox.south() <= segment.max_y()
}

fn boxes_meet(a: &Segment, b: &Segment) -> bool {
    a.min_x() <= b.max_x() && b.min_x() <= a.max_x() && a.min_y() <= b.max_y() && b.min_y() <= a.max_y()
}
