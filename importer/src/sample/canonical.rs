//! The fingerprint of a city's canonical content: SHA-256 over what it says, whatever store it goes to.
//!
//! A layer: its name; then for each feature, in the order in which it is made, the WKB of its geometry (as its layer
//! writes it), its values and its valid time. Each part is preceded by its length or a mark of its type; numbers are
//! little-endian. A city: the names and fingerprints of its layers, in the order of names.

use onemap_model::{Layer, Row, Value, wkb};
use sha2::{Digest, Sha256};

/// The 32 bytes of a SHA-256, shown as hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// Computes the fingerprint of a layer row by row.
#[derive(Debug)]
pub struct LayerFingerprint<'a> {
    layer: &'a Layer,
    sha: Sha256,
    buffer: Vec<u8>,
    rows: u64,
}

impl<'a> LayerFingerprint<'a> {
    /// Begins with the layer's name.
    pub fn new(layer: &'a Layer) -> Self {
        let mut buffer = Vec::new();
        put_bytes(&mut buffer, layer.name().as_str().as_bytes());
        let mut sha = Sha256::new();
        sha.update(&buffer);
        Self {
            layer,
            sha,
            buffer,
            rows: 0,
        }
    }

    /// Takes in the next row.
    pub fn add(&mut self, row: &Row) {
        let out = &mut self.buffer;
        out.clear();
        match &row.geometry {
            None => out.push(0),
            Some(geometry) => {
                out.push(1);
                wkb::encode(geometry, self.layer.geometry_type, out);
            }
        }
        row.values.iter().for_each(|value| put_value(out, value));
        for end in [row.valid.from(), row.valid.to()] {
            out.extend_from_slice(&end.map_or(i64::MIN, |at| at.micros()).to_le_bytes());
        }
        self.sha.update(&*out);
        self.rows += 1;
    }

    /// How many rows were taken in.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The layer's fingerprint.
    pub fn finish(self) -> Fingerprint {
        Fingerprint(self.sha.finalize().into())
    }
}

/// The fingerprint of a city, from those of its layers in any order.
pub fn city_fingerprint<'a>(layers: impl IntoIterator<Item = (&'a str, Fingerprint)>) -> Fingerprint {
    let mut layers: Vec<_> = layers.into_iter().collect();
    layers.sort_by_key(|(name, _)| *name);
    let mut all = Vec::new();
    for (name, fingerprint) in layers {
        put_bytes(&mut all, name.as_bytes());
        all.extend_from_slice(&fingerprint.0);
    }
    Fingerprint(Sha256::digest(&all).into())
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(v) => out.extend_from_slice(&[1, u8::from(*v)]),
        Value::Int(v) => put_fixed(out, 2, v.to_le_bytes()),
        Value::Float(v) => put_fixed(out, 3, v.get().to_le_bytes()),
        Value::DateTime(v) => put_fixed(out, 4, v.micros().to_le_bytes()),
        Value::Text(v) => put_marked(out, 5, v.as_bytes()),
        Value::Date(v) => put_marked(out, 6, v.to_string().as_bytes()),
        Value::Bytes(v) => put_marked(out, 7, v),
        Value::Array(items) => {
            put_fixed(out, 8, (items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| put_value(out, item));
        }
    }
}

fn put_fixed(out: &mut Vec<u8>, mark: u8, bytes: [u8; 8]) {
    out.push(mark);
    out.extend_from_slice(&bytes);
}

fn put_marked(out: &mut Vec<u8>, mark: u8, bytes: &[u8]) {
    out.push(mark);
    put_bytes(out, bytes);
}
