//! OpenStreetMap through definitions: a PBF file is read as the layers whose definitions say how (the table `[osm]`).
//!
//! [`wire`] and [`block`] read the format in place, [`file`](self::file) unpacks it, [`choose`] decides what belongs to
//! which layer, [`scan`] finds what must be known before, [`rings`] makes areas, [`records`] tells the features. Everything
//! is computed in the units that OpenStreetMap keeps, 10⁻⁷ degrees of EPSG:4326, exactly.

mod block;
mod choose;
mod file;
mod nodes;
mod records;
mod rings;
mod scan;
mod wire;

use crate::definition::Definition;
use crate::definition::osm::Osm;
use crate::fields::Column;
use crate::values::Kind;
use choose::{Chooser, MOST_LAYERS};
use file::Pbf;
use onemap_model::{FieldType, GeometryType, Name};
use scan::Index;
use std::path::Path;
use std::sync::{Arc, Mutex};

pub use records::{Record, Records};

/// A file, and the layers that are read from it.
#[derive(Debug)]
pub struct Extract {
    /// The layers, in the order of their definitions.
    pub layers: Vec<OsmLayer>,
    pbf: Pbf,
    chooser: Chooser,
    index: Mutex<Option<Arc<Index>>>,
}

/// A layer that is read from OpenStreetMap.
#[derive(Debug)]
pub struct OsmLayer {
    /// Its name.
    pub name: Name,
    /// Its columns: the fields of its definition.
    pub columns: Vec<Column>,
    /// The kind of its geometries.
    pub geometry_type: GeometryType,
    osm: Arc<Osm>,
}

impl Extract {
    /// Opens the file at `path` for those of the definitions that say how; none where none of them does.
    ///
    /// # Errors
    /// A sentence where it is no PBF, damaged, or asks for what is not known.
    pub fn open(path: &Path, definitions: &[Definition]) -> Result<Option<Self>, String> {
        let layers: Vec<OsmLayer> = definitions.iter().filter_map(OsmLayer::of).collect();
        if layers.is_empty() {
            return Ok(None);
        }
        if layers.len() > MOST_LAYERS {
            return Err(format!(
                "at most {MOST_LAYERS} layers are read from one file of OpenStreetMap"
            ));
        }
        if !file::is_pbf(path) {
            return Err(
                "only PBF is read through definitions: turn it into that (`osmium cat x.osm -o x.osm.pbf`)".into(),
            );
        }
        Ok(Some(Self {
            pbf: Pbf::open(path)?,
            chooser: Chooser::new(layers.iter().map(|layer| Arc::clone(&layer.osm)).collect()),
            layers,
            index: Mutex::default(),
        }))
    }
}

impl OsmLayer {
    fn of(definition: &Definition) -> Option<Self> {
        let osm = definition.osm.clone()?;
        let fields = definition.layer.fields().iter().enumerate();
        let column = |(at, field): (usize, &onemap_model::Field)| Column {
            at,
            source_name: field.name.to_string(),
            kind: match field.field_type {
                FieldType::Int => Kind::Int,
                FieldType::Float => Kind::Float,
                _ => Kind::Text,
            },
        };
        let tagged = |column: &Column| {
            let at = column.at;
            let is_set = osm
                .choices
                .iter()
                .any(|choice| choice.set.iter().any(|(place, _)| *place == at));
            is_set || !osm.fields[at].tags.is_empty()
        };
        Some(Self {
            name: definition.layer.name().clone(),
            columns: fields.map(column).filter(tagged).collect(),
            geometry_type: definition.layer.geometry_type,
            osm,
        })
    }
}
