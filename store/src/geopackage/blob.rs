//! GeoPackage geometry blobs: a header before the WKB (OGC 12-128r18, clause 2.1.3).

use onemap_model::{Bbox, Crs, Geometry, GeometryType, wkb};

const FLAG_LITTLE: u8 = 0b0000_0001;
const FLAG_EMPTY: u8 = 0b0001_0000;
const FLAG_EXTENDED: u8 = 0b0010_0000;
const ENVELOPE_XY: u8 = 1;

/// What a blob says before its WKB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Header {
    /// The box of the geometry, where the header tells.
    pub envelope: Option<Bbox>,
    /// Whether the geometry is said to be empty.
    pub empty: bool,
    /// Where the WKB begins.
    pub wkb_at: usize,
}

/// Why a blob holds no geometry that can be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum BlobError {
    #[error("it does not begin as a GeoPackage geometry")]
    NoHeader,
    #[error("its header ends after {0} bytes")]
    Truncated(usize),
    #[error("its kind of geometry is an extension that is not known")]
    Extended,
    #[error(transparent)]
    Wkb(#[from] wkb::WkbError),
}

/// Appends `geometry` to `out` as a blob of a layer of kind `kind`. A point has no envelope: it is its own.
pub(super) fn encode(geometry: &Geometry, kind: GeometryType, crs: Crs, out: &mut Vec<u8>) {
    let bbox = geometry.bbox();
    let is_point = matches!(geometry, Geometry::Points(path) if path.len() <= 1) && kind == GeometryType::Point;
    let envelope = bbox.filter(|_| !is_point);
    let empty = if bbox.is_none() { FLAG_EMPTY } else { 0 };
    let envelope_code = if envelope.is_some() { ENVELOPE_XY } else { 0 };
    out.extend_from_slice(&[b'G', b'P', 0, FLAG_LITTLE | empty | envelope_code << 1]);
    out.extend_from_slice(&(crs.code() as i32).to_le_bytes());
    if let Some(b) = envelope {
        for number in [b.west(), b.east(), b.south(), b.north()] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
    wkb::encode(geometry, kind, out);
}

/// Reads the header alone.
pub(super) fn header(blob: &[u8]) -> Result<Header, BlobError> {
    let [b'G', b'P', _, flags, _, _, _, _, rest @ ..] = blob else {
        return Err(BlobError::NoHeader);
    };
    if flags & FLAG_EXTENDED != 0 {
        return Err(BlobError::Extended);
    }
    let doubles = match flags >> 1 & 7 {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        _ => return Err(BlobError::NoHeader),
    };
    let envelope = rest.get(..doubles * 8).ok_or(BlobError::Truncated(blob.len()))?;
    let number = |at: usize| {
        let bytes = envelope[at * 8..at * 8 + 8]
            .try_into()
            .expect("eight bytes were sliced");
        if flags & FLAG_LITTLE != 0 {
            f64::from_le_bytes(bytes)
        } else {
            f64::from_be_bytes(bytes)
        }
    };
    let envelope = if doubles == 0 {
        None
    } else {
        Bbox::new(number(0), number(2), number(1), number(3)).ok()
    };
    Ok(Header {
        envelope,
        empty: flags & FLAG_EMPTY != 0,
        wkb_at: 8 + doubles * 8,
    })
}

/// The WKB part of a blob; the whole blob where there is no legal header.
pub(super) fn wkb_part(blob: &[u8]) -> &[u8] {
    header(blob).map_or(blob, |header| &blob[header.wkb_at..])
}

/// Reads the geometry.
pub(super) fn decode(blob: &[u8]) -> Result<Geometry, BlobError> {
    let header = header(blob)?;
    Ok(wkb::decode(&blob[header.wkb_at..])?)
}

/// The box of a blob: from its header, else from its coordinates; none where it is empty or cannot be read.
pub(super) fn bbox(blob: &[u8]) -> Option<Bbox> {
    let header = header(blob).ok()?;
    if header.empty {
        return None;
    }
    header.envelope.or_else(|| decode(blob).ok()?.bbox())
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{Coord, Path};

    fn blob_of(geometry: &Geometry, kind: GeometryType) -> Vec<u8> {
        let mut out = Vec::new();
        encode(geometry, kind, Crs::CGCS2000, &mut out);
        out
    }

    fn line() -> Geometry {
        let coords = vec![Coord { x: 1.0, y: 5.0 }, Coord { x: 3.0, y: 2.0 }];
        Geometry::Lines(vec![Path::new(coords).unwrap()])
    }

    #[test]
    fn a_line_comes_back_with_its_envelope() {
        let blob = blob_of(&line(), GeometryType::MultiLineString);
        assert_eq!(decode(&blob).unwrap(), line());
        assert_eq!(
            header(&blob).unwrap().envelope.unwrap().to_array(),
            [1.0, 2.0, 3.0, 5.0]
        );
        assert_eq!(&blob[4..8], 4490_i32.to_le_bytes());
    }

    #[test]
    fn a_point_has_no_envelope_yet_a_box() {
        let blob = blob_of(&Geometry::point(1.0, 2.0).unwrap(), GeometryType::Point);
        assert_eq!(header(&blob).unwrap().envelope, None);
        assert_eq!(bbox(&blob).unwrap().to_array(), [1.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn an_empty_geometry_says_so_and_has_no_box() {
        let blob = blob_of(&Geometry::Lines(vec![]), GeometryType::MultiLineString);
        assert!(header(&blob).unwrap().empty && bbox(&blob).is_none());
    }

    #[test]
    fn any_cut_of_a_blob_gives_an_error_and_no_panic() {
        let blob = blob_of(&line(), GeometryType::MultiLineString);
        for end in 0..blob.len() {
            assert!(decode(&blob[..end]).is_err(), "{end}");
            let _ = bbox(&blob[..end]);
        }
        assert_eq!(header(b"GP\0\x0f\0\0\0\0"), Err(BlobError::NoHeader));
    }
}
