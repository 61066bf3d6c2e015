//! Reports as JSON.

use crate::summary::Summary;
use serde_json::{Value, json};

/// The report as one object: `layers`, `counts`, `findings`.
pub fn render(summary: &Summary) -> String {
    let layers: Vec<Value> = summary
        .layers
        .iter()
        .map(|layer| {
            json!({
                "layer": layer.name, "source": layer.source, "source_layer": layer.source_layer,
                "geometry_type": layer.geometry_type, "crs": layer.crs, "encoding": layer.encoding,
                "read": layer.read, "fit": layer.passed, "set_aside": layer.set_aside,
            })
        })
        .collect();
    let counts: Vec<Value> = summary
        .findings
        .counts()
        .map(|(layer, code, count)| {
            json!({"layer": layer, "code": code.as_str(), "severity": code.severity().as_str(), "count": count,
            "meaning": {"zh": code.chinese(), "en": code.english()}})
        })
        .collect();
    let findings: Vec<Value> = summary.findings.kept().iter().map(|finding| {
        json!({
            "code": finding.code.as_str(), "severity": finding.code.severity().as_str(), "layer": finding.layer,
            "feature": finding.feature, "place": finding.place.map(|place| [place.x, place.y]), "message": finding.message,
        })
    }).collect();
    let version = summary
        .version
        .map(|(version, _)| version.to_string().parse::<u64>().unwrap_or_default());
    let mut text = json!({"version": version, "layers": layers, "counts": counts, "findings": findings}).to_string();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_report_is_one_json_object() {
        let report: serde_json::Value = serde_json::from_str(&super::render(&crate::report::tests::hostile())).unwrap();
        assert_eq!(report["counts"][0]["count"], 1);
        assert_eq!(report["findings"][0]["place"][0], 115.04);
        assert_eq!(report["layers"][0]["encoding"], "GBK");
    }
}
