//! The features of a planned layer as they come: from GDAL, or from OpenStreetMap's elements.

use crate::fields::Column;
use crate::ogr;
use crate::osm::{Record, Records};
use crate::plan::Plan;
use crate::source::Rows;
use crate::source::format::Format;
use crate::values::{Notes, Reader};
use crate::{interrupt, messages};
use gdal::Dataset;
use gdal::vector::Layer;
use onemap_model::Value;

/// A feature.
pub enum Feature<'s> {
    /// As GDAL has it.
    Gdal(ogr::Feature<'s>),
    /// As OpenStreetMap's elements tell it.
    Osm(Record),
}

/// The features of one layer, in the source's order.
pub enum Stream<'p> {
    /// One layer of a data set.
    Layer(&'p Layer<'p>),
    /// One layer of a data set that gives them all at once, in no order.
    Interleaved(&'p Dataset, &'p Layer<'p>),
    /// A layer of OpenStreetMap through a definition.
    Osm(Records),
}

impl<'p> Stream<'p> {
    /// Those of `plan`, from the first on.
    pub fn start(plan: &'p Plan<'_>) -> Self {
        let part = plan.from.part;
        match &plan.from.rows {
            Rows::Osm(extract, at) => Stream::Osm(Records::of(extract, *at)),
            Rows::Gdal(layer) if part.format == Format::Osm => {
                ogr::rewind_osm(&part.dataset, &plan.from.name);
                Stream::Interleaved(&part.dataset, layer)
            }
            Rows::Gdal(layer) => {
                ogr::rewind_layer(layer);
                Stream::Layer(layer)
            }
        }
    }

    /// The next feature, and the fraction of the source that is read where that is known; `step` hears of that while
    /// there is no feature yet.
    pub fn next(&mut self, step: &mut dyn FnMut(f64)) -> Option<(Feature<'p>, Option<f64>)> {
        match self {
            Stream::Layer(layer) => ogr::next_of_layer(layer).map(|feature| (Feature::Gdal(feature), None)),
            Stream::Osm(records) => {
                let record = records.next(step)?;
                Some((Feature::Osm(record), Some(records.done)))
            }
            Stream::Interleaved(dataset, layer) => loop {
                let (feature, ours, fraction) = ogr::next_of_dataset(dataset, layer)?;
                if ours {
                    return Some((Feature::Gdal(feature), Some(fraction)));
                }
                if interrupt::is_asked() {
                    return None;
                }
            },
        }
    }

    /// Why there are no more features, where that is not because all were read.
    pub fn failure(&mut self) -> Option<String> {
        let said = messages::take().into_iter().find(|message| message.failure);
        match self {
            Stream::Osm(records) => records.failed.take(),
            _ => said.map(|message| message.text),
        }
    }
}

impl Feature<'_> {
    /// What the source calls it.
    pub fn name(&self) -> String {
        match self {
            Feature::Gdal(feature) => feature.fid().to_string(),
            Feature::Osm(record) => record.id.clone(),
        }
    }

    /// The value of a column; what is wrong with it is added to `notes`.
    pub fn value(&mut self, column: &Column, reader: &Reader<'_>, notes: &mut Notes) -> Value {
        match self {
            Feature::Gdal(feature) => reader.read(feature, column.at, column.kind, notes),
            Feature::Osm(record) => record.values[column.at].clone(),
        }
    }

    /// What was wrong with its values before they were asked for.
    pub fn faults(&mut self) -> Vec<String> {
        match self {
            Feature::Gdal(_) => Vec::new(),
            Feature::Osm(record) => std::mem::take(&mut record.faults),
        }
    }

    /// The text of a column as the source has it; empty where there is none.
    pub fn text(&mut self, plan: &Plan<'_>, at: usize) -> String {
        match self {
            Feature::Gdal(feature) => plan.decoder.decode(feature.text(at).unwrap_or_default()).0.into_owned(),
            Feature::Osm(record) => match &plan.from.rows {
                Rows::Osm(extract, layer) => record.values[extract.layers[*layer].columns[at].at].to_string(),
                Rows::Gdal(_) => String::new(),
            },
        }
    }

    /// Its geometry in the source's own coordinates; none where it cannot be told.
    pub fn wkt(&self) -> Option<String> {
        let mut wkb = Vec::new();
        match self {
            Feature::Gdal(feature) => feature.wkb(&mut wkb)?.ok().map(drop)?,
            // What was set aside has none, or one that lies nowhere.
            Feature::Osm(_) => return None,
        }
        gdal::vector::Geometry::from_wkb(&wkb).ok()?.wkt().ok()
    }
}
