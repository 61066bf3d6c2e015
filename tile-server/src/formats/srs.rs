//! Coordinate systems as files describe them: WKT 1 as GDAL and as ESRI write it, and PROJJSON.
//!
//! All are made of a few numbers; that they mean what PROJ means is tested against it.

use crate::crs::OutCrs;
use serde_json::{Value, json};

/// A coordinate system as files describe it.
pub(super) struct Srs {
    /// EPSG's code.
    pub code: u32,
    /// EPSG's name.
    pub name: String,
    kind: Kind,
}

enum Kind {
    Geographic,
    WebMercator,
    GaussKruger {
        esri: String,
        meridian_deg: f64,
        false_easting_m: f64,
    },
}

/// What lies under a system: names, and the ellipsoid.
struct Base {
    code: u32,
    name: &'static str,
    datum: &'static str,
    datum_title: &'static str,
    datum_code: u32,
    spheroid: &'static str,
    spheroid_code: u32,
    flattening: f64,
}

const WGS84: Base = Base {
    code: 4326,
    name: "WGS 84",
    datum: "WGS_1984",
    datum_title: "World Geodetic System 1984",
    datum_code: 6326,
    spheroid: "WGS 84",
    spheroid_code: 7030,
    flattening: 298.257_223_563,
};
const CGCS2000: Base = Base {
    code: 4490,
    name: "China Geodetic Coordinate System 2000",
    datum: "China_2000",
    datum_title: "China 2000",
    datum_code: 1043,
    spheroid: "CGCS2000",
    spheroid_code: 1024,
    flattening: 298.257_222_101,
};
const DEGREE: f64 = 0.017_453_292_519_943_3;

impl Srs {
    /// The description of `crs`. Geographic systems that are not known here are described as WGS 84, as which they count
    /// (docs/decisions/0007).
    pub fn of(crs: &OutCrs) -> Self {
        let code = crs.epsg().map_or(WGS84.code, |crs| crs.code());
        let zone = |first: u32, number: u32, width: u32, name: &str, short: &str| {
            let meridian = 75 + width * (code - first);
            let (name, esri, before) = match number {
                0 => (
                    format!("{name} CM {meridian}E"),
                    format!("CGCS2000_{short}_CM_{meridian}E"),
                    0.0,
                ),
                number => {
                    let number = number + code - first;
                    let esri = format!("CGCS2000_{short}_Zone_{number}");
                    (format!("{name} zone {number}"), esri, f64::from(number) * 1e6)
                }
            };
            let (meridian_deg, false_easting_m) = (f64::from(meridian), before + 500_000.0);
            let kind = Kind::GaussKruger {
                esri,
                meridian_deg,
                false_easting_m,
            };
            Self {
                code,
                name: format!("CGCS2000 / {name}"),
                kind,
            }
        };
        let (six, three) = ("Gauss-Kruger", "3-degree Gauss-Kruger");
        match code {
            4491..=4501 => zone(4491, 13, 6, six, "GK"),
            4502..=4512 => zone(4502, 0, 6, six, "GK"),
            4513..=4533 => zone(4513, 25, 3, three, "3_Degree_GK"),
            4534..=4554 => zone(4534, 0, 3, three, "3_Degree_GK"),
            3857 => Self {
                code,
                name: "WGS 84 / Pseudo-Mercator".to_owned(),
                kind: Kind::WebMercator,
            },
            4490 => Self {
                code,
                name: CGCS2000.name.to_owned(),
                kind: Kind::Geographic,
            },
            _ => Self {
                code: WGS84.code,
                name: WGS84.name.to_owned(),
                kind: Kind::Geographic,
            },
        }
    }

    fn base(&self) -> &'static Base {
        match self.code {
            4326 | 3857 => &WGS84,
            _ => &CGCS2000,
        }
    }

    /// WKT 1 as GDAL writes it.
    pub fn wkt(&self) -> String {
        let base = self.base().wkt();
        let (code, name) = (self.code, &self.name);
        match &self.kind {
            Kind::Geographic => base,
            Kind::WebMercator => format!(
                "PROJCS[\"{name}\",{base},PROJECTION[\"Mercator_1SP\"],PARAMETER[\"central_meridian\",0],\
                 PARAMETER[\"scale_factor\",1],PARAMETER[\"false_easting\",0],PARAMETER[\"false_northing\",0],\
                 UNIT[\"metre\",1,AUTHORITY[\"EPSG\",\"9001\"]],AXIS[\"Easting\",EAST],AXIS[\"Northing\",NORTH],\
                 EXTENSION[\"PROJ4\",\"+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 \
                 +units=m +nadgrids=@null +wktext +no_defs\"],AUTHORITY[\"EPSG\",\"{code}\"]]"
            ),
            Kind::GaussKruger {
                meridian_deg,
                false_easting_m,
                ..
            } => format!(
                "PROJCS[\"{name}\",{base},PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",0],\
                 PARAMETER[\"central_meridian\",{meridian_deg}],PARAMETER[\"scale_factor\",1],\
                 PARAMETER[\"false_easting\",{false_easting_m}],PARAMETER[\"false_northing\",0],\
                 UNIT[\"metre\",1,AUTHORITY[\"EPSG\",\"9001\"]],AXIS[\"Northing\",NORTH],AXIS[\"Easting\",EAST],\
                 AUTHORITY[\"EPSG\",\"{code}\"]]"
            ),
        }
    }

    /// WKT 1 as ESRI's programs expect it in a `.prj`.
    pub fn esri_wkt(&self) -> String {
        let base = self.base().esri_wkt();
        match &self.kind {
            Kind::Geographic => base,
            Kind::WebMercator => format!(
                "PROJCS[\"WGS_1984_Web_Mercator_Auxiliary_Sphere\",{base},PROJECTION[\"Mercator_Auxiliary_Sphere\"],\
                 PARAMETER[\"False_Easting\",0.0],PARAMETER[\"False_Northing\",0.0],\
                 PARAMETER[\"Central_Meridian\",0.0],PARAMETER[\"Standard_Parallel_1\",0.0],\
                 PARAMETER[\"Auxiliary_Sphere_Type\",0.0],UNIT[\"Meter\",1.0]]"
            ),
            Kind::GaussKruger {
                esri,
                meridian_deg,
                false_easting_m,
            } => format!(
                "PROJCS[\"{esri}\",{base},PROJECTION[\"Gauss_Kruger\"],PARAMETER[\"False_Easting\",{false_easting_m:?}],\
                 PARAMETER[\"False_Northing\",0.0],PARAMETER[\"Central_Meridian\",{meridian_deg:?}],\
                 PARAMETER[\"Scale_Factor\",1.0],PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]"
            ),
        }
    }

    /// PROJJSON 0.5. The axes are the authority's; GeoParquet's coordinates are x first all the same, as it says.
    pub fn projjson(&self) -> Value {
        let mut base = self.base().projjson();
        let id = json!({"authority": "EPSG", "code": self.code});
        let schema = "https://proj.org/schemas/v0.5/projjson.schema.json";
        let parameter = |name: &str, value: f64, unit: &str, code: u32| json!({"name": name, "value": value, "unit": unit, "id": {"authority": "EPSG", "code": code}});
        let origin = |meridian_deg| {
            [
                parameter("Latitude of natural origin", 0.0, "degree", 8801),
                parameter("Longitude of natural origin", meridian_deg, "degree", 8802),
            ]
        };
        let shift = |east_m| {
            [
                parameter("False easting", east_m, "metre", 8806),
                parameter("False northing", 0.0, "metre", 8807),
            ]
        };
        let east =
            |short: &str| json!({"name": "Easting", "abbreviation": short, "direction": "east", "unit": "metre"});
        let north =
            |short: &str| json!({"name": "Northing", "abbreviation": short, "direction": "north", "unit": "metre"});
        let (conversion, axis) = match &self.kind {
            Kind::Geographic => {
                base["$schema"] = schema.into();
                base["type"] = "GeographicCRS".into();
                return base;
            }
            Kind::WebMercator => {
                let parameters = [origin(0.0), shift(0.0)].concat();
                let method = json!({"name": "Popular Visualisation Pseudo Mercator",
                                    "id": {"authority": "EPSG", "code": 1024}});
                let name = "Popular Visualisation Pseudo-Mercator";
                let conversion = json!({"name": name, "method": method, "parameters": parameters});
                (conversion, json!([east("X"), north("Y")]))
            }
            Kind::GaussKruger {
                meridian_deg,
                false_easting_m,
                ..
            } => {
                let scale = parameter("Scale factor at natural origin", 1.0, "unity", 8805);
                let parameters = [&origin(*meridian_deg)[..], &[scale], &shift(*false_easting_m)].concat();
                let method = json!({"name": "Transverse Mercator", "id": {"authority": "EPSG", "code": 9807}});
                let name = self.name.trim_start_matches("CGCS2000 / ");
                let conversion = json!({"name": name, "method": method, "parameters": parameters});
                (conversion, json!([north("X"), east("Y")]))
            }
        };
        json!({"$schema": schema, "type": "ProjectedCRS", "name": self.name, "base_crs": base, "conversion": conversion,
               "coordinate_system": {"subtype": "Cartesian", "axis": axis}, "id": id})
    }
}

impl Base {
    fn wkt(&self) -> String {
        format!(
            "GEOGCS[\"{}\",DATUM[\"{}\",SPHEROID[\"{}\",6378137,{},AUTHORITY[\"EPSG\",\"{}\"]],\
             AUTHORITY[\"EPSG\",\"{}\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],\
             UNIT[\"degree\",{DEGREE},AUTHORITY[\"EPSG\",\"9122\"]],AUTHORITY[\"EPSG\",\"{}\"]]",
            self.name, self.datum, self.spheroid, self.flattening, self.spheroid_code, self.datum_code, self.code
        )
    }

    fn esri_wkt(&self) -> String {
        let name = match self.code {
            4326 => "WGS_1984",
            _ => "China_Geodetic_Coordinate_System_2000",
        };
        format!(
            "GEOGCS[\"GCS_{name}\",DATUM[\"D_{}\",SPHEROID[\"{}\",6378137.0,{}]],PRIMEM[\"Greenwich\",0.0],\
             UNIT[\"Degree\",{DEGREE}]]",
            self.datum,
            self.spheroid.replace("WGS 84", "WGS_1984"),
            self.flattening
        )
    }

    fn projjson(&self) -> Value {
        let axis = |name: &str, short: &str, direction: &str| json!({"name": name, "abbreviation": short, "direction": direction, "unit": "degree"});
        let axes = [
            axis("Geodetic latitude", "Lat", "north"),
            axis("Geodetic longitude", "Lon", "east"),
        ];
        let ellipsoid =
            json!({"name": self.spheroid, "semi_major_axis": 6_378_137, "inverse_flattening": self.flattening});
        let datum = json!({"type": "GeodeticReferenceFrame", "name": self.datum_title, "ellipsoid": ellipsoid});
        json!({"name": self.name, "datum": datum, "coordinate_system": {"subtype": "ellipsoidal", "axis": axes},
               "id": {"authority": "EPSG", "code": self.code}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Crs;
    use std::process::Command;

    fn srs(code: u32) -> Srs {
        Srs::of(&OutCrs::of(Crs::epsg(code)).unwrap())
    }

    /// What PROJ makes of a definition: a projected position of it.
    fn position(definition: &str) -> String {
        let given = "115.04 30.2\n";
        let command = format!("printf '{given}' | gdaltransform -s_srs EPSG:4490 -t_srs \"$0\" -output_xy");
        let output = Command::new("sh").args(["-c", &command, definition]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn every_description_means_what_proj_means() {
        for code in [4490, 4526, 4547, 4498, 4509, 3857] {
            let (srs, expected) = (srs(code), position(&format!("EPSG:{code}")));
            assert!(expected.split_whitespace().count() == 2, "EPSG:{code}: {expected:?}");
            for definition in [srs.wkt(), srs.esri_wkt(), srs.projjson().to_string()] {
                let numbers = |text: &str| -> Vec<f64> {
                    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
                };
                let (got, expected) = (numbers(&position(&definition)), numbers(&expected));
                let off = (got[0] - expected[0]).hypot(got[1] - expected[1]);
                assert!(
                    off < 1e-4,
                    "EPSG:{code}: {got:?}, expected {expected:?} by {definition}"
                );
            }
        }
    }

    #[test]
    fn zones_have_their_names() {
        assert_eq!(srs(4547).name, "CGCS2000 / 3-degree Gauss-Kruger CM 114E");
        assert_eq!(srs(4526).name, "CGCS2000 / 3-degree Gauss-Kruger zone 38");
        assert_eq!(srs(4498).name, "CGCS2000 / Gauss-Kruger zone 20");
        assert!(srs(4509).esri_wkt().contains("\"CGCS2000_GK_CM_117E\""));
    }
}
