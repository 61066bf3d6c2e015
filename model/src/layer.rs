//! Layers: what kinds of things the map has, and what is known of each.

use crate::{Crs, FieldType, Generalise, GeometryType, Name, Secrecy};

/// One attribute of a layer's features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, which is also the column's.
    pub name: Name,
    /// What people read; the source's own name where no definition says better.
    pub title: String,
    /// What its values are.
    pub field_type: FieldType,
}

/// The zooms at which a layer shows, both included, 0 to 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoomRange {
    min: u8,
    max: u8,
}

/// Why two numbers are no [`ZoomRange`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} to {1} is no zoom range: expected 0 to 20, the lower first")]
pub struct ZoomRangeError(u8, u8);

/// Who may see a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Everybody.
    Public,
    /// Nobody but this machine, until rights are granted.
    #[default]
    Restricted,
}

/// A kind of thing on the map, with its fields and how it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    name: Name,
    fields: Vec<Field>,
    key: Option<usize>,
    /// What people read.
    pub title: String,
    /// The kind of its geometries.
    pub geometry_type: GeometryType,
    /// The system that its coordinates are in, always geographic.
    pub crs: Crs,
    /// The zooms at which it shows.
    pub zoom: ZoomRange,
    /// Who may see it.
    pub access: Access,
    /// 密级.
    pub secrecy: Secrecy,
    /// The one department that owns it, 一数一源.
    pub authority: Option<String>,
    /// Whether its definition puts it into the shared basemap.
    pub basemap: bool,
    /// The offset in minutes east of UTC that times without one are meant in; 480 is Beijing.
    pub utc_offset_minutes: i16,
    /// What tiles show that cannot show all of it.
    pub generalise: Generalise,
}

/// Why a layer cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The name is kept for something else.
    #[error("a layer cannot be called {0:?}: the name is reserved")]
    ReservedName(Name),
    /// A field has a name that the store's own columns have.
    #[error("layer {layer:?}: a field cannot be called {field:?}: the name is reserved")]
    ReservedField {
        /// The layer.
        layer: Name,
        /// The field.
        field: Name,
    },
    /// Two fields have the same name, without regard to case.
    #[error("layer {layer:?} has two fields called {field:?}")]
    DuplicateField {
        /// The layer.
        layer: Name,
        /// The second field.
        field: Name,
    },
    /// The key is no field of the layer.
    #[error("layer {layer:?} has no field {key:?} to be its key; it has {fields}")]
    UnknownKey {
        /// The layer.
        layer: Name,
        /// The key asked for.
        key: String,
        /// The fields there are.
        fields: String,
    },
}

impl ZoomRange {
    /// Every zoom, 0 to 20.
    pub const ALL: ZoomRange = ZoomRange { min: 0, max: 20 };

    /// The range from `min` to `max`, both included.
    ///
    /// # Errors
    /// [`ZoomRangeError`] unless `min <= max <= 20`.
    pub fn new(min: u8, max: u8) -> Result<Self, ZoomRangeError> {
        if min <= max && max <= Self::ALL.max {
            Ok(Self { min, max })
        } else {
            Err(ZoomRangeError(min, max))
        }
    }

    /// The lowest zoom.
    pub fn min(self) -> u8 {
        self.min
    }

    /// The highest zoom.
    pub fn max(self) -> u8 {
        self.max
    }

    /// Whether `zoom` lies in it.
    pub fn contains(self, zoom: u8) -> bool {
        (self.min..=self.max).contains(&zoom)
    }
}

impl Access {
    /// The word used in definitions and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Access::Public => "public",
            Access::Restricted => "restricted",
        }
    }

    /// Reads the word written by [`Access::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Access::Public, Access::Restricted]
            .into_iter()
            .find(|access| access.as_str() == text)
    }
}

impl Layer {
    /// The columns that every layer's table has beside its fields.
    pub const RESERVED_FIELDS: [&'static str; 6] = ["fid", "geom", "valid_from", "valid_to", "since", "until"];

    /// A layer that shows at all zooms, is restricted and internal, has no key, and is titled by its name.
    ///
    /// # Errors
    /// [`LayerError`] where a name is reserved or stands twice.
    pub fn new(name: Name, geometry_type: GeometryType, crs: Crs, fields: Vec<Field>) -> Result<Self, LayerError> {
        if Self::is_reserved(&name) {
            return Err(LayerError::ReservedName(name));
        }
        let mut seen = std::collections::HashSet::new();
        for field in &fields {
            if Self::RESERVED_FIELDS.contains(&field.name.folded().as_str()) {
                return Err(LayerError::ReservedField {
                    layer: name,
                    field: field.name.clone(),
                });
            }
            if !seen.insert(field.name.folded()) {
                return Err(LayerError::DuplicateField {
                    layer: name,
                    field: field.name.clone(),
                });
            }
        }
        Ok(Self {
            title: name.to_string(),
            name,
            fields,
            key: None,
            geometry_type,
            crs,
            zoom: ZoomRange::ALL,
            access: Access::default(),
            secrecy: Secrecy::default(),
            authority: None,
            basemap: false,
            utc_offset_minutes: 480,
            generalise: Generalise::default(),
        })
    }

    /// Whether a layer may not have this name: `basemap`, `…_history`, and the prefixes of tables that stores keep.
    pub fn is_reserved(name: &Name) -> bool {
        let folded = name.folded();
        let prefixes = ["onemap_", "gpkg_", "rtree_", "sqlite_", "pg_"];
        folded == "basemap" || folded.ends_with("_history") || prefixes.iter().any(|p| folded.starts_with(p))
    }

    /// The same layer with the field `key` as the public id of its features.
    ///
    /// # Errors
    /// [`LayerError::UnknownKey`] where no field has that name (without regard to case).
    pub fn with_key(mut self, key: &str) -> Result<Self, LayerError> {
        let folded = key.to_lowercase();
        let found = self.fields.iter().position(|field| field.name.folded() == folded);
        let Some(at) = found else {
            let fields = self
                .fields
                .iter()
                .map(|f| f.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            return Err(LayerError::UnknownKey {
                layer: self.name,
                key: key.to_owned(),
                fields,
            });
        };
        self.key = Some(at);
        Ok(self)
    }

    /// The name, which is also the table's and the URL's.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The name of the layer of points in tiles that carries the labels of this layer's areas, where it has any.
    pub fn label_layer(&self) -> String {
        format!("{}_label", self.name)
    }

    /// The fields in their order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The place in [`Layer::fields`] of the field that is the public id; none where the feature number is.
    pub fn key(&self) -> Option<usize> {
        self.key
    }

    /// The place of the field with this exact name.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name.as_str() == name)
    }

    /// The public id of a feature: its key's text, or its number where there is no key or the key is null.
    pub fn public_id(&self, feature: &crate::Feature) -> String {
        let key = self
            .key
            .map(|at| &feature.row.values[at])
            .filter(|value| !value.is_null());
        key.map_or_else(|| feature.fid.to_string(), ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Feature, Fid, Row, Value};

    fn field(name: &str) -> Field {
        Field {
            name: Name::new(name).unwrap(),
            title: name.into(),
            field_type: FieldType::Text,
        }
    }

    fn layer(name: &str, fields: &[&str]) -> Result<Layer, LayerError> {
        let fields = fields.iter().map(|name| field(name)).collect();
        Layer::new(Name::new(name).unwrap(), GeometryType::Point, Crs::CGCS2000, fields)
    }

    #[test]
    fn reserved_names_are_refused() {
        for name in [
            "basemap",
            "Basemap",
            "roads_history",
            "gpkg_contents",
            "rtree_x",
            "onemap_log",
        ] {
            assert!(matches!(layer(name, &[]), Err(LayerError::ReservedName(_))), "{name}");
        }
        assert!(matches!(layer("a", &["FID"]), Err(LayerError::ReservedField { .. })));
        assert!(matches!(
            layer("a", &["b", "B"]),
            Err(LayerError::DuplicateField { .. })
        ));
    }

    #[test]
    fn the_key_is_the_public_id_and_the_number_stands_in_for_null() {
        let layer = layer("parcels", &["name", "code"]).unwrap().with_key("CODE").unwrap();
        let mut feature = Feature {
            fid: Fid::new(7).unwrap(),
            row: Row {
                values: vec![Value::Null, Value::text("420202001")],
                ..Row::default()
            },
        };
        assert_eq!(layer.public_id(&feature), "420202001");
        feature.row.values[1] = Value::Null;
        assert_eq!(layer.public_id(&feature), "7");
    }

    #[test]
    fn an_unknown_key_is_named_with_the_fields_there_are() {
        let error = layer("a", &["x", "y"]).unwrap().with_key("z").unwrap_err().to_string();
        assert!(error.contains("\"z\"") && error.contains("x, y"), "{error}");
    }

    #[test]
    fn a_zoom_range_is_ordered_and_bounded() {
        assert!(ZoomRange::new(3, 2).is_err() && ZoomRange::new(0, 21).is_err());
        assert!(ZoomRange::new(3, 3).unwrap().contains(3));
    }
}
