//! What a layer holds, as one number that two stores can compare.

use crate::geopackage::{put_bytes, put_row};
use crate::{Error, Reading, Result};
use onemap_model::{GeometryType, Name, wkb};
use sha2::{Digest, Sha256};
use std::fmt;
use std::ops::ControlFlow;

/// 256 bits that are equal for layers of equal content: fields, geometries, values and valid spans, as often as they
/// come. Order, feature numbers, versions and times of recording make no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest([u8; 32]);

impl fmt::Display for ContentDigest {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads a whole layer and gives the digest of its content.
///
/// # Errors
/// [`Error::UnknownLayer`]; faults of the store.
pub fn content_digest(reading: &mut dyn Reading, layer: &Name) -> Result<ContentDigest> {
    let states = reading.layers()?;
    let state = states.iter().find(|state| state.layer.name() == layer);
    let state = state.ok_or_else(|| Error::UnknownLayer(layer.clone()))?;
    let mut sum = [0_u8; 32];
    for field in state.layer.fields() {
        let text = format!("field {} {}", field.name, field.field_type);
        add(&mut sum, &Sha256::digest(text.as_bytes()).into());
    }
    let (mut bytes, mut geometry) = (Vec::new(), Vec::new());
    reading.features(layer, &mut |feature| {
        bytes.clear();
        geometry.clear();
        if let Some(shape) = &feature.row.geometry {
            wkb::encode(shape, GeometryType::Geometry, &mut geometry);
        }
        put_bytes(feature.row.geometry.as_ref().map(|_| geometry.as_slice()), &mut bytes);
        put_row(&feature.row.values, feature.row.valid, &mut bytes);
        add(&mut sum, &Sha256::digest(&bytes).into());
        ControlFlow::Continue(())
    })?;
    Ok(ContentDigest(sum))
}

/// Adds modulo 2^256, so that the order of the rows makes no difference and a row that comes twice does.
fn add(sum: &mut [u8; 32], more: &[u8; 32]) {
    let mut carry = 0;
    for (own, other) in sum.iter_mut().zip(more) {
        let total = u16::from(*own) + u16::from(*other) + carry;
        *own = total as u8;
        carry = total >> 8;
    }
}
