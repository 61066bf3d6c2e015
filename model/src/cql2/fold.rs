//! `CASEI` and `ACCENTI`: texts without what case and accents tell apart.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Chinese characters, of which there are no other cases and that have nothing above them.
const HAN_FIRST: char = '\u{3400}';
const HAN_LAST: char = '\u{9fff}';

/// The text with Unicode's full case folding: equal texts are equal but for case. `ß` is `ss`, every sigma is one.
pub(super) fn case(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return text;
    }
    if every_byte(&text, has_no_case) {
        return text;
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
            HAN_FIRST..=HAN_LAST => folded.push(c),
            c => folded.extend(fold_char(c)),
        }
    }
    Cow::Owned(folded)
}

/// The text without accents: without the marks above and below letters, and without the strokes through them.
///
/// Marks that make other letters of those they stand with stay: vowel signs, the dakuten of kana.
pub(super) fn accents(text: Cow<'_, str>) -> Cow<'_, str> {
    if every_byte(&text, has_no_accent) {
        return text;
    }
    let bare = text.nfd().filter(|&c| !is_accent(c)).map(without_stroke);
    Cow::Owned(bare.nfc().collect())
}

/// Whether something holds for every byte. It does for most texts, so all are looked at, several at once.
fn every_byte(text: &str, holds: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & holds(byte))
}

/// Whether a byte of UTF-8 is of a character that surely has no other case: digits, small letters, everything from the
/// marks of Chinese and Japanese on to the last of their characters, Korean.
fn has_no_case(byte: u8) -> bool {
    !byte.is_ascii_uppercase() && (byte < 0xc0 || matches!(byte, 0xe3..=0xe9 | 0xeb..=0xed))
}

/// Whether a byte of UTF-8 is of a character that is surely the same without accents: ASCII, Chinese characters.
fn has_no_accent(byte: u8) -> bool {
    byte < 0xc0 || matches!(byte, 0xe4..=0xe9)
}

/// Lower, upper, lower: what the standard library can say of it. It is the full folding for all letters but the
/// dotless i, whose upper case is another letter's.
fn fold_char(c: char) -> impl Iterator<Item = char> {
    let is_own = c == 'ı';
    let folded = c
        .to_lowercase()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    is_own.then_some(c).into_iter().chain(folded.filter(move |_| !is_own))
}

fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Letters with a stroke are no letter and mark to Unicode, but people look for them without it.
fn without_stroke(c: char) -> char {
    match c {
        'Ø' => 'O',
        'ø' => 'o',
        'Đ' => 'D',
        'đ' => 'd',
        'Ł' => 'L',
        'ł' => 'l',
        'Ħ' => 'H',
        'ħ' => 'h',
        'Ŧ' => 'T',
        'ŧ' => 't',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::char::{canonical_combining_class, compose};

    #[test]
    fn texts_are_equal_but_for_case() {
        let same = |a: &'static str, b: &'static str| assert_eq!(case(a.into()), case(b.into()), "{a} {b}");
        same("KIEV", "kiev");
        same("Straße", "STRASSE");
        same("ẞ", "ss");
        same("Οδος", "ΟΔΟΣ");
        same("ΚΌΣΜΟΣ", "κόσμος");
        same("KØBENHAVN", "København");
        same("МОСКВА", "москва");
        same("ŉ", "ʼN");
        same("地图", "地图");
        assert_ne!(case("ı".into()), case("i".into()));
        assert_ne!(case("e".into()), case("é".into()));
    }

    #[test]
    fn what_is_passed_over_is_what_would_not_change() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = c.to_string();
            if text.bytes().all(has_no_case) || (HAN_FIRST..=HAN_LAST).contains(&c) {
                assert!(fold_char(c).eq([c]), "{c:?}");
            }
            if text.bytes().all(has_no_accent) {
                assert!(text.nfd().map(without_stroke).eq([c]) && !is_accent(c), "{c:?}");
                assert!(c.is_ascii() || canonical_combining_class(c) == 0, "{c:?}");
                // Nothing after it is drawn into it.
                assert!(
                    !"\u{3099}\u{309a}\u{301}"
                        .chars()
                        .any(|mark| compose(c, mark).is_some() && !c.is_ascii()),
                    "{c:?}"
                );
            }
        }
    }

    #[test]
    fn texts_are_equal_but_for_accents() {
        let same = |a: &'static str, b: &'static str| assert_eq!(accents(a.into()), b, "{a}");
        same("Chișinău", "Chisinau");
        same("débárquér", "debarquer");
        same("Ångström", "Angstrom");
        same("København", "Kobenhavn");
        same("Łódź", "Lodz");
        same("A\u{301}", "A");
        // Another letter, not an accent.
        same("が", "が");
        same("한국", "한국");
        same("कि", "कि");
        assert_ne!(accents("É".into()), accents("e".into()));
    }
}
