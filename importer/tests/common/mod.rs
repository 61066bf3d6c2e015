//! What the tests on real files share: where those are, and what is done where they are not.

use onemap_importer::check::check;
use onemap_importer::progress::Progress;
use onemap_importer::settings::Settings;
use onemap_importer::summary::Summary;
use onemap_model::Crs;
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

/// Checks one source.
pub fn check_one(source: &str, settings: &Settings) -> onemap_importer::Result<Summary> {
    check(
        &[source.to_owned()],
        settings,
        Crs::CGCS2000,
        100_000,
        &mut Progress::Silent,
    )
}

/// `(name, read, passed, set aside, geometry type)` of each layer.
pub fn counts(summary: &Summary) -> Vec<(&str, u64, u64, u64, &str)> {
    let of = |layer: &'_ onemap_importer::summary::LayerSummary| (layer.read, layer.passed, layer.set_aside);
    let layers = summary.layers.iter();
    layers
        .map(|l| (l.name.as_str(), of(l).0, of(l).1, of(l).2, l.geometry_type))
        .collect()
}
