//! Small pictures: where a layer lies, what shape a feature has. Inline SVG with presentation attributes alone, for the
//! policy of pages allows no styles in them.

use super::escape;
use onemap_model::{Bbox, Coord, Geometry, Path};
use std::fmt::Write;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 220.0;
const MARGIN: f64 = 10.0;
/// Points have no size: about a metre is shown around them.
const LEAST_DEGREES: f64 = 1e-5;
/// More vertices than a small picture can show.
const MAX_VERTICES: usize = 20_000;

/// From longitude and latitude to the picture.
struct Frame {
    center: Coord,
    x_scale: f64,
    y_scale: f64,
}

impl Frame {
    /// A frame that holds `bbox`, with degrees of longitude as short as they are at its middle.
    fn around(bbox: Bbox) -> Self {
        let center = bbox.center();
        let narrowing = center.y.to_radians().cos().max(0.05);
        let (width, height) = ((bbox.east() - bbox.west()) * narrowing, bbox.north() - bbox.south());
        let room = |room: f64, size: f64| (room - 2.0 * MARGIN) / size.max(LEAST_DEGREES);
        let scale = room(WIDTH, width).min(room(HEIGHT, height));
        Self {
            center,
            x_scale: scale * narrowing,
            y_scale: scale,
        }
    }

    fn at(&self, at: Coord) -> (f64, f64) {
        let (east, north) = (at.x - self.center.x, at.y - self.center.y);
        (WIDTH / 2.0 + east * self.x_scale, HEIGHT / 2.0 - north * self.y_scale)
    }
}

/// A box inside the box around everything.
pub(crate) fn outline(inner: Bbox, whole: Bbox) -> String {
    let frame = Frame::around(whole.union(inner));
    let rect = |bbox: Bbox, look: &str| {
        let (x, y) = frame.at(Coord {
            x: bbox.west(),
            y: bbox.north(),
        });
        let (right, bottom) = frame.at(Coord {
            x: bbox.east(),
            y: bbox.south(),
        });
        let (width, height) = ((right - x).max(2.0), (bottom - y).max(2.0));
        format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" {look}/>")
    };
    let all = rect(whole, "fill=\"none\" stroke=\"#999\" stroke-dasharray=\"4 3\"");
    let one = rect(inner, "fill=\"#0b5cad\" fill-opacity=\"0.2\" stroke=\"#0b5cad\"");
    picture(&(all + &one))
}

/// The shape of a geometry in longitude and latitude; none where it is too much for a small picture, or is nothing.
pub(crate) fn shape(geometry: &Geometry, bbox: Bbox) -> Option<String> {
    let frame = Frame::around(bbox);
    let (mut path, mut dots) = (Drawn::default(), String::new());
    draw(geometry, &frame, &mut path, &mut dots);
    (path.vertices > 0 && path.vertices <= MAX_VERTICES).then(|| picture(&(path.elements() + &dots)))
}

/// Geometries in longitude and latitude, each leading to an address; none where there is nothing to be seen.
pub(crate) fn shapes(all: &[(String, Geometry)]) -> Option<String> {
    let around = |geometry: &Geometry| Bbox::around(geometry.coords());
    let whole = all
        .iter()
        .filter_map(|(_, geometry)| around(geometry))
        .reduce(Bbox::union)?;
    let frame = Frame::around(whole);
    let mut content = String::new();
    for (address, geometry) in all {
        let (mut path, mut dots) = (Drawn::default(), String::new());
        draw(geometry, &frame, &mut path, &mut dots);
        let _ = write!(content, "<a href=\"{}\">{}{dots}</a>", escape(address), path.elements());
    }
    Some(picture(&content))
}

/// So many vertices are drawn in one picture.
pub(crate) const fn most_vertices() -> usize {
    MAX_VERTICES
}

#[derive(Default)]
struct Drawn {
    areas: String,
    lines: String,
    vertices: usize,
}

impl Drawn {
    fn elements(&self) -> String {
        let path = |data: &str, look: &str| match data {
            "" => String::new(),
            data => format!("<path d=\"{data}\" stroke=\"#0b5cad\" {look}/>"),
        };
        let areas = path(
            &self.areas,
            "fill=\"#0b5cad\" fill-opacity=\"0.2\" fill-rule=\"evenodd\"",
        );
        areas + &path(&self.lines, "fill=\"none\" stroke-width=\"2\"")
    }
}

fn draw(geometry: &Geometry, frame: &Frame, drawn: &mut Drawn, dots: &mut String) {
    if drawn.vertices > MAX_VERTICES {
        return;
    }
    match geometry {
        Geometry::Points(points) => {
            drawn.vertices += points.len();
            for &at in points.coords().iter().take(MAX_VERTICES) {
                let (x, y) = frame.at(at);
                let _ = write!(dots, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"#0b5cad\"/>");
            }
        }
        Geometry::Lines(lines) => lines.iter().for_each(|line| {
            drawn.vertices += line.len();
            trace(&mut drawn.lines, line, frame);
        }),
        Geometry::Polygons(polygons) => polygons.iter().flat_map(|polygon| &polygon.rings).for_each(|ring| {
            drawn.vertices += ring.len();
            trace(&mut drawn.areas, ring, frame);
            drawn.areas.push('Z');
        }),
        Geometry::Collection(parts) => parts.iter().for_each(|part| draw(part, frame, drawn, dots)),
    }
}

fn trace(out: &mut String, path: &Path, frame: &Frame) {
    for (i, &at) in path.coords().iter().take(MAX_VERTICES).enumerate() {
        let (x, y) = frame.at(at);
        let command = if i == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{command}{x:.1} {y:.1}");
    }
}

fn picture(content: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">{content}</svg>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_lies_in_its_frame() {
        let bbox = Bbox::new(115.0, 30.0, 115.2, 30.1).unwrap();
        let frame = Frame::around(bbox);
        for (x, y) in [(115.0, 30.0), (115.2, 30.1), (115.1, 30.05)] {
            let (px, py) = frame.at(Coord { x, y });
            assert!((0.0..=WIDTH).contains(&px) && (0.0..=HEIGHT).contains(&py), "{px} {py}");
        }
        let (px, py) = frame.at(bbox.center());
        assert!((px - WIDTH / 2.0).abs() < 1e-6 && (py - HEIGHT / 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_point_is_drawn_in_the_middle() {
        let point = Geometry::point(115.0, 30.0).unwrap();
        let bbox = Bbox::new(115.0, 30.0, 115.0, 30.0).unwrap();
        assert!(shape(&point, bbox).unwrap().contains("cx=\"160.0\" cy=\"110.0\""));
    }
}
