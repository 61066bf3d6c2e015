//! The operators of CQL2 and their names in text and in JSON.

/// Operators that compare two scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Operators that make a number of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, never cut to a whole number.
    Divide,
    /// `div`: the whole part of the quotient, cut towards zero.
    WholeDivide,
    /// `%`: what `div` leaves; it has the sign of the first number.
    Modulo,
    /// `^`
    Power,
}

/// Relations of two geometries (OGC Simple Features, clause 6.1.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpatialOp {
    /// They have a point in common.
    Intersects,
    /// They are the same set of points.
    Equals,
    /// They have no point in common.
    Disjoint,
    /// They have points in common, but none of their interiors.
    Touches,
    /// The first lies in the second.
    Within,
    /// Same dimension, and each has a part in common with the other and a part of its own.
    Overlaps,
    /// They cross.
    Crosses,
    /// The second lies in the first.
    Contains,
}

/// Relations of two instants or intervals (21-065r2, clause 7.7; J. F. Allen, 1983).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // Each is said once, where it is decided: `period.rs`.
pub enum TemporalOp {
    After,
    Before,
    Contains,
    Disjoint,
    During,
    Equals,
    FinishedBy,
    Finishes,
    Intersects,
    Meets,
    MetBy,
    OverlappedBy,
    Overlaps,
    StartedBy,
    Starts,
}

/// Relations of two lists, taken as sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrayOp {
    /// Every element of the first is in the second.
    ContainedBy,
    /// Every element of the second is in the first.
    Contains,
    /// Both have the same elements, in whatever order and number.
    Equals,
    /// They have an element in common.
    Overlaps,
}

/// A family of operators with one name each.
pub(super) trait Named: Copy + 'static {
    /// Each with its name in JSON. In text it is the same, in upper case for functions.
    const NAMES: &'static [(&'static str, Self)];

    /// The operator of this name, in any case.
    fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, op)| *op)
    }

    /// The name of the operator.
    fn name(self) -> &'static str;
}

/// Names a family of operators once, for reading and for writing.
macro_rules! named {
    ($family:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl Named for $family {
            const NAMES: &'static [(&'static str, Self)] = &[$(($name, $family::$variant)),+];

            fn name(self) -> &'static str {
                match self {
                    $($family::$variant => $name),+
                }
            }
        }
    };
}

named!(Comparison {
    Equal = "=",
    NotEqual = "<>",
    Less = "<",
    LessOrEqual = "<=",
    Greater = ">",
    GreaterOrEqual = ">=",
});

named!(Arithmetic {
    Add = "+",
    Subtract = "-",
    Multiply = "*",
    Divide = "/",
    WholeDivide = "div",
    Modulo = "%",
    Power = "^",
});

named!(SpatialOp {
    Intersects = "s_intersects",
    Equals = "s_equals",
    Disjoint = "s_disjoint",
    Touches = "s_touches",
    Within = "s_within",
    Overlaps = "s_overlaps",
    Crosses = "s_crosses",
    Contains = "s_contains",
});

named!(TemporalOp {
    After = "t_after",
    Before = "t_before",
    Contains = "t_contains",
    Disjoint = "t_disjoint",
    During = "t_during",
    Equals = "t_equals",
    FinishedBy = "t_finishedBy",
    Finishes = "t_finishes",
    Intersects = "t_intersects",
    Meets = "t_meets",
    MetBy = "t_metBy",
    OverlappedBy = "t_overlappedBy",
    Overlaps = "t_overlaps",
    StartedBy = "t_startedBy",
    Starts = "t_starts",
});

named!(ArrayOp {
    ContainedBy = "a_containedBy",
    Contains = "a_contains",
    Equals = "a_equals",
    Overlaps = "a_overlaps",
});

impl Comparison {
    /// Whether it holds where the first operand is so to the second.
    #[inline]
    pub(super) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Arithmetic {
    /// How tightly it binds: more is tighter.
    pub(super) fn level(self) -> u8 {
        match self {
            Arithmetic::Add | Arithmetic::Subtract => super::ast::SUM,
            Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::WholeDivide | Arithmetic::Modulo => {
                super::ast::PRODUCT
            }
            Arithmetic::Power => super::ast::POWER,
        }
    }
}
