//! Which features of a layer are written: those that are true now and meet the box.

use super::error::Error;
use super::place;
use onemap_model::cql2::{Expr, FeatureOf, Filter};
use onemap_model::{Bbox, Feature, GeometryType, Instant, Layer, TimeSpan};
use onemap_store::Reading;
use std::ops::ControlFlow;

/// Which features of a layer are written.
pub(super) struct Pick {
    now: Instant,
    filter: Option<Filter>,
    /// Whether a box is asked for where nothing has a place.
    is_nowhere: bool,
}

impl Pick {
    /// Those that are true at `now` and have a point in common with one of `boxes`, where there are any.
    ///
    /// # Errors
    /// Where the box cannot be asked of the layer.
    pub fn new(layer: &Layer, boxes: &[Bbox], now: Instant) -> Result<Self, Error> {
        let is_nowhere = !boxes.is_empty() && layer.geometry_type == GeometryType::None;
        let meets = |bbox: &Bbox| {
            let [west, south, east, north] = bbox.to_array();
            format!("S_INTERSECTS(geom, BBOX({west}, {south}, {east}, {north}))")
        };
        let text = boxes.iter().map(meets).collect::<Vec<_>>().join(" OR ");
        let compile = || Filter::compile(&Expr::from_text(&text)?, layer);
        let filter = (!boxes.is_empty() && !is_nowhere).then(compile).transpose();
        Ok(Self {
            now,
            filter: filter.map_err(|error| Error::Usage(format!("--bbox: {error}")))?,
            is_nowhere,
        })
    }

    fn takes(&self, layer: &Layer, feature: &Feature) -> bool {
        let is_there = |filter: &Filter| filter.accepts(&FeatureOf(layer, feature));
        !self.is_nowhere && feature.row.valid.contains(self.now) && self.filter.as_ref().is_none_or(is_there)
    }

    /// Whether any of the features that are written is not true at all times.
    ///
    /// # Errors
    /// Where the store fails, or the user stops it.
    pub fn is_timed(&self, reading: &mut dyn Reading, layer: &Layer) -> Result<bool, Error> {
        let mut timed = false;
        self.each(reading, layer, &mut |feature| {
            timed = feature.row.valid != TimeSpan::ALWAYS;
            Ok(if timed {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(timed)
    }

    /// Hands the features to `each`, in the order of the store, until it breaks off or fails.
    ///
    /// # Errors
    /// What `each` gives; where the store fails, or the user stops it.
    pub fn each(
        &self,
        reading: &mut dyn Reading,
        layer: &Layer,
        each: &mut dyn FnMut(&Feature) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        let (mut seen, mut failed) = (0_u64, None);
        reading.features(layer.name(), &mut |feature| {
            seen += 1;
            if seen.is_multiple_of(place::LOOK_EVERY) && place::is_interrupted() {
                failed = Some(Error::Interrupted);
                return ControlFlow::Break(());
            }
            if !self.takes(layer, &feature) {
                return ControlFlow::Continue(());
            }
            each(&feature).unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        })?;
        failed.map_or(Ok(()), Err)
    }
}
