//! CSV tables: one pass before the load finds their encoding, the types of their columns and where their coordinates
//! are. All columns stay attributes.

use crate::encoding::{Decoder, texts_of};
use crate::fields::Column;
use crate::interrupt;
use crate::ogr;
use crate::source::dbf::Texts;
use crate::values::Kind;
use crate::written;
use gdal::vector::Layer;
use onemap_model::{Bbox, Coord};

/// Where the positions of rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// In two columns, east and north.
    Columns(usize, usize),
    /// In one column, as WKT.
    Wkt(usize),
}

/// What the first pass finds.
#[derive(Debug)]
pub struct Survey {
    /// The encoding of its texts.
    pub decoder: Decoder,
    /// Its columns, with the types that lose nothing.
    pub columns: Vec<Column>,
    /// Where the positions are; none for a table without.
    pub position: Option<Position>,
    /// How many rows there are.
    pub rows: u64,
    /// The box around the positions, as far as they are in columns.
    pub range: Option<Bbox>,
}

/// Names of pairs of columns, east first, as they are met in lower case.
const PAIRS: [(&str, &str); 12] = [
    ("lon", "lat"),
    ("lng", "lat"),
    ("long", "lat"),
    ("longitude", "latitude"),
    ("经度", "纬度"),
    ("x", "y"),
    ("point_x", "point_y"),
    ("x坐标", "y坐标"),
    ("x_coord", "y_coord"),
    ("easting", "northing"),
    ("东坐标", "北坐标"),
    ("lon_x", "lat_y"),
];

/// Names of columns that hold WKT.
const WKT: [&str; 5] = ["wkt", "geom_wkt", "geometry", "the_geom", "geom"];

/// Looks through the whole table. `given` is the encoding that the user named.
///
/// # Errors
/// Where the user stops it.
pub fn survey(layer: &Layer<'_>, given: Option<&Decoder>) -> crate::Result<Survey> {
    let defns = ogr::field_defns(layer);
    let mut texts = defns
        .iter()
        .fold(Texts::Ascii, |texts, defn| texts.and(texts_of(&defn.name)));
    let mut seen = vec![written::Column::default(); defns.len()];
    let names =
        |decoder: &Decoder| -> Vec<String> { defns.iter().map(|defn| decoder.decode_name(&defn.name)).collect() };
    // Column names that matter here read the same in all encodings of Chinese that decode them at all.
    let guess = given.cloned().unwrap_or_else(|| Decoder::of_texts(texts));
    let pair = pair(&names(&guess));
    let (mut rows, mut corner) = (0, [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]);
    ogr::rewind_layer(layer);
    while let Some(mut feature) = ogr::next_of_layer(layer) {
        if rows % 1024 == 0 {
            interrupt::check()?;
        }
        rows += 1;
        for (at, column) in seen.iter_mut().enumerate() {
            if let Some(text) = feature.text(at) {
                texts = texts.and(texts_of(text));
                column.see(text);
            }
        }
        if let Some(Coord { x, y }) = pair.and_then(|(x, y)| coordinates(&mut feature, x, y).ok().flatten()) {
            corner = [corner[0].min(x), corner[1].min(y), corner[2].max(x), corner[3].max(y)];
        }
    }
    ogr::rewind_layer(layer);
    crate::messages::forget();
    let decoder = given.cloned().unwrap_or_else(|| Decoder::of_texts(texts));
    let names = names(&decoder);
    // WKT first: beside it, x and y are often the centre of what it draws.
    let position = wkt(&names)
        .map(Position::Wkt)
        .or_else(|| pair.map(|(x, y)| Position::Columns(x, y)));
    let columns = names.into_iter().enumerate().map(|(at, source_name)| {
        let declared = Kind::of_ogr(defns[at].kind, defns[at].sub_kind);
        let kind = if declared == Kind::Text {
            seen[at].kind()
        } else {
            declared
        };
        Column { at, source_name, kind }
    });
    let [west, south, east, north] = corner;
    let (columns, range) = (columns.collect(), Bbox::new(west, south, east, north).ok());
    Ok(Survey {
        decoder,
        columns,
        position,
        rows,
        range,
    })
}

/// The position in two columns; none where either is empty.
///
/// # Errors
/// The text that is no finite number.
pub fn coordinates(feature: &mut ogr::Feature<'_>, x: usize, y: usize) -> Result<Option<Coord>, String> {
    let mut number = |at| {
        let text = String::from_utf8_lossy(feature.text(at).unwrap_or_default())
            .trim()
            .to_owned();
        match text.parse::<f64>() {
            _ if text.is_empty() => Ok(None),
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(text),
        }
    };
    Ok(number(x)?.zip(number(y)?).map(|(x, y)| Coord { x, y }))
}

fn pair(names: &[String]) -> Option<(usize, usize)> {
    let find = |wanted: &str| names.iter().position(|name| name.trim().to_lowercase() == wanted);
    PAIRS.iter().find_map(|(x, y)| find(x).zip(find(y)))
}

fn wkt(names: &[String]) -> Option<usize> {
    WKT.iter()
        .find_map(|wanted| names.iter().position(|name| name.trim().eq_ignore_ascii_case(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: Option<(usize, usize)>) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(pair(&names), expected, "{names:?}");
    }

    #[test]
    fn coordinate_columns_are_known_by_their_names() {
        check(&["Date", "Latitude", "Longitude"], Some((2, 1)));
        check(&["名称", "经度", "纬度"], Some((1, 2)));
        check(&["X", "Y", "lon", "lat"], Some((2, 3)));
        check(&["x", "z"], None);
    }
}
