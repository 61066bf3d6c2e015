//! What the tests on real files share: where those are, and what is done where they are not.

use std::path::PathBuf;

/// The directory of real files; none where it is not here, after saying that `test` is skipped.
///
/// # Panics
/// In CI, where they must be here.
pub fn shared(test: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let path = std::env::var_os("ONEMAP_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if path.join("data").is_dir() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{test}: ../shared is not here, and CI must have it"
    );
    println!("skipped: {test}: ../shared is not here");
    None
}
