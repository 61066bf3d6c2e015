//! Features that must lie in the very feature of another layer that they name: a building in its parcel.
//!
//! What names nothing that is there is another check's; so is a feature or a parcel whose geometry is invalid.

use super::layer::hash_of;
use super::shapes::Shapes;
use super::within::Area;
use onemap_model::Coord;
use rayon::prelude::*;
use std::collections::HashMap;

/// Of so many vertices that are outside the distance is measured.
const MOST_MEASURED: usize = 100;

/// A feature that lies outside the one that it names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Astray {
    /// Which, by its place among those that were asked.
    pub feature: usize,
    /// How far it sticks out, in metres.
    pub by_m: f64,
    /// The vertex that is furthest out, of the first hundred.
    pub at: Coord,
}

/// What is asked of one feature.
#[derive(Debug, Clone)]
pub struct Question {
    /// The hash of the code that it names.
    pub named: u64,
    /// When it is there, in microseconds.
    pub valid: (i64, i64),
    /// Its vertices.
    pub vertices: Vertices,
}

/// Where a feature is.
#[derive(Debug, Clone, Copy)]
pub enum Vertices {
    /// In a point.
    Point(Coord),
    /// It is the area at this place of its layer's.
    Area(usize),
}

/// The features of `questions` that do not lie in what they name; `own` has their areas, `areas` those that are named.
///
/// Where several of a code lived one after the other, one of those that lived at the feature's time must hold it.
pub fn astray(questions: &[Question], own: &Shapes, areas: &Shapes) -> Vec<Astray> {
    let mut asked: HashMap<u64, Vec<u32>> = HashMap::new();
    for (at, question) in questions.iter().enumerate() {
        asked.entry(question.named).or_default().push(at as u32);
    }
    let mut named: HashMap<u64, Vec<u32>> = HashMap::with_capacity(asked.len());
    for at in 0..areas.len() {
        let code = hash_of(areas.codes.get(at));
        if asked.contains_key(&code) {
            named.entry(code).or_default().push(at as u32);
        }
    }
    let named: Vec<(u64, Vec<u32>)> = named.into_iter().collect();
    let judge = |(code, places): &(u64, Vec<u32>)| -> Vec<Astray> {
        let there: Vec<((i64, i64), Area<'_>)> = places
            .iter()
            .map(|at| areas.get(*at as usize))
            .map(|shape| (shape.valid, Area::new(shape)))
            .collect();
        let questions = asked[code].iter().map(|at| (*at as usize, &questions[*at as usize]));
        questions
            .filter_map(|(feature, question)| look(feature, question, own, &there))
            .collect()
    };
    let mut found: Vec<Astray> = named.par_iter().flat_map_iter(judge).collect();
    found.sort_unstable_by_key(|astray| astray.feature);
    found
}

/// The least that a feature sticks out of one of the areas of its time.
fn look(feature: usize, question: &Question, own: &Shapes, there: &[((i64, i64), Area<'_>)]) -> Option<Astray> {
    if crate::interrupt::is_asked() {
        return None;
    }
    let vertices: Vec<Coord> = match question.vertices {
        Vertices::Area(at) => own.get(at).rings().flatten().copied().collect(),
        Vertices::Point(at) => vec![at],
    };
    let is_beside = |valid: &(i64, i64)| valid.0 < question.valid.1 && question.valid.0 < valid.1;
    let mut nearest: Option<Astray> = None;
    for (_, area) in there.iter().filter(|(valid, _)| is_beside(valid)) {
        let out = vertices.iter().filter(|p| !area.holds(**p)).take(MOST_MEASURED);
        let measured = out.map(|p| (area.distance_m(*p), *p));
        let (by_m, at) = measured.max_by(|a, b| a.0.total_cmp(&b.0))?;
        if nearest.is_none_or(|nearest| by_m < nearest.by_m) {
            nearest = Some(Astray { feature, by_m, at });
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Geometry, Path, Polygon, TimeSpan};

    /// A square of about 100 m whose lower left corner lies so many metres east of 115°E 30°N.
    fn square(east_m: f64) -> Geometry {
        let (x, side) = (115.0 + east_m / 96_000.0, 1e-3);
        let ring = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side), (0.0, 0.0)];
        let coords = ring.map(|(dx, dy)| Coord {
            x: x + dx,
            y: 30.0 + dy,
        });
        let rings = vec![Path::new(coords.to_vec()).unwrap()];
        Geometry::Polygons(vec![Polygon { rings }])
    }

    fn shapes(of: &[(f64, &str)]) -> Shapes {
        let mut shapes = Shapes::default();
        for (east_m, code) in of {
            shapes.add(&square(*east_m), TimeSpan::ALWAYS, code, code);
        }
        shapes
    }

    fn ask(at: f64, code: &str) -> Vec<Astray> {
        let (own, areas) = (shapes(&[(at, "b")]), shapes(&[(0.0, "one"), (500.0, "two")]));
        let question = Question {
            named: hash_of(code),
            valid: (i64::MIN, i64::MAX),
            vertices: Vertices::Area(0),
        };
        astray(&[question], &own, &areas)
    }

    #[test]
    fn what_sticks_out_is_told_with_how_far() {
        assert!(ask(0.0, "one").is_empty());
        assert!(ask(0.05, "one").is_empty(), "within the tolerance");
        let out = ask(3.0, "one");
        assert!((out[0].by_m - 3.0).abs() < 0.05, "{out:?}");
        assert!(ask(0.0, "two")[0].by_m > 300.0);
        assert!(ask(0.0, "three").is_empty(), "nothing is called so: another check's");
    }
}
