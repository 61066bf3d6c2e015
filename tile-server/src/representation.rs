//! Ready-made bytes of an answer: coded, with their strong entity tag (RFC 9110, clause 8.8.3).

use crate::negotiate::Coding;
use axum::body::Bytes;
use libdeflater::{CompressionLvl, Compressor};
use onemap_atlas::Drawn;
use std::cell::RefCell;
use std::fmt;
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
    /// What a tile was made of; nothing for other answers.
    pub drawn: Drawn,
}

/// What is behind a tag: which content, and, for a tile, the version at which it was that.
///
/// Written `"<hash>[-<scope>-<version>][-gzip|-zstd|-br]"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Of the bytes before coding.
    hash: u128,
    /// Of what the version counts for; see [`Since`].
    pub since: Option<Since>,
    /// The coding that the tag is of.
    pub coding: Coding,
}

/// The version at which a tile was rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since {
    /// A hash of everything beside the version that makes two tiles comparable: the life of the store, the layers.
    pub scope: u64,
    /// The version.
    pub version: u64,
}

impl Tag {
    /// Reads an opaque tag with its quotes; none where it is none of ours.
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('"')?.strip_suffix('"')?;
        let of_coding = |coding: Coding| Some((text.strip_suffix(coding.name()?)?.strip_suffix('-')?, coding));
        let (text, coding) = Coding::ALL
            .into_iter()
            .find_map(of_coding)
            .unwrap_or((text, Coding::Identity));
        let mut parts = text.split('-');
        let hash = u128::from_str_radix(parts.next().filter(|hash| hash.len() == 32)?, 16).ok()?;
        let since = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(scope), Some(version), None) => Some(Since {
                scope: u64::from_str_radix(scope, 16).ok()?,
                version: version.parse().ok()?,
            }),
            _ => return None,
        };
        Some(Self { hash, since, coding })
    }

    /// Whether there is nothing behind it.
    pub(crate) fn is_of_nothing(&self) -> bool {
        self.hash == xxh3_128(&[])
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{:032x}", self.hash)?;
        if let Some(Since { scope, version }) = self.since {
            write!(f, "-{scope:016x}-{version}")?;
        }
        match self.coding.name() {
            None => f.write_str("\""),
            Some(name) => write!(f, "-{name}\""),
        }
    }
}

impl Representation {
    /// Codes `plain` and tags it. An empty body is never coded.
    pub(crate) fn new(content_type: &'static str, plain: Vec<u8>, coding: Coding) -> Self {
        Self::tagged(content_type, plain, coding, None)
    }

    /// Part of an answer, which is never one itself.
    pub(crate) fn part(plain: Vec<u8>, drawn: Drawn) -> Self {
        Self {
            content_type: "application/octet-stream",
            coding: Coding::Identity,
            bytes: plain.into(),
            etag: String::new(),
            drawn,
        }
    }

    /// As [`Representation::new`], with a tag that tells the version.
    pub(crate) fn tagged(content_type: &'static str, plain: Vec<u8>, coding: Coding, since: Option<Since>) -> Self {
        let hash = xxh3_128(&plain);
        let coding = if plain.is_empty() { Coding::Identity } else { coding };
        let bytes = compress(plain, coding);
        Self {
            content_type,
            coding,
            bytes: bytes.into(),
            etag: Tag { hash, since, coding }.to_string(),
            drawn: Drawn::default(),
        }
    }

    /// The same, of a tile that was made of so much.
    pub(crate) fn with_drawn(self, drawn: Drawn) -> Self {
        Self { drawn, ..self }
    }
}

/// The fastest that makes less of a tile than gzip does; it takes several times as long.
const BROTLI_QUALITY: i32 = 1;

/// Codes at the fastest level: on a miss, compressing costs more than rendering.
fn compress(plain: Vec<u8>, coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Identity => plain,
        Coding::Gzip => gzip(&plain),
        Coding::Zstd => zstd(&plain),
        Coding::Brotli => brotli(&plain),
    }
}

/// gzip at level 1. (The library's "fastest" is level 0, which only stores.) Its tables and the room for the largest outcome
/// are megabytes that cost more to get than a small tile costs to compress, so each thread keeps them.
fn gzip(plain: &[u8]) -> Vec<u8> {
    thread_local! {
        static FASTEST: RefCell<(Compressor, Vec<u8>)> = {
            let level = CompressionLvl::new(1).expect("1 is one of the levels 0 to 12");
            RefCell::new((Compressor::new(level), Vec::new()))
        };
    }
    FASTEST.with_borrow_mut(|(compressor, room)| {
        let bound = compressor.gzip_compress_bound(plain.len());
        if room.len() < bound {
            room.resize(bound, 0);
        }
        let size = compressor
            .gzip_compress(plain, room)
            .expect("the buffer is as large as the bound says");
        let coded = room[..size].to_vec();
        if room.len() > MOST_ROOM {
            *room = Vec::new();
        }
        coded
    })
}

/// So much room a thread keeps from one answer to the next.
const MOST_ROOM: usize = 1 << 20;

/// zstd at level 1. To begin with its working space costs as much as to compress a tile, so each thread keeps one.
fn zstd(plain: &[u8]) -> Vec<u8> {
    thread_local! {
        static FASTEST: RefCell<zstd::bulk::Compressor<'static>> =
            RefCell::new(zstd::bulk::Compressor::new(1).expect("1 is one of the levels"));
    }
    let mut coded = FASTEST
        .with_borrow_mut(|fastest| fastest.compress(plain))
        .expect("the buffer is as large as the bound says");
    coded.shrink_to_fit();
    coded
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        size_hint: plain.len(),
        ..Default::default()
    };
    let mut coded = Vec::new();
    brotli::BrotliCompress(&mut &*plain, &mut coded, &params).expect("memory takes what is written");
    coded.shrink_to_fit();
    coded
}

/// The tags of an `If-None-Match` header that are ours, each as it was sent, without the sign for weak ones.
pub(crate) fn tags(if_none_match: &str) -> impl Iterator<Item = (&str, Tag)> {
    let texts = if_none_match.split(',').map(move |tag| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag)
    });
    texts.filter_map(|text| Tag::parse(text).map(|tag| (text, tag)))
}

/// The tag in an `If-None-Match` header that names what `etag` does, as it was sent; the comparison is the weak one
/// (RFC 9110, clause 13.1.2), and the version does not count: equal content is equal.
pub(crate) fn matching<'a>(if_none_match: &'a str, etag: &'a str) -> Option<&'a str> {
    if if_none_match.trim() == "*" {
        return Some(etag);
    }
    let wanted = Tag::parse(etag)?;
    let same = |tag: &Tag| (tag.hash, tag.coding) == (wanted.hash, wanted.coding);
    tags(if_none_match).find(|(_, tag)| same(tag)).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list_weak_or_not() {
        let (ours, other) = (format!("\"{:032x}-gzip\"", 0xab), format!("\"{:032x}-gzip\"", 0xac));
        let check = |header: &str, expected: Option<&str>| assert_eq!(matching(header, &ours), expected, "{header}");
        check(&ours, Some(&ours));
        check(&format!("W/{ours}"), Some(&ours));
        check(&format!("\"x\", W/\"y\" ,{ours}"), Some(&ours));
        check("*", Some(&ours));
        check(&other, None);
        check(&ours.replace("-gzip", ""), None);
        check(&ours.replace('"', ""), None);
        check("", None);
    }

    #[test]
    fn a_tag_tells_its_version_and_is_equal_whatever_that_is() {
        let of = |version| {
            let since = Some(Since { scope: 0xfe, version });
            Representation::tagged("x/y", vec![7; 100], Coding::Gzip, since).etag
        };
        assert!(of(12).ends_with("-00000000000000fe-12-gzip\""), "{}", of(12));
        let header = format!("{}, {}", of(3), of(12));
        let versions: Vec<_> = tags(&header).map(|(_, tag)| tag.since.unwrap().version).collect();
        assert_eq!(versions, [3, 12]);
        assert_eq!(matching(&header, &of(99)), Some(of(3).as_str()));
        for bad in ["\"ab\"", "\"-\"", "\"-gzip\"", "\"\"", "\"0-1-2\""] {
            assert_eq!(tags(bad).count(), 0, "{bad}");
        }
        let hash = "0".repeat(32);
        for bad in ["-1", "-1-x", "-x-1", "-1-2-3", "-1-99999999999999999999"] {
            assert_eq!(tags(&format!("\"{hash}{bad}\"")).count(), 0, "{bad}");
        }
        assert!(tags(&Representation::new("x/y", vec![], Coding::Gzip).etag).all(|(_, tag)| tag.is_of_nothing()));
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
        let zstd = Representation::new("x/y", plain.clone(), Coding::Zstd);
        assert_eq!(zstd::bulk::decompress(&zstd.bytes, 1000).unwrap(), plain);
        let br = Representation::new("x/y", plain.clone(), Coding::Brotli);
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &*br.bytes, &mut back).unwrap();
        assert_eq!(back, plain);
        for (made, ending) in [(&gzip, "-gzip\""), (&zstd, "-zstd\""), (&br, "-br\"")] {
            assert!(made.etag.ends_with(ending) && made.bytes.len() < 100, "{}", made.etag);
            assert_eq!(tags(&made.etag).next().unwrap().1.coding, made.coding);
        }
        assert!(Representation::new("x/y", vec![], Coding::Gzip).bytes.is_empty());
    }
}
