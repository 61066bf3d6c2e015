//! What kind of file is asked for: its name's ending says it.

use super::arguments::Arguments;
use super::error::Error;
use crate::crs::OutCrs;
use crate::formats::{Format, TextEncoding};
use onemap_model::{Crs, Layer};
use std::path::{Path, PathBuf};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// Features.
    Features(Form),
    /// Tiles.
    Tiles,
}

/// Features in a form and a coordinate system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Form {
    /// The form.
    pub format: Format,
    /// The system, where one is asked for.
    crs: Option<OutCrs>,
}

/// Endings, longest first where one ends in another.
const ENDINGS: [(&str, Option<Format>); 9] = [
    (".shp.zip", Some(Format::Shapefile(TextEncoding::Utf8))),
    (".gpkg", Some(Format::GeoPackage)),
    (".fgb", Some(Format::FlatGeobuf)),
    (".parquet", Some(Format::GeoParquet)),
    (".csv", Some(Format::Csv)),
    (".geojson", Some(Format::GeoJson)),
    (".geojsonl", Some(Format::GeoJsonLines)),
    (".geojsons", Some(Format::GeoJsonSeq)),
    (".pmtiles", None),
];

impl Target {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// Where the ending is not known, or options do not go with it.
    pub fn of(arguments: &Arguments) -> Result<Self, Error> {
        let shown = arguments.to.display();
        let usage = |text: String| Err(Error::Usage(text));
        let Some((ending, format)) = ending(&arguments.to) else {
            let known = ENDINGS.map(|(ending, _)| ending).join(", ");
            return usage(format!("--to: {shown} has no ending that is known: expected {known}"));
        };
        let Some(format) = format else {
            if arguments.crs.is_some() || arguments.encoding.is_some() {
                return usage(format!(
                    "--crs and --encoding do not go with {ending}: tiles are in Web Mercator"
                ));
            }
            return Ok(Target::Tiles);
        };
        let Some(crs) = arguments.crs.map_or(Some(None), |crs| OutCrs::of(crs).map(Some)) else {
            let given = arguments.crs.unwrap_or(Crs::WGS84);
            return usage(format!(
                "--crs: {given} is not known here: expected EPSG:4326, 4490, 3857, or 4491 to 4554 (CGCS2000 / \
                 Gauss-Kruger, EPSG:4547 for example)"
            ));
        };
        if crs.is_some() && matches!(format, Format::GeoJsonLines | Format::GeoJsonSeq) {
            return usage(format!(
                "--crs does not go with {ending}, which is always in longitude and latitude"
            ));
        }
        let format = match &arguments.encoding {
            None => format,
            Some(name) => encoded(format, name).ok_or_else(|| {
                let expected = match format {
                    Format::Shapefile(_) => "expected UTF-8, GBK or GB18030",
                    Format::Csv => "expected UTF-8 or UTF-8-BOM",
                    _ => "it is always UTF-8",
                };
                Error::Usage(format!("--encoding: {name:?} does not go with {ending}: {expected}"))
            })?,
        };
        Ok(Target::Features(Form { format, crs }))
    }
}

impl Form {
    /// The system of a layer's coordinates in the file.
    pub fn crs(&self, layer: &Layer) -> OutCrs {
        let is_json =
            self.format == Format::GeoJson || matches!(self.format, Format::GeoJsonLines | Format::GeoJsonSeq);
        // Stores in other geographic systems count as WGS 84, and are described as that.
        let stored = OutCrs::of(layer.crs).or(OutCrs::of(Crs::WGS84));
        let default = stored.filter(|_| !is_json).unwrap_or(OutCrs::CRS84);
        self.crs.unwrap_or(default)
    }
}

fn encoded(format: Format, name: &str) -> Option<Format> {
    match format {
        Format::Shapefile(_) => TextEncoding::of_name(name).map(Format::Shapefile),
        Format::Csv if name.eq_ignore_ascii_case("UTF-8-BOM") => Some(Format::CsvMarked),
        format => (TextEncoding::of_name(name) == Some(TextEncoding::Utf8)).then_some(format),
    }
}

/// The ending of a name, as it is known, and what it says.
fn ending(path: &Path) -> Option<(&'static str, Option<Format>)> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    ENDINGS
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending) && name.len() > ending.len())
}

/// The name of the file of one of several layers: `out.shp.zip` becomes `out_roads.shp.zip`.
pub(super) fn file_of(path: &Path, layer: &str) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let length = ending(path).map_or(0, |(ending, _)| ending.len());
    let (stem, ending) = name.split_at(name.len() - length);
    path.with_file_name(format!("{stem}_{layer}{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn target(arguments: &[&str]) -> Result<Target, String> {
        let arguments = [&["onemap-export", "city.gpkg", "--to"], arguments].concat();
        Target::of(&Arguments::parse_from(arguments)).map_err(|error| error.to_string())
    }

    fn format(arguments: &[&str]) -> Format {
        match target(arguments).unwrap() {
            Target::Features(form) => form.format,
            Target::Tiles => panic!("{arguments:?} are tiles"),
        }
    }

    #[test]
    fn the_ending_says_what_is_written() {
        assert_eq!(format(&["a.shp.zip"]), Format::Shapefile(TextEncoding::Utf8));
        assert_eq!(
            format(&["a.SHP.ZIP", "--encoding", "gbk"]),
            Format::Shapefile(TextEncoding::Gbk)
        );
        assert_eq!(format(&["地.csv", "--encoding", "utf-8-bom"]), Format::CsvMarked);
        assert_eq!(format(&["a.b.geojsonl"]), Format::GeoJsonLines);
        assert_eq!(target(&["a.pmtiles"]), Ok(Target::Tiles));
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_what_would() {
        let check = |arguments: &[&str], expected: &str| {
            let error = target(arguments).unwrap_err();
            assert!(error.contains(expected), "{arguments:?}: {error}");
        };
        check(&["a.shp"], ".shp.zip");
        check(&[".csv"], "no ending");
        check(&["a.csv", "--encoding", "GBK"], "UTF-8-BOM");
        check(&["a.gpkg", "--encoding", "GBK"], "always UTF-8");
        check(&["a.gpkg", "--crs", "EPSG:2383"], "4547");
        check(&["a.geojsonl", "--crs", "EPSG:4547"], "longitude and latitude");
        check(&["a.pmtiles", "--crs", "EPSG:4547"], "Web Mercator");
    }

    #[test]
    fn one_of_several_layers_has_its_name_before_the_ending() {
        assert_eq!(
            file_of(Path::new("x/out.shp.zip"), "宗地"),
            Path::new("x/out_宗地.shp.zip")
        );
    }
}
