//! What the user asked for, checked.

use crate::crs::{Force, Horizontal};
use crate::datum::{Kinship, kinship};
use crate::definition::{self, Definition};
use crate::encoding::Decoder;
use crate::error::{Error, Result};
use crate::local::{self, LocalSystem};
use crate::mapping::Mapping;
use crate::webmap::WebMap;
use onemap_model::{Access, Crs, Layer, Name};
use std::sync::Arc;

/// How sources are read.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The one source layer that is wanted, by its own name; all where none is named.
    pub source_layer: Option<String>,
    /// The name that a single layer gets instead of its own.
    pub layer: Option<Name>,
    /// What the user says of the sources' CRS.
    pub crs: Option<Crs>,
    /// The web map whose shifted coordinates the sources are in, where the user says so.
    pub web_map: Option<WebMap>,
    /// The local system that the sources are in, where the user says so.
    pub local: Option<Arc<LocalSystem>>,
    /// Whether that counts against what a file says itself.
    pub force: Force,
    /// What the user says of the encoding of shapefiles, CSV and DXF.
    pub encoding: Option<Decoder>,
    /// The field that is the features' public id; where none is said, a layer keeps the one it has.
    pub key: Option<String>,
    /// Who may see the layers; where nothing is said, a layer keeps it, and a new one is restricted.
    pub access: Option<Access>,
    /// The definitions that layers of their names follow; none where nobody asked for it.
    pub definitions: Vec<Definition>,
    /// The folder for rows that are set aside; they are only counted and told where none is named.
    pub quarantine: Option<std::path::PathBuf>,
    /// Which geometries are repaired.
    pub repair: crate::repair::Rules,
    /// What columns become; as they are called where nothing is said.
    pub mapping: Option<Mapping>,
}

impl Settings {
    /// The definition for a layer of that name, where one was asked for.
    pub fn definition(&self, layer: &Name) -> Option<&Definition> {
        self.definitions
            .iter()
            .find(|definition| definition.layer.name().is_same(layer))
    }
}

/// What `--crs` says of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedCrs {
    /// An EPSG code.
    Epsg(Crs),
    /// A web map.
    Web(WebMap),
    /// A local system, by its name.
    Local(String),
}

impl std::str::FromStr for StatedCrs {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if let Some(name) = text.strip_prefix("local:").filter(|name| !name.is_empty()) {
            return Ok(StatedCrs::Local(name.to_owned()));
        }
        let web = WebMap::parse(text).map(StatedCrs::Web);
        let crs = || text.parse().map(StatedCrs::Epsg);
        web.map_or_else(crs, Ok)
            .map_err(|_| "expected EPSG:n, for example EPSG:4547, or gcj02, bd09 or local:NAME".to_owned())
    }
}

/// The local system of that name, in the file that the user named.
///
/// # Errors
/// Where no file was named, or it does not say this system.
pub fn local_system(name: &str, file: Option<&std::path::Path>) -> Result<Arc<LocalSystem>> {
    let Some(file) = file else {
        let reason = format!("--crs local:{name}: name the file that has it by --local-systems");
        return Err(Error::Usage(reason));
    };
    local::read(file, name).map_err(|e| Error::Usage(format!("--local-systems: {e}")))
}

/// Reads the mapping file at `path`.
///
/// # Errors
/// Where it cannot be read, or is no mapping.
pub fn mapping(path: &std::path::Path) -> Result<Mapping> {
    let written = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    Mapping::read(&path.display().to_string(), &written).map_err(|e| Error::Usage(format!("--map: {e}")))
}

/// The definitions that a user may name: `LAYER` for one of this program, `LAYER=FILE` for a file, `all` for all of this
/// program.
///
/// # Errors
/// Where there is none, or the file defines no layer.
pub fn definitions(wanted: &[String]) -> Result<Vec<Definition>> {
    let mut all = Vec::new();
    for text in wanted {
        if text == "all" {
            all.extend(definition::built_in_names().filter_map(definition::built_in));
            continue;
        }
        let (name, file) = text
            .split_once('=')
            .map_or((text.as_str(), None), |(name, file)| (name, Some(file)));
        let found = match file {
            Some(file) => {
                let path = std::path::Path::new(file);
                let written = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
                let found = definition::read(file, &written).map_err(|e| Error::Usage(format!("--define: {e}")))?;
                if found.layer.name().as_str() != name {
                    let defined = found.layer.name();
                    return Err(Error::Usage(format!(
                        "--define {text}: {file} defines the layer {defined:?}"
                    )));
                }
                found
            }
            None => definition::built_in(name).ok_or_else(|| {
                let known = definition::built_in_names().collect::<Vec<_>>().join(", ");
                Error::Usage(format!(
                    "--define: there is no definition {name:?}: expected all, LAYER=FILE, or one of {known}"
                ))
            })?,
        };
        all.push(found);
    }
    Ok(all)
}

/// A layer name that a user may give.
///
/// # Errors
/// Where it is not legal or is reserved.
pub fn layer_name(text: &str) -> Result<Name> {
    let name = Name::new(text).map_err(|e| Error::Usage(format!("--layer: {e}")))?;
    if Layer::is_reserved(&name) {
        return Err(Error::Usage(format!(
            "--layer: a layer cannot be called {name:?}: the name is reserved"
        )));
    }
    Ok(name)
}

/// An encoding that a user may name.
///
/// # Errors
/// Where nothing is called so.
pub fn encoding(text: &str) -> Result<Decoder> {
    let unknown = || {
        Error::Usage(format!(
            "--encoding: {text:?} is no known encoding: expected UTF-8, GBK, GB18030, Big5, CP1251 …"
        ))
    };
    Decoder::named(text).ok_or_else(unknown)
}

/// A CRS that a store may be in: geographic.
///
/// # Errors
/// Where it is unknown, not geographic, or not the same within a metre as CGCS2000 in degrees from Greenwich: what is
/// stored is served as it stands.
pub fn store_crs(crs: Crs) -> Result<Crs> {
    let system = Horizontal::of_code(crs).map_err(|e| Error::Usage(format!("--store-crs: {e}")))?;
    if !system.srs().is_geographic() {
        let reason = format!("--store-crs: {crs} is projected: expected a geographic system, for example EPSG:4490");
        return Err(Error::Usage(reason));
    }
    let in_degrees = (system.srs().angular_units() - 1_f64.to_radians()).abs() < 1e-10;
    let meridian = system.srs().get_attr_value("PRIMEM", 1).ok().flatten();
    let from_greenwich = meridian.is_none_or(|degrees| degrees.trim().parse() == Ok(0.0));
    if !(in_degrees && from_greenwich && kinship(&system.datum()) == Kinship::Equal) {
        return Err(Error::Usage(format!(
            "--store-crs: {crs} is more than a metre off, or not in degrees from Greenwich: expected EPSG:4490 or one \
             that counts as equal to it, such as EPSG:4326"
        )));
    }
    Ok(crs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_geographic() {
        assert!(store_crs(Crs::CGCS2000).is_ok() && store_crs(Crs::WGS84).is_ok());
        assert!(
            store_crs(Crs::epsg(4547))
                .unwrap_err()
                .to_string()
                .contains("projected")
        );
        assert!(store_crs(Crs::epsg(123_456)).is_err());
        assert!(store_crs(Crs::epsg(4258)).is_ok());
        for off in [4807, 4267, 4610, 4214] {
            let error = store_crs(Crs::epsg(off)).unwrap_err().to_string();
            assert!(
                error.contains(&format!("EPSG:{off}")) && error.contains("EPSG:4490"),
                "{error}"
            );
        }
    }

    #[test]
    fn definitions_are_those_that_are_named() {
        let names = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
            definitions(&wanted).map(|all| all.iter().map(|d| d.layer.name().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(names(&["parcels", "roads"]).unwrap(), ["parcels", "roads"]);
        assert_eq!(names(&["all"]).unwrap().len(), 19);
        assert!(names(&["wells"]).unwrap_err().to_string().contains("parcels"));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/layers/roads.toml");
        assert_eq!(names(&[&format!("roads={path}")]).unwrap(), ["roads"]);
        assert!(
            names(&[&format!("ways={path}")])
                .unwrap_err()
                .to_string()
                .contains("\"roads\"")
        );
    }

    #[test]
    fn bad_names_are_refused_with_the_flag() {
        for bad in ["a b", "basemap", "x_history", ""] {
            assert!(layer_name(bad).unwrap_err().to_string().starts_with("--layer"), "{bad}");
        }
        assert!(encoding("klingon").unwrap_err().to_string().contains("klingon"));
    }
}
