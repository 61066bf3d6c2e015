//! `nearest=lon,lat` and `k`: the features nearest to a place, with their distance in metres.
//!
//! They come instead of a page: by distance, those of one distance by their numbers, and there is no page after them.
//! Everything else that a page is asked for holds for them, too. How distances are measured: [`onemap_model::measure`].

use crate::ask::Ask;
use crate::parameter::{Kind, Parameter};
use crate::problem::{Problem, shorten};
use onemap_model::Coord;

/// The parameter.
pub(crate) const NEAREST: &str = "nearest";
const K: &str = "k";
const DEFAULT_K: u64 = 10;
const MAX_K: u64 = 1_000;
/// What says in which order features come, or which part of them, in another way.
const OTHER_ORDERS: [&str; 5] = ["sortby", "offset", "after", "before", "limit"];

/// `nearest`, as the table of routes tells of it.
pub(crate) const NEAR: Parameter = Parameter::new(
    NEAREST,
    Kind::Numbers { least: 2, most: 2 },
    "lon,lat in degrees (CRS84): the features nearest to this place, nearest first, each with its distance in metres on \
     the ellipsoid",
);

/// `k`, as the table of routes tells of it.
pub(crate) const COUNT: Parameter = Parameter::new(
    K,
    Kind::Whole {
        min: 1,
        max: Some(MAX_K),
        default: Some(DEFAULT_K),
    },
    "How many features nearest gives at most; a larger number counts as the largest",
);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    /// The place, in longitude and latitude.
    pub from: Coord,
    /// How many features are wanted.
    pub k: usize,
}

impl Near {
    /// Reads the two parameters; none where nothing near is asked for.
    ///
    /// # Errors
    /// 400 for what is no place or no number, and where another order is asked for.
    pub(crate) fn read(ask: &Ask) -> Result<Option<Self>, Problem> {
        let k = crate::items::whole(ask, K)?;
        let Some(text) = ask.params.get(NEAREST) else {
            return match k {
                Some(_) => Err(Problem::bad_request(format!(
                    "{K} says how many {NEAREST} gives: {NEAREST} is missing"
                ))),
                None => Ok(None),
            };
        };
        let other = OTHER_ORDERS.into_iter().find(|name| ask.params.get(name).is_some());
        if let Some(other) = other {
            return Err(Problem::bad_request(format!(
                "{NEAREST} gives the {K} nearest features, nearest first: it does not go with {other}"
            )));
        }
        match k {
            Some(0) => Err(Problem::bad_request(format!(
                "{K}: 0 is too few: expected 1 to {MAX_K}"
            ))),
            k => Ok(Some(Self {
                from: place(text)?,
                k: k.unwrap_or(DEFAULT_K).min(MAX_K) as usize,
            })),
        }
    }
}

fn place(text: &str) -> Result<Coord, Problem> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y]) if x.abs() <= 180.0 && y.abs() <= 90.0 => Ok(Coord { x, y }),
        _ => Err(Problem::bad_request(format!(
            "{NEAREST}: {:?} is no place: expected lon,lat in degrees, such as 115.04,30.2",
            shorten(text)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_two_numbers_on_the_earth() {
        assert_eq!(place("115.04, 30.2"), Ok(Coord { x: 115.04, y: 30.2 }));
        for wrong in ["", "115.04", "115,30,1", "a,b", "181,0", "0,91", "NaN,1", "inf,1"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
