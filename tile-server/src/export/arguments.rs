//! The command line of `onemap-export`.

use super::error::Error;
use clap::Parser;
use onemap_model::{Bbox, Crs};
use onemap_store::LayerState;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  onemap-export city.gpkg --to all.gpkg
      every layer into one GeoPackage
  onemap-export city.gpkg --to parcels.shp.zip --layers parcels --crs EPSG:4547 --encoding GBK
      shapefiles for a desktop program of old
  onemap-export postgres://me@host/city --to roads.parquet --layers roads --bbox 114.9,30.1,115.1,30.3
      what meets a box, as GeoParquet
  onemap-export city.gpkg --to pois.csv --layers pois --encoding UTF-8-BOM
      a table that Excel opens
  onemap-export city.gpkg --to city.pmtiles --max-zoom 15
      tiles as one file

What is true now is written, as of the newest version. Where a file holds one layer and several are asked for, each gets
its own: out_roads.csv, out_parcels.csv. A file that is there is replaced when the new one is whole, never before.

Exit status: 0 done, 1 data or usage, 2 a fault of the machine or the program, 130 interrupted.";

/// Write layers of a store into files.
#[derive(Debug, Parser)]
#[command(name = "onemap-export", version, about, after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The store: path/to/city.gpkg or postgres://user@host/db
    pub store: String,
    /// The file; its ending says what it is: .gpkg, .fgb, .parquet, .shp.zip, .csv, .geojson, .geojsonl, .geojsons or
    /// .pmtiles
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Layers, in this order [default: all, by name; for tiles those that have geometry]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub layers: Vec<String>,
    /// Only what meets this box: west,south,east,north in degrees
    #[arg(long, value_name = "BOX", allow_hyphen_values = true)]
    pub bbox: Option<String>,
    /// The coordinate system of the file [default: the store's; longitude and latitude for GeoJSON]
    #[arg(long, value_name = "EPSG:n")]
    pub crs: Option<Crs>,
    /// The encoding of a shapefile's table, UTF-8, GBK or GB18030; UTF-8-BOM for a CSV that Excel opens
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// The lowest zoom of tiles
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub min_zoom: u8,
    /// The highest zoom of tiles
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub max_zoom: u8,
    /// The most kilobytes of a tile before compression; what is left out beyond goes by rules
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub tile_kb: u32,
}

impl Arguments {
    /// The box asked for; over the antimeridian, two.
    ///
    /// # Errors
    /// Where it is none.
    pub fn boxes(&self) -> Result<Vec<Bbox>, Error> {
        let Some(text) = &self.bbox else { return Ok(Vec::new()) };
        let wrong = || {
            let what = "is no box: expected west,south,east,north in degrees";
            Error::Usage(format!("--bbox: {text:?} {what}"))
        };
        let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        let numbers = numbers.map_err(|_| wrong())?;
        let &[west, south, east, north] = numbers.as_slice() else {
            return Err(wrong());
        };
        let in_degrees =
            [west, east].iter().all(|lon| lon.abs() <= 180.0) && [south, north].iter().all(|lat| lat.abs() <= 90.0);
        if !in_degrees {
            return Err(wrong());
        }
        let make = |west, east| Bbox::new(west, south, east, north).map_err(|_| wrong());
        if west <= east {
            return Ok(vec![make(west, east)?]);
        }
        Ok(vec![make(west, 180.0)?, make(-180.0, east)?])
    }

    /// The layers asked for, in that order; all of them, by name, where none is.
    ///
    /// # Errors
    /// Where one is not there, or named twice.
    pub fn choose(&self, mut all: Vec<LayerState>) -> Result<Vec<LayerState>, Error> {
        if self.layers.is_empty() {
            return Ok(all);
        }
        let there: Vec<_> = all.iter().map(|state| state.layer.name().to_string()).collect();
        let take = |name: &String| {
            let at = all.iter().position(|state| state.layer.name().as_str() == name);
            let at = at.ok_or_else(|| {
                let known = there.contains(name);
                let why = if known {
                    "it is named twice".to_owned()
                } else {
                    format!("it has {}", there.join(", "))
                };
                Error::Usage(format!("--layers: {name:?} is not in the store: {why}"))
            });
            Ok(all.remove(at?))
        };
        self.layers.iter().map(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_box_may_cross_the_antimeridian_and_what_is_none_is_refused() {
        let boxes = |text: &str| Arguments::parse_from(["x", "s", "--to", "f", "--bbox", text]).boxes();
        assert_eq!(boxes("1,2,3,4").unwrap().len(), 1);
        assert_eq!(boxes("170,-10,-170,10").unwrap().len(), 2);
        for bad in ["", "1,2,3", "1,2,3,x", "0,5,1,4", "0,0,181,1", "NaN,0,1,1"] {
            assert!(
                boxes(bad).unwrap_err().to_string().contains("west,south,east,north"),
                "{bad}"
            );
        }
    }
}
