//! Ready-made bytes of an answer: coded, with their strong entity tag (RFC 9110, clause 8.8.3).

use crate::negotiate::Coding;
use axum::body::Bytes;
use libdeflater::{CompressionLvl, Compressor};
use xxhash_rust::xxh3::xxh3_128;

/// The bytes of one answer in one coding.
#[derive(Debug, Clone)]
pub(crate) struct Representation {
    /// The media type.
    pub content_type: &'static str,
    /// The coding of `bytes`.
    pub coding: Coding,
    /// What goes over the wire.
    pub bytes: Bytes,
    /// The entity tag with its quotes: equal bytes before coding give equal tags, each coding its own.
    pub etag: String,
}

impl Representation {
    /// Codes `plain` and tags it. An empty body is never coded.
    pub(crate) fn new(content_type: &'static str, plain: Vec<u8>, coding: Coding) -> Self {
        let tag = format!("{:032x}", xxh3_128(&plain));
        let gzip = if plain.is_empty() { Coding::Identity } else { coding };
        let (bytes, etag) = match gzip {
            Coding::Identity => (plain, format!("\"{tag}\"")),
            Coding::Gzip => (compress(&plain), format!("\"{tag}-gzip\"")),
        };
        Self {
            content_type,
            coding: gzip,
            bytes: bytes.into(),
            etag,
        }
    }
}

/// gzip at level 1: on a miss, compressing costs more than rendering. (The library's "fastest" is level 0, which only
/// stores.)
fn compress(plain: &[u8]) -> Vec<u8> {
    let level = CompressionLvl::new(1).expect("1 is one of the levels 0 to 12");
    let mut compressor = Compressor::new(level);
    let mut coded = vec![0; compressor.gzip_compress_bound(plain.len())];
    let size = compressor
        .gzip_compress(plain, &mut coded)
        .expect("the buffer is as large as the bound says");
    coded.truncate(size);
    coded.shrink_to_fit();
    coded
}

/// Whether an `If-None-Match` header names this tag; the comparison is the weak one (RFC 9110, clause 13.1.2).
pub(crate) fn matches(if_none_match: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = opaque(etag);
    if_none_match.trim() == "*" || if_none_match.split(',').any(|tag| opaque(tag) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list_weak_or_not() {
        let check = |header: &str, expected: bool| assert_eq!(matches(header, "\"ab-gzip\""), expected, "{header}");
        check("\"ab-gzip\"", true);
        check("W/\"ab-gzip\"", true);
        check("\"x\", W/\"y\" ,\"ab-gzip\"", true);
        check("*", true);
        check("\"ab\"", false);
        check("ab-gzip", false);
        check("", false);
        assert!(matches("\"ab\"", "W/\"ab\""));
    }

    #[test]
    fn each_coding_has_its_tag_and_empty_stays_empty() {
        let plain = vec![7_u8; 1000];
        let identity = Representation::new("x/y", plain.clone(), Coding::Identity);
        let gzip = Representation::new("x/y", plain.clone(), Coding::Gzip);
        assert_ne!(identity.etag, gzip.etag);
        assert!(gzip.bytes.len() < 100 && gzip.bytes.starts_with(&[0x1f, 0x8b]));
        let mut back = vec![0; 1000];
        libdeflater::Decompressor::new()
            .gzip_decompress(&gzip.bytes, &mut back)
            .unwrap();
        assert_eq!(back, plain);
        assert!(Representation::new("x/y", vec![], Coding::Gzip).bytes.is_empty());
    }
}
