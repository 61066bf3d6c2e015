//! Which coordinate system a layer is in: what the file declares, what the operator states, and what to do when they
//! differ or are both silent.

use crate::webmap::WebMap;
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};
use onemap_model::Crs;

/// A horizontal coordinate system, axes always (east, north) and (longitude, latitude).
#[derive(Debug, Clone)]
pub struct Horizontal {
    srs: SpatialRef,
    label: String,
}

/// Whether a stated CRS may take the place of a declared one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Force {
    /// It may not: a contradiction is refused.
    #[default]
    Refuse,
    /// It may, with a finding.
    Override,
}

/// The system that a layer's coordinates are taken to be in.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The system.
    pub crs: Horizontal,
    /// What the file declares instead, where that was overridden.
    pub forced_over: Option<String>,
}

impl Horizontal {
    /// The system with this EPSG code.
    ///
    /// # Errors
    /// A sentence where there is none, or where it is neither geographic nor projected.
    pub fn of_code(crs: Crs) -> Result<Self, String> {
        crate::setup::gdal();
        crate::messages::forget();
        let srs = SpatialRef::from_epsg(crs.code()).map_err(|_| format!("{crs} is no known coordinate system"));
        crate::messages::forget();
        Self::of(srs?)?.ok_or_else(|| format!("{crs} is neither geographic nor projected"))
    }

    /// The horizontal part of what a file declares; none where that says nothing: local systems, unknown datums.
    ///
    /// # Errors
    /// A sentence where coordinates in it are no positions on a map (geocentric), or it cannot be understood.
    pub fn of(declared: SpatialRef) -> Result<Option<Self>, String> {
        let mut srs = if declared.is_compound() {
            first_part(&declared)?
        } else {
            declared
        };
        let datum = srs
            .get_attr_value("DATUM", 0)
            .ok()
            .flatten()
            .unwrap_or_default()
            .to_lowercase();
        let undefined = srs
            .name()
            .is_some_and(|name| name.to_lowercase().starts_with("undefined"));
        if srs.is_local() || undefined || datum == "unknown" || datum.starts_with("not_specified") {
            return Ok(None);
        }
        if srs.is_geocentric() {
            return Err("geocentric coordinates are not read: transform the file first".into());
        }
        if !(srs.is_geographic() || srs.is_projected()) {
            return Ok(None);
        }
        srs.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        let label = match code_of(&srs) {
            Some(code) => format!("EPSG:{code}"),
            None => srs.name().unwrap_or_else(|| "an unnamed system".into()),
        };
        Ok(Some(Self { srs, label }))
    }

    /// A system that is called `label` whatever it says itself; none where it is neither geographic nor projected.
    pub(crate) fn plain(mut srs: SpatialRef, label: &str) -> Option<Self> {
        if !(srs.is_geographic() || srs.is_projected()) {
            return None;
        }
        srs.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        Some(Self {
            srs,
            label: label.to_owned(),
        })
    }

    /// The same system under another name.
    pub(crate) fn labelled(self, label: String) -> Self {
        Self { label, ..self }
    }

    /// `EPSG:n` where the code is known, else the name.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// GDAL's own object.
    pub fn srs(&self) -> &SpatialRef {
        &self.srs
    }

    /// Whether it is a Gauss-Krüger or UTM zone.
    pub fn is_transverse_mercator(&self) -> bool {
        let method = self.srs.get_attr_value("PROJECTION", 0).ok().flatten();
        method.is_some_and(|method| method.eq_ignore_ascii_case("Transverse_Mercator"))
    }

    /// The easting of its zone's middle, where it is a transverse Mercator zone in metres.
    pub fn false_easting_m(&self) -> Option<f64> {
        if !self.is_transverse_mercator() {
            return None;
        }
        let proj = self.srs.to_proj4().ok()?;
        let word = |key: &str| {
            proj.split_whitespace()
                .find_map(|word| word.strip_prefix(key)?.parse().ok())
        };
        let in_metres = proj.split_whitespace().any(|word| word == "+units=m");
        // A universal zone has no easting of its own in the text.
        let is_utm = proj.contains("+proj=utm");
        let easting: Option<f64> = word("+x_0=").or(is_utm.then_some(500_000.0));
        easting.filter(|_| in_metres)
    }

    /// The EPSG code, where it is known.
    pub fn code(&self) -> Option<u32> {
        code_of(&self.srs)
    }

    /// The name of its datum.
    pub fn datum(&self) -> String {
        self.srs.get_attr_value("DATUM", 0).ok().flatten().unwrap_or_default()
    }

    /// Whether both mean the same, however they are spelt.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same_code = self.code().is_some() && self.code() == other.code();
        // Spellings of ESRI differ from EPSG's in names and in the order of axes, which is ours to set.
        let same_meaning = || {
            let proj = |srs: &SpatialRef| srs.to_proj4().ok();
            crate::datum::is_same(&self.datum(), &other.datum()) && proj(&self.srs) == proj(&other.srs)
        };
        self.srs == other.srs || same_code || same_meaning()
    }
}

/// Chooses between what a file declares and what the operator states; none where both are silent.
///
/// # Errors
/// A sentence where they contradict each other and `force` does not settle it.
pub fn choose(declared: Option<Horizontal>, stated: Option<Crs>, force: Force) -> Result<Option<Chosen>, String> {
    let Some(stated) = stated else {
        return Ok(declared.map(|crs| Chosen { crs, forced_over: None }));
    };
    let stated = Horizontal::of_code(stated)?;
    match declared {
        Some(declared) if !declared.is_same(&stated) => match force {
            Force::Override => Ok(Some(Chosen {
                crs: stated,
                forced_over: Some(declared.label),
            })),
            Force::Refuse => Err(format!(
                "the file declares {}, --crs says {}; leave --crs out, or add --force-crs where the file is wrong",
                declared.label, stated.label
            )),
        },
        _ => Ok(Some(Chosen {
            crs: stated,
            forced_over: None,
        })),
    }
}

/// Whether a file may be read as a web map's shifted coordinates.
///
/// # Errors
/// A sentence where it declares something that is not degrees.
pub fn admits(declared: Option<&Horizontal>, web: WebMap) -> Result<(), String> {
    match declared {
        Some(declared) if !declared.srs.is_geographic() => Err(format!(
            "the file declares {}; {} is in degrees",
            declared.label,
            web.as_str()
        )),
        _ => Ok(()),
    }
}

fn code_of(srs: &SpatialRef) -> Option<u32> {
    let named = |srs: &SpatialRef| {
        let epsg = srs.auth_name().is_some_and(|name| name.eq_ignore_ascii_case("EPSG"));
        epsg.then(|| srs.auth_code().ok())
            .flatten()
            .and_then(|code| u32::try_from(code).ok())
    };
    let code = named(srs).or_else(|| {
        let mut clone = srs.clone();
        clone.auto_identify_epsg().ok()?;
        named(&clone)
    });
    crate::messages::forget();
    code
}

/// The horizontal part of a compound system, cut out of its text.
fn first_part(compound: &SpatialRef) -> Result<SpatialRef, String> {
    let unreadable = || "the compound coordinate system cannot be understood".to_owned();
    let wkt = compound.to_wkt().map_err(|_| unreadable())?;
    let start = ["PROJCS[", "GEOGCS["]
        .iter()
        .filter_map(|word| wkt.find(word))
        .min()
        .ok_or_else(unreadable)?;
    let mut depth = 0_usize;
    let mut quoted = false;
    for (at, c) in wkt[start..].char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return SpatialRef::from_wkt(&wkt[start..=start + at]).map_err(|_| unreadable());
                }
            }
            _ => {}
        }
    }
    Err(unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(definition: &str) -> Option<Horizontal> {
        crate::setup::gdal();
        Horizontal::of(SpatialRef::from_definition(definition).unwrap()).unwrap()
    }

    #[test]
    fn the_file_is_believed_where_nothing_is_stated() {
        let chosen = choose(declared("EPSG:4547"), None, Force::Refuse).unwrap().unwrap();
        assert_eq!(chosen.crs.label(), "EPSG:4547");
        assert!(choose(None, None, Force::Refuse).unwrap().is_none());
    }

    #[test]
    fn a_contradiction_needs_force_and_is_remembered() {
        let error = choose(declared("EPSG:4547"), Some(Crs::CGCS2000), Force::Refuse).unwrap_err();
        assert!(error.contains("EPSG:4547") && error.contains("EPSG:4490") && error.contains("--force-crs"));
        let chosen = choose(declared("EPSG:4547"), Some(Crs::CGCS2000), Force::Override)
            .unwrap()
            .unwrap();
        assert_eq!(
            (chosen.crs.label(), chosen.forced_over.as_deref()),
            ("EPSG:4490", Some("EPSG:4547"))
        );
        let agreed = choose(declared("EPSG:4490"), Some(Crs::CGCS2000), Force::Refuse)
            .unwrap()
            .unwrap();
        assert_eq!(agreed.forced_over, None);
    }

    #[test]
    fn the_spelling_of_esri_is_the_same_system() {
        let esri = r#"PROJCS["CGCS2000_3_Degree_GK_CM_114E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
        let chosen = choose(declared(&format!("ESRI::{esri}")), Some(Crs::epsg(4547)), Force::Refuse);
        assert!(chosen.is_ok(), "{chosen:?}");
    }

    #[test]
    fn systems_that_say_nothing_count_as_none() {
        assert!(declared(r#"LOCAL_CS["site",UNIT["metre",1]]"#).is_none());
        let unknown = r#"GEOGCS["Undefined geographic SRS",DATUM["unknown",SPHEROID["unknown",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]"#;
        assert!(declared(unknown).is_none());
    }

    #[test]
    fn of_a_compound_system_the_horizontal_part_counts() {
        assert_eq!(declared("EPSG:4326+5773").unwrap().label(), "EPSG:4326");
        assert_eq!(declared("EPSG:32650+5773").unwrap().label(), "EPSG:32650");
    }

    #[test]
    fn a_zone_knows_the_easting_of_its_middle() {
        let easting = |code: u32| Horizontal::of_code(Crs::epsg(code)).unwrap().false_easting_m();
        assert_eq!(
            [4547, 4526, 32650, 4490, 3857].map(easting),
            [Some(500_000.0), Some(38_500_000.0), Some(500_000.0), None, None]
        );
    }

    #[test]
    fn an_unknown_code_is_named() {
        assert!(
            Horizontal::of_code(Crs::epsg(999_999))
                .unwrap_err()
                .contains("EPSG:999999")
        );
    }
}
