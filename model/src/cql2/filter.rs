//! A filter that is ready to be asked.

use super::ast::Expr;
use super::compile::Compiler;
use super::error::Cql2Error;
use super::eval::Scope;
use super::hint;
use super::plan::Test;
use super::subject::Subject;
use crate::{Bbox, Layer};

/// A filter, checked against one layer. It can be asked of that layer's rows by any number of threads.
#[derive(Debug)]
pub struct Filter {
    pub(super) test: Test,
    offset_minutes: i16,
}

impl Filter {
    /// Checks `expr` against `layer`: every name is one of its [`super::queryables`], every type is right.
    ///
    /// # Errors
    /// [`Cql2Error`] with the place of the fault.
    pub fn compile(expr: &Expr, layer: &Layer) -> Result<Self, Cql2Error> {
        Ok(Self {
            test: Compiler { layer }.test(expr)?,
            offset_minutes: layer.utc_offset_minutes,
        })
    }

    /// Whether the row is one of those that are asked for: unknown is not enough.
    pub fn accepts(&self, row: &impl Subject) -> bool {
        self.truth(row) == Some(true)
    }

    /// Whether it is so of the row; none where that is unknown.
    pub fn truth(&self, row: &impl Subject) -> Option<bool> {
        Scope::new(row, self.offset_minutes).truth(&self.test)
    }

    /// The zone of days and of times that name none, in minutes east of UTC.
    pub(super) fn offset_minutes(&self) -> i16 {
        self.offset_minutes
    }

    /// A box that the [`Subject::bbox`] of every row that is accepted has a point in common with; none where rows
    /// anywhere may be.
    pub fn bbox_hint(&self) -> Option<Bbox> {
        hint::bbox(&self.test)
    }

    /// What it costs to ask it of one row, roughly: the unit is one look at one value.
    pub fn cost(&self) -> u64 {
        self.test.cost().max(1)
    }
}
