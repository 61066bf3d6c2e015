//! `CASEI` and `ACCENTI`: texts without what case and accents tell apart.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The text with Unicode's full case folding: equal texts are equal but for case. `ß` is `ss`, every sigma is one.
pub(super) fn case(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return text;
    }
    Cow::Owned(text.chars().flat_map(fold_char).collect())
}

/// The text without accents: without the marks above and below letters, and without the strokes through them.
///
/// Marks that make other letters of those they stand with stay: vowel signs, the dakuten of kana.
pub(super) fn accents(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() {
        return text;
    }
    let bare = text.nfd().filter(|&c| !is_accent(c)).map(without_stroke);
    Cow::Owned(bare.nfc().collect())
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
