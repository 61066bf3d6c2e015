//! Walks along the tracks of two geometries and notes where each piece lies to the other.
//!
//! The tracks of one are cut where they meet the other. A piece lies wholly inside, outside, or on the boundary of the
//! other; what is on either side of a piece of a ring follows from that.

use super::figure::{Figure, Place, Track, TrackKind, is_end};
use super::matrix::Matrix;
use super::pairs::{Member, pairs};
use super::segment::{Contact, Segment};
use crate::{Coord, Dimension};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// What is known of one segment: where it meets the other geometry.
#[derive(Debug, Default)]
struct Meetings {
    /// Where it is cut: how far along, and the place.
    cuts: Vec<(f64, Coord)>,
    overlaps: Vec<Overlap>,
}

/// A run of a segment that a track of the other geometry shares.
#[derive(Debug, Clone, Copy)]
struct Overlap {
    from: f64,
    to: f64,
    side: Shared,
}

/// What the shared track is, as seen along the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shared {
    Line,
    AreaLeft,
    AreaRight,
}

/// Meetings of the segments of one geometry, by track and place in it; only of those that meet anything.
type Cuts = BTreeMap<(u32, u32), Meetings>;

/// One geometry as it is walked along, and the other.
struct Walk<'f, 'g> {
    own: &'f Figure<'g>,
    own_ends: &'f [Coord],
    other: &'f Figure<'g>,
    other_ends: &'f [Coord],
    cuts: &'f Cuts,
    /// The place on its own geometry comes first.
    matrix: Matrix,
}

/// How two geometries stand to each other.
pub(super) fn relate(a: &Figure<'_>, b: &Figure<'_>) -> Matrix {
    let (a_ends, b_ends) = (a.line_ends(), b.line_ends());
    let mut matrix = Matrix::new();
    let (a_cuts, b_cuts) = cut(a, b, &a_ends, &b_ends, &mut matrix);
    let mut walk = Walk {
        own: a,
        own_ends: &a_ends,
        other: b,
        other_ends: &b_ends,
        cuts: &a_cuts,
        matrix,
    };
    walk.all();
    let mut back = Walk {
        own: b,
        own_ends: &b_ends,
        other: a,
        other_ends: &a_ends,
        cuts: &b_cuts,
        matrix: walk.matrix.transposed(),
    };
    back.all();
    back.matrix.transposed()
}

/// Finds where the tracks meet; notes what the meetings themselves say.
fn cut(a: &Figure<'_>, b: &Figure<'_>, a_ends: &[Coord], b_ends: &[Coord], matrix: &mut Matrix) -> (Cuts, Cuts) {
    let (mut a_cuts, mut b_cuts) = (Cuts::new(), Cuts::new());
    let mut crossings: Vec<(Member, Member, Coord)> = Vec::new();
    pairs(a, b, |one, other| {
        let Some(contact) = one.segment.contact(&other.segment) else {
            return ControlFlow::Continue(());
        };
        let (a_track, b_track) = (&a.tracks[one.track as usize], &b.tracks[other.track as usize]);
        let ends = match contact {
            Contact::Cross(at) => {
                crossings.push((*one, *other, at));
                [at, at]
            }
            Contact::Touch(at) => [at, at],
            Contact::Overlap(from, to) => [from, to],
        };
        for at in ends {
            let places = (place_on(a, a_track, at, a_ends), place_on(b, b_track, at, b_ends));
            matrix.add(places.0, places.1, Dimension::Point);
        }
        let overlap = matches!(contact, Contact::Overlap(..));
        note(
            &mut a_cuts,
            one,
            ends,
            overlap.then(|| shared(b_track, &other.segment, &one.segment)),
        );
        note(
            &mut b_cuts,
            other,
            ends,
            overlap.then(|| shared(a_track, &one.segment, &other.segment)),
        );
        ControlFlow::Continue(())
    });
    for (one, other, at) in crossings {
        if is_only_cut(&a_cuts, &one, at) && is_only_cut(&b_cuts, &other, at) {
            let kind = |figure: &Figure<'_>, member: Member| figure.tracks[member.track as usize].kind;
            note_crossing(kind(a, one), kind(b, other), matrix);
        }
    }
    (a_cuts, b_cuts)
}

/// Whether nothing else meets the segment where it is crossed: something that touches there may fill the other side.
fn is_only_cut(cuts: &Cuts, member: &Member, at: Coord) -> bool {
    const NEAR: f64 = 1e-9;
    let along = member.segment.along(at);
    let near = |meetings: &&Meetings| meetings.cuts.iter().filter(|cut| (cut.0 - along).abs() <= NEAR).count();
    // A crossing notes its place twice, as where a run would begin and end.
    cuts.get(&(member.track, member.at)).as_ref().map(near) == Some(2)
}

/// Where a point of a track lies on its own geometry. Where parts lie in others, the innermost place counts; the point may
/// be rounded, so that it need not be found on its own track.
fn place_on(figure: &Figure<'_>, track: &Track<'_>, at: Coord, ends: &[Coord]) -> Place {
    let alone = match track.kind {
        TrackKind::Line if !is_end(ends, at) => Place::Interior,
        _ => Place::Boundary,
    };
    if figure.is_mixed() {
        alone.min(figure.locate(at, ends))
    } else {
        alone
    }
}

/// Tracks that cross lie on both sides of each other, however short the pieces are.
fn note_crossing(a: TrackKind, b: TrackKind, matrix: &mut Matrix) {
    use Place::{Boundary, Exterior, Interior};
    let is_line = |kind| kind == TrackKind::Line;
    match (is_line(a), is_line(b)) {
        (true, true) => {}
        (true, false) => {
            matrix.add(Interior, Interior, Dimension::Line);
            matrix.add(Interior, Exterior, Dimension::Line);
        }
        (false, true) => {
            matrix.add(Interior, Interior, Dimension::Line);
            matrix.add(Exterior, Interior, Dimension::Line);
        }
        (false, false) => {
            for (own, its) in [(Interior, Interior), (Interior, Exterior), (Exterior, Interior)] {
                matrix.add(own, its, Dimension::Area);
            }
            for (own, its) in [(Interior, Boundary), (Exterior, Boundary)] {
                matrix.add(own, its, Dimension::Line);
                matrix.add(its, own, Dimension::Line);
            }
        }
    }
}

fn shared(track: &Track<'_>, segment: &Segment, along: &Segment) -> Shared {
    if track.kind == TrackKind::Line {
        return Shared::Line;
    }
    if track.has_area_left() == segment.runs_like(along) {
        Shared::AreaLeft
    } else {
        Shared::AreaRight
    }
}

fn note(cuts: &mut Cuts, member: &Member, ends: [Coord; 2], side: Option<Shared>) {
    let meetings = cuts.entry((member.track, member.at)).or_default();
    let along = ends.map(|at| member.segment.along(at));
    meetings.cuts.extend(along.into_iter().zip(ends));
    if let Some(side) = side {
        let (from, to) = (along[0].min(along[1]), along[0].max(along[1]));
        meetings.overlaps.push(Overlap { from, to, side });
    }
}

impl Walk<'_, '_> {
    fn all(&mut self) {
        for &at in &self.own.points {
            let own = if self.own.is_mixed() {
                self.own.locate(at, self.own_ends)
            } else {
                Place::Interior
            };
            self.matrix
                .add(own, self.other.locate(at, self.other_ends), Dimension::Point);
        }
        for &end in self.own_ends {
            let own = if self.own.is_mixed() {
                self.own.locate(end, self.own_ends)
            } else {
                Place::Boundary
            };
            self.matrix
                .add(own, self.other.locate(end, self.other_ends), Dimension::Point);
        }
        for (at, track) in (0..).zip(&self.own.tracks) {
            self.track(at, track);
        }
    }

    /// Walks along one track. Between two meetings nothing changes, so a place is looked up only after one.
    fn track(&mut self, at: u32, track: &Track<'_>) {
        let has_area_left = track.has_area_left();
        let mut known: Option<Place> = None;
        for (place, segment) in (0..).zip(track.segments()) {
            let Some(meetings) = self.cuts.get(&(at, place)) else {
                let here = known.unwrap_or_else(|| self.other.locate_in_area(segment.from));
                known = Some(here);
                self.piece(track.kind, middle(segment.from, segment.to), here);
                continue;
            };
            let mut cuts = meetings.cuts.clone();
            cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
            cuts.dedup_by(|a, b| a.0 == b.0);
            let mut from = (0.0, segment.from);
            if cuts.first().is_some_and(|cut| cut.0 == 0.0) {
                known = None;
            }
            for to in cuts.into_iter().chain([(1.0, segment.to)]) {
                if to.0 > from.0 {
                    self.cut_piece(track.kind, has_area_left, meetings, from, to, known);
                    // A cut at the very end is noted by the caller of the next segment, too, but only if it meets there.
                }
                known = None;
                from = to;
            }
            let ends_free = meetings.cuts.iter().all(|cut| cut.0 < 1.0);
            if ends_free {
                let last = self.other.locate_in_area(segment.to);
                known = (last != Place::Boundary).then_some(last);
            }
        }
    }

    /// A piece between two cuts.
    fn cut_piece(
        &mut self,
        kind: TrackKind,
        has_area_left: bool,
        meetings: &Meetings,
        from: (f64, Coord),
        to: (f64, Coord),
        known: Option<Place>,
    ) {
        let shared = meetings
            .overlaps
            .iter()
            .filter(|overlap| overlap.from <= from.0 && to.0 <= overlap.to);
        let sides: Vec<Shared> = shared.map(|overlap| overlap.side).collect();
        let at = middle(from.1, to.1);
        let has = |side| sides.contains(&side);
        match (has(Shared::AreaLeft), has(Shared::AreaRight)) {
            // Two polygons of the other geometry share the edge: it runs through its inside.
            (true, true) => self.piece(kind, at, Place::Interior),
            (false, false) => {
                let here = known.unwrap_or_else(|| self.other.locate_in_area(at));
                let on_line = has(Shared::Line);
                if on_line && here == Place::Exterior {
                    self.on_line(kind, at);
                } else {
                    self.piece(kind, at, here);
                }
            }
            (left, _) => self.on_ring(kind, at, left == has_area_left),
        }
    }

    /// A piece whose place to the areas of the other geometry is known, away from its lines.
    fn piece(&mut self, kind: TrackKind, at: Coord, here: Place) {
        use Place::{Exterior, Interior};
        // Rounding may set the middle of a very short piece on the boundary: then it says nothing.
        if here == Place::Boundary {
            return;
        }
        self.matrix.add(self.own_place(kind, at), here, Dimension::Line);
        if kind != TrackKind::Line {
            // Just beside the piece is the own interior on one side, the own exterior on the other.
            self.matrix.add(Interior, here, Dimension::Area);
            if here == Interior {
                self.matrix.add(Exterior, Interior, Dimension::Area);
            }
        }
    }

    /// A piece on a line of the other geometry, outside of its areas.
    fn on_line(&mut self, kind: TrackKind, at: Coord) {
        self.matrix
            .add(self.own_place(kind, at), Place::Interior, Dimension::Line);
        if kind != TrackKind::Line {
            self.matrix.add(Place::Interior, Place::Exterior, Dimension::Area);
        }
    }

    /// A piece on the boundary of an area of the other geometry.
    fn on_ring(&mut self, kind: TrackKind, at: Coord, same_side: bool) {
        use Place::{Boundary, Exterior, Interior};
        self.matrix.add(self.own_place(kind, at), Boundary, Dimension::Line);
        if kind == TrackKind::Line {
            return;
        }
        if same_side {
            self.matrix.add(Interior, Interior, Dimension::Area);
        } else {
            self.matrix.add(Interior, Exterior, Dimension::Area);
            self.matrix.add(Exterior, Interior, Dimension::Area);
        }
    }

    /// Where a piece lies on its own geometry.
    fn own_place(&self, kind: TrackKind, at: Coord) -> Place {
        let alone = if kind == TrackKind::Line {
            Place::Interior
        } else {
            Place::Boundary
        };
        let in_own_area = self.own.is_mixed() && self.own.locate_in_area(at) == Place::Interior;
        if in_own_area { Place::Interior } else { alone }
    }
}

fn middle(a: Coord, b: Coord) -> Coord {
    Coord {
        x: a.x + (b.x - a.x) / 2.0,
        y: a.y + (b.y - a.y) / 2.0,
    }
}
