//! Progress: a bar on a terminal, plain lines elsewhere, one for every 5 % of a phase and at least every few seconds.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a line comes at least.
const SILENCE: Duration = Duration::from_secs(5);

/// Before that no rate is told: it would be one of chance.
const SOON: Duration = Duration::from_millis(200);

/// How many steps a phase without known end is drawn in: per mille of the source.
const PER_MILLE: u64 = 1000;

/// Where progress goes.
pub enum Progress {
    /// Nowhere.
    Silent,
    /// A bar that redraws itself.
    Bar(ProgressBar),
    /// Lines.
    Lines(Lines),
}

/// Progress as plain lines.
pub struct Lines {
    out: Box<dyn Write + Send>,
    phase: String,
    /// When the phase was heard of first, and the rows that were done then.
    start: Option<(Instant, u64)>,
    said: Instant,
    twentieth: Option<u64>,
}

/// How far a phase has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Rows done.
    pub rows: u64,
    /// Rows in all, where that is known.
    pub total: Option<u64>,
    /// The fraction done (0 to 1), where rows in all are not known but this is.
    pub fraction: Option<f64>,
}

impl Progress {
    /// To standard error: a bar on a terminal, else lines.
    pub fn to_stderr() -> Self {
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            return Progress::Bar(bar);
        }
        Progress::Lines(Lines::to(Box::new(std::io::stderr())))
    }

    /// Begins a phase: `reading roads`, `writing roads`.
    pub fn begin(&mut self, phase: &str) {
        match self {
            Progress::Silent => {}
            Progress::Bar(bar) => {
                bar.reset();
                bar.unset_length();
                bar.set_style(style("{msg} {spinner} {human_pos} rows, {per_sec}"));
                bar.set_message(phase.to_owned());
            }
            Progress::Lines(lines) => lines.begin(phase),
        }
    }

    /// Says how far the phase has come; cheap, for every row.
    pub fn at(&mut self, position: Position) {
        match self {
            Progress::Silent => {}
            Progress::Bar(bar) => draw(bar, position),
            Progress::Lines(lines) => lines.at(position),
        }
    }

    /// Takes the bar away.
    pub fn end(&mut self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are written here")
}

fn draw(bar: &ProgressBar, position: Position) {
    let (done, total) = match (position.total, position.fraction) {
        (Some(total), _) => (position.rows, total.max(1)),
        (None, Some(fraction)) => ((fraction * PER_MILLE as f64) as u64, PER_MILLE),
        (None, None) => return bar.set_position(position.rows),
    };
    if bar.length() != Some(total) {
        bar.set_length(total);
        let rows = if position.total.is_some() {
            " {human_pos}/{human_len} rows, {per_sec}"
        } else {
            ""
        };
        bar.set_style(style(&format!(
            "{{msg}} {{wide_bar}} {{percent}} %{rows}, {{eta}} left"
        )));
    }
    bar.set_position(done);
}

impl Lines {
    /// Lines into `out`.
    pub fn to(out: Box<dyn Write + Send>) -> Self {
        let now = Instant::now();
        Self {
            out,
            phase: String::new(),
            start: None,
            said: now,
            twentieth: None,
        }
    }

    fn begin(&mut self, phase: &str) {
        (self.phase, self.start, self.said, self.twentieth) = (phase.to_owned(), None, Instant::now(), None);
    }

    fn at(&mut self, position: Position) {
        let done = position.done();
        if done.is_none() && position.rows == 0 {
            // Work that is not counted in rows, such as syncing: only that it has begun can be said.
            let _ = writeln!(self.out, "{}", self.phase).and_then(|()| self.out.flush());
            return;
        }
        let (start, before) = *self.start.get_or_insert_with(|| (Instant::now(), position.rows));
        let twentieth = done.map(|done| (done * 20.0) as u64);
        let is_new = twentieth.is_some() && twentieth != self.twentieth;
        // The clock is asked rarely: rows come by the hundred thousand a second.
        let is_late = position.rows.is_multiple_of(256) && self.said.elapsed() >= SILENCE;
        if is_new || is_late {
            (self.twentieth, self.said) = (twentieth, Instant::now());
            let line = line(
                &self.phase,
                position,
                (position.rows - before.min(position.rows), start.elapsed()),
            );
            // A closed pipe must not end an import.
            let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        }
    }
}

impl Position {
    fn done(&self) -> Option<f64> {
        let of_rows = self.total.map(|total| self.rows as f64 / total.max(1) as f64);
        of_rows.or(self.fraction).map(|done| done.clamp(0.0, 1.0))
    }
}

/// `reading roads: 35 %, 4600 of 13131 rows, 52000 rows/s, 1 s left`, where so many rows were done in that time.
fn line(phase: &str, position: Position, (rows, time): (u64, Duration)) -> String {
    let done = position.done();
    let percent = done.map_or_else(String::new, |done| format!("{:.0} %, ", (done * 100.0).floor()));
    let of = position.total.map_or_else(String::new, |total| format!(" of {total}"));
    let mut line = format!("{phase}: {percent}{}{of} rows", position.rows);
    if time >= SOON && rows > 0 {
        let rate = rows as f64 / time.as_secs_f64();
        line.push_str(&format!(", {rate:.0} rows/s"));
        if let Some(done) = done.filter(|&done| done > 0.0) {
            let left = position.rows as f64 / rate / done * (1.0 - done);
            line.push_str(&format!(", {left:.0} s left"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines(rows: u64, total: Option<u64>, fraction: fn(u64) -> Option<f64>) -> Vec<String> {
        let out = Shared::default();
        let mut progress = Progress::Lines(Lines::to(Box::new(out.clone())));
        progress.begin("reading roads");
        (1..=rows).for_each(|rows| {
            progress.at(Position {
                rows,
                total,
                fraction: fraction(rows),
            })
        });
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        text.lines().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn there_is_a_line_for_every_twentieth() {
        let said = lines(1000, Some(1000), |_| None);
        assert_eq!(said.len(), 21);
        assert!(
            said[7].starts_with("reading roads: 35 %, 350 of 1000 rows"),
            "{}",
            said[7]
        );
        assert!(said[20].starts_with("reading roads: 100 %"));
    }

    #[test]
    fn a_rate_is_told_when_there_is_one() {
        let at = |rows| Position {
            rows,
            total: Some(400_000),
            fraction: None,
        };
        let said = line("writing roads", at(10_000), (10_000, Duration::from_micros(3)));
        assert_eq!(said, "writing roads: 2 %, 10000 of 400000 rows");
        let said = line("writing roads", at(110_000), (100_000, Duration::from_secs(2)));
        assert_eq!(
            said,
            "writing roads: 27 %, 110000 of 400000 rows, 50000 rows/s, 6 s left"
        );
    }

    #[test]
    fn a_source_of_unknown_length_tells_its_fraction_or_nothing() {
        assert_eq!(lines(100, None, |rows| Some(rows as f64 / 100.0)).len(), 21);
        assert!(lines(100, None, |_| None).is_empty());
    }

    #[test]
    fn work_that_is_not_counted_in_rows_is_announced() {
        let out = Shared::default();
        let mut progress = Progress::Lines(Lines::to(Box::new(out.clone())));
        progress.begin("syncing");
        progress.at(Position {
            rows: 0,
            total: None,
            fraction: None,
        });
        assert_eq!(*out.0.lock().unwrap(), b"syncing\n");
    }
}
