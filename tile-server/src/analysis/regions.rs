//! The areas of another layer, made ready to be asked for what lies in them.

use super::effort::Effort;
use super::key;
use super::tally::owned;
use crate::problem::Problem;
use crate::published::ServedLayer;
use onemap_atlas::{Areas, Scope};
use onemap_model::cql2::Datum;
use onemap_model::measure::Region;
use onemap_model::{Bbox, Coord, Fid, Geometry, TimeSpan, Value};
use std::collections::BTreeMap;

/// More areas than these are too many to sum up by.
pub(super) const MAX_REGIONS: usize = 10_000;
/// So many are looked through one by one: that is quicker than the index.
const FEW: usize = 128;
/// Nor may they have more corners: they are kept in memory as long as the question is asked.
const MAX_CORNERS: usize = 2_000_000;

/// The areas of a layer, by the numbers of their features.
pub(super) struct Regions<'a> {
    layer: &'a ServedLayer,
    when: &'a dyn Fn(TimeSpan) -> bool,
    made: BTreeMap<Fid, Made>,
}

/// One of them.
pub(super) struct Made {
    region: Region,
    geometry: Geometry,
    /// What tells it from others.
    pub key: Vec<u8>,
    /// The public id, and the value of the field that names it.
    pub shown: Vec<Value>,
}

impl<'a> Regions<'a> {
    /// Makes the areas ready that are true in a time.
    ///
    /// # Errors
    /// 400 where there are too many.
    pub fn new(
        layer: &'a ServedLayer,
        name_field: Option<usize>,
        when: &'a dyn Fn(TimeSpan) -> bool,
        effort: &Effort<'_>,
    ) -> Result<Self, Problem> {
        let (mut made, mut corners) = (BTreeMap::new(), 0);
        let all = Scope {
            bbox: None,
            near: None,
            when,
        };
        for feature in layer.snapshot.features_in(all) {
            let Some(geometry) = feature.geometry() else { continue };
            effort.spend(geometry.coord_count())?;
            let Some(region) = Region::new(&geometry) else { continue };
            corners += geometry.coord_count();
            if corners > MAX_CORNERS {
                return Err(Problem::bad_request(format!(
                    "by: the areas of layer {:?} have more than {MAX_CORNERS} corners at that time",
                    layer.name()
                )));
            }
            if made.len() == MAX_REGIONS {
                return Err(Problem::bad_request(format!(
                    "by: layer {:?} has more than {MAX_REGIONS} areas at that time",
                    layer.name()
                )));
            }
            let id = Datum::Text(feature.public_id());
            let names = [Some(id), name_field.map(|at| feature.datum(at))];
            let mut key = Vec::new();
            names.iter().flatten().for_each(|name| key::push(&mut key, name));
            let shown = names.iter().flatten().map(owned).collect();
            made.insert(
                feature.fid(),
                Made {
                    region,
                    geometry,
                    key,
                    shown,
                },
            );
        }
        Ok(Self { layer, when, made })
    }

    /// The area in which a place lies: the one with the smallest number, where several hold it, and how many do.
    pub fn of_place(&self, at: Coord) -> (Option<&Made>, usize) {
        let point = Bbox::around([at]).expect("a place is one");
        let near = self.near(point).into_iter();
        let mut holding = near.filter(|(_, made)| made.region.contains(at)).map(|(_, made)| made);
        let first = holding.next();
        (first, usize::from(first.is_some()) + holding.count())
    }

    /// The parts of an area in each of those that it meets; none for what lies in one as a whole.
    pub fn shares(&self, geometry: &Geometry, effort: &Effort<'_>) -> Result<Vec<(&Made, Option<Areas>)>, Problem> {
        let Some(bbox) = geometry.bbox() else {
            return Ok(Vec::new());
        };
        let mut own = None;
        let mut parts = Vec::new();
        for (_, made) in self.near(bbox) {
            if !made.region.may_cross(bbox) {
                if made.region.contains(bbox.center()) {
                    parts.push((made, None));
                }
                continue;
            }
            effort.spend(geometry.coord_count() + made.geometry.coord_count())?;
            let own = match &mut own {
                Some(own) => own,
                none => none.insert(Areas::of(geometry).unwrap_or_default()),
            };
            let part = Areas::of_part(&made.geometry, bbox).unwrap_or_default();
            let common = own.common(&part);
            if !common.is_empty() {
                parts.push((made, Some(common)));
            }
        }
        Ok(parts)
    }

    /// Those whose boxes meet a box, in the order of their numbers.
    fn near(&self, bbox: Bbox) -> Vec<(Fid, &Made)> {
        if self.made.len() <= FEW {
            let all = self.made.iter().map(|(fid, made)| (*fid, made));
            return all.filter(|(_, made)| made.region.bbox().intersects(&bbox)).collect();
        }
        let scope = Scope {
            bbox: None,
            near: Some(bbox),
            when: self.when,
        };
        let fids = self.layer.snapshot.features_in(scope).map(|feature| feature.fid());
        let found = fids.filter_map(|fid| Some((fid, self.made.get(&fid)?)));
        let mut found: Vec<_> = found.collect();
        found.sort_unstable_by_key(|(fid, _)| *fid);
        found
    }
}
