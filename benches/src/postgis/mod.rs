//! Measurements on a PostGIS store: loading beside `ogr2ogr`, reading beside `COPY`, and how soon an edit shows.

pub mod live;
pub mod load;
pub mod ready;
pub mod report;

use std::time::Duration;

/// The value in the middle of some times.
///
/// # Panics
/// Where there are none.
pub fn median(times: &[Duration]) -> Duration {
    quantile(times, 0.5)
}

/// The time that the share `q` of `times` does not exceed.
///
/// # Panics
/// Where there are none.
pub fn quantile(times: &[Duration], q: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}
