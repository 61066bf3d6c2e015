//! `filter`, `filter-lang` and `filter-crs`: CQL2 over HTTP (OGC API Features, part 3).
//!
//! What a filter means is the model's to say. Here it is read from the address, checked against the layer that is asked,
//! and kept within its time: who asks for too much gets a 400 that says so.

use crate::crs::OutCrs;
use crate::params::Params;
use crate::pool::Waiting;
use crate::problem::{Problem, shorten};
use crate::published::ServedLayer;
use onemap_atlas::FeatureView;
use onemap_model::cql2::{Expr, Filter, Kind, Place};
use onemap_model::{Bbox, Coord};
use std::cell::Cell;
use std::time::{Duration, Instant};

pub(crate) const FILTER: &str = "filter";
pub(crate) const FILTER_LANG: &str = "filter-lang";
pub(crate) const FILTER_CRS: &str = "filter-crs";

/// The ways in which a filter may be written; the first one where nothing is said. `cql-text` is what the drafts of the
/// standard called it, and old clients still do.
pub(crate) const LANGUAGES: [&str; 4] = ["cql2-text", "cql2-json", "cql-text", "cql-json"];
/// How long a filter may be asked of features. A cheap one takes a few hundredths of a second for half a million.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Features between two looks at the clock, where each costs little.
const LOOK_EVERY: u32 = 64;
/// What a feature costs at most for that; geometries cost more.
const LITTLE: u64 = 50;

/// A filter as it was asked for, checked against no layer yet.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    expr: Expr,
}

/// A filter on one layer, at work.
pub(crate) struct Sieve {
    filter: Option<Filter>,
    until: Instant,
    look_every: u32,
    looked_at: Cell<u32>,
    is_late: Cell<bool>,
}

impl Asked {
    /// Reads the three parameters.
    ///
    /// # Errors
    /// 400 with the place of the fault, or naming the language or system that is not known.
    pub(crate) fn read(params: &Params) -> Result<Option<Self>, Problem> {
        let language = params.get(FILTER_LANG).unwrap_or(LANGUAGES[0]);
        if !LANGUAGES.contains(&language) {
            return Err(unknown(FILTER_LANG, language, &LANGUAGES[..2]));
        }
        let system = params.get(FILTER_CRS).map(|text| {
            let known = OutCrs::parse(text);
            known.ok_or_else(|| OutCrs::unknown(FILTER_CRS, text))
        });
        let system = system.unwrap_or(Ok(OutCrs::CRS84))?;
        let Some(filter) = params.get(FILTER) else {
            return Ok(None);
        };
        let read = match language {
            "cql2-json" | "cql-json" => Expr::from_json(filter),
            _ => Expr::from_text(filter),
        };
        let mut unprojected = |at: Coord| system.unproject(at);
        let placed = read.and_then(|expr| match system == OutCrs::CRS84 {
            true => Ok(expr),
            false => expr.transformed(&mut unprojected),
        });
        let expr = placed.map_err(|error| Problem::bad_request(error.to_string()))?;
        Ok(Some(Self { expr }))
    }

    /// What `asked` asks, and all of `conditions`; none where there is neither.
    pub(crate) fn with(asked: Option<Self>, conditions: Vec<Expr>) -> Option<Self> {
        let mut all: Vec<Expr> = asked.into_iter().map(|asked| asked.expr).chain(conditions).collect();
        let expr = match all.len() {
            0 => return None,
            1 => all.swap_remove(0),
            _ => Expr::new(Kind::And(all), Place::default()),
        };
        Some(Self { expr })
    }

    /// The filter in one form, however it was written: equal texts ask the same.
    pub(crate) fn canonical(&self) -> String {
        self.expr.to_json()
    }

    fn against(&self, layer: &ServedLayer) -> Result<Filter, Problem> {
        Filter::compile(&self.expr, layer.snapshot.layer())
            .map_err(|error| Problem::bad_request(format!("layer {:?}: {error}", layer.name())))
    }
}

impl Sieve {
    /// Lets pass what `asked` accepts of a layer; everything where nothing is asked.
    ///
    /// # Errors
    /// 400 where the filter does not fit the layer.
    pub(crate) fn new(asked: Option<&Asked>, layer: &ServedLayer) -> Result<Self, Problem> {
        let filter = asked.map(|asked| asked.against(layer)).transpose()?;
        let costs_little = filter.as_ref().is_none_or(|filter| filter.cost() < LITTLE);
        Ok(Self {
            filter,
            look_every: if costs_little { LOOK_EVERY } else { 1 },
            until: Instant::now() + MAX_TIME,
            looked_at: Cell::new(0),
            is_late: Cell::new(false),
        })
    }

    /// A box that the box of everything that passes meets.
    pub(crate) fn near(&self) -> Option<Bbox> {
        self.filter.as_ref().and_then(Filter::bbox_hint)
    }

    /// The filter itself; none where everything passes.
    pub(crate) fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Whether the feature passes.
    pub(crate) fn lets_pass(&self, feature: &FeatureView<'_>) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.accepts(feature))
    }

    /// Whether there is a reason to look at one more feature: somebody waits, and time is left.
    pub(crate) fn goes_on(&self, waiting: &Waiting<'_>) -> bool {
        let looked_at = self.looked_at.get();
        self.looked_at.set(looked_at.wrapping_add(1));
        if !looked_at.is_multiple_of(self.look_every) {
            return !self.is_late.get();
        }
        self.goes_on_after_many(waiting)
    }

    /// As [`Sieve::goes_on`], asked between handfuls of features: the clock is looked at every time.
    pub(crate) fn goes_on_after_many(&self, waiting: &Waiting<'_>) -> bool {
        self.is_late.set(self.filter.is_some() && Instant::now() > self.until);
        !self.is_late.get() && !waiting.is_over()
    }

    /// Whether everything was looked at.
    ///
    /// # Errors
    /// 400 where time ran out.
    pub(crate) fn finish(&self) -> Result<(), Problem> {
        if !self.is_late.get() {
            return Ok(());
        }
        let seconds = MAX_TIME.as_secs();
        Err(Problem::bad_request(format!(
            "filter: it takes more than {seconds} s; narrow it with bbox or with conditions that cost less"
        )))
    }
}

fn unknown(name: &str, value: &str, known: &[&str]) -> Problem {
    let (value, known) = (shorten(value), known.join(", "));
    Problem::bad_request(format!("{name}: {value:?} is not known: expected {known}"))
}
