//! The encoding of a source's texts: found out, and undone.
//!
//! For shapefiles: `.cpg`, else the DBF's language id, else UTF-8 where every text is, else GB18030, of which GBK and
//! GB2312 are parts. For CSV: the byte order mark, else UTF-8 where every text is, else GB18030.

use crate::source::dbf::{Survey, Texts};
use encoding_rs::{Encoding, GB18030, UTF_8};
use std::borrow::Cow;

/// An encoding with the reason it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoder {
    encoding: &'static Encoding,
    /// Why it is this one, in words; none where the format prescribes it or the user gave it.
    pub reason: Option<String>,
}

/// A text, and whether bytes had to be replaced by U+FFFD.
pub type Decoded<'a> = (Cow<'a, str>, bool);

impl Decoder {
    /// UTF-8, as the format prescribes.
    pub fn utf8() -> Self {
        Self {
            encoding: UTF_8,
            reason: None,
        }
    }

    /// The encoding that the user named; none where nothing is called so.
    pub fn named(name: &str) -> Option<Self> {
        by_label(name).map(|encoding| Self { encoding, reason: None })
    }

    /// The encoding of a shapefile, from its `.cpg` (its text, where there is one) and its table.
    pub fn of_shapefile(cpg: Option<&str>, survey: Survey) -> Self {
        if let Some(encoding) = cpg.and_then(by_label) {
            return Self::because(encoding, format!("the .cpg says {:?}", cpg.unwrap_or_default().trim()));
        }
        match by_language_id(survey.language_id) {
            Some(encoding) => Self::because(
                encoding,
                format!("the DBF's language id is 0x{:02X}", survey.language_id),
            ),
            None => Self::of_texts(survey.texts),
        }
    }

    /// The encoding of texts about which nothing is declared.
    pub fn of_texts(texts: Texts) -> Self {
        match texts {
            Texts::Ascii => Self::utf8(),
            Texts::Utf8 => Self::because(UTF_8, "all texts are valid UTF-8".into()),
            Texts::Other => Self::because(GB18030, "nothing is declared and not all texts are UTF-8".into()),
        }
    }

    fn because(encoding: &'static Encoding, reason: String) -> Self {
        Self {
            encoding,
            reason: Some(reason),
        }
    }

    /// The name of the encoding.
    pub fn name(&self) -> &'static str {
        self.encoding.name()
    }

    /// Whether texts need more than a look at their validity.
    pub fn is_utf8(&self) -> bool {
        self.encoding == UTF_8
    }

    /// Decodes a value. A zero byte cannot be in it.
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Decoded<'a> {
        self.encoding.decode_without_bom_handling(bytes)
    }

    /// Decodes a name that may have been cut in the middle of its last character, which is then left out.
    pub fn decode_name(&self, bytes: &[u8]) -> String {
        let (text, damaged) = self.decode(bytes);
        if damaged {
            for cut in 1..=3.min(bytes.len().saturating_sub(1)) {
                if let (text, false) = self.decode(&bytes[..bytes.len() - cut]) {
                    return text.into_owned();
                }
            }
        }
        text.into_owned()
    }
}

/// What bytes about which nothing is known are made of.
pub fn texts_of(bytes: &[u8]) -> Texts {
    match std::str::from_utf8(bytes) {
        Ok(_) if bytes.is_ascii() => Texts::Ascii,
        Ok(_) => Texts::Utf8,
        Err(_) => Texts::Other,
    }
}

/// Reads what people and programs call encodings: WHATWG's labels, and code pages in the spellings of `.cpg` files.
fn by_label(label: &str) -> Option<&'static Encoding> {
    let label = label
        .trim()
        .trim_start_matches('\u{feff}')
        .trim_matches('\0')
        .to_lowercase();
    let bare = ["ansi ", "ansi", "cp", "ms", "oem ", "oem", "windows-"]
        .iter()
        .find_map(|prefix| label.strip_prefix(prefix))
        .unwrap_or(&label);
    let latin = label
        .strip_prefix("iso")
        .map(|rest| rest.trim_start_matches(['-', ' ', '_']))
        .unwrap_or(&label);
    let latin = latin
        .strip_prefix("8859")
        .map(|part| format!("iso-8859-{}", part.trim_start_matches(['-', '_'])));
    Encoding::for_label(label.as_bytes())
        .or_else(|| Encoding::for_label(latin?.as_bytes()))
        .or_else(|| by_code_page(bare.trim().parse().ok()?))
}

fn by_code_page(page: u32) -> Option<&'static Encoding> {
    let label = match page {
        936 | 54936 => "gb18030",
        950 => "big5",
        932 => "shift_jis",
        949 => "euc-kr",
        866 => "ibm866",
        874 => "windows-874",
        20866 => "koi8-r",
        65001 => "utf-8",
        1250..=1258 => return Encoding::for_label(format!("windows-{page}").as_bytes()),
        28591..=28606 => return Encoding::for_label(format!("iso-8859-{}", page - 28590).as_bytes()),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// The code page that a DBF's language driver id stands for (ESRI's and FoxPro's tables).
///
/// Ids that programs write without meaning them (0x00, DOS 0x01 and 0x02, "ANSI" 0x57) say nothing.
fn by_language_id(id: u8) -> Option<&'static Encoding> {
    by_code_page(match id {
        0x4d | 0x7a => 936,
        0x4f | 0x78 => 950,
        0x13 | 0x7b => 932,
        0x4e | 0x79 => 949,
        0x26 | 0x65 => 866,
        0x50 | 0x7c => 874,
        0x03 | 0x58 | 0x59 => 1252,
        0xc8 => 1250,
        0xc9 => 1251,
        0xcb => 1253,
        0xca => 1254,
        0x7d => 1255,
        0x7e => 1256,
        0xcc => 1257,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(language_id: u8, texts: Texts) -> Survey {
        Survey {
            language_id,
            texts,
            deleted: 0,
        }
    }

    #[test]
    fn cpg_comes_before_language_id_before_sniffing() {
        let check = |cpg: Option<&str>, id, texts, expected: &str| {
            assert_eq!(
                Decoder::of_shapefile(cpg, survey(id, texts)).name(),
                expected,
                "{cpg:?} {id:x} {texts:?}"
            );
        };
        check(Some("UTF-8\r\n"), 0x4d, Texts::Other, "UTF-8");
        check(Some("GBK"), 0x57, Texts::Utf8, "GBK");
        check(Some("ISO 88591"), 0, Texts::Other, "windows-1252");
        check(Some("no such thing"), 0x4d, Texts::Utf8, "gb18030");
        check(None, 0x4d, Texts::Utf8, "gb18030");
        check(None, 0x57, Texts::Utf8, "UTF-8");
        check(None, 0, Texts::Other, "gb18030");
        check(None, 0, Texts::Ascii, "UTF-8");
    }

    #[test]
    fn encodings_have_many_names() {
        let check = |label: &str, expected: &str| assert_eq!(by_label(label).unwrap().name(), expected, "{label}");
        check("936", "gb18030");
        check("CP936", "gb18030");
        check("gb2312", "GBK");
        check("ANSI 1251", "windows-1251");
        check("65001", "UTF-8");
        check("8859-1", "windows-1252");
        check("ISO-8859-15", "ISO-8859-15");
        check("big5", "Big5");
        assert!(by_label("klingon").is_none() && by_label("").is_none() && by_label("99999").is_none());
    }

    #[test]
    fn a_name_cut_in_half_loses_only_its_last_character() {
        let gbk = Decoder::named("GBK").unwrap();
        assert_eq!(gbk.decode_name(b"\xd7\xda\xb5\xd8\xb4"), "宗地");
        assert_eq!(gbk.decode_name(b"\xd7\xda\xb5\xd8"), "宗地");
        assert_eq!(Decoder::utf8().decode_name(b"ab\xe5\x9c"), "ab");
        assert_eq!(Decoder::utf8().decode_name(b"\xff"), "\u{fffd}");
    }

    #[test]
    fn bytes_that_do_not_fit_are_replaced_and_told() {
        let (text, damaged) = Decoder::utf8().decode(b"a\xffb");
        assert_eq!((text.as_ref(), damaged), ("a\u{fffd}b", true));
        let (text, damaged) = Decoder::named("gb18030").unwrap().decode(b"\xbb\xc6\xca\xaf");
        assert_eq!((text.as_ref(), damaged), ("黄石", false));
    }
}
