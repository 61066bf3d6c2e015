//! The `bbox` parameter: one box or, over the antimeridian, two.

use crate::problem::{Problem, shorten};
use onemap_model::Bbox;

/// The boxes of a query, in CRS84.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Boxes(pub Vec<Bbox>);

impl Boxes {
    /// Reads `west,south,east,north` or `west,south,low,east,north,high`; heights are passed over. West greater than
    /// east means a box over the antimeridian.
    ///
    /// # Errors
    /// 400 saying what is wrong with which number.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = |why: &str| {
            let text = shorten(text);
            Problem::bad_request(format!(
                "bbox: {text:?} {why}: expected west,south,east,north in degrees (CRS84)"
            ))
        };
        let numbers: Vec<f64> = text
            .split(',')
            .map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite()))
            .collect::<Option<_>>()
            .ok_or_else(|| wrong("has something other than numbers in it"))?;
        let [west, south, east, north] = match numbers[..] {
            [west, south, east, north] => [west, south, east, north],
            [west, south, low, east, north, high] if low <= high => [west, south, east, north],
            [_, _, _, _, _, _] => return Err(wrong("has its lower height above its upper")),
            _ => return Err(wrong("has neither four nor six numbers")),
        };
        if [west, east].iter().any(|lon| lon.abs() > 180.0) {
            return Err(wrong("has a longitude beyond ±180"));
        }
        if [south, north].iter().any(|lat| lat.abs() > 90.0) {
            return Err(wrong("has a latitude beyond ±90"));
        }
        if south > north {
            return Err(wrong("has its south above its north"));
        }
        let make = |west, east| Bbox::new(west, south, east, north).expect("checked just now");
        Ok(Self(if west <= east {
            vec![make(west, east)]
        } else {
            vec![make(west, 180.0), make(-180.0, east)]
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_four_or_six_numbers_and_may_cross_the_antimeridian() {
        let check = |text: &str, expected: &[[f64; 4]]| {
            let got: Vec<_> = Boxes::parse(text).unwrap().0.into_iter().map(Bbox::to_array).collect();
            assert_eq!(got, expected, "{text}");
        };
        check("1,2,3,4", &[[1.0, 2.0, 3.0, 4.0]]);
        check(" 1, 2 ,3e0,4.0", &[[1.0, 2.0, 3.0, 4.0]]);
        check("1,2,-5,3,4,9", &[[1.0, 2.0, 3.0, 4.0]]);
        check(
            "170,-10,-170,10",
            &[[170.0, -10.0, 180.0, 10.0], [-180.0, -10.0, -170.0, 10.0]],
        );
    }

    #[test]
    fn what_is_no_box_is_refused_with_the_reason() {
        let check = |text: &str, why: &str| {
            let problem = format!("{:?}", Boxes::parse(text).unwrap_err());
            assert!(problem.contains(why), "{text}: {problem}");
        };
        for text in ["", "a,b,c,d", "1,2,3,", "NaN,0,1,1", "inf,0,1,1", "1,2,3,4 5"] {
            check(text, "other than numbers");
        }
        check("1,2,3", "neither four nor six");
        check("1,2,3,4,5", "neither four nor six");
        check("0,5,1,4", "south above");
        check("0,0,181,1", "longitude");
        check("0,-91,1,1", "latitude");
        check("0,0,9,1,1,1", "lower height");
    }
}
