//! Rows on their way into the store: one thread stores them while this one reads the next.

use crate::error::{Error, Result};
use onemap_model::{Geometry, Row};
use onemap_store::Load;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Rows are handed over by so many,
const PIECE_ROWS: usize = 256;
/// or as soon as their geometries have so many vertices together: about a megabyte.
const PIECE_VERTICES: usize = 1 << 16;
/// How many pieces wait at most while one is stored.
const WAITING: usize = 4;

/// Runs `read`, and pushes the rows that it hands out into the layer of `load` that was started last. All of them are
/// pushed when this returns without an error.
///
/// # Errors
/// Those of the store, else those of `read`.
pub fn push_while<T>(
    load: &mut dyn Load,
    read: impl FnOnce(&mut dyn FnMut(Row) -> Result<()>) -> Result<T>,
) -> Result<T> {
    std::thread::scope(|scope| {
        let (pieces, waiting) = sync_channel::<Vec<Row>>(WAITING);
        let storing = scope.spawn(move || waiting.into_iter().flatten().try_for_each(|row| load.push(row)));
        let mut gathered = Pieces {
            pieces,
            rows: Vec::new(),
            vertices: 0,
        };
        let read = read(&mut |row| gathered.add(row)).and_then(|done| gathered.hand_over().map(|()| done));
        drop(gathered);
        let stored = storing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Where the store gave up, reading ended because of that.
        stored?;
        read
    })
}

struct Pieces {
    pieces: SyncSender<Vec<Row>>,
    rows: Vec<Row>,
    vertices: usize,
}

impl Pieces {
    fn add(&mut self, row: Row) -> Result<()> {
        self.vertices += row.geometry.as_ref().map_or(0, Geometry::coord_count);
        self.rows.push(row);
        if self.rows.len() < PIECE_ROWS && self.vertices < PIECE_VERTICES {
            return Ok(());
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> Result<()> {
        self.vertices = 0;
        let next = Vec::with_capacity(self.rows.len());
        let piece = std::mem::replace(&mut self.rows, next);
        // Nobody takes it where storing has failed: its own error is the one that is told.
        self.pieces.send(piece).map_err(|_| Error::Interrupted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Crs, GeometryType, Layer, Name, TimeSpan};
    use onemap_store::{At, Batch, LoadMode, OpenMode};
    use std::path::Path;

    fn layer() -> Layer {
        Layer::new(Name::new("a").unwrap(), GeometryType::Point, Crs::CGCS2000, Vec::new()).unwrap()
    }

    fn row(n: u32) -> Row {
        Row {
            geometry: Some(Geometry::point(115.0 + f64::from(n) / 1e5, 30.0).unwrap()),
            values: Vec::new(),
            valid: TimeSpan::ALWAYS,
        }
    }

    fn stored(path: &Path) -> u64 {
        let mut store = onemap_store::open(path.to_str().unwrap(), OpenMode::Existing).unwrap();
        store.read(At::Now).unwrap().layers().unwrap()[0].features
    }

    fn into_store(path: &Path, read: impl FnOnce(&mut dyn FnMut(Row) -> Result<()>) -> Result<()>) -> Result<()> {
        let mut store = onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
        let mut load = store.begin(&Batch::default()).unwrap();
        load.start_layer(&layer(), LoadMode::Replace).unwrap();
        push_while(load.as_mut(), read)?;
        load.finish_layer(GeometryType::Point).unwrap();
        load.commit(&mut |_| ()).unwrap();
        Ok(())
    }

    #[test]
    fn every_row_arrives() {
        let dir = tempfile::tempdir().unwrap();
        for rows in [0, 1, 255, 256, 257, 5_000] {
            let path = dir.path().join(format!("{rows}.gpkg"));
            into_store(&path, |push| (0..rows).try_for_each(|n| push(row(n)))).unwrap();
            assert_eq!(stored(&path), u64::from(rows));
        }
    }

    #[test]
    fn what_the_store_refuses_ends_the_reading_and_is_the_error() {
        let dir = tempfile::tempdir().unwrap();
        let mut read = 0;
        let misfit = Row {
            values: vec![onemap_model::Value::Int(1)],
            ..row(0)
        };
        let error = into_store(&dir.path().join("a.gpkg"), |push| {
            push(misfit.clone())?;
            (0..1_000_000).try_for_each(|n| {
                read += 1;
                push(row(n))
            })
        });
        assert!(matches!(error, Err(Error::Store(_))), "{error:?}");
        assert!(read < 1_000_000, "it was read to its end");
    }

    #[test]
    fn an_error_of_the_reading_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let error = into_store(&dir.path().join("a.gpkg"), |push| {
            push(row(1))?;
            Err(Error::Usage("no more".into()))
        });
        assert!(matches!(error, Err(Error::Usage(_))), "{error:?}");
    }
}
