//! `LIKE`: patterns with `%` for any text, `_` for any one character, `\` before what is meant as it is.

/// A pattern, ready to be compared: what stands between its `%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// One part, and the whole text has to fit it; or the beginning, what comes in between in this order, and the end.
    parts: Vec<Part>,
}

/// A run of characters and of places for any one character.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Part {
    /// The text before the first place for any character, between two of them, and after the last.
    texts: Vec<String>,
    /// Of the texts and places together.
    chars: usize,
}

impl Pattern {
    /// Reads a pattern. A backslash at the end means itself.
    pub fn new(text: &str) -> Self {
        let mut parts = vec![Part::empty()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                // Two of them say no more than one.
                '%' if parts.len() > 1 && parts.last().is_some_and(|part| part.chars == 0) => {}
                '%' => parts.push(Part::empty()),
                '_' => parts.last_mut().expect("there is always one").add_any(),
                '\\' => parts
                    .last_mut()
                    .expect("there is always one")
                    .add(chars.next().unwrap_or('\\')),
                c => parts.last_mut().expect("there is always one").add(c),
            }
        }
        Self { parts }
    }

    /// Whether the whole text fits. Costs at most the product of both lengths, mostly their sum.
    ///
    /// Each part between two `%` is taken where it comes first: whatever comes after it then has the most room.
    pub fn fits(&self, text: &str) -> bool {
        let [first, rest @ ..] = &self.parts[..] else {
            return text.is_empty();
        };
        let Some(after) = first.after(text) else {
            return false;
        };
        let Some((last, between)) = rest.split_last() else {
            return after.is_empty();
        };
        let mut left = after;
        for part in between {
            match part.after_first(left) {
                Some(after) => left = after,
                None => return false,
            }
        }
        last.ends(left)
    }
}

impl Part {
    fn empty() -> Self {
        Self {
            texts: vec![String::new()],
            chars: 0,
        }
    }

    fn add(&mut self, c: char) {
        self.texts.last_mut().expect("there is always one").push(c);
        self.chars += 1;
    }

    fn add_any(&mut self) {
        self.texts.push(String::new());
        self.chars += 1;
    }

    /// What comes after it in a text that begins with it.
    fn after<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (first, others) = self.texts.split_first()?;
        // What a pattern begins with is often nothing: no need to call the comparison of memory for that.
        let mut left = if first.is_empty() {
            text
        } else {
            text.strip_prefix(&**first)?
        };
        for other in others {
            let mut chars = left.chars();
            chars.next()?;
            left = chars.as_str().strip_prefix(&**other)?;
        }
        Some(left)
    }

    /// What comes after the first place where it is in a text.
    fn after_first<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (first, others) = self.texts.split_first()?;
        if others.is_empty() {
            return find(text, first).map(|at| &text[at + first.len()..]);
        }
        let mut left = text;
        loop {
            left = &left[find(left, first)?..];
            if let Some(after) = self.after(left) {
                return Some(after);
            }
            let mut chars = left.chars();
            chars.next()?;
            left = chars.as_str();
        }
    }

    /// Whether a text ends with it.
    fn ends(&self, text: &str) -> bool {
        if let [only] = &self.texts[..] {
            return text.ends_with(&**only);
        }
        let mut chars = text.char_indices().rev();
        let begin = chars.nth(self.chars - 1).map(|(at, _)| at);
        begin.is_some_and(|at| self.after(&text[at..]).is_some_and(str::is_empty))
    }
}

/// Where `wanted` is in a text first. For texts of a few words: its last byte is looked for, then the others compared,
/// which is over sooner than any preparation. (Letters of one script share their first byte.)
fn find(text: &str, wanted: &str) -> Option<usize> {
    let Some((last, before)) = wanted.as_bytes().split_last() else {
        return Some(0);
    };
    if text.len() > SHORT && wanted.len() > 1 {
        // Takes the sum of both lengths at worst.
        return text.find(wanted);
    }
    let bytes = text.as_bytes();
    let ends = memchr::memchr_iter(*last, bytes.get(before.len()..)?);
    ends.into_iter().find(|&at| bytes[at..].starts_with(before))
}

/// Bytes up to which a text is looked through simply.
const SHORT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, Copy)]
    enum Piece {
        Exactly(char),
        One,
        Any,
    }

    fn pieces(pattern: &str) -> Vec<Piece> {
        let (mut pieces, mut chars) = (Vec::new(), pattern.chars());
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '%' => Piece::Any,
                '_' => Piece::One,
                '\\' => Piece::Exactly(chars.next().unwrap_or('\\')),
                c => Piece::Exactly(c),
            });
        }
        pieces
    }

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
        fn a_text_fits_where_the_definition_says_so(pattern in "[ab地%_\\\\]{0,8}", text in "[ab地土%\\\\]{0,8}") {
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(Pattern::new(&pattern).fits(&text), fits(&pieces(&pattern), &chars));
        }

        #[test]
        fn a_long_text_fits_likewise(pattern in "%?[ab]{1,3}(%|_)[ab]{1,3}%?", text in "[ab]{0,9}") {
            let long = "c".repeat(SHORT) + &text;
            let chars: Vec<char> = long.chars().collect();
            prop_assert_eq!(Pattern::new(&pattern).fits(&long), fits(&pieces(&pattern), &chars));
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
