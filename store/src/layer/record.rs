//! The definition of a layer as JSON: what each store keeps, beside what it must know itself.

use super::generalise::GeneraliseRecord;
use onemap_model::{Access, Crs, Field, FieldType, GeometryType, Layer, Name, Secrecy, ZoomRange};
use serde::{Deserialize, Serialize};

/// What is kept of a layer beside its name.
#[derive(Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    title: String,
    geometry_type: String,
    crs: u32,
    fields: Vec<FieldRecord>,
    key: Option<String>,
    min_zoom: u8,
    max_zoom: u8,
    access: String,
    secrecy: String,
    authority: Option<String>,
    basemap: bool,
    utc_offset_minutes: i16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generalise: Option<GeneraliseRecord>,
}

#[derive(Serialize, Deserialize)]
struct FieldRecord {
    name: String,
    title: String,
    r#type: String,
    /// Its column, where the store keeps that here.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
}

impl LayerRecord {
    /// What is to be kept of `layer`.
    pub fn of(layer: &Layer) -> Self {
        let fields = layer.fields().iter().map(|field| FieldRecord {
            name: field.name.to_string(),
            title: field.title.clone(),
            r#type: field.field_type.as_str().to_owned(),
            column: None,
        });
        Self {
            title: layer.title.clone(),
            geometry_type: layer.geometry_type.as_str().to_owned(),
            crs: layer.crs.code(),
            fields: fields.collect(),
            key: layer.key().map(|at| layer.fields()[at].name.to_string()),
            min_zoom: layer.zoom.min(),
            max_zoom: layer.zoom.max(),
            access: layer.access.as_str().to_owned(),
            secrecy: layer.secrecy.as_str().to_owned(),
            authority: layer.authority.clone(),
            basemap: layer.basemap,
            utc_offset_minutes: layer.utc_offset_minutes,
            generalise: GeneraliseRecord::of(&layer.generalise),
        }
    }

    /// Keeps the column of each field with it.
    pub fn with_columns(mut self, columns: &[String]) -> Self {
        for (field, column) in self.fields.iter_mut().zip(columns) {
            field.column = Some(column.clone());
        }
        self
    }

    /// The columns that were kept.
    ///
    /// # Errors
    /// Which field has none.
    pub fn columns(&self) -> Result<Vec<String>, String> {
        let column = |field: &FieldRecord| {
            let kept = field.column.clone();
            kept.ok_or_else(|| format!("field {:?} has no column", field.name))
        };
        self.fields.iter().map(column).collect()
    }

    /// The layer called `name` that was kept.
    ///
    /// # Errors
    /// What is wrong with the record.
    pub fn into_layer(self, name: &str) -> Result<Layer, String> {
        let name = Name::new(name).map_err(|e| e.to_string())?;
        let unknown = |what: &str, word: &str| format!("unknown {what} {word:?}");
        let kind =
            GeometryType::parse(&self.geometry_type).ok_or_else(|| unknown("geometry type", &self.geometry_type))?;
        let fields = self.fields.into_iter().map(FieldRecord::into_field);
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let mut layer = Layer::new(name, kind, Crs::epsg(self.crs), fields).map_err(|e| e.to_string())?;
        if let Some(key) = &self.key {
            layer = layer.with_key(key).map_err(|e| e.to_string())?;
        }
        layer.title = self.title;
        layer.zoom = ZoomRange::new(self.min_zoom, self.max_zoom).map_err(|e| e.to_string())?;
        layer.access = Access::parse(&self.access).ok_or_else(|| unknown("access", &self.access))?;
        layer.secrecy = Secrecy::parse(&self.secrecy).ok_or_else(|| unknown("secrecy", &self.secrecy))?;
        layer.authority = self.authority;
        layer.basemap = self.basemap;
        layer.utc_offset_minutes = self.utc_offset_minutes;
        if let Some(rules) = self.generalise {
            layer.generalise = rules.into_rules()?;
        }
        Ok(layer)
    }
}

impl FieldRecord {
    fn into_field(self) -> Result<Field, String> {
        Ok(Field {
            name: Name::new(&self.name).map_err(|e| e.to_string())?,
            title: self.title,
            field_type: FieldType::parse(&self.r#type)
                .ok_or_else(|| format!("unknown field type {:?}", self.r#type))?,
        })
    }
}
