//! Goes through features once and puts them into groups.

use super::effort::Effort;
use super::key;
use super::measured::Measured;
use super::question::{By, Op, Question, Share};
use super::regions::Regions;
use super::tally::{Ends, Sum, owned};
use crate::items::Selection;
use crate::pool::Waiting;
use crate::problem::Problem;
use onemap_atlas::FeatureView;
use onemap_model::cql2::Datum;
use onemap_model::measure::point_on;
use onemap_model::{Geometry, TimeSpan, Value as Cell};
use std::collections::HashMap;

/// More groups than these are no summary.
const MAX_GROUPS: usize = 10_000;
/// A sum of shares beyond 1 by more than this is no rounding.
const ROUNDING: f64 = 1e-6;

/// What there is of one group.
#[derive(Default)]
pub(super) struct Group {
    pub shown: Vec<Cell>,
    pub count: f64,
    pub sums: Vec<Sum>,
    pub ends: Vec<Ends>,
    pub area: Sum,
    pub length: Sum,
}

/// What cannot be seen from the numbers.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub in_several: u64,
    pub overlapping: u64,
    pub unplaced: u64,
    pub no_numbers: u64,
}

/// The groups of an answer, in their order, and what there is to say of them.
pub(super) struct Summary {
    pub groups: Vec<Group>,
    pub matched: u64,
    pub notes: Notes,
}

impl Question {
    /// Goes through all features.
    ///
    /// # Errors
    /// 400 where it is too much.
    pub fn answer(&self, waiting: &Waiting<'_>) -> Result<Summary, Problem> {
        let effort = Effort::new(waiting);
        let when = |span: TimeSpan| self.query.when.meets(span);
        let regions = self
            .by
            .as_ref()
            .map(|by| Regions::new(&by.layer, by.field, &when, &effort))
            .transpose()?;
        let selection = Selection::new(&self.query, &when, waiting)?;
        let mut counting = Counting {
            question: self,
            regions: regions.as_ref(),
            effort: &effort,
            groups: Vec::new(),
            places: HashMap::new(),
            key: Vec::new(),
            matched: 0,
            notes: Notes::default(),
        };
        selection.each(|feature| counting.count(&feature))?;
        if self.group_by.is_empty() && self.by.is_none() && counting.groups.is_empty() {
            // A sum of nothing is one, too.
            counting.groups.push(counting.empty(Vec::new()));
            counting.places.insert(Vec::new(), 0);
        }
        let Counting {
            groups,
            places,
            matched,
            notes,
            ..
        } = counting;
        let mut order: Vec<(Vec<u8>, usize)> = places.into_iter().collect();
        order.sort_unstable();
        let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
        let groups = order.into_iter().filter_map(|(_, at)| groups[at].take()).collect();
        Ok(Summary { groups, matched, notes })
    }
}

/// Groups in the making.
struct Counting<'a> {
    question: &'a Question,
    regions: Option<&'a Regions<'a>>,
    effort: &'a Effort<'a>,
    groups: Vec<Group>,
    /// Where the group of a key is.
    places: HashMap<Vec<u8>, usize>,
    key: Vec<u8>,
    matched: u64,
    notes: Notes,
}

/// A feature, or the part of it that lies in an area.
#[derive(Clone, Copy)]
struct Part {
    share: f64,
    area: Option<f64>,
    length: Option<f64>,
}

impl Counting<'_> {
    fn count(&mut self, feature: &FeatureView<'_>) -> Result<(), Problem> {
        self.effort.pass(1)?;
        self.matched += 1;
        let Question { area, length, by, .. } = self.question;
        let geometry = match (area, length, by) {
            (None, None, None) => None,
            _ => feature.geometry(),
        };
        self.effort.pass(geometry.as_ref().map_or(0, Geometry::coord_count))?;
        let size = |measured: Option<Measured>, of: fn(Measured, &Geometry) -> Option<f64>| {
            let measured = measured.zip(geometry.as_ref());
            measured.map(|(measured, geometry)| of(measured, geometry))
        };
        let (area, length) = (size(*area, Measured::area), size(*length, Measured::length));
        if area == Some(None) || length == Some(None) {
            self.notes.unplaced += 1;
        }
        let whole = Part {
            share: 1.0,
            area: area.flatten(),
            length: length.flatten(),
        };
        match (self.regions, by) {
            (Some(regions), Some(By { share: Share::Area, .. })) => match geometry {
                Some(geometry) => self.share_out(feature, regions, &geometry, whole),
                None => self.add(feature, Place::Nowhere, whole),
            },
            (Some(regions), _) => {
                let at = geometry.as_ref().and_then(point_on);
                let (region, holding) = at.map_or((None, 0), |at| regions.of_place(at));
                self.notes.in_several += u64::from(holding > 1);
                self.add(
                    feature,
                    region.map_or(Place::Nowhere, |region| Place::In(&region.key, &region.shown)),
                    whole,
                )
            }
            (None, _) => self.add(feature, Place::Anywhere, whole),
        }
    }

    /// Counts a feature by the shares of its area in each region, and outside of all.
    fn share_out(
        &mut self,
        feature: &FeatureView<'_>,
        regions: &Regions<'_>,
        geometry: &Geometry,
        whole: Part,
    ) -> Result<(), Problem> {
        let measured = self.question.share_measure();
        let all = measured.area(geometry).filter(|area| *area > 0.0);
        let Some(all) = all else {
            // What has no area lies where a point on it lies.
            let region = point_on(geometry).and_then(|at| regions.of_place(at).0);
            return self.add(
                feature,
                region.map_or(Place::Nowhere, |region| Place::In(&region.key, &region.shown)),
                whole,
            );
        };
        let mut rest = 1.0;
        for (region, part) in regions.shares(geometry, self.effort)? {
            let own = match &part {
                None => 1.0,
                Some(part) => measured.area(&part.to_geometry()).map_or(0.0, |own| own / all),
            };
            rest -= own;
            self.add(feature, Place::In(&region.key, &region.shown), whole.times(own))?;
        }
        self.notes.overlapping += u64::from(rest < -ROUNDING);
        if rest > ROUNDING {
            self.add(feature, Place::Nowhere, whole.times(rest))?;
        }
        Ok(())
    }

    fn add(&mut self, feature: &FeatureView<'_>, place: Place<'_>, part: Part) -> Result<(), Problem> {
        let question = self.question;
        self.key.clear();
        match place {
            Place::Anywhere => {}
            Place::In(key, _) => self.key.extend(key),
            Place::Nowhere => self.key.push(u8::MAX),
        }
        for &at in &question.group_by {
            key::push(&mut self.key, &feature.datum(at));
        }
        let at = match self.places.get(&self.key) {
            Some(&at) => at,
            None => self.new_group(feature, place)?,
        };
        let group = &mut self.groups[at];
        group.count += part.share;
        for (at, &(op, field)) in question.wanted.iter().enumerate() {
            let value = feature.datum(field);
            match op {
                Op::Sum | Op::Avg => {
                    group.sums[at].add(&value, part.share);
                    let is_number = matches!(value, Datum::Null | Datum::Int(_) | Datum::Float(_));
                    self.notes.no_numbers += u64::from(!is_number);
                }
                Op::Min | Op::Max => group.ends[at].add(&value),
            }
        }
        part.area.into_iter().for_each(|area| group.area.fraction(area));
        part.length.into_iter().for_each(|length| group.length.fraction(length));
        Ok(())
    }

    fn new_group(&mut self, feature: &FeatureView<'_>, place: Place<'_>) -> Result<usize, Problem> {
        if self.groups.len() == MAX_GROUPS {
            return Err(Problem::bad_request(format!(
                "group-by: there are more than {MAX_GROUPS} groups: group by other fields, or narrow it with bbox or filter"
            )));
        }
        let question = self.question;
        let nowhere = question.by.as_ref().map_or(0, |by| 1 + usize::from(by.field.is_some()));
        let mut shown = match place {
            Place::In(_, shown) => shown.to_vec(),
            Place::Nowhere | Place::Anywhere => vec![Cell::Null; nowhere],
        };
        shown.extend(question.group_by.iter().map(|&at| owned(&feature.datum(at))));
        let at = self.groups.len();
        self.groups.push(self.empty(shown));
        self.places.insert(self.key.clone(), at);
        Ok(at)
    }

    /// A group without anything in it.
    fn empty(&self, shown: Vec<Cell>) -> Group {
        let wanted = self.question.wanted.len();
        Group {
            shown,
            sums: vec![Sum::default(); wanted],
            ends: vec![Ends::default(); wanted],
            ..Group::default()
        }
    }
}

/// Which of the areas a feature counts in.
#[derive(Clone, Copy)]
enum Place<'m> {
    /// None are asked for.
    Anywhere,
    In(&'m [u8], &'m [Cell]),
    /// In none of them.
    Nowhere,
}

impl Part {
    fn times(self, share: f64) -> Self {
        Self {
            share,
            area: self.area.map(|area| area * share),
            length: self.length.map(|length| length * share),
        }
    }
}
