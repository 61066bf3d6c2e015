//! The checks among the features of a layer and between layers, when all have been read.

use super::backdrop::Backdrop;
use super::gaps::{Gap, gaps};
use super::layer::hash_of;
use super::layer::{Asked, Gathered, LayerChecks};
use super::lineage;
use super::named::{Astray, Question, Vertices, astray};
use super::overlaps::{Ended, Overlap, overlaps};
use super::rules::{Rules, Topology};
use super::shapes::MOST_VERTICES;
use super::tree::Tree;
use super::within::misplaced;
use onemap_model::{Coord, Finding, FindingCode, Findings, Layer};
use std::collections::HashMap;
use std::sync::Arc;

/// What is checked of all layers together.
#[derive(Debug, Default)]
pub struct City {
    asked: HashMap<String, Asked>,
    gathered: Vec<Gathered>,
    backdrop: Backdrop,
}

impl City {
    /// Prepares for layers of these names and rules.
    pub fn new<'a>(layers: impl Iterator<Item = (&'a str, &'a Rules)>) -> Self {
        let mut asked: HashMap<String, Asked> = HashMap::new();
        for (_, rules) in layers {
            if let Some(within) = &rules.within {
                let of = asked.entry(within.areas.layer.clone()).or_default();
                of.shapes = Some(within.areas.field.clone());
            }
            if let Some(lineage) = &rules.lineage {
                asked.entry(lineage.of.layer.clone()).or_default().lives = Some(lineage.of.field.clone());
            }
            if let Some(target) = rules.named() {
                asked.entry(target.layer.clone()).or_default().shapes = Some(target.field.clone());
            }
            for target in rules.fields.iter().filter_map(|field| field.references.as_ref()) {
                let keys = &mut asked.entry(target.layer.clone()).or_default().keys;
                if !keys.contains(&target.field) {
                    keys.push(target.field.clone());
                }
            }
        }
        Self {
            asked,
            ..Self::default()
        }
    }

    /// The checks of one layer, to be fed with its rows, of which so many are announced.
    pub fn layer(&self, layer: &Layer, rules: Arc<Rules>, rows: Option<u64>) -> LayerChecks {
        let asked = self.asked.get(layer.name().as_str()).cloned().unwrap_or_default();
        LayerChecks::new(layer, rules, &asked, rows.unwrap_or(0))
    }

    /// Takes a feature into the map of the report.
    pub fn see(&mut self, place: Coord) {
        self.backdrop.see(place);
    }

    /// Takes what was kept of a layer.
    pub fn add(&mut self, checks: LayerChecks) {
        self.gathered.push(checks.finish());
    }

    /// Looks at everything together; gives what the map of the report shows.
    pub fn finish(mut self, findings: &mut Findings) -> Backdrop {
        for layer in &self.gathered {
            let mut report = Report {
                layer: &layer.layer,
                findings,
            };
            for field in &layer.missing {
                report.of_layer(
                    FindingCode::FieldMissing,
                    format!("缺少字段 {field} / there is no field {field}"),
                );
            }
            self.topology(layer, &mut report);
            self.references(layer, &mut report);
            self.inside(layer, &mut report);
        }
        for layer in &self.gathered {
            self.lineage(layer, findings);
        }
        let mut backdrop = std::mem::take(&mut self.backdrop);
        let with_areas = self.gathered.iter().filter_map(|layer| layer.rules.within.as_ref());
        let mut names: Vec<&str> = with_areas.map(|within| within.areas.layer.as_str()).collect();
        names.dedup();
        names
            .into_iter()
            .filter_map(|name| self.find(name))
            .for_each(|areas| backdrop.outline(&areas.shapes));
        backdrop
    }

    fn find(&self, name: &str) -> Option<&Gathered> {
        self.gathered.iter().find(|layer| layer.layer == name)
    }

    fn topology(&self, layer: &Gathered, report: &mut Report<'_>) {
        let (rules, shapes) = (&layer.rules, &layer.shapes);
        if shapes.full {
            let text = format!(
                "节点超过 {MOST_VERTICES} 个，未检查拓扑 / more than {MOST_VERTICES} vertices: topology was not checked"
            );
            return report.of_layer(FindingCode::CheckSkipped, text);
        }
        let asked = [rules.overlaps, rules.gaps].contains(&Topology::Forbidden);
        let tree = if asked && !shapes.is_empty() {
            Some(Tree::new(&shapes.boxes()))
        } else {
            None
        };
        if let (Topology::Forbidden, Some(tree)) = (rules.overlaps, &tree) {
            let (found, ended) = overlaps(shapes, tree);
            found.iter().for_each(|overlap| report.overlap(layer, overlap));
            if ended == Ended::GivenUp {
                let text = "重叠过多，未全部检查 / there are too many overlaps: the search was given up".to_owned();
                report.of_layer(FindingCode::CheckSkipped, text);
            }
        }
        if let (Topology::Forbidden, Some(tree)) = (rules.gaps, &tree) {
            gaps(shapes, tree).iter().for_each(|gap| report.gap(layer, gap));
        }
        if let Some(within) = &rules.within {
            match self.find(&within.areas.layer) {
                None => report.not_there(&within.areas.layer),
                Some(areas) => {
                    for feature in misplaced(shapes, &areas.shapes) {
                        let code = shapes.codes.get(feature.feature);
                        let text = match feature.instead {
                            Some(at) => {
                                let other = areas.shapes.codes.get(at);
                                format!("代码 {code}，位于 {other} / its code is {code}, it lies in {other}")
                            }
                            None if feature.code == FindingCode::DistrictUnknown => {
                                format!("代码 {code} 的前缀不是行政区划代码 / no district is called as {code} begins")
                            }
                            None => {
                                format!("代码 {code}，不在所示行政区内 / its code is {code}, and it sticks out of that")
                            }
                        };
                        report.add(feature.code, shapes.ids.get(feature.feature), Some(feature.at), || {
                            text.clone()
                        });
                    }
                }
            }
        }
    }

    fn references(&self, layer: &Gathered, report: &mut Report<'_>) {
        for references in &layer.references {
            let Some(target) = &references.target else { continue };
            let keys = self
                .find(&target.layer)
                .and_then(|there| there.keys.iter().find(|(field, _)| *field == target.field));
            let Some((_, keys)) = keys else {
                report.not_there(&target.layer);
                continue;
            };
            for (at, (hash, place)) in references.values.iter().enumerate() {
                if !keys.contains(hash) {
                    let (field, value) = (&references.field, references.texts.get(at));
                    report.add(FindingCode::ReferenceMissing, references.ids.get(at), *place, || {
                        let layer = &target.layer;
                        format!("{field} = {value:?}: {layer} 中不存在 / there is none in {layer}")
                    });
                }
            }
        }
    }

    fn inside(&self, layer: &Gathered, report: &mut Report<'_>) {
        let (Some(field), Some(target)) = (&layer.rules.inside, layer.rules.named()) else {
            return;
        };
        // That the layer is not there is said where its features are referred to.
        let Some(areas) = self.find(&target.layer) else { return };
        let shapes = &layer.shapes;
        let of_areas: Vec<Question> = (0..shapes.len())
            .map(|at| Question {
                named: hash_of(shapes.codes.get(at)),
                valid: shapes.get(at).valid,
                vertices: Vertices::Area(at),
            })
            .collect();
        for found in astray(&of_areas, shapes, &areas.shapes) {
            let (id, code) = (shapes.ids.get(found.feature), shapes.codes.get(found.feature));
            report.outside(field, (id, code), &found);
        }
        let references = layer.references.iter().filter(|references| references.field == *field);
        for references in references {
            let values = references.points.iter().map(|at| references.values[*at as usize]);
            let of_points: Vec<Question> = values
                .map(|(named, place)| Question {
                    named,
                    valid: (i64::MIN, i64::MAX),
                    vertices: Vertices::Point(place.expect("a point has a middle")),
                })
                .collect();
            for found in astray(&of_points, shapes, &areas.shapes) {
                let at = references.points[found.feature] as usize;
                report.outside(field, (references.ids.get(at), references.texts.get(at)), &found);
            }
        }
    }

    fn lineage(&self, layer: &Gathered, findings: &mut Findings) {
        let Some(rule) = &layer.rules.lineage else { return };
        let Some(features) = self.find(&rule.of.layer) else {
            let mut report = Report {
                layer: &layer.layer,
                findings,
            };
            return report.not_there(&rule.of.layer);
        };
        lineage::look(layer, features, &mut |code, whose, id, place, text| {
            let layer = match whose {
                lineage::Layer::Lineage => &layer.layer,
                lineage::Layer::Features => &features.layer,
            };
            Report { layer, findings }.add(code, id, place, || text.clone());
        });
    }
}

/// Findings about one layer.
struct Report<'a> {
    layer: &'a str,
    findings: &'a mut Findings,
}

impl Report<'_> {
    fn add(&mut self, code: FindingCode, feature: &str, place: Option<Coord>, message: impl Fn() -> String) {
        let layer = self.layer.to_owned();
        self.findings.push_with(self.layer, code, || Finding {
            code,
            layer,
            feature: Some(feature.to_owned()),
            place,
            message: message(),
        });
    }

    fn of_layer(&mut self, code: FindingCode, message: String) {
        self.findings.push(Finding {
            code,
            layer: self.layer.to_owned(),
            feature: None,
            place: None,
            message,
        });
    }

    fn not_there(&mut self, layer: &str) {
        let text = format!(
            "来源中没有图层 {layer}，相关检查未执行 / there is no layer {layer}: what needs it was not checked"
        );
        self.of_layer(FindingCode::CheckSkipped, text);
    }

    fn outside(&mut self, field: &str, (id, code): (&str, &str), found: &Astray) {
        let by_m = found.by_m;
        self.add(FindingCode::OutsideNamed, id, Some(found.at), || {
            format!("{field} = {code:?}：位于其外 {by_m:.2} m / it lies outside of that by {by_m:.2} m")
        });
    }

    fn overlap(&mut self, layer: &Gathered, overlap: &Overlap) {
        let ids = &layer.shapes.ids;
        let (other, area) = (ids.get(overlap.other), overlap.area_m2);
        self.add(FindingCode::Overlap, ids.get(overlap.feature), Some(overlap.at), || {
            format!("与 {other} 重叠 {area:.2} m² / overlaps {other} by {area:.2} m²")
        });
    }

    fn gap(&mut self, layer: &Gathered, gap: &Gap) {
        let ids = &layer.shapes.ids;
        let other = ids.get(gap.other);
        let Gap {
            area_m2: area,
            width_m: width,
            ..
        } = gap;
        self.add(FindingCode::Gap, ids.get(gap.feature), Some(gap.at), || {
            format!("与 {other} 之间有缝隙 {area:.2} m²，宽 {width:.2} m / a gap of {area:.2} m², {width:.2} m wide, towards {other}")
        });
    }
}
