//! How long things took, by classes.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper ends of the classes, in microseconds; what is longer is in a last one.
const ENDS_MICROS: [u64; 12] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000,
];

/// Counts of durations.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [AtomicU64; ENDS_MICROS.len() + 1],
    micros: AtomicU64,
}

impl Histogram {
    /// Counts one.
    pub(crate) fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = ENDS_MICROS.partition_point(|&end| end < micros);
        self.counts[class].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Appends it in the text format of Prometheus.
    pub(crate) fn expose(&self, name: &str, text: &mut String) {
        let mut sum = 0;
        let _ = writeln!(text, "# TYPE {name} histogram");
        for (count, end) in self.counts.iter().zip(ENDS_MICROS) {
            sum += count.load(Ordering::Relaxed);
            let seconds = Duration::from_micros(end).as_secs_f64();
            let _ = writeln!(text, "{name}_bucket{{le=\"{seconds}\"}} {sum}");
        }
        sum += self.counts[ENDS_MICROS.len()].load(Ordering::Relaxed);
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(
            text,
            "{name}_bucket{{le=\"+Inf\"}} {sum}\n{name}_sum {seconds}\n{name}_count {sum}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_counts_all_that_are_not_longer() {
        let histogram = Histogram::default();
        for micros in [0, 250, 251, 10_000_000] {
            histogram.note(Duration::from_micros(micros));
        }
        let mut text = String::new();
        histogram.expose("x_seconds", &mut text);
        for row in [
            "# TYPE x_seconds histogram\nx_seconds_bucket{le=\"0.0001\"} 1\nx_seconds_bucket{le=\"0.00025\"} 2\n",
            "x_seconds_bucket{le=\"0.0005\"} 3\n",
            "x_seconds_bucket{le=\"2\"} 3\nx_seconds_bucket{le=\"+Inf\"} 4\nx_seconds_sum 10.000501\nx_seconds_count 4\n",
        ] {
            assert!(text.contains(row), "{text}");
        }
    }
}
