//! Where a reader of the feed is, and how that is written down for it.
//!
//! A cursor names the life of the store, the last version that was read whole and, inside the next one, the layer and
//! how many of its entries were read. It counts nothing that its holder may not see, and it stays good whatever
//! becomes of the layers' rights.

use crate::problem::{Problem, shorten};
use onemap_model::{Epoch, Name, Version};

/// Longer than any cursor: an epoch, two numbers and a name.
const MAX_BYTES: usize = 400;
/// Tells a cursor from a plain version and from `now`.
const MARK: char = 'c';

/// A place in the feed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The last version that was read whole, or that is not wanted.
    pub version: Version,
    /// How far the version after it was read.
    pub inside: Option<Inside>,
}

/// How far one version was read: all layers before `layer`, and some entries of that one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Inside {
    /// The version.
    pub version: Version,
    /// The layer.
    pub layer: Name,
    /// Entries of it that were read; the one that says that it was defined anew counts.
    pub entries: u64,
}

/// Where somebody wants to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since {
    /// With the oldest entry that is kept.
    Oldest,
    /// After the newest version.
    Now,
    /// After this version, of whatever life.
    Version(Version),
    /// Where a page or a stream ended, in this life of the store.
    Cursor(Epoch, Place),
}

impl Place {
    /// After all of a version.
    pub(crate) fn after(version: Version) -> Self {
        Self { version, inside: None }
    }

    /// The version that a reader at this place has seen anything of.
    pub(crate) fn reaches(&self) -> Version {
        self.inside.as_ref().map_or(self.version, |inside| inside.version)
    }

    /// Whether something of the versions up to `newest` may be behind this place.
    pub(crate) fn is_before(&self, newest: Version) -> bool {
        self.version < newest && self.reaches() <= newest
    }

    /// The place as text for clients, in the life `epoch`.
    pub(crate) fn cursor(&self, epoch: &Epoch) -> String {
        let inside = match &self.inside {
            Some(inside) => format!(".{}.{}.{}", inside.version, inside.entries, inside.layer),
            None => String::new(),
        };
        format!("{MARK}{}", encode(&format!("{epoch}.{}{inside}", self.version)))
    }
}

impl Since {
    /// Reads `since`, or `Last-Event-ID`.
    ///
    /// # Errors
    /// 400 naming what was sent.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        let since = match text {
            "now" => Some(Self::Now),
            _ if text.len() > MAX_BYTES => None,
            _ if text.starts_with(MARK) => parse_cursor(&text[MARK.len_utf8()..]),
            _ => number(text).map(|version| Self::Version(Version(version))),
        };
        since.ok_or_else(|| {
            Problem::bad_request(format!(
                "{name}: {:?} is no place in the feed: expected a cursor as an answer gave it, a version, or now",
                shorten(text)
            ))
        })
    }
}

fn parse_cursor(coded: &str) -> Option<Since> {
    let text = String::from_utf8(decode(coded)?).ok()?;
    // A layer's name has no full stop in it, but nothing depends on that.
    let mut parts = text.splitn(5, '.');
    let epoch = Epoch::new(parts.next()?).ok()?;
    let version = Version(number(parts.next()?)?);
    let inside = match parts.next() {
        None => None,
        Some(inner) => Some(Inside {
            version: Version(number(inner)?),
            entries: number(parts.next()?)?,
            layer: Name::new(parts.next()?).ok()?,
        }),
    };
    let orderly = inside.as_ref().is_none_or(|inside| inside.version > version);
    orderly.then_some(Since::Cursor(epoch, Place { version, inside }))
}

/// A whole number as this module writes it, within what stores can count.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten()?;
    i64::try_from(number).is_ok().then_some(number)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648, clause 5, without padding.
fn encode(text: &str) -> String {
    let mut coded = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let sextets = (0..=chunk.len()).map(|i| char::from(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63]));
        coded.extend(sextets);
    }
    coded
}

fn decode(coded: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(coded.len() * 3 / 4);
    for chunk in coded.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for i in 0..4 {
            let sextet = match chunk.get(i) {
                Some(letter) => ALPHABET.iter().position(|known| known == letter)? as u32,
                None => 0,
            };
            bits = bits << 6 | sextet;
        }
        let whole = match chunk.len() {
            1 => return None,
            length => length - 1,
        };
        bytes.extend_from_slice(&bits.to_be_bytes()[1..=whole]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> Epoch {
        Epoch::new("0197c1b2-aaaa").unwrap()
    }

    fn inside(version: u64, layer: &str, entries: u64) -> Place {
        let layer = Name::new(layer).unwrap();
        let inside = Inside {
            version: Version(version + 1),
            layer,
            entries,
        };
        Place {
            version: Version(version),
            inside: Some(inside),
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        for place in [
            Place::after(Version(0)),
            Place::after(Version(i64::MAX as u64)),
            inside(7, "宗地", 1_000_000),
            inside(0, "a", 0),
        ] {
            let cursor = place.cursor(&epoch());
            assert!(
                cursor
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            );
            assert_eq!(Since::parse("since", &cursor), Ok(Since::Cursor(epoch(), place)));
        }
    }

    #[test]
    fn now_and_plain_versions_are_places_too() {
        assert_eq!(Since::parse("since", "now"), Ok(Since::Now));
        assert_eq!(Since::parse("since", "12"), Ok(Since::Version(Version(12))));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let forged = |text: &str| format!("c{}", encode(text));
        let long = "9".repeat(5000);
        for bad in [
            "",
            "-1",
            "+1",
            "1.5",
            "NOW",
            "c",
            "c!",
            "cA",
            "9223372036854775808",
            &long,
            &forged(""),
            &forged("short.1"),
            &forged("0197c1b2-aaaa"),
            &forged("0197c1b2-aaaa.-1"),
            &forged("0197c1b2-aaaa.1.2"),
            &forged("0197c1b2-aaaa.1.2.3"),
            &forged("0197c1b2-aaaa.1.1.3.roads"),
            &forged("0197c1b2-aaaa.1.2.3.ro ads\0"),
            &forged("0197c1b2-aaaa.99999999999999999999"),
        ] {
            assert!(Since::parse("since", bad).is_err(), "{bad}");
        }
        assert!(Since::parse("since", &forged("0197c1b2-aaaa.1.2.3.roads")).is_ok());
    }
}
