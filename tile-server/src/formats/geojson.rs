//! A GeoJSON `FeatureCollection` (RFC 7946; with the members of OGC API Features at its end).

use super::Sink;
use super::gathered::Gathered;
use super::json::{write_datum, write_geometry, write_id, write_number, write_text, write_time};
use super::place::placed_in;
use super::{FeatureWriter, Foot, Note, Shown, WriteError};
use crate::links::Link;
use onemap_model::Geometry;
use onemap_model::cql2::Subject;
use std::fmt::Write as _;

/// Writes a collection.
pub(super) struct Collection<'a> {
    out: Gathered<'a>,
    features: Features<'a>,
    returned: u64,
}

/// Writes `Feature` objects.
pub(super) struct Features<'a> {
    shown: Shown<'a>,
    /// The fields, each with its name as a member's beginning.
    members: Vec<(usize, String)>,
    /// Where geometries are made.
    room: Geometry,
}

/// One feature alone, with its links.
///
/// # Errors
/// [`WriteError::NoPlace`].
pub(crate) fn one(shown: Shown<'_>, feature: &dyn Subject, links: &[Link]) -> Result<String, WriteError> {
    let mut out = String::new();
    Features::new(shown).write(&mut out, feature, None)?;
    out.pop();
    let links = serde_json::Value::from_iter(links.iter().map(Link::to_json));
    let _ = write!(out, ",\"links\":{links}}}");
    Ok(out)
}

impl<'a> Features<'a> {
    /// Features as `shown`.
    pub fn new(shown: Shown<'a>) -> Self {
        let fields = shown.layer.fields();
        let member = |&at: &usize| {
            let mut text = String::new();
            write_text(&mut text, fields.get(at)?.name.as_str());
            text.push(':');
            Some((at, text))
        };
        Self {
            members: shown.fields.iter().filter_map(member).collect(),
            shown,
            room: Geometry::Polygons(Vec::new()),
        }
    }

    /// Writes one object at the end of `out`.
    pub fn write(
        &mut self,
        out: &mut String,
        feature: &dyn Subject,
        distance_m: Option<f64>,
    ) -> Result<(), WriteError> {
        out.push_str("{\"type\":\"Feature\",\"id\":");
        write_id(out, feature);
        out.push_str(",\"geometry\":");
        match placed_in(feature, &self.shown.crs, &mut self.room)? {
            Some(geometry) => write_geometry(out, &geometry, self.shown.layer.geometry_type, self.shown.axis_order()),
            None => out.push_str("null"),
        }
        write_time(out, feature.valid());
        out.push_str(",\"properties\":{");
        for (i, (at, name)) in self.members.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(name);
            write_datum(out, &feature.value(*at));
        }
        out.push('}');
        if let Some(distance_m) = distance_m {
            out.push_str(",\"distance\":");
            write_number(out, distance_m);
        }
        out.push('}');
        Ok(())
    }

    /// The member that names the coordinate system in files that say it themselves (GeoJSON 2008; what GDAL reads).
    fn crs_member(&self) -> String {
        match self.shown.crs.epsg() {
            Some(crs) if self.shown.axes == super::Axes::EastNorth => {
                let urn = format!("urn:ogc:def:crs:EPSG::{}", crs.code());
                format!(",\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"{urn}\"}}}}")
            }
            _ => String::new(),
        }
    }
}

impl<'a> Collection<'a> {
    /// Begins a collection.
    pub fn new(sink: &'a mut dyn Sink, shown: Shown<'a>) -> Self {
        let features = Features::new(shown);
        let mut out = Gathered::new(sink);
        let crs = features.crs_member();
        let _ = write!(out.text, "{{\"type\":\"FeatureCollection\"{crs},\"features\":[");
        Self {
            out,
            features,
            returned: 0,
        }
    }
}

impl FeatureWriter for Collection<'_> {
    fn feature(&mut self, feature: &dyn Subject, distance_m: Option<f64>) -> Result<(), WriteError> {
        if self.returned > 0 {
            self.out.text.push(',');
        }
        self.returned += 1;
        self.features.write(&mut self.out.text, feature, distance_m)?;
        self.out.pass_on()
    }

    fn size(&self) -> u64 {
        self.out.size()
    }

    fn finish(mut self: Box<Self>, foot: &Foot<'_>) -> Result<Vec<Note>, WriteError> {
        let out = &mut self.out.text;
        out.push(']');
        if let Some(matched) = foot.matched {
            let _ = write!(out, ",\"numberMatched\":{matched},\"numberReturned\":{}", self.returned);
        }
        if !foot.links.is_empty() {
            out.push_str(",\"links\":");
            Link::write_list(foot.links, out);
        }
        out.push('}');
        self.out.finish()?;
        Ok(Vec::new())
    }
}
