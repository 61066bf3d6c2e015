//! VCT, the national exchange format of land and cadastral data (GB/T 17798, versions 1 to 3): written to a temporary
//! GeoPackage, a layer for each table, which is read like any.
//!
//! The file is read twice: `scan` finds sections and rows of attributes; then geometries are read, each with its row,
//! and written. Polygons that are lists of lines have these read again where they are in the file. So memory is 24 bytes
//! for each row of attributes and each line, and one record.

mod convert;
mod crs;
mod curve;
mod head;
mod lines;
mod notes;
mod package;
mod record;
mod rings;
mod rows;
mod scan;
mod tables;
mod values;

use crate::crs::Horizontal;
use crate::encoding::Decoder;
use crate::error::{Error, Result};
use crate::source::folder::Folder;
use convert::Converted;
use crs::Declared;
use head::{Axes, Head};
use onemap_model::{Crs, FindingCode};
use scan::Scan;
use std::path::{Path, PathBuf};

/// What a VCT file says that a GeoPackage does not.
#[derive(Debug)]
pub struct Delivery {
    /// The names of the layers as the file has them, with their titles, in the order of the GeoPackage.
    pub layers: Vec<LayerName>,
    /// What was found, each with the layer that it concerns.
    pub told: Vec<Told>,
    crs: Declared,
}

/// What a layer is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerName {
    /// The name of its table.
    pub name: String,
    /// The name of its feature class.
    pub title: Option<String>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The name of the layer.
    pub layer: String,
    /// What it is.
    pub code: FindingCode,
    /// The identifier of the feature.
    pub feature: Option<String>,
    /// What exactly.
    pub message: String,
}

impl Delivery {
    /// The coordinate system that the head declares and the coordinates do not contradict.
    ///
    /// # Errors
    /// Where GDAL does not know it.
    pub fn declared(&self) -> Result<Option<Horizontal>, String> {
        match &self.crs {
            Declared::Code(code) => Horizontal::of_code(Crs::epsg(*code)).map(Some),
            Declared::Nothing(_) => Ok(None),
        }
    }

    /// Why none is declared.
    pub fn why_undeclared(&self) -> Option<&str> {
        match &self.crs {
            Declared::Code(_) => None,
            Declared::Nothing(reason) => Some(reason),
        }
    }
}

/// Writes the VCT file at `path` to a GeoPackage in a temporary folder.
///
/// # Errors
/// Where it is no VCT file, ends inside a section, or its head says what cannot be read.
pub fn to_geopackage(path: &Path, label: &str, encoding: Option<&Decoder>) -> Result<(Folder, PathBuf, Delivery)> {
    let scan = Scan::of(path, label)?;
    let decoder = encoding.cloned().unwrap_or_else(|| Decoder::of_texts(scan.texts));
    let mut lines = lines::Lines::open(path, label)?;
    let head = Head::read(&mut lines, &scan, &decoder)?;
    let from = convert::From {
        path,
        label,
        decoder: &decoder,
        head: &head,
    };
    let axes = head.axes.unwrap_or(Axes::EastNorth);
    let (folder, file, mut done) = convert::run(&from, scan, axes)?;
    let Some(seen) = done.seen.filter(|seen| crs::looks(seen) == Some(Axes::NorthEast)) else {
        return Ok((folder, file, finish(done, &head, &decoder)));
    };
    let [west, south, east, north] = seen.to_array();
    let range = format!("x {west} to {east}, y {south} to {north}");
    if head.axes.is_some() {
        return Err(Error::source(
            label,
            format!(
                "the order of axes in its head contradicts its coordinates ({range}): the northing stands where the easting is expected; correct XAxisDirection or Coordinate in the head"
            ),
        ));
    }
    // The head is silent, and the numbers are clear: they are read once more the other way round.
    drop((folder, file));
    let (folder, file, again) = convert::run(&from, Scan::of(path, label)?, Axes::NorthEast)?;
    done = again;
    done.notes.push(notes::Note {
        table: None,
        code: FindingCode::AxesAssumed,
        feature: None,
        message: format!(
            "the head does not say which coordinate comes first; the numbers do ({range}): northing, then easting"
        ),
    });
    Ok((folder, file, finish(done, &head, &decoder)))
}

fn finish(done: Converted, head: &Head, decoder: &Decoder) -> Delivery {
    let layers: Vec<LayerName> = done.layers.iter().map(|(_, layer)| layer.clone()).collect();
    let named = |table: Option<usize>| {
        let own = done.layers.iter().find(|(at, _)| Some(*at) == table);
        own.or(done.layers.first())
            .map_or_else(String::new, |(_, layer)| layer.name.clone())
    };
    let mut told: Vec<Told> = done
        .notes
        .into_iter()
        .map(|note| Told {
            layer: named(note.table),
            code: note.code,
            feature: note.feature.map(|id| id.to_string()),
            message: note.message,
        })
        .collect();
    if let Some(reason) = &decoder.reason {
        told.extend(layers.iter().map(|layer| Told {
            layer: layer.name.clone(),
            code: FindingCode::EncodingDetected,
            feature: None,
            message: format!("texts are {}: {reason}", decoder.name()),
        }));
    }
    Delivery {
        layers,
        told,
        crs: crs::declared(head, done.seen.as_ref()),
    }
}
