//! What is counted, in the text format of Prometheus. No layer is named: the numbers are for everybody.

use crate::app::App;
use crate::histogram::Histogram;
use crate::published::now;
use axum::http::StatusCode;
use onemap_model::Instant;
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
    /// How often a look at the store succeeded.
    pub looks: AtomicU64,
    /// How often the follower opened the store.
    pub openings: AtomicU64,
    /// Features changed by what was committed.
    pub applied: AtomicU64,
    /// Tiles that a change took out of the cache.
    pub invalidated: AtomicU64,
    /// Layers read whole.
    pub whole_reloads: AtomicU64,
    /// How long tiles took to render.
    pub rendered: Histogram,
    /// How long they took to compress.
    pub coded: Histogram,
    /// Tiles of which the client's tag alone said that they are as they were.
    pub unchanged: AtomicU64,
    delay_micros: AtomicU64,
}

impl Metrics {
    /// Counts one answer.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.by_class[class].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    /// Notes when what is about to be published was committed, by the store's clock.
    pub(crate) fn committed(&self, time: Option<Instant>) {
        if let Some(time) = time {
            let delay = now().micros().saturating_sub(time.micros());
            self.delay_micros
                .store(u64::try_from(delay).unwrap_or(0), Ordering::Relaxed);
        }
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
    let counts = app.cache.counts();
    let layers = app.layer_tiles.counts();
    let pool = &app.pool.counts;
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
        ("onemap_cache_requests_total", "counter", counts.asked.to_string()),
        ("onemap_cache_misses_total", "counter", counts.made.to_string()),
        ("onemap_cache_evictions_total", "counter", counts.evicted.to_string()),
        ("onemap_cache_entries", "gauge", counts.entries.to_string()),
        ("onemap_cache_bytes", "gauge", counts.bytes.to_string()),
        ("onemap_layer_cache_requests_total", "counter", layers.asked.to_string()),
        ("onemap_layer_cache_misses_total", "counter", layers.made.to_string()),
        ("onemap_layer_cache_bytes", "gauge", layers.bytes.to_string()),
        ("onemap_pool_load", "gauge", app.pool.load().to_string()),
        ("onemap_pool_refused_total", "counter", load(&pool.refused).to_string()),
        (
            "onemap_pool_given_up_total",
            "counter",
            load(&pool.given_up).to_string(),
        ),
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
    let opened_again = load(&metrics.openings).saturating_sub(1);
    let followed = [
        ("onemap_http_held_bytes", "gauge", app.held.bytes().to_string()),
        ("onemap_store_reconnects_total", "counter", opened_again.to_string()),
        (
            "onemap_store_applied_changes_total",
            "counter",
            load(&metrics.applied).to_string(),
        ),
        (
            "onemap_store_layers_read_whole_total",
            "counter",
            load(&metrics.whole_reloads).to_string(),
        ),
        (
            "onemap_store_lag_seconds",
            "gauge",
            app.status.age().map_or(0.0, |age| age.as_secs_f64()).to_string(),
        ),
        (
            "onemap_publish_delay_seconds",
            "gauge",
            (load(&metrics.delay_micros) as f64 / 1e6).to_string(),
        ),
        (
            "onemap_cache_invalidated_total",
            "counter",
            load(&metrics.invalidated).to_string(),
        ),
        (
            "onemap_tiles_unchanged_by_tag_total",
            "counter",
            load(&metrics.unchanged).to_string(),
        ),
    ];
    for (name, kind, value) in rows.into_iter().chain(followed) {
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    }
    metrics.rendered.expose("onemap_render_seconds", &mut text);
    metrics.coded.expose("onemap_compress_seconds", &mut text);
    pool.waited.expose("onemap_pool_wait_seconds", &mut text);
    pool.took.expose("onemap_pool_work_seconds", &mut text);
    text
}
