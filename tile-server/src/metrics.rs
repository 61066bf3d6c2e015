//! What is counted, in the text format of Prometheus. No layer is named: the numbers are for everybody.

use crate::app::App;
use axum::http::StatusCode;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one server.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    by_class: [AtomicU64; 5],
    micros: AtomicU64,
    /// Connections open at the moment.
    pub connections: AtomicU64,
    /// How often a new state of the store was published.
    pub published: AtomicU64,
    /// How often a look at the store failed.
    pub failed_looks: AtomicU64,
}

impl Metrics {
    /// Counts one answer.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.by_class[class].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }
}

/// All numbers as text.
pub(crate) fn exposition(app: &App) -> String {
    let metrics = &app.metrics;
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut text = String::new();
    for (i, counter) in metrics.by_class.iter().enumerate() {
        let head = if i == 0 {
            "# TYPE onemap_http_responses_total counter\n"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "{head}onemap_http_responses_total{{class=\"{}xx\"}} {}",
            i + 1,
            load(counter)
        );
    }
    let (asked, made, bytes) = app.cache.counts();
    let version = app
        .published
        .load()
        .as_ref()
        .map_or(0, |published| published.snapshot.version().0);
    let seconds = load(&metrics.micros) as f64 / 1e6;
    let rows = [
        ("onemap_http_seconds_total", "counter", seconds.to_string()),
        (
            "onemap_http_connections",
            "gauge",
            load(&metrics.connections).to_string(),
        ),
        ("onemap_cache_requests_total", "counter", asked.to_string()),
        ("onemap_cache_misses_total", "counter", made.to_string()),
        ("onemap_cache_bytes", "gauge", bytes.to_string()),
        ("onemap_store_version", "gauge", version.to_string()),
        (
            "onemap_snapshots_published_total",
            "counter",
            load(&metrics.published).to_string(),
        ),
        (
            "onemap_change_streams",
            "gauge",
            (app.config.limits.max_streams - app.feed.free_places()).to_string(),
        ),
        ("onemap_change_reads_total", "counter", app.feed.reads().to_string()),
        (
            "onemap_store_failed_looks_total",
            "counter",
            load(&metrics.failed_looks).to_string(),
        ),
    ];
    for (name, kind, value) in rows {
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    }
    text
}
