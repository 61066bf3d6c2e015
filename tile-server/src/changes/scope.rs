//! Which entries of the feed a reader gets.
//!
//! To the public, a layer that it may not see now never was: of one that it could see once, it hears that it is gone.
//! What a layer held while it was hidden stays hidden when it becomes public.

use onemap_model::{Access, Layer, Name};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The layers that a reader asks for and may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    /// What it may see.
    pub reach: Reach,
    /// The only layers that it wants; all where none.
    pub wanted: Option<Arc<BTreeSet<Name>>>,
}

/// What a reader may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// Everything that ever was.
    Everything,
    /// What was public then, of the layers that are public now: these.
    Public(Arc<BTreeSet<Name>>),
}

/// What a reader is shown of what one version did to one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Whether it is told that the layer was defined anew, and whether there is one for it now.
    pub definition: Option<Existence>,
    /// Whether it sees the states before the version.
    pub old: Sight,
    /// Whether it sees the states after the version.
    pub new: Sight,
}

/// Whether a layer is there for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existence {
    /// It is.
    There,
    /// It is not, or not any more.
    Gone,
}

/// Whether something is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It is.
    Seen,
    /// It is not.
    Hidden,
}

impl Shown {
    const NOTHING: Shown = Shown {
        definition: None,
        old: Sight::Hidden,
        new: Sight::Hidden,
    };

    /// Whether any entry of a feature is shown.
    pub(crate) fn features(self) -> Sight {
        Sight::when(self.old == Sight::Seen || self.new == Sight::Seen)
    }
}

impl Sight {
    fn when(seen: bool) -> Self {
        if seen { Sight::Seen } else { Sight::Hidden }
    }
}

impl Scope {
    /// What is shown of a version that found the layer `name` defined as `old` and left it as `new`.
    pub(crate) fn shows(&self, name: &Name, old: Option<&Layer>, new: Option<&Layer>) -> Shown {
        if self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(name)) {
            return Shown::NOTHING;
        }
        let existence = |there| if there { Existence::There } else { Existence::Gone };
        let Reach::Public(now) = &self.reach else {
            return Shown {
                definition: Some(existence(new.is_some())),
                old: Sight::Seen,
                new: Sight::Seen,
            };
        };
        let public = |layer: Option<&Layer>| layer.is_some_and(|layer| layer.access == Access::Public);
        let (was, is, stays) = (public(old), public(new), now.contains(name));
        let told = (is && stays) || (was && !is);
        // What hides the layer as a whole hides each state; what takes it away says all with one word.
        let kept = |side: bool| Sight::when(side && stays && (is || new.is_none()));
        Shown {
            definition: told.then(|| existence(is)),
            old: kept(was),
            new: kept(is),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Crs, GeometryType};

    fn layer(access: Access) -> Layer {
        let name = Name::new("roads").unwrap();
        let mut layer = Layer::new(name, GeometryType::Point, Crs::CGCS2000, vec![]).unwrap();
        layer.access = access;
        layer
    }

    /// What the public is shown: there, gone or nothing, then old and new states.
    fn check(old: Option<Access>, new: Option<Access>, now: &[&str], expected: (Option<Existence>, bool, bool)) {
        let now = now.iter().map(|name| Name::new(name).unwrap()).collect();
        let scope = Scope {
            reach: Reach::Public(Arc::new(now)),
            wanted: None,
        };
        let (before, after) = (old.map(layer), new.map(layer));
        let shown = scope.shows(&Name::new("roads").unwrap(), before.as_ref(), after.as_ref());
        let got = (shown.definition, shown.old == Sight::Seen, shown.new == Sight::Seen);
        assert_eq!(got, expected, "{old:?} {new:?} {now:?}", now = scope.reach);
    }

    #[test]
    fn the_public_sees_what_was_public_of_what_is_public() {
        use Access::{Public, Restricted};
        use Existence::{Gone, There};
        let roads: &[&str] = &["roads"];
        check(None, Some(Public), roads, (Some(There), false, true));
        check(Some(Public), Some(Public), roads, (Some(There), true, true));
        check(Some(Public), None, roads, (Some(Gone), true, false));
        check(Some(Restricted), Some(Public), roads, (Some(There), false, true));
        check(Some(Public), Some(Restricted), roads, (Some(Gone), false, false));
        check(Some(Restricted), Some(Restricted), roads, (None, false, false));
        check(None, Some(Restricted), roads, (None, false, false));
        check(Some(Restricted), None, roads, (None, false, false));
    }

    #[test]
    fn of_what_is_hidden_now_the_public_hears_at_most_that_it_is_gone() {
        use Access::{Public, Restricted};
        check(None, Some(Public), &[], (None, false, false));
        check(Some(Public), Some(Public), &[], (None, false, false));
        check(
            Some(Public),
            Some(Restricted),
            &[],
            (Some(Existence::Gone), false, false),
        );
        check(Some(Public), None, &[], (Some(Existence::Gone), false, false));
        check(Some(Restricted), Some(Restricted), &[], (None, false, false));
        check(Some(Restricted), None, &[], (None, false, false));
    }

    #[test]
    fn a_layer_that_is_not_wanted_is_not_shown() {
        let wanted = BTreeSet::from([Name::new("pois").unwrap()]);
        let scope = Scope {
            reach: Reach::Everything,
            wanted: Some(Arc::new(wanted)),
        };
        let public = layer(Access::Public);
        assert_eq!(scope.shows(public.name(), None, Some(&public)), Shown::NOTHING);
    }
}
