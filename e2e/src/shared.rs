//! Where the real files lie: `../shared` beside the project, or `ONEMAP_SHARED`.
//!
//! Tests that need them are skipped by name where they are missing, and fail there in CI: a check that quietly did
//! not run is no check.

use std::io::Write;
use std::path::{Path, PathBuf};

/// What a test does about the real files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// They are here.
    Use(PathBuf),
    /// They are not, and this is somebody's own machine: the test is skipped, with this line.
    Skip(String),
    /// They are not, and this is CI: the test fails with this message.
    Fail(String),
}

/// Decides for `test`, given where the files should be and whether this is CI.
pub fn decide(test: &str, folder: &Path, ci: bool) -> Decision {
    if folder.join("data").is_dir() && folder.join("nasty").is_dir() {
        Decision::Use(folder.to_owned())
    } else if ci {
        let place = folder.display();
        Decision::Fail(format!(
            "{test} needs the real files of ../shared; {place} has no data/ and nasty/, and CI may not skip"
        ))
    } else {
        Decision::Skip(format!("skipped: {test}: ../shared is not here"))
    }
}

/// The folder of the real files; none where `test` is to be skipped, which is said on standard error even where the
/// test harness captures what tests print.
///
/// # Panics
/// In CI (`CI` set to anything but nothing, `0` or `false`) where the files are missing.
pub fn shared(test: &str) -> Option<PathBuf> {
    let ci = std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    match decide(test, &folder(), ci) {
        Decision::Use(folder) => Some(folder),
        Decision::Skip(line) => {
            let _ = writeln!(std::io::stderr(), "{line}");
            None
        }
        Decision::Fail(message) => panic!("{message}"),
    }
}

fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("ONEMAP_SHARED").map_or_else(beside, PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_here_are_used_in_ci_and_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["data", "nasty"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        for ci in [true, false] {
            assert_eq!(decide("t", folder.path(), ci), Decision::Use(folder.path().to_owned()));
        }
    }

    #[test]
    fn missing_files_skip_a_test_by_name_and_fail_it_in_ci() {
        let nowhere = Path::new("/nowhere/shared");
        let skipped = "skipped: roads_load: ../shared is not here".to_owned();
        assert_eq!(decide("roads_load", nowhere, false), Decision::Skip(skipped));
        let Decision::Fail(message) = decide("roads_load", nowhere, true) else {
            panic!("CI must fail");
        };
        assert!(
            message.contains("roads_load") && message.contains("/nowhere/shared"),
            "{message}"
        );
    }

    #[test]
    fn half_of_the_files_is_none_of_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        assert!(matches!(decide("t", folder.path(), true), Decision::Fail(_)));
    }
}
