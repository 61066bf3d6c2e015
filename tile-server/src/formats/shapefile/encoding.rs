//! Texts in the encoding of a table.

use std::borrow::Cow;

/// The encodings that tables of shapefiles are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum TextEncoding {
    /// What every newer program reads.
    #[default]
    Utf8,
    /// What old Chinese desktop programs expect.
    Gbk,
    /// GBK and everything else there is.
    Gb18030,
}

/// A text in an encoding.
pub(super) struct Encoded<'t> {
    /// The bytes.
    pub bytes: Cow<'t, [u8]>,
    /// How many characters the encoding does not have; question marks stand for them.
    pub unknown: usize,
    /// Whether its end was cut off.
    pub cut: bool,
}

impl TextEncoding {
    /// The encoding of this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "gbk" | "gb2312" | "cp936" | "936" => Some(Self::Gbk),
            "gb18030" => Some(Self::Gb18030),
            _ => None,
        }
    }

    /// What a `.cpg` says.
    pub(super) fn cpg(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
            Self::Gb18030 => "GB18030",
        }
    }

    /// The language id in the head of a table; 0 where there is none.
    pub(super) fn language_id(self) -> u8 {
        match self {
            Self::Gbk => 0x4d,
            Self::Utf8 | Self::Gb18030 => 0,
        }
    }

    /// `text` in at most `most` bytes; no character is cut in two.
    pub(super) fn encode(self, text: &str, most: usize) -> Encoded<'_> {
        if self == Self::Utf8 {
            let end = text.floor_char_boundary(most);
            return Encoded {
                bytes: Cow::Borrowed(&text.as_bytes()[..end]),
                unknown: 0,
                cut: end < text.len(),
            };
        }
        let encoding = match self {
            Self::Gb18030 => encoding_rs::GB18030,
            _ => encoding_rs::GBK,
        };
        let (bytes, _, has_unknown) = encoding.encode(text);
        if !has_unknown && bytes.len() <= most {
            return Encoded {
                bytes,
                unknown: 0,
                cut: false,
            };
        }
        let (mut bytes, mut unknown, mut cut) = (Vec::new(), 0, false);
        let mut buffer = [0; 4];
        for character in text.chars() {
            let (one, _, is_unknown) = encoding.encode(character.encode_utf8(&mut buffer));
            let one: &[u8] = if is_unknown { b"?" } else { &one };
            if bytes.len() + one.len() > most {
                cut = true;
                break;
            }
            unknown += usize::from(is_unknown);
            bytes.extend_from_slice(one);
        }
        let bytes = Cow::Owned(bytes);
        Encoded { bytes, unknown, cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_never_cut_in_two() {
        let check = |encoding: TextEncoding, most, expected: &[u8], cut| {
            let encoded = encoding.encode("a宗地", most);
            assert_eq!((&*encoded.bytes, encoded.cut), (expected, cut), "{encoding:?} {most}");
        };
        check(TextEncoding::Utf8, 6, "a宗".as_bytes(), true);
        check(TextEncoding::Utf8, 7, "a宗地".as_bytes(), false);
        check(TextEncoding::Gbk, 4, b"a\xd7\xda", true);
        check(TextEncoding::Gbk, 5, b"a\xd7\xda\xb5\xd8", false);
    }

    #[test]
    fn what_an_encoding_lacks_is_counted() {
        let encoded = TextEncoding::Gbk.encode("宗😀𠮷", 254);
        assert_eq!((&*encoded.bytes, encoded.unknown), (&b"\xd7\xda??"[..], 2));
        assert_eq!(TextEncoding::Gb18030.encode("😀", 254).unknown, 0);
    }
}
