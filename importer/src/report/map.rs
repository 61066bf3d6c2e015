//! The map of a report: a drawing (SVG) of where findings are, over where features are. Needs nothing else, and no script.

use crate::quality::backdrop::Backdrop;
use onemap_model::{Coord, Finding, Findings, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The drawing's width; its height follows from the land.
const WIDTH: f64 = 1000.0;
/// Features are counted in squares of this side.
const SQUARE: f64 = 4.0;
/// Findings of one severity within such a square make one spot.
const SPOT: f64 = 12.0;

/// Where degrees come to lie in the drawing.
struct Frame {
    west: f64,
    north: f64,
    /// Units to a degree.
    x: f64,
    y: f64,
    height: f64,
}

impl Frame {
    /// Around the outlines, else around all places but the outermost two in a thousand, which may be faults themselves.
    fn around(backdrop: &Backdrop, findings: &[Coord]) -> Option<Self> {
        let outlines: Vec<Coord> = backdrop.outlines.iter().flatten().copied().collect();
        let points = [&outlines, &backdrop.places, findings]
            .into_iter()
            .find(|all| !all.is_empty())?
            .to_vec();
        let range = |of: fn(&Coord) -> f64| {
            let mut all: Vec<f64> = points.iter().map(of).collect();
            all.sort_unstable_by(f64::total_cmp);
            let cut = all.len() / 1000;
            (all[cut], all[all.len() - 1 - cut])
        };
        let ((west, east), (south, north)) = (range(|p| p.x), range(|p| p.y));
        let ratio = ((south + north) / 2.0).to_radians().cos().max(0.01);
        // A margin, and never a point.
        let margin = (((east - west) * ratio).max(north - south) * 0.03).max(1e-5);
        let (west, east) = (west - margin / ratio, east + margin / ratio);
        let (south, north) = (south - margin, north + margin);
        let x = (WIDTH / (east - west)).min(2.0 * WIDTH * ratio / (north - south));
        let y = x / ratio;
        let height = (north - south) * y;
        // Tall land is drawn in the middle.
        let west = west - (WIDTH / x - (east - west)) / 2.0;
        Some(Self {
            west,
            north,
            x,
            y,
            height,
        })
    }

    fn at(&self, p: Coord) -> (f64, f64) {
        ((p.x - self.west) * self.x, (self.north - p.y) * self.y)
    }

    fn shows(&self, (x, y): (f64, f64)) -> bool {
        (0.0..=WIDTH).contains(&x) && (0.0..=self.height).contains(&y)
    }
}

/// Findings that are near one another.
#[derive(Default)]
struct Spot {
    x: f64,
    y: f64,
    codes: BTreeMap<&'static str, u64>,
    classes: BTreeSet<usize>,
    first: usize,
}

/// The map; empty where nothing has a place. Each spot leads to the finding `#f…` of its number in the list, and has the
/// classes `c…` of its findings.
pub fn render(findings: &Findings, backdrop: &Backdrop, class: &dyn Fn(&Finding) -> usize) -> String {
    let placed: Vec<(usize, &Finding, Coord)> = findings
        .kept()
        .iter()
        .enumerate()
        .filter_map(|(number, finding)| Some((number, finding, finding.place?)))
        .filter(|(.., at)| at.x.abs() <= 180.0 && at.y.abs() <= 90.0)
        .collect();
    let places: Vec<Coord> = placed.iter().map(|(.., at)| *at).collect();
    let Some(frame) = Frame::around(backdrop, &places) else {
        return String::new();
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"map of the findings\">\n<rect width=\"100%\" \
         height=\"100%\" class=\"sea\"/>\n",
        frame.height
    );
    draw_outlines(&mut svg, &frame, backdrop);
    draw_features(&mut svg, &frame, backdrop);
    let outside = draw_findings(&mut svg, &frame, &placed, class);
    draw_scale(&mut svg, &frame);
    svg.push_str("</svg>\n");
    if outside > 0 {
        let _ = writeln!(
            svg,
            "<p class=\"aside\">另有 {outside} 处在图外 · {outside} more lie outside the map</p>"
        );
    }
    svg
}

fn draw_outlines(svg: &mut String, frame: &Frame, backdrop: &Backdrop) {
    for ring in &backdrop.outlines {
        svg.push_str("<path class=\"land\" d=\"");
        for (number, p) in ring.iter().enumerate() {
            let (x, y) = frame.at(*p);
            let _ = write!(svg, "{}{x:.1} {y:.1}", if number == 0 { 'M' } else { 'L' });
        }
        svg.push_str("Z\"/>\n");
    }
}

/// All squares with features in them, darker the more there are.
fn draw_features(svg: &mut String, frame: &Frame, backdrop: &Backdrop) {
    let mut squares: BTreeMap<(i32, i32), u32> = BTreeMap::new();
    for p in backdrop.places.iter().map(|p| frame.at(*p)).filter(|p| frame.shows(*p)) {
        *squares
            .entry(((p.1 / SQUARE) as i32, (p.0 / SQUARE) as i32))
            .or_default() += 1;
    }
    let most = squares.values().copied().max().unwrap_or(1);
    for (class, from, to) in [
        ("few", 0, most / 4),
        ("some", most / 4, most / 2),
        ("many", most / 2, most),
    ] {
        let _ = write!(svg, "<path class=\"{class}\" d=\"");
        let these = squares
            .iter()
            .filter(|(_, count)| (from + 1..=to.max(1)).contains(*count));
        for ((row, column), _) in these {
            let (x, y) = (f64::from(*column) * SQUARE, f64::from(*row) * SQUARE);
            let _ = write!(svg, "M{x} {y}h{SQUARE}v{SQUARE}h-{SQUARE}z");
        }
        svg.push_str("\"/>\n");
    }
}

/// Draws the spots, the worst on top; gives how many findings lie outside.
fn draw_findings(
    svg: &mut String,
    frame: &Frame,
    placed: &[(usize, &Finding, Coord)],
    class: &dyn Fn(&Finding) -> usize,
) -> usize {
    let mut outside = 0;
    let mut spots: BTreeMap<(Severity, i32, i32), Spot> = BTreeMap::new();
    for (number, finding, place) in placed {
        let (x, y) = frame.at(*place);
        if !frame.shows((x, y)) {
            outside += 1;
            continue;
        }
        let key = (finding.code.severity(), (y / SPOT) as i32, (x / SPOT) as i32);
        let spot = spots.entry(key).or_insert_with(|| Spot {
            first: *number,
            ..Spot::default()
        });
        (spot.x, spot.y) = (spot.x + x, spot.y + y);
        *spot.codes.entry(finding.code.as_str()).or_default() += 1;
        spot.classes.insert(class(finding));
    }
    for ((severity, ..), spot) in spots {
        let count = spot.codes.values().sum::<u64>();
        let mean = |sum: f64| sum / count as f64;
        let radius = 3.5 + (count as f64).log2();
        let codes: Vec<String> = spot
            .codes
            .iter()
            .map(|(code, count)| format!("{code} × {count}"))
            .collect();
        let _ = writeln!(
            svg,
            "<a href=\"#f{}\" class=\"{}{}\"><circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\"><title>{}</title></circle></a>",
            spot.first,
            severity.as_str(),
            spot.classes
                .iter()
                .map(|class| format!(" c{class}"))
                .collect::<String>(),
            mean(spot.x),
            mean(spot.y),
            codes.join(", ")
        );
    }
    outside
}

/// A bar of a round length.
fn draw_scale(svg: &mut String, frame: &Frame) {
    let metre = frame.y / 110_850.0;
    let longest = WIDTH / 5.0 / metre;
    let power = 10_f64.powf(longest.log10().floor());
    let length = [5.0, 2.0, 1.0]
        .into_iter()
        .map(|n| n * power)
        .find(|n| *n <= longest)
        .unwrap_or(power);
    let label = if length >= 1000.0 {
        format!("{} km", length / 1000.0)
    } else {
        format!("{length} m")
    };
    let (y, end) = (frame.height - 14.0, 14.0 + length * metre);
    let _ = writeln!(
        svg,
        "<path class=\"scale\" d=\"M14 {:.1}V{y:.1}H{end:.1}V{:.1}\"/><text x=\"18\" y=\"{:.1}\">{label}</text>",
        y - 6.0,
        y - 6.0,
        y - 5.0
    );
}
