//! Sources: files, geodatabases, archives and databases, opened read-only, with the layers in them.

pub mod archive;
pub mod database;
pub mod dbf;
mod files;
mod folder;
pub mod format;
mod places;
mod sheets;
mod vct;

use crate::definition::Definition;
use crate::encoding::{self, Decoder};
use crate::error::{Error, Result};
use crate::osm::Extract;
use crate::settings::Settings;
use crate::{interrupt, messages, ogr, setup};
use archive::Limits;
use database::{Identity, Table};
use folder::Folder;
use format::Format;
use gdal::vector::{Layer, LayerAccess};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};
use sheets::Sheet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vct::Delivery;

pub use files::files_of;

/// A source as the user named it, with everything that was found in it.
pub struct Source {
    /// As the user named it.
    pub name: String,
    parts: Vec<Part>,
    _unpacked: Vec<Folder>,
}

/// One data set of a source.
pub struct Part {
    /// What it is called in messages: the source, and the file in it where that is an archive.
    pub label: String,
    /// Its format.
    pub format: Format,
    /// The encoding of its texts; none where only its rows can tell (CSV).
    pub decoder: Option<Decoder>,
    /// GDAL's own object.
    pub dataset: Dataset,
    /// Whether it is a store of onemap itself.
    pub is_store: bool,
    /// How many of the rows that GDAL counts are deleted.
    pub deleted: u64,
    /// The sheet that it was written from; none for other formats.
    pub sheet: Option<Sheet>,
    /// The VCT file that it was written from; none for other formats.
    pub vct: Option<Delivery>,
    /// The tables in it, for databases.
    pub tables: Vec<Table>,
    /// What is read of it by us, where it is of OpenStreetMap and definitions say how.
    pub extract: Option<Arc<Extract>>,
}

/// What a load writes to, which none of its sources may be.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The store, where it is a file that is there.
    pub file: Option<FileId>,
    /// The database that the store is in.
    pub database: Option<Identity>,
}

impl Beside {
    /// What the store that is named so is in.
    pub fn of(store: &str) -> Self {
        let is_database = onemap_store::is_connection(store);
        Self {
            file: FileId::of(Path::new(store)),
            database: is_database.then(|| database::identity(store)).flatten(),
        }
    }
}

/// One layer of a source.
pub struct SourceLayer<'s> {
    /// What it is a part of.
    pub part: &'s Part,
    /// Where its rows come from.
    pub rows: Rows<'s>,
    /// Its own name, decoded.
    pub name: String,
    /// What people call it, where the source has that beside its name.
    pub title: Option<String>,
    /// What it is in a database; none for other sources.
    pub table: Option<&'s Table>,
}

/// Where the rows of a layer come from.
pub enum Rows<'s> {
    /// From GDAL.
    Gdal(Layer<'s>),
    /// From OpenStreetMap's elements: the layer at this place of the extract.
    Osm(&'s Arc<Extract>, usize),
}

impl SourceLayer<'_> {
    /// The columns of its rows, as they are called.
    pub fn column_names(&self, decoder: &Decoder) -> Vec<String> {
        match &self.rows {
            Rows::Gdal(layer) => {
                let fields = ogr::field_defns(layer);
                fields.iter().map(|field| decoder.decode_name(&field.name)).collect()
            }
            Rows::Osm(extract, at) => {
                let columns = extract.layers[*at].columns.iter();
                columns.map(|column| column.source_name.clone()).collect()
            }
        }
    }
}

/// Which file of this machine one is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// That of the file at `path`; none where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let meta = std::fs::metadata(path).ok()?;
        Some(Self {
            device: meta.dev(),
            inode: meta.ino(),
        })
    }
}

/// Opens all sources, in their order.
///
/// # Errors
/// The first that cannot be opened.
pub fn open_all(names: &[String], settings: &Settings) -> Result<Vec<Source>> {
    open_all_beside(names, settings, &Beside::default())
}

/// Opens all sources for a load into what `beside` names, which none of them may hold: it must not be read while it is
/// written.
///
/// # Errors
/// The first that cannot be opened or that holds the store.
pub fn open_all_beside(names: &[String], settings: &Settings, beside: &Beside) -> Result<Vec<Source>> {
    names
        .iter()
        .map(|name| Source::open_beside(name, settings, beside))
        .collect()
}

impl Source {
    /// Opens what the user named `name`.
    ///
    /// # Errors
    /// Where it is no file of this machine, no format that can be read, or broken.
    pub fn open(name: &str, settings: &Settings) -> Result<Self> {
        Self::open_beside(name, settings, &Beside::default())
    }

    fn open_beside(name: &str, settings: &Settings, beside: &Beside) -> Result<Self> {
        let (encoding, definitions) = (settings.encoding.as_ref(), &settings.definitions);
        setup::gdal();
        if database::is_named(name) {
            let part = Part::of_database(name, beside.database.as_ref())?;
            return Ok(Self {
                name: part.label.clone(),
                parts: vec![part],
                _unpacked: Vec::new(),
            });
        }
        format::must_be_local(name)?;
        let path = std::path::absolute(name).map_err(|e| Error::source(name, e))?;
        std::fs::metadata(&path).map_err(|e| Error::source(name, e))?;
        let mut unpacked = Vec::new();
        let found = if path.is_file() && archive::is_archive(&path) {
            let dir = archive::unpack(&path, Limits::default())?;
            let found = places::in_directory(dir.path())?;
            let inside = |file: PathBuf| {
                let inner = file.strip_prefix(dir.path()).unwrap_or(&file).display().to_string();
                (format!("{name}: {inner}"), file)
            };
            let found: Vec<_> = found.into_iter().map(inside).collect();
            unpacked.push(dir);
            found
        } else if path.is_dir() && Format::of(&path).is_none() {
            let label = |file: PathBuf| (file.display().to_string(), file);
            places::in_directory(&path)?.into_iter().map(label).collect()
        } else {
            vec![(name.to_owned(), path.clone())]
        };
        if found.is_empty() {
            return Err(Error::source(
                name,
                format!("nothing in it can be read: {}", format::advice(Path::new(""))),
            ));
        }
        let mut parts = Vec::new();
        for (label, file) in found {
            interrupt::check()?;
            if beside.file.is_some() && FileId::of(&file) == beside.file {
                return Err(Error::source(
                    label,
                    "it is the store itself: it cannot be loaded into itself",
                ));
            }
            if Format::of(&file) == Some(Format::Vct) {
                let (dir, copy, delivery) = vct::to_geopackage(&file, &label, encoding)?;
                unpacked.push(dir);
                let part = Part::open(label, &copy, None, None, &mut unpacked)?;
                parts.push(Part {
                    vct: Some(delivery),
                    ..part
                });
                continue;
            }
            if Format::of(&file) != Some(Format::Xlsx) {
                let mut part = Part::open(label, &file, encoding, None, &mut unpacked)?;
                part.read_by_definitions(&file, definitions)?;
                parts.push(part);
                continue;
            }
            let (dir, sheets) = sheets::to_tables(&file, &label)?;
            unpacked.push(dir);
            for sheet in sheets {
                let (label, file) = (format!("{label}: {}", sheet.name), sheet.file.clone());
                parts.push(Part::open(label, &file, None, Some(sheet), &mut unpacked)?);
            }
        }
        Ok(Self {
            name: name.to_owned(),
            parts,
            _unpacked: unpacked,
        })
    }

    /// The layers in it, in their order.
    ///
    /// # Errors
    /// Where GDAL cannot give one of them.
    pub fn layers(&self) -> Result<Vec<SourceLayer<'_>>> {
        let mut layers = Vec::new();
        for part in &self.parts {
            for table in &part.tables {
                let layer = (part.dataset)
                    .layer_by_name(&table.gdal_name())
                    .map_err(|e| Error::layer(&part.label, table.layer_name(), said(&e)))?;
                layers.push(SourceLayer {
                    part,
                    rows: Rows::Gdal(layer),
                    name: table.layer_name(),
                    title: None,
                    table: Some(table),
                });
            }
            if let Some(extract) = &part.extract {
                let of_extract = |(at, layer): (usize, &crate::osm::OsmLayer)| SourceLayer {
                    part,
                    rows: Rows::Osm(extract, at),
                    name: layer.name.to_string(),
                    title: None,
                    table: None,
                };
                layers.extend(extract.layers.iter().enumerate().map(of_extract));
            }
            let listed = match part.format {
                Format::Postgres => 0,
                _ if part.extract.is_some() => 0,
                _ => part.dataset.layer_count(),
            };
            for at in 0..listed {
                let layer = part
                    .dataset
                    .layer(at)
                    .map_err(|e| Error::source(&part.label, said(&e)))?;
                let decoded = || {
                    let utf8 = Decoder::utf8();
                    part.decoder
                        .as_ref()
                        .unwrap_or(&utf8)
                        .decode_name(&ogr::layer_name(&layer))
                };
                let of_vct = part.vct.as_ref().and_then(|vct| vct.layers.get(at));
                let given = part
                    .sheet
                    .as_ref()
                    .map(|sheet| &sheet.name)
                    .or(of_vct.map(|own| &own.name));
                let name = given.cloned().unwrap_or_else(decoded);
                if !is_internal(&name, part.is_store) {
                    layers.push(SourceLayer {
                        part,
                        rows: Rows::Gdal(layer),
                        name,
                        title: of_vct.and_then(|own| own.title.clone()),
                        table: None,
                    });
                }
            }
        }
        Ok(layers)
    }
}

impl Part {
    fn of_database(source: &str, store: Option<&Identity>) -> Result<Self> {
        let (dataset, tables) = database::open(source, store)?;
        Ok(Self {
            label: database::shown(source),
            format: Format::Postgres,
            decoder: Some(Decoder::utf8()),
            dataset,
            is_store: false,
            deleted: 0,
            sheet: None,
            vct: None,
            tables,
            extract: None,
        })
    }

    /// Reads it by ourselves where it is of OpenStreetMap and one of the definitions says how.
    fn read_by_definitions(&mut self, path: &Path, definitions: &[Definition]) -> Result<()> {
        if self.format == Format::Osm {
            let extract = Extract::open(path, definitions).map_err(|e| Error::source(&self.label, e))?;
            self.extract = extract.map(Arc::new);
        }
        Ok(())
    }

    fn open(
        label: String,
        path: &Path,
        encoding: Option<&Decoder>,
        sheet: Option<Sheet>,
        unpacked: &mut Vec<Folder>,
    ) -> Result<Self> {
        let format = match sheet {
            Some(_) => Format::Xlsx,
            None => Format::of(path).ok_or_else(|| Error::source(&label, format::advice(path)))?,
        };
        let table = match format {
            Format::Shapefile => survey_table(path).map_err(|e| Error::source(&label, e))?,
            _ => None,
        };
        let decoder = match (format, encoding) {
            (Format::Shapefile | Format::Csv, Some(given)) => Some(given.clone()),
            (Format::Shapefile, None) => Some(of_shapefile(path, table)),
            (Format::Csv, None) => None,
            _ => Some(Decoder::utf8()),
        };
        let path = match format {
            Format::GeoPackage => places::settled_copy(path, unpacked)?.unwrap_or_else(|| path.to_owned()),
            _ => path.to_owned(),
        };
        if format == Format::Dxf
            && let Some(given) = encoding
        {
            gdal::config::set_config_option("DXF_ENCODING", given.name()).map_err(|e| Error::Gdal(e.to_string()))?;
        }
        if format == Format::Csv && format::is_utf16(&path) {
            return Err(Error::source(
                &label,
                "it is UTF-16 (\"Unicode text\"): save it as CSV UTF-8",
            ));
        }
        messages::forget();
        let options = DatasetOptions {
            open_flags: GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_READONLY,
            allowed_drivers: Some(&[format.driver()]),
            open_options: Some(open_options(format)),
            sibling_files: None,
        };
        let dataset = Dataset::open_ex(&path, options).map_err(|e| Error::source(&label, said(&e)))?;
        messages::forget();
        let is_store = format == Format::GeoPackage && has_store_tables(&dataset);
        Ok(Self {
            label,
            format,
            decoder,
            dataset,
            is_store,
            deleted: table.map_or(0, |table| table.deleted),
            sheet,
            vct: None,
            tables: Vec::new(),
            extract: None,
        })
    }
}

fn open_options(format: Format) -> &'static [&'static str] {
    match format {
        // No recoding: the bytes are decoded here.
        Format::Shapefile => &["ENCODING="],
        Format::Csv => &["AUTODETECT_TYPE=NO", "KEEP_GEOM_COLUMNS=YES", "EMPTY_STRING_AS_NULL=NO"],
        Format::Xlsx => &[
            "AUTODETECT_TYPE=NO",
            "KEEP_GEOM_COLUMNS=YES",
            "EMPTY_STRING_AS_NULL=NO",
            "HEADERS=YES",
        ],
        Format::GeoPackage => &["LIST_ALL_TABLES=NO"],
        _ => &[],
    }
}

/// What GDAL said of a failure, or its error code in words where it said nothing.
pub fn said(error: &gdal::errors::GdalError) -> String {
    let line = messages::take_line();
    line.unwrap_or_else(|| match error {
        gdal::errors::GdalError::NullPointer { msg, .. } if msg.is_empty() => {
            "it cannot be opened: it is empty, damaged or not what its name says".to_owned()
        }
        gdal::errors::GdalError::NullPointer { msg, .. } => msg.clone(),
        other => other.to_string(),
    })
}

/// The file of this extension that belongs to a shapefile.
fn beside(path: &Path, extension: &str) -> Option<PathBuf> {
    let upper = extension.to_uppercase();
    [extension, &upper]
        .into_iter()
        .map(|e| path.with_extension(e))
        .find(|file| file.is_file())
}

fn survey_table(path: &Path) -> std::io::Result<Option<dbf::Survey>> {
    beside(path, "dbf").map(|table| dbf::survey(&table)).transpose()
}

fn of_shapefile(path: &Path, table: Option<dbf::Survey>) -> Decoder {
    let cpg = beside(path, "cpg")
        .and_then(|file| std::fs::read(file).ok())
        .filter(|bytes| bytes.len() < 1024);
    let cpg = cpg.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match table {
        Some(table) => Decoder::of_shapefile(cpg.as_deref(), table),
        None => Decoder::of_texts(encoding::texts_of(b"")),
    }
}

fn has_store_tables(dataset: &Dataset) -> bool {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'onemap\\_%' ESCAPE '\\'";
    let rows = dataset.execute_sql(sql, None, gdal::vector::sql::Dialect::DEFAULT);
    let any = rows
        .ok()
        .flatten()
        .is_some_and(|mut rows| rows.features().next().is_some());
    messages::forget();
    any
}

/// Tables that are no layers: QGIS's own, and a store's history and log.
fn is_internal(name: &str, in_store: bool) -> bool {
    let name = name.to_lowercase();
    let of_qgis = name == "layer_styles" || name == "qgis_projects";
    of_qgis || in_store && (name.starts_with("onemap_") || name.ends_with("_history"))
}
