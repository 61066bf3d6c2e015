//! What GDAL says while it works: gathered for the caller instead of printed.

use std::cell::RefCell;

/// How many messages are kept until they are taken: hostile files make millions.
const KEPT: usize = 64;

/// How much of one message is kept, in characters.
const KEPT_CHARS: usize = 400;

thread_local! {
    static SAID: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
}

/// One thing that GDAL said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whether something failed, as opposed to a mere warning.
    pub failure: bool,
    /// What it said.
    pub text: String,
}

/// Keeps a message for this thread; called by the handler that [`crate::setup`] installs.
pub(crate) fn hear(failure: bool, text: &str) {
    SAID.with_borrow_mut(|said| {
        if said.len() < KEPT {
            let text = crate::error::one_line(&text.chars().take(KEPT_CHARS).collect::<String>());
            said.push(Message { failure, text });
        }
    });
}

/// Takes all that was said on this thread since the last time.
pub fn take() -> Vec<Message> {
    SAID.with_borrow_mut(std::mem::take)
}

/// Forgets all that was said on this thread so far; cheap, for use before each feature.
pub fn forget() {
    SAID.with_borrow_mut(Vec::clear);
}

/// Takes what was said as one line, failures only where there are any; none where nothing was said.
pub fn take_line() -> Option<String> {
    let said = take();
    let failures: Vec<_> = said.iter().filter(|m| m.failure).collect();
    let chosen = if failures.is_empty() {
        said.iter().collect()
    } else {
        failures
    };
    let mut lines: Vec<&str> = chosen.iter().map(|m| m.text.trim_end_matches('.')).collect();
    lines.dedup();
    lines.truncate(3);
    (!lines.is_empty()).then(|| lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_speak_before_warnings_and_memory_is_bounded() {
        forget();
        hear(false, "a warning");
        hear(true, "a failure.\nin two lines");
        assert_eq!(take_line().as_deref(), Some("a failure. in two lines"));
        assert_eq!(take_line(), None);
        (0..1000).for_each(|_| hear(false, &"x".repeat(10_000)));
        let said = take();
        assert!(said.len() == KEPT && said[0].text.len() == KEPT_CHARS);
    }
}
