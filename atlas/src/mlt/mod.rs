//! MapLibre Tiles, version 1 (<https://maplibre.org/maplibre-tile-spec/specification/v1/>): the same features as in a Mapbox
//! Vector Tile, by columns, in fewer bytes.
//!
//! A layer is made from its finished MVT form, so that both always hold the same, whatever else decides what is in a
//! tile; reading that form back costs a fraction of making it. `read` takes it apart, `geometry` and `column` write
//! columns, `stream` what these are made of.
//!
//! Only encodings that every decoder knows are used: varints, differences, dictionaries and bytewise runs.

mod column;
mod geometry;
mod read;
mod stream;

use crate::render::put_varint;
use column::Column;
use geometry::Geometries;
use read::Layer;
use stream::{Kind, put_text, stream_of_deltas};

/// The format that a layer says it is in.
const VERSION: u8 = 1;

/// Column types.
const ID: u8 = 0;
const LONG_ID: u8 = 2;
const GEOMETRY: u8 = 4;

/// A tile as a MapLibre Tile, from the same as an uncompressed Mapbox Vector Tile that this crate made; none where it is
/// none. Layers stay independent: tiles of several are those of each, one after the other.
pub fn mlt(mvt: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(mvt.len() * 2 / 3);
    for layer in read::layers(mvt)? {
        let mut body = vec![VERSION];
        put_layer(&layer, &mut body)?;
        put_varint(body.len() as u64, &mut out);
        out.append(&mut body);
    }
    Some(out)
}

fn put_layer(layer: &Layer<'_>, out: &mut Vec<u8>) -> Option<()> {
    let columns: Vec<Column<'_>> = (0..layer.keys.len()).map(|key| Column::of(layer, key)).collect();
    put_text(layer.name, out);
    put_varint(layer.extent, out);
    put_varint(2 + columns.len() as u64, out);
    let ids = layer.features.iter().map(|feature| feature.id);
    // A difference of 32 bits has a sign.
    let is_long = ids.clone().any(|id| id > i32::MAX as u64);
    out.push(if is_long { LONG_ID } else { ID });
    out.push(GEOMETRY);
    for (column, name) in columns.iter().zip(&layer.keys) {
        out.push(column.type_code());
        put_text(name, out);
    }
    stream_of_deltas(Kind::Data, ids, out);
    Geometries::of(layer)?.put(out);
    columns.iter().for_each(|column| column.put(out));
    Some(())
}
