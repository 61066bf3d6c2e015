//! What a page is asked for, checked against the layer.

use super::fields::{self, PROPERTIES};
use super::order::{Order, SORTBY};
use super::params::{BBOX_CRS, CRS, DEFAULT_LIMIT, MAX_LIMIT, PARAMS};
use super::place::{BEFORE, Place};
use super::when::{DATETIME, When};
use crate::ask::Ask;
use crate::boxes::Boxes;
use crate::crs::OutCrs;
use crate::filter::Asked;
use crate::formats::{Measure, Shown};
use crate::nearest::Near;
use crate::parameter::Parameter;
use crate::problem::{Problem, shorten};
use crate::published::ServedLayer;
use onemap_model::{Epoch, Instant, Layer};

/// What a page is asked for.
pub(crate) struct PageQuery {
    /// The layer, at the version that is asked for.
    pub layer: ServedLayer,
    /// The life of the store.
    pub epoch: Epoch,
    /// Where features have to be.
    pub boxes: Option<Boxes>,
    /// What has to hold for them.
    pub filter: Option<Asked>,
    /// When they have to be true.
    pub when: When,
    /// The moment that stands for the time, where none was asked for.
    pub now: Option<Instant>,
    /// In which order they come.
    pub order: Order,
    /// Where the page lies.
    pub(super) place: Place,
    /// How many features are skipped from there.
    pub offset: u64,
    /// How many features it has at most.
    pub limit: u64,
    /// What they have to be the nearest to.
    pub near: Option<Near>,
    /// How they are shown.
    pub look: Look,
}

/// What is shown of features.
pub(crate) struct Look {
    /// The fields, in their order.
    pub fields: Vec<usize>,
    /// The system of coordinates.
    pub crs: OutCrs,
}

impl PageQuery {
    /// Reads all parameters.
    ///
    /// # Errors
    /// 400 naming what cannot be; 410 for a place in another life of the store.
    pub(super) fn read(ask: &Ask, layer: ServedLayer, epoch: &Epoch, now: Instant) -> Result<Self, Problem> {
        Self::read_of(ask, layer, epoch, now, PARAMS)
    }

    /// As [`PageQuery::read`], for another route: what is none of `known` is a field.
    ///
    /// # Errors
    /// As [`PageQuery::read`].
    pub(crate) fn read_of(
        ask: &Ask,
        layer: ServedLayer,
        epoch: &Epoch,
        now: Instant,
        known: &[Parameter],
    ) -> Result<Self, Problem> {
        let definition = layer.definition();
        let limit = whole(ask, "limit")?.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 {
            return Err(Problem::bad_request(format!(
                "limit: 0 is too few: expected 1 to {MAX_LIMIT}"
            )));
        }
        let place = Place::read(&ask.params, epoch)?;
        let offset = whole(ask, "offset")?.unwrap_or(0);
        if offset > 0 && ask.params.get(BEFORE).is_some() {
            return Err(Problem::bad_request(format!("offset and {BEFORE} exclude each other")));
        }
        let order = ask.params.get(SORTBY).map(|text| Order::parse(text, definition));
        Ok(Self {
            boxes: boxes(ask, definition)?,
            filter: Asked::with(
                Asked::read(&ask.params)?,
                fields::conditions(&ask.params, definition, known)?,
            ),
            when: when(ask, definition, now)?,
            now: ask
                .params
                .get(DATETIME)
                .is_none()
                .then_some(now)
                .filter(|_| layer.is_timed()),
            order: order.transpose()?.unwrap_or_default(),
            place,
            offset,
            // The standard's wish: a limit beyond the largest gives the largest, not an error.
            limit: limit.min(MAX_LIMIT),
            near: Near::read(ask)?,
            look: Look::read(ask, definition)?,
            epoch: epoch.clone(),
            layer,
        })
    }
}

/// A page of so few vertices is made in a fifth of a millisecond.
const FEW_VERTICES: usize = 2_000;

impl PageQuery {
    /// Whether the answer is made at once: all that may be in its box is little.
    pub(super) fn is_light(&self) -> bool {
        let is_plain = self.filter.is_none() && self.near.is_none();
        match self.boxes.as_ref().map_or(&[][..], Boxes::lonlat) {
            [bbox] if is_plain => self.layer.snapshot.is_light(*bbox, FEW_VERTICES),
            _ => false,
        }
    }

    /// The layer as it is shown.
    pub fn shown(&self) -> Shown<'_> {
        let measure = match self.near {
            Some(_) => Measure::Distance,
            None => Measure::Nothing,
        };
        Shown {
            measure,
            ..self.look.of(self.layer.definition())
        }
    }
}

impl Look {
    /// Reads `crs` and `properties`.
    ///
    /// # Errors
    /// 400 naming a system or a field that is not there.
    pub(super) fn read(ask: &Ask, layer: &Layer) -> Result<Self, Problem> {
        let fields = ask.params.get(PROPERTIES).map(|text| fields::properties(text, layer));
        let crs = ask.params.get(CRS).map(|text| OutCrs::read(CRS, text, layer));
        Ok(Self {
            fields: fields.unwrap_or_else(|| Ok((0..layer.fields().len()).collect()))?,
            crs: crs.unwrap_or(Ok(OutCrs::CRS84))?,
        })
    }

    /// The layer as it is shown.
    pub(crate) fn of<'a>(&self, layer: &'a Layer) -> Shown<'a> {
        Shown {
            fields: self.fields.clone(),
            crs: self.crs,
            ..Shown::all(layer)
        }
    }
}

/// When features have to be true; now where nothing is said.
///
/// # Errors
/// 400 for what is no time.
pub(super) fn when(ask: &Ask, layer: &Layer, now: Instant) -> Result<When, Problem> {
    let given = ask.params.get(DATETIME);
    given.map_or(Ok(When::at(now)), |text| When::parse(text, layer.utc_offset_minutes))
}

fn boxes(ask: &Ask, layer: &Layer) -> Result<Option<Boxes>, Problem> {
    let crs = ask.params.get(BBOX_CRS).map(|text| OutCrs::read(BBOX_CRS, text, layer));
    let crs = crs.unwrap_or(Ok(OutCrs::CRS84))?;
    let read = |text| Boxes::parse(text, &crs, layer);
    ask.params.get("bbox").map(read).transpose()
}

/// A parameter that is a whole number.
///
/// # Errors
/// 400 where it is none.
pub(crate) fn whole(ask: &Ask, name: &str) -> Result<Option<u64>, Problem> {
    let read = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let wrong = || Problem::bad_request(format!("{name}: {:?} is no whole number", shorten(text)));
        number.ok_or_else(wrong)
    };
    ask.params.get(name).map(read).transpose()
}
