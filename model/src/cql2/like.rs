//! `LIKE`: patterns with `%` for any text, `_` for any one character, `\` before what is meant as it is.

/// A pattern, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// This character.
    Exactly(char),
    /// Any one character.
    One,
    /// Any text.
    Any,
}

impl Pattern {
    /// Reads a pattern. A backslash at the end means itself.
    pub fn new(text: &str) -> Self {
        let mut pieces = Vec::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let piece = match c {
                '%' => Piece::Any,
                '_' => Piece::One,
                '\\' => Piece::Exactly(chars.next().unwrap_or('\\')),
                c => Piece::Exactly(c),
            };
            // Two of them say no more than one.
            if piece != Piece::Any || pieces.last() != Some(&Piece::Any) {
                pieces.push(piece);
            }
        }
        Self(pieces)
    }

    /// Whether the whole text fits. Costs at most the product of both lengths, mostly their sum.
    pub fn fits(&self, text: &str) -> bool {
        let pieces = &self.0[..];
        let (mut at, mut rest) = (0, text.chars());
        // Where to go on if what follows the last `%` does not fit: with one character more given to it.
        let mut retry = None;
        loop {
            match pieces.get(at) {
                Some(Piece::Any) if at + 1 == pieces.len() => return true,
                Some(Piece::Any) => {
                    retry = Some((at + 1, rest.clone()));
                    at += 1;
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                _ => {}
            }
            let next = rest.next();
            let fits = match (pieces.get(at), next) {
                (Some(Piece::Exactly(wanted)), Some(c)) => *wanted == c,
                (Some(Piece::One), Some(_)) => true,
                (_, None) => return false,
                _ => false,
            };
            if fits {
                at += 1;
                continue;
            }
            let Some((after, longer)) = &mut retry else {
                return false;
            };
            if longer.next().is_none() {
                return false;
            }
            at = *after;
            rest = longer.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition itself: tries everything.
    fn fits(pieces: &[Piece], text: &[char]) -> bool {
        match (pieces.first(), text.first()) {
            (None, None) => true,
            (Some(Piece::Any), _) => (0..=text.len()).any(|taken| fits(&pieces[1..], &text[taken..])),
            (Some(Piece::One), Some(_)) => fits(&pieces[1..], &text[1..]),
            (Some(Piece::Exactly(wanted)), Some(c)) => wanted == c && fits(&pieces[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_text_fits_where_the_definition_says_so(pattern in "[ab%_\\\\]{0,8}", text in "[ab%\\\\]{0,8}") {
            let pattern = Pattern::new(&pattern);
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(pattern.fits(&text), fits(&pattern.0, &chars));
        }
    }

    #[test]
    fn wildcards_stand_for_characters_not_bytes() {
        let check =
            |pattern: &str, text: &str, expected| assert_eq!(Pattern::new(pattern).fits(text), expected, "{pattern}");
        check("K_benhavn", "København", true);
        check("地_", "地图", true);
        check("", "", true);
        check("%", "", true);
        check("a\\%", "a%", true);
        check("a\\%", "ab", false);
        check("a\\", "a\\", true);
        check("%ab%ab", "abxab", true);
        check("A", "a", false);
    }

    #[test]
    fn a_hostile_pattern_stays_within_its_bound() {
        let pattern = Pattern::new(&"%a".repeat(2_000));
        assert!(!pattern.fits(&("a".repeat(1_999) + "b")));
    }
}
