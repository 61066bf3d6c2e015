//! A made-up city in Huangshi's frame, from 1 000 to 2 000 000 parcels: what to try, show and measure with.
//!
//! The same number of parcels gives the same city, feature by feature and bit by bit, on every machine: all random
//! numbers come from [`rng`](self), all curves from `libm`. Nothing in it is anybody's real land.
//!
//! The city is made quarter by quarter (some 300 parcels) and each quarter anew for each layer, so memory does not
//! grow with the city but for its plan of 20 bytes a quarter.
//!
//! Order of making: `lattice` (main streets) → `plan` (which quarters) → `streets` → `blocks` → `divide` (parcels and
//! their past) → `quarter` (all together) → one file for each layer.

mod blocks;
mod buildings;
mod canonical;
mod codes;
mod dictionary;
mod districts;
mod divide;
pub mod faulty;
mod footprint;
mod frame;
mod frontage;
mod lake;
mod lattice;
mod mesh;
mod names;
mod parcels;
mod plan;
mod plane;
mod pois;
mod quarter;
mod rng;
mod roadclass;
mod roads;
mod streets;
mod water;
mod zone;

pub use canonical::{Fingerprint, LayerFingerprint, city_fingerprint};

#[cfg(test)]
mod tests;

use crate::definition;
use dictionary::Dictionary;
use districts::{Borders, District};
use onemap_model::{Layer, Row, TimeSpan, Value};
use plan::Plan;
use quarter::Quarter;
use std::ops::{ControlFlow, RangeInclusive};

/// How many parcels a city can have.
pub const PARCELS: RangeInclusive<u64> = 1_000..=2_000_000;

/// Why a city cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Too few or too many parcels.
    #[error("a sample city of {0} parcels cannot be made: expected 1000 to 2000000")]
    Parcels(u64),
    /// The land does not suffice.
    #[error("there is room for {placed} of {parcels} parcels only")]
    NoRoom {
        /// How many were asked for.
        parcels: u32,
        /// How many found a place.
        placed: u32,
    },
    /// There is no such layer in a sample city.
    #[error("a sample city has no layer {0:?}")]
    UnknownLayer(String),
    /// A layer's definition is wrong.
    #[error(transparent)]
    Definition(#[from] definition::DefinitionError),
}

/// A made-up city.
///
/// ```
/// use onemap_importer::sample::City;
/// use std::ops::ControlFlow;
///
/// let city = City::new(1_000).unwrap();
/// let mut today = 0;
/// city.features("parcels", &mut |parcel| {
///     today += u32::from(parcel.valid.to().is_none());
///     ControlFlow::Continue(())
/// }).unwrap();
/// assert_eq!(today, 1_000);
/// ```
#[derive(Debug)]
pub struct City {
    parcels: u32,
    plan: Plan,
    borders: Borders,
    layers: Vec<Layer>,
    land_use: Dictionary,
    poi_classes: Dictionary,
}

impl City {
    /// Plans the city of `parcels` parcels: so many are valid today (their valid time has no end). Parcels that were
    /// split or merged away are in the layer beside these.
    ///
    /// Takes about 0.4 s for a million.
    ///
    /// # Errors
    /// [`SampleError::Parcels`] outside [`PARCELS`].
    pub fn new(parcels: u64) -> Result<Self, SampleError> {
        let count = u32::try_from(parcels).ok().filter(|_| PARCELS.contains(&parcels));
        let count = count.ok_or(SampleError::Parcels(parcels))?;
        let plan = Plan::new(count)?;
        Ok(Self {
            parcels: count,
            borders: Borders::new(&plan),
            plan,
            layers: definition::sample_layers()?,
            land_use: Dictionary::read(dictionary::LAND_USE),
            poi_classes: Dictionary::read(dictionary::POI_CLASSES),
        })
    }

    /// The layers in the order in which they are best loaded: what lies below first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// About how many features a layer has, within a factor of two, nearer for large cities, for showing progress.
    pub fn estimate(&self, layer: &str) -> u64 {
        let parcels = u64::from(self.parcels);
        let quarters = self.plan.quarters.len() as u64;
        match layer {
            "districts" => 6,
            "water" => 2 + quarters / 4,
            "roads" => parcels / 16 + 3 * quarters,
            "parcels" => parcels + parcels / 17,
            "buildings" => parcels * 9 / 10,
            "pois" => parcels * 2 / 5,
            "addresses" => parcels * 9 / 10,
            "parcel_lineage" => parcels / 10,
            _ => 0,
        }
    }

    /// Hands out all features of a layer, always in the same order, until `each` breaks.
    ///
    /// # Errors
    /// [`SampleError::UnknownLayer`].
    pub fn features(&self, layer: &str, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), SampleError> {
        let flow = match layer {
            "districts" => District::ALL
                .into_iter()
                .try_for_each(|district| each(self.district(district))),
            "water" => self.water(each),
            "roads" => self
                .plan
                .quarters
                .iter()
                .try_for_each(|q| roads::of_quarter(&self.plan, q).into_iter().try_for_each(&mut *each)),
            "parcels" => self.quarters(&mut |q| parcels::rows(q, &self.land_use).try_for_each(&mut *each)),
            "buildings" => self.quarters(&mut |q| buildings::rows(q).try_for_each(&mut *each)),
            "pois" => self.quarters(&mut |q| pois::rows(q, &self.poi_classes).try_for_each(&mut *each)),
            "addresses" => self.quarters(&mut |q| parcels::addresses(q).try_for_each(&mut *each)),
            "parcel_lineage" => self.quarters(&mut |q| parcels::lineage(q).try_for_each(&mut *each)),
            _ => return Err(SampleError::UnknownLayer(layer.to_owned())),
        };
        // Whether it was broken off is the caller's own doing.
        let _ = flow;
        Ok(())
    }

    /// The fingerprint of the whole city. Makes all of it: as long as loading without the store.
    ///
    /// # Errors
    /// As [`City::features`].
    pub fn fingerprint(&self) -> Result<Fingerprint, SampleError> {
        let mut all = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let mut running = LayerFingerprint::new(layer);
            self.features(layer.name().as_str(), &mut |row| {
                running.add(&row);
                ControlFlow::Continue(())
            })?;
            all.push((layer.name().as_str(), running.finish()));
        }
        Ok(city_fingerprint(all))
    }

    fn quarters(&self, each: &mut dyn FnMut(&Quarter<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        self.plan
            .quarters
            .iter()
            .try_for_each(|plan| each(&Quarter::build(&self.plan, &self.borders, plan)))
    }

    fn water(&self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> ControlFlow<()> {
        water::large(&self.plan, &self.borders)
            .into_iter()
            .try_for_each(&mut *each)?;
        let mut ponds = self
            .plan
            .quarters
            .iter()
            .flat_map(|quarter| water::ponds(&self.plan, quarter));
        ponds.try_for_each(each)
    }

    fn district(&self, district: District) -> Row {
        Row {
            geometry: Some(parcels::polygon(self.borders.ring(&self.plan, district))),
            values: vec![
                Value::text(district.code()),
                Value::text(district.name()),
                Value::text(district.name_en()),
            ],
            valid: TimeSpan::ALWAYS,
        }
    }
}
