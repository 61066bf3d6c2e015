//! Well-known binary (OGC 06-103r4, clause 8; ISO 13249-3) into [`Geometry`] and back.
//!
//! Reads ISO WKB and PostGIS's EWKB in both byte orders; M values are skipped, curves are refused (the importer
//! linearises them first). Every count is checked against the bytes that are left before anything is allocated, and
//! nesting is bounded, so no input can claim more memory than its own size warrants.

use crate::{Coord, Geometry, GeometryError, GeometryType, Path, Polygon};

/// Deepest nesting of collections that is read.
const MAX_DEPTH: u8 = 32;

/// Why bytes are no geometry.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WkbError {
    /// The bytes end too early, or a count claims more than there are.
    #[error("WKB ends at byte {at}: {wanted} more bytes were expected")]
    Truncated {
        /// Offset in bytes.
        at: usize,
        /// How many bytes are missing at the least.
        wanted: usize,
    },
    /// The byte order mark is neither 0 nor 1.
    #[error("WKB byte order mark {mark} at byte {at}: expected 0 or 1")]
    ByteOrder {
        /// Offset in bytes.
        at: usize,
        /// The byte found.
        mark: u8,
    },
    /// A geometry type that is unknown, a curve, or not allowed where it stands.
    #[error("WKB geometry type {code} at byte {at} is not supported here")]
    Type {
        /// Offset in bytes.
        at: usize,
        /// The type code found.
        code: u32,
    },
    /// Collections nested too deep.
    #[error("WKB is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Bytes are left after the geometry.
    #[error("{0} bytes are left after the geometry")]
    TrailingBytes(usize),
    /// The coordinates make no geometry.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}

/// Reads one geometry that fills `bytes` exactly.
///
/// # Errors
/// [`WkbError`] with the byte offset of the fault.
pub fn decode(bytes: &[u8]) -> Result<Geometry, WkbError> {
    let mut reader = Reader {
        bytes,
        at: 0,
        little: true,
        coord_len: 2,
        has_z: false,
    };
    let geometry = reader.geometry(0)?;
    match bytes.len() - reader.at {
        0 => Ok(geometry),
        left => Err(WkbError::TrailingBytes(left)),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    little: bool,
    coord_len: usize,
    has_z: bool,
}

impl Reader<'_> {
    fn geometry(&mut self, depth: u8) -> Result<Geometry, WkbError> {
        if depth > MAX_DEPTH {
            return Err(WkbError::TooDeep);
        }
        let (at, code) = self.header()?;
        Ok(match code {
            1 => Geometry::Points(self.point()?),
            2 => Geometry::Lines(vec![self.path()?]),
            3 => Geometry::Polygons(vec![self.polygon()?]),
            4 => Geometry::Points(self.multi_point()?),
            5 => Geometry::Lines(self.many(2, Self::path)?),
            6 => Geometry::Polygons(self.many(3, Self::polygon)?),
            7 => {
                let count = self.count(5)?;
                (0..count)
                    .map(|_| self.geometry(depth + 1))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Geometry::Collection)?
            }
            code => return Err(WkbError::Type { at, code }),
        })
    }

    /// Reads byte order and type; gives the type's offset and its base code (1–7).
    fn header(&mut self) -> Result<(usize, u32), WkbError> {
        let at = self.at;
        self.little = match self.take::<1>()?[0] {
            0 => false,
            1 => true,
            mark => return Err(WkbError::ByteOrder { at, mark }),
        };
        let code = self.u32()?;
        let (ewkb_z, ewkb_m, ewkb_srid) = (
            code & 0x8000_0000 != 0,
            code & 0x4000_0000 != 0,
            code & 0x2000_0000 != 0,
        );
        let iso = code & 0x1fff_ffff;
        if ewkb_srid {
            self.u32()?;
        }
        let (base, dims) = (iso % 1000, iso / 1000);
        if dims > 3 {
            return Err(WkbError::Type { at, code });
        }
        self.has_z = ewkb_z || dims == 1 || dims == 3;
        let has_m = ewkb_m || dims == 2 || dims == 3;
        self.coord_len = 2 + usize::from(self.has_z) + usize::from(has_m);
        Ok((at, base))
    }

    /// The parts of a multi geometry whose members must have type `member`.
    fn many<T>(&mut self, member: u32, read: fn(&mut Self) -> Result<T, WkbError>) -> Result<Vec<T>, WkbError> {
        let count = self.count(9)?;
        (0..count)
            .map(|_| match self.header()? {
                (_, code) if code == member => read(self),
                (at, code) => Err(WkbError::Type { at, code }),
            })
            .collect()
    }

    fn multi_point(&mut self) -> Result<Path, WkbError> {
        let points = self.many(1, Self::point)?;
        let with_z = points.iter().any(|p| !p.z().is_empty());
        let coords = points.iter().flat_map(|p| p.coords().iter().copied()).collect();
        let heights = |p: &Path| {
            if p.z().is_empty() {
                vec![f64::NAN; p.len()]
            } else {
                p.z().to_vec()
            }
        };
        let z = if with_z {
            points.iter().flat_map(heights).collect()
        } else {
            Vec::new()
        };
        Ok(Path::with_z(coords, z)?)
    }

    /// One point; NaN in both coordinates is the empty point (OGC GeoPackage, clause 2.1.3).
    fn point(&mut self) -> Result<Path, WkbError> {
        let (coord, z) = self.coord()?;
        if coord.x.is_nan() && coord.y.is_nan() {
            return Ok(Path::default());
        }
        Ok(Path::with_z(vec![coord], z.into_iter().collect())?)
    }

    fn polygon(&mut self) -> Result<Polygon, WkbError> {
        let count = self.count(4)?;
        let rings = (0..count).map(|_| self.path()).collect::<Result<_, _>>()?;
        Ok(Polygon { rings })
    }

    fn path(&mut self) -> Result<Path, WkbError> {
        let count = self.count(8 * self.coord_len)?;
        let mut coords = Vec::with_capacity(count);
        let mut heights = Vec::with_capacity(if self.has_z { count } else { 0 });
        for _ in 0..count {
            let (coord, z) = self.coord()?;
            coords.push(coord);
            heights.extend(z);
        }
        Ok(Path::with_z(coords, heights)?)
    }

    fn coord(&mut self) -> Result<(Coord, Option<f64>), WkbError> {
        let coord = Coord {
            x: self.f64()?,
            y: self.f64()?,
        };
        let z = if self.has_z { Some(self.f64()?) } else { None };
        for _ in 2 + usize::from(self.has_z)..self.coord_len {
            self.f64()?;
        }
        Ok((coord, z))
    }

    /// A count of items of at least `item_bytes` each, checked against what is left.
    fn count(&mut self, item_bytes: usize) -> Result<usize, WkbError> {
        let count = self.u32()? as usize;
        let left = self.bytes.len() - self.at;
        match count.checked_mul(item_bytes) {
            Some(wanted) if wanted <= left => Ok(count),
            wanted => Err(WkbError::Truncated {
                at: self.bytes.len(),
                wanted: wanted.unwrap_or(usize::MAX) - left,
            }),
        }
    }

    fn u32(&mut self) -> Result<u32, WkbError> {
        let raw = self.take::<4>()?;
        Ok(if self.little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        })
    }

    fn f64(&mut self) -> Result<f64, WkbError> {
        let raw = self.take::<8>()?;
        Ok(if self.little {
            f64::from_le_bytes(raw)
        } else {
            f64::from_be_bytes(raw)
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], WkbError> {
        let left = &self.bytes[self.at..];
        let taken = left.first_chunk::<N>().ok_or_else(|| WkbError::Truncated {
            at: self.bytes.len(),
            wanted: N - left.len(),
        })?;
        self.at += N;
        Ok(*taken)
    }
}

/// Appends `geometry` to `out` as little-endian ISO WKB.
///
/// In a layer of a multi type every geometry is written as multi; in a `Point` or `Geometry` layer, one with a single
/// part is written as single. Where any path has heights, all are written with heights (NaN where unknown).
pub fn encode(geometry: &Geometry, layer: GeometryType, out: &mut Vec<u8>) {
    let with_z = geometry.has_z();
    let single = matches!(layer, GeometryType::Point | GeometryType::Geometry | GeometryType::None);
    encode_as(geometry, single, with_z, out);
}

fn encode_as(geometry: &Geometry, single: bool, with_z: bool, out: &mut Vec<u8>) {
    match geometry {
        Geometry::Points(path) if single && path.len() <= 1 => {
            header(1, with_z, out);
            point(path, 0, with_z, out);
        }
        Geometry::Points(path) => {
            header(4, with_z, out);
            count(path.len(), out);
            for i in 0..path.len() {
                header(1, with_z, out);
                point(path, i, with_z, out);
            }
        }
        Geometry::Lines(paths) => match paths.as_slice() {
            [one] if single => {
                header(2, with_z, out);
                put_path(one, with_z, out);
            }
            paths => {
                header(5, with_z, out);
                count(paths.len(), out);
                for path in paths {
                    header(2, with_z, out);
                    put_path(path, with_z, out);
                }
            }
        },
        Geometry::Polygons(polygons) => match polygons.as_slice() {
            [one] if single => {
                header(3, with_z, out);
                put_polygon(one, with_z, out);
            }
            polygons => {
                header(6, with_z, out);
                count(polygons.len(), out);
                for polygon in polygons {
                    header(3, with_z, out);
                    put_polygon(polygon, with_z, out);
                }
            }
        },
        Geometry::Collection(parts) => {
            header(7, with_z, out);
            count(parts.len(), out);
            for part in parts {
                encode_as(part, true, with_z, out);
            }
        }
    }
}

fn header(code: u32, with_z: bool, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(&(code + if with_z { 1000 } else { 0 }).to_le_bytes());
}

fn count(n: usize, out: &mut Vec<u8>) {
    let n = u32::try_from(n).expect("a geometry in memory has fewer than 2^32 parts");
    out.extend_from_slice(&n.to_le_bytes());
}

fn point(path: &Path, i: usize, with_z: bool, out: &mut Vec<u8>) {
    let coord = path.coords().get(i).copied().unwrap_or(Coord {
        x: f64::NAN,
        y: f64::NAN,
    });
    out.extend_from_slice(&coord.x.to_le_bytes());
    out.extend_from_slice(&coord.y.to_le_bytes());
    if with_z {
        out.extend_from_slice(&path.z().get(i).copied().unwrap_or(f64::NAN).to_le_bytes());
    }
}

fn put_path(path: &Path, with_z: bool, out: &mut Vec<u8>) {
    count(path.len(), out);
    for i in 0..path.len() {
        point(path, i, with_z, out);
    }
}

fn put_polygon(polygon: &Polygon, with_z: bool, out: &mut Vec<u8>) {
    count(polygon.rings.len(), out);
    for ring in &polygon.rings {
        put_path(ring, with_z, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    fn arb_path(min: usize) -> impl Strategy<Value = Path> {
        let coord = (-180.0..180.0, -90.0..90.0).prop_map(|(x, y)| Coord { x, y });
        (prop::collection::vec(coord, min..6), any::<bool>()).prop_map(|(coords, with_z)| {
            let z = if with_z {
                (0..coords.len()).map(|i| i as f64).collect()
            } else {
                vec![]
            };
            Path::with_z(coords, z).unwrap()
        })
    }

    fn arb_geometry() -> impl Strategy<Value = Geometry> {
        let polygon = prop::collection::vec(arb_path(4), 1..3).prop_map(|rings| Polygon { rings });
        let leaf = prop_oneof![
            arb_path(0).prop_map(Geometry::Points),
            prop::collection::vec(arb_path(2), 0..3).prop_map(Geometry::Lines),
            prop::collection::vec(polygon, 0..3).prop_map(Geometry::Polygons),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop::collection::vec(inner, 0..4).prop_map(Geometry::Collection)
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(geometry in arb_geometry(), single in any::<bool>()) {
            let kind = if single { GeometryType::Geometry } else { GeometryType::MultiPolygon };
            let mut bytes = Vec::new();
            encode(&geometry, kind, &mut bytes);
            let read = decode(&bytes).unwrap();
            prop_assert!(read.coords().eq(geometry.coords()));
            let mut again = Vec::new();
            encode(&read, kind, &mut again);
            prop_assert_eq!(again, bytes);
        }

        #[test]
        fn any_bytes_give_a_geometry_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_damaged_geometry_gives_a_geometry_or_an_error(geometry in arb_geometry(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = Vec::new();
            encode(&geometry, GeometryType::Geometry, &mut bytes);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_big_endian_point_and_an_ewkb_point_with_srid_are_read() {
        let expected = Geometry::point(1.0, 2.0).unwrap();
        assert_eq!(
            decode(&hex("00000000013ff00000000000004000000000000000")),
            Ok(expected.clone())
        );
        assert_eq!(
            decode(&hex("01010000208a110000000000000000f03f0000000000000040")),
            Ok(expected)
        );
    }

    #[test]
    fn a_count_that_claims_gigabytes_is_refused_before_allocation() {
        let claims = hex("0103000000ffffffff");
        assert!(matches!(decode(&claims), Err(WkbError::Truncated { .. })));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let nested: Vec<u8> = std::iter::repeat_n(hex("010700000001000000"), 5000).flatten().collect();
        assert_eq!(decode(&nested), Err(WkbError::TooDeep));
    }

    #[test]
    fn an_empty_point_stays_empty() {
        let mut bytes = Vec::new();
        encode(&Geometry::Points(Path::default()), GeometryType::Point, &mut bytes);
        assert!(decode(&bytes).unwrap().is_empty());
    }

    #[test]
    fn curves_and_trailing_bytes_are_refused() {
        assert!(matches!(
            decode(&hex("010800000000000000")),
            Err(WkbError::Type { code: 8, .. })
        ));
        assert_eq!(decode(&hex("01020000000000000000")), Err(WkbError::TrailingBytes(1)));
    }
}
