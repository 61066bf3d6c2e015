//! The `bbox` parameter: one box or, over the antimeridian, two; or a window in a projected system.

use crate::crs::{AxisOrder, OutCrs, Unit, Window};
use crate::problem::{Problem, shorten};
use onemap_model::{Bbox, Coord, Layer};

/// The boxes of a query.
#[derive(Debug)]
pub(crate) struct Boxes {
    given: String,
    lonlat: Vec<Bbox>,
    window: Option<Window>,
}

impl Boxes {
    /// Reads `west,south,east,north` or `west,south,low,east,north,high` in `crs`, in its axis order; heights are passed
    /// over. In degrees and in Web Mercator, west greater than east means a box over the antimeridian.
    ///
    /// # Errors
    /// 400 saying what is wrong with which number.
    pub(crate) fn parse(text: &str, crs: &OutCrs, layer: &Layer) -> Result<Self, Problem> {
        let wrong = |why: &str| {
            let (text, expected) = (shorten(text), expected(crs));
            Problem::bad_request(format!("bbox: {text:?} {why}: expected {expected}"))
        };
        let numbers: Vec<f64> = text
            .split(',')
            .map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite()))
            .collect::<Option<_>>()
            .ok_or_else(|| wrong("has something other than numbers in it"))?;
        let [a, b, c, d] = match numbers[..] {
            [a, b, c, d] => [a, b, c, d],
            [a, b, low, c, d, high] if low <= high => [a, b, c, d],
            [_, _, _, _, _, _] => return Err(wrong("has its lower height above its upper")),
            _ => return Err(wrong("has neither four nor six numbers")),
        };
        let (min, max) = (Coord { x: a, y: b }, Coord { x: c, y: d });
        let (given, is_plain) = (format!("{crs} {numbers:?}"), is_plain(crs));
        if !is_plain {
            let (min, max) = (crs.ordered(min), crs.ordered(max));
            let bbox = Bbox::new(min.x, min.y, max.x, max.y);
            let bbox = bbox.map_err(|_| wrong("has its lower corner beyond its upper"))?;
            let window = Some(Window::new(*crs, bbox, layer));
            let lonlat = Vec::new();
            return Ok(Self { given, lonlat, window });
        }
        let corner = |at| crs.unproject(at).ok_or_else(|| wrong("has a corner that is no place"));
        let (min, max) = (corner(min)?, corner(max)?);
        let (west, east) = match crs.unit() {
            Unit::Degree if [min.x, max.x].iter().any(|lon| lon.abs() > 180.0) => {
                return Err(wrong("has a longitude beyond ±180"));
            }
            Unit::Degree => (min.x, max.x),
            // Maps show more than one world; there is only one.
            Unit::Metre => (min.x.clamp(-180.0, 180.0), max.x.clamp(-180.0, 180.0)),
        };
        if [min.y, max.y].iter().any(|lat| lat.abs() > 90.0) {
            return Err(wrong("has a latitude beyond ±90"));
        }
        if min.y > max.y {
            return Err(wrong("has its south above its north"));
        }
        let make = |west, east| Bbox::new(west, min.y, east, max.y).expect("checked just now");
        let lonlat = if west <= east {
            vec![make(west, east)]
        } else {
            vec![make(west, 180.0), make(-180.0, east)]
        };
        Ok(Self {
            given,
            lonlat,
            window: None,
        })
    }

    /// The boxes in longitude and latitude, one or two; none where there is a window.
    pub(crate) fn lonlat(&self) -> &[Bbox] {
        &self.lonlat
    }

    /// The window, where the box is none in longitude and latitude.
    pub(crate) fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }

    /// The same text for the same boxes.
    pub(crate) fn as_given(&self) -> &str {
        &self.given
    }
}

/// Whether a box of the system is one in longitude and latitude.
fn is_plain(crs: &OutCrs) -> bool {
    crs.unit() == Unit::Degree || crs.axis_order() == AxisOrder::EastNorth
}

fn expected(crs: &OutCrs) -> String {
    let order = match (crs.axis_order(), crs.unit()) {
        (AxisOrder::EastNorth, _) => "west,south,east,north",
        (AxisOrder::NorthEast, _) => "south,west,north,east",
    };
    let unit = match crs.unit() {
        Unit::Degree => "degrees",
        Unit::Metre => "metres",
    };
    format!("{order} in {unit} ({crs})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Crs, GeometryType, Name};

    fn parse(text: &str, crs: &str) -> Result<Boxes, Problem> {
        let layer = Layer::new(Name::new("x").unwrap(), GeometryType::Point, Crs::CGCS2000, vec![]).unwrap();
        Boxes::parse(text, &OutCrs::parse(crs).unwrap(), &layer)
    }

    #[test]
    fn a_box_has_four_or_six_numbers_and_may_cross_the_antimeridian() {
        let check = |text: &str, crs: &str, expected: &[[f64; 4]]| {
            let boxes = parse(text, crs).unwrap();
            let got: Vec<_> = boxes.lonlat().iter().map(|bbox| bbox.to_array()).collect();
            assert_eq!(got, expected, "{text}");
        };
        check("1,2,3,4", "CRS84", &[[1.0, 2.0, 3.0, 4.0]]);
        check(" 1, 2 ,3e0,4.0", "CRS84", &[[1.0, 2.0, 3.0, 4.0]]);
        check("1,2,-5,3,4,9", "CRS84", &[[1.0, 2.0, 3.0, 4.0]]);
        check("2,1,4,3", "EPSG:4490", &[[1.0, 2.0, 3.0, 4.0]]);
        let halves = [[170.0, -10.0, 180.0, 10.0], [-180.0, -10.0, -170.0, 10.0]];
        check("170,-10,-170,10", "CRS84", &halves);
        check("-10,170,10,-170", "EPSG:4326", &halves);
        check("-3e7,0,3e7,0", "EPSG:3857", &[[-180.0, 0.0, 180.0, 0.0]]);
    }

    #[test]
    fn what_is_no_box_is_refused_with_the_reason() {
        let check = |text: &str, crs: &str, why: &str| {
            let problem = format!("{:?}", parse(text, crs).unwrap_err());
            assert!(problem.contains(why), "{text}: {problem}");
        };
        for text in ["", "a,b,c,d", "1,2,3,", "NaN,0,1,1", "inf,0,1,1", "1,2,3,4 5"] {
            check(text, "CRS84", "other than numbers");
        }
        check("1,2,3", "CRS84", "neither four nor six");
        check("1,2,3,4,5", "CRS84", "neither four nor six");
        check("0,5,1,4", "CRS84", "south above");
        check("0,0,181,1", "CRS84", "longitude");
        check("0,-91,1,1", "CRS84", "latitude");
        check(
            "115,30,116,31",
            "EPSG:4490",
            "south,west,north,east in degrees (EPSG:4490)",
        );
        check("0,0,9,1,1,1", "CRS84", "lower height");
        check("5,0,1,1", "EPSG:4547", "south,west,north,east in metres");
    }
}
