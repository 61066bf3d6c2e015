//! How far an export is: a bar on a terminal, plain lines elsewhere, one for every tenth of a layer.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Instant;

/// Layers of fewer features are written before a line is read.
const FEW: u64 = 2000;

/// How far the writing of a layer is.
pub(super) struct Tell {
    bar: Option<ProgressBar>,
    layer: String,
    total: u64,
    done: u64,
    tenth: u64,
    begun: Instant,
}

impl Tell {
    /// Begins a layer of about `total` features.
    pub fn begin(layer: &str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
            let template = "{msg} {wide_bar} {percent} % {human_pos}/{human_len} features, {per_sec}, {eta} left";
            bar.set_style(ProgressStyle::with_template(template).expect("the template is written here"));
            bar.set_message(format!("writing {layer}"));
            bar
        });
        Self {
            bar,
            layer: layer.to_owned(),
            total: total.max(1),
            done: 0,
            tenth: 0,
            begun: Instant::now(),
        }
    }

    /// One more feature is written; cheap.
    pub fn one(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            if self.done.is_multiple_of(256) {
                bar.set_position(self.done);
            }
            return;
        }
        let tenth = if self.total < FEW {
            0
        } else {
            self.done * 10 / self.total
        };
        if tenth > self.tenth {
            self.tenth = tenth;
            let rate = self.done as f64 / self.begun.elapsed().as_secs_f64().max(1e-3);
            let (layer, done, total) = (&self.layer, self.done, self.total);
            eprintln!(
                "writing {layer}: {} %, {done} of {total} features, {rate:.0} features/s",
                tenth * 10
            );
        }
    }

    /// Takes the bar away; says how many were written.
    pub fn end(self) -> u64 {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.done
    }
}
