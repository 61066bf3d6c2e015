//! Asks a filter of many rows that are kept by columns.
//!
//! What comes out is what [`Filter::accepts`] says of each row. A condition on one field is asked once a value where
//! equal values have one code, and else without the rest of the row; a condition that is decided for a row by the
//! cheaper ones before it is not asked of that row at all.

use super::datum::Datum;
use super::eval::Scope;
use super::filter::Filter;
use super::plan::Test;
use super::subject::Subject;
use crate::{Bbox, Fid, Geometry, TimeSpan};
use std::borrow::Cow;

/// Rows that are kept by columns, each row with a slot.
pub trait Columns {
    /// One row.
    type Row<'a>: Subject
    where
        Self: 'a;

    /// The row in a slot.
    fn row(&self, slot: u32) -> Self::Row<'_>;

    /// The value of a field.
    fn value(&self, field: usize, slot: u32) -> Datum<'_>;

    /// How many codes there are for the values of a field, equal ones having the same; none where it has no codes.
    fn code_count(&self, field: usize) -> Option<usize>;

    /// The code of the value of a field that has codes: below their number.
    fn code(&self, field: usize, slot: u32) -> usize;

    /// The value that has a code.
    fn value_of_code(&self, field: usize, code: usize) -> Datum<'_>;
}

/// A filter at work on the rows of some columns. What it learns of values it keeps.
pub struct Scan<'a, C> {
    columns: &'a C,
    offset_minutes: i16,
    root: Node<'a>,
}

/// A part of a filter, by how it is asked.
enum Node<'a> {
    /// Several, and the truth of one that decides for all.
    All(Vec<Node<'a>>, Truth),
    Not(Box<Node<'a>>),
    /// Of one field: once a code.
    Coded(usize, &'a Test, Vec<Truth>),
    /// Of one field: of each value.
    Valued(usize, &'a Test),
    /// Of the row.
    Whole(&'a Test),
}

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// It was not asked yet.
    Unasked,
    False,
    True,
    /// It was asked, and cannot be said.
    Unknown,
}

/// A row of which one value is looked at.
struct OneValue<'a>(Datum<'a>);

impl Filter {
    /// The filter at work on `columns`, to be asked of about so many `rows`.
    pub fn scan<'a, C: Columns>(&'a self, columns: &'a C, rows: usize) -> Scan<'a, C> {
        Scan {
            root: Node::of(&self.test, columns, rows),
            offset_minutes: self.offset_minutes(),
            columns,
        }
    }
}

impl<C: Columns> Scan<'_, C> {
    /// Leaves the slots of the rows that the filter accepts, in their order.
    pub fn retain(&mut self, slots: &mut Vec<u32>) {
        let mut truths = Vec::with_capacity(slots.len());
        self.root.ask(self.columns, self.offset_minutes, slots, &mut truths);
        let mut truths = truths.into_iter();
        slots.retain(|_| truths.next() == Some(Truth::True));
    }
}

impl<'a> Node<'a> {
    fn of<C: Columns>(test: &'a Test, columns: &C, rows: usize) -> Self {
        if let Some(field) = test.only_field() {
            // Keeping what is known of more values than will be met costs more than it saves.
            return match columns.code_count(field).filter(|&count| count <= rows) {
                Some(count) => Node::Coded(field, test, vec![Truth::Unasked; count]),
                None => Node::Valued(field, test),
            };
        }
        let parts = |tests: &'a [Test]| tests.iter().map(|test| Node::of(test, columns, rows)).collect();
        match test {
            Test::And(tests) if !tests.is_empty() => Node::All(parts(tests), Truth::False),
            Test::Or(tests) if !tests.is_empty() => Node::All(parts(tests), Truth::True),
            Test::Not(test) => Node::Not(Box::new(Node::of(test, columns, rows))),
            test => Node::Whole(test),
        }
    }

    /// Puts what holds for each of `slots` into `out`.
    fn ask<C: Columns>(&mut self, columns: &C, offset: i16, slots: &[u32], out: &mut Vec<Truth>) {
        out.clear();
        match self {
            Node::All(parts, decisive) => ask_all(parts, *decisive, columns, offset, slots, out),
            Node::Not(part) => {
                part.ask(columns, offset, slots, out);
                out.iter_mut().for_each(|truth| *truth = truth.opposite());
            }
            Node::Coded(field, test, known) => out.extend(slots.iter().map(|&slot| {
                let code = columns.code(*field, slot);
                if known[code] == Truth::Unasked {
                    known[code] = Truth::of_value(test, columns.value_of_code(*field, code), offset);
                }
                known[code]
            })),
            Node::Valued(field, test) => out.extend(
                slots
                    .iter()
                    .map(|&slot| Truth::of_value(test, columns.value(*field, slot), offset)),
            ),
            Node::Whole(test) => out.extend(
                slots
                    .iter()
                    .map(|&slot| Truth::of(Scope::new(&columns.row(slot), offset).truth(test))),
            ),
        }
    }
}

/// Asks the parts one after the other, each of the rows only that are not decided yet.
fn ask_all<C: Columns>(
    parts: &mut [Node<'_>],
    decisive: Truth,
    columns: &C,
    offset: i16,
    slots: &[u32],
    out: &mut Vec<Truth>,
) {
    let Some((first, others)) = parts.split_first_mut() else {
        return;
    };
    first.ask(columns, offset, slots, out);
    let (mut open, mut open_slots, mut truths) = (Vec::new(), Vec::new(), Vec::new());
    for part in others {
        open.clear();
        open.extend((0..out.len()).filter(|&at| out[at] != decisive));
        if open.is_empty() {
            return;
        }
        open_slots.clear();
        open_slots.extend(open.iter().map(|&at| slots[at]));
        part.ask(columns, offset, &open_slots, &mut truths);
        for (&at, &truth) in open.iter().zip(&truths) {
            if truth == decisive || truth == Truth::Unknown {
                out[at] = truth;
            }
        }
    }
}

impl Truth {
    fn of(truth: Option<bool>) -> Self {
        match truth {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }

    fn of_value(test: &Test, value: Datum<'_>, offset: i16) -> Self {
        Self::of(Scope::new(&OneValue(value), offset).truth(test))
    }

    fn opposite(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            same => same,
        }
    }
}

impl Subject for OneValue<'_> {
    fn value(&self, _: usize) -> Datum<'_> {
        self.0.clone()
    }

    fn geometry(&self) -> Option<Cow<'_, Geometry>> {
        None
    }

    fn bbox(&self) -> Option<Bbox> {
        None
    }

    fn public_id(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn fid(&self) -> Fid {
        Fid::new(1).expect("1 is a feature number")
    }

    fn valid(&self) -> TimeSpan {
        TimeSpan::ALWAYS
    }
}
