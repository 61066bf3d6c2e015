//! From the first to the last moment of some spans of time.

use onemap_model::{Instant, TimeSpan};

/// Grows with each span.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lifetime {
    ends: Option<(Option<Instant>, Option<Instant>)>,
    has_boundaries: bool,
}

impl Lifetime {
    /// Adds a span.
    pub(crate) fn include(&mut self, span: TimeSpan) {
        let (from, to) = self.ends.unwrap_or((span.from(), span.to()));
        let both = |a: Option<Instant>, b: Option<Instant>, pick: fn(Instant, Instant) -> Instant| Some(pick(a?, b?));
        self.ends = Some((both(from, span.from(), Ord::min), both(to, span.to(), Ord::max)));
        self.has_boundaries |= span != TimeSpan::ALWAYS;
    }

    /// Whether any of the spans begins or ends.
    pub(crate) fn has_boundaries(&self) -> bool {
        self.has_boundaries
    }

    /// The span from the first to the last moment; always where there is none.
    pub(crate) fn span(&self) -> TimeSpan {
        let (from, to) = self.ends.unwrap_or((None, None));
        TimeSpan::new(from, to).unwrap_or(TimeSpan::ALWAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_holds_all_spans_and_is_open_where_one_is() {
        let at = |micros: i64| Some(Instant::from_micros(micros).unwrap());
        let mut lifetime = Lifetime::default();
        assert!(!lifetime.has_boundaries());
        lifetime.include(TimeSpan::new(at(5), at(9)).unwrap());
        assert!(lifetime.has_boundaries());
        lifetime.include(TimeSpan::new(at(2), at(7)).unwrap());
        assert_eq!(lifetime.span(), TimeSpan::new(at(2), at(9)).unwrap());
        lifetime.include(TimeSpan::new(at(3), None).unwrap());
        assert_eq!(lifetime.span(), TimeSpan::new(at(2), None).unwrap());
        assert_eq!(Lifetime::default().span(), TimeSpan::ALWAYS);
    }
}
