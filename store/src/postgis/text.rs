//! Texts as PostgreSQL can keep them: its `text` cannot hold the character NUL.
//!
//! NUL is kept as U+10FFFF, a character that Unicode will never assign, followed by `0`; U+10FFFF itself as that followed
//! by `1`. All other texts are kept as they are.

use std::borrow::Cow;

const MARK: char = '\u{10FFFF}';

/// `text` as it is kept.
pub(super) fn kept(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| byte != 0 && byte != 0xf4);
    if is_plain || !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(MARK, "\u{10FFFF}1").replace('\0', "\u{10FFFF}0"))
}

/// What was kept as `text`.
pub(super) fn meant(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&0xf4) || !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\u{10FFFF}0", "\0").replace("\u{10FFFF}1", "\u{10FFFF}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in [
            "",
            "plain 甲",
            "\0",
            "a\0b\u{10FFFF}c",
            "\u{10FFFF}0",
            "\u{10FFFF}\0",
            "\u{10FFFE}\u{1F5FA}",
        ] {
            let kept = kept(text);
            assert!(!kept.contains('\0'));
            assert_eq!(meant(&kept), text);
        }
        assert!(matches!(kept("\u{1F5FA}"), Cow::Borrowed(_)));
    }
}
