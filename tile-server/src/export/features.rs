//! Layers as features: all in one file where the form holds several, else a file each.

use super::arguments::Arguments;
use super::error::Error;
use super::pick::Pick;
use super::place::Unfinished;
use super::target::{Form, file_of};
use super::tell::Tell;
use crate::formats::geopackage::Rows as TableRows;
use crate::formats::shapefile::{Archive, Rows as ShapeRows};
use crate::formats::{Axes, Foot, Format, Note, Shown, TextEncoding, Times, WriteError};
use onemap_model::cql2::{FeatureOf, Subject};
use onemap_model::{Bbox, Instant, Layer, Secrecy};
use onemap_store::{At, LayerState, PlainGeoPackage, Reading, Store};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// What is written where.
struct Export<'a> {
    reading: Box<dyn Reading + 'a>,
    form: Form,
    boxes: Vec<Bbox>,
    now: Instant,
}

/// Writes what the arguments ask for.
///
/// # Errors
/// What goes wrong on the way; no file is at its place then.
pub(super) fn run(arguments: &Arguments, form: Form, store: &mut dyn Store) -> Result<(), Error> {
    let boxes = arguments.boxes()?;
    let mut reading = store.read(At::Now)?;
    let version = reading.version();
    let layers = arguments.choose(reading.layers()?)?;
    if layers.is_empty() {
        return Err(Error::Usage(format!("{} has no layers", arguments.store)));
    }
    warn_of_secrets(&layers);
    let now = crate::published::now();
    let mut export = Export {
        reading,
        form,
        boxes,
        now,
    };
    let finished = match form.format {
        Format::GeoPackage => vec![export.geopackage(&arguments.to, &layers)?],
        Format::Shapefile(encoding) => vec![export.archive(&arguments.to, &layers, encoding)?],
        _ if layers.len() == 1 => vec![export.single(&arguments.to, &layers[0])?],
        _ => {
            let each = layers.iter().map(|state| {
                let place = file_of(&arguments.to, state.layer.name().as_str());
                export.single(&place, state)
            });
            each.collect::<Result<Vec<_>, _>>()?
        }
    };
    for file in finished {
        let shown = file.place().display().to_string();
        let size = file.finish()?;
        say(&format!("{shown}: {:.1} MB, version {version}", size as f64 / 1e6));
    }
    Ok(())
}

/// A layer of a high level may be exported, for this is the machine it is kept on; nobody should do so unawares.
fn warn_of_secrets(layers: &[LayerState]) {
    for state in layers.iter().filter(|state| state.layer.secrecy >= Secrecy::Secret) {
        let (name, level) = (state.layer.name(), state.layer.secrecy);
        eprintln!("layer {name} is {} ({})", level.title_zh(), level.as_str());
    }
}

/// Prints a result on standard output; a closed pipe ends nothing.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

impl Export<'_> {
    fn single(&mut self, place: &Path, state: &LayerState) -> Result<Unfinished, Error> {
        let (unfinished, file) = Unfinished::new(place)?;
        let mut sink = BufWriter::new(file);
        let failed = |source| failure(place, &state.layer, source);
        let shown = self.shown(&state.layer)?;
        let mut writer = self.form.format.writer(&mut sink, shown).map_err(failed)?;
        let count = self.each(place, state, &mut |feature| writer.feature(feature, None))?;
        let notes = writer.finish(&Foot::default()).map_err(failed)?;
        report(&state.layer, count, &notes);
        flush(sink, place)?;
        Ok(unfinished)
    }

    fn geopackage(&mut self, place: &Path, layers: &[LayerState]) -> Result<Unfinished, Error> {
        let (unfinished, _) = Unfinished::new(place)?;
        let mut db = PlainGeoPackage::create(unfinished.beside())?;
        for state in layers {
            let shown = self.shown(&state.layer)?;
            let rows = TableRows::begin(&mut db, shown).map_err(|source| failure(place, &state.layer, source))?;
            let count = self.each(place, state, &mut |feature| rows.push(&mut db, feature, None))?;
            db.finish_layer()?;
            report(&state.layer, count, &[]);
        }
        db.close()?;
        Ok(unfinished)
    }

    fn archive(&mut self, place: &Path, layers: &[LayerState], encoding: TextEncoding) -> Result<Unfinished, Error> {
        let (unfinished, file) = Unfinished::new(place)?;
        let mut sink = BufWriter::new(file);
        let mut archive = Archive::new(&mut sink);
        for state in layers {
            let mut rows = ShapeRows::new(self.shown(&state.layer)?, encoding);
            let count = self.each(place, state, &mut |feature| rows.push(feature, None))?;
            let notes = rows.write(&mut archive);
            report(
                &state.layer,
                count,
                &notes.map_err(|source| failure(place, &state.layer, source))?,
            );
        }
        let ended = archive.finish();
        ended.map_err(|source| failure(place, &layers[0].layer, source))?;
        flush(sink, place)?;
        Ok(unfinished)
    }

    /// How a layer is shown.
    fn shown<'l>(&mut self, layer: &'l Layer) -> Result<Shown<'l>, Error> {
        let timed = self.pick(layer)?.is_timed(&mut *self.reading, layer)?;
        Ok(Shown {
            crs: self.form.crs(layer),
            axes: Axes::EastNorth,
            times: if timed { Times::Columns } else { Times::Left },
            ..Shown::all(layer)
        })
    }

    fn pick(&self, layer: &Layer) -> Result<Pick, Error> {
        Pick::new(layer, &self.boxes, self.now)
    }

    /// Hands the features of a layer to `write`; says how many they were.
    fn each(
        &mut self,
        place: &Path,
        state: &LayerState,
        write: &mut dyn FnMut(&dyn Subject) -> Result<(), WriteError>,
    ) -> Result<u64, Error> {
        let layer = &state.layer;
        let pick = self.pick(layer)?;
        let mut tell = Tell::begin(layer.name().as_str(), state.features);
        pick.each(&mut *self.reading, layer, &mut |feature| {
            write(&FeatureOf(layer, feature)).map_err(|source| failure(place, layer, source))?;
            tell.one();
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(tell.end())
    }
}

fn failure(file: &Path, layer: &Layer, source: WriteError) -> Error {
    Error::Write {
        file: file.to_owned(),
        layer: layer.name().to_string(),
        source: Box::new(source),
    }
}

fn flush(sink: BufWriter<File>, place: &Path) -> Result<(), Error> {
    let flushed = sink.into_inner().map_err(|error| error.into_error());
    flushed.map(drop).map_err(|error| Error::io(place, error))
}

/// Says what became of a layer: the number on standard output, what did not fit on standard error.
fn report(layer: &Layer, count: u64, notes: &[Note]) {
    say(&format!("{}: {count} features", layer.name()));
    for note in notes {
        eprintln!("{}: {}", note.code, note.text);
    }
}
