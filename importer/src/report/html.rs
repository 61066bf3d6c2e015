//! Reports as one HTML page that needs nothing else: no scripts, no other files.

use crate::summary::Summary;
use std::fmt::Write;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Import report</title>\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<style>\
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222}\
table{border-collapse:collapse;width:100%;margin:1em 0}th,td{text-align:left;padding:.3em .6em;border-bottom:1px solid #ddd;vertical-align:top}\
th{background:#f4f4f4}.error{color:#a11}.warning{color:#850}.note{color:#555}td.n{text-align:right}\
</style></head><body>\n<h1>Import report</h1>\n";

/// The report as a page: layers, counts, findings.
pub fn render(summary: &Summary) -> String {
    let mut page = String::from(HEAD);
    page.push_str("<h2>Layers</h2>\n<table><tr><th>Layer<th>Source<th>Geometry<th>CRS<th>Encoding<th>Read<th>Fit<th>Set aside</tr>\n");
    for layer in &summary.layers {
        let texts = [
            &layer.name,
            &layer.source,
            layer.geometry_type,
            layer.crs.as_deref().unwrap_or("none"),
            layer.encoding,
        ];
        page.push_str("<tr>");
        texts.iter().for_each(|text| push_cell(&mut page, text));
        for number in [layer.read, layer.passed, layer.set_aside] {
            let _ = write!(page, "<td class=\"n\">{number}");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n<h2>Counts</h2>\n<table><tr><th>Severity<th>Code<th>Layer<th>Count</tr>\n");
    for (layer, code, count) in summary.findings.counts() {
        let severity = code.severity().as_str();
        let _ = write!(page, "<tr><td class=\"{severity}\">{severity}<td>{}", code.as_str());
        push_cell(&mut page, layer);
        let _ = writeln!(page, "<td class=\"n\">{count}</tr>");
    }
    page.push_str(
        "</table>\n<h2>Findings</h2>\n<table><tr><th>Severity<th>Code<th>Layer<th>Feature<th>Place<th>Message</tr>\n",
    );
    for finding in summary.findings.kept() {
        let severity = finding.code.severity().as_str();
        let _ = write!(
            page,
            "<tr><td class=\"{severity}\">{severity}<td>{}",
            finding.code.as_str()
        );
        push_cell(&mut page, &finding.layer);
        push_cell(&mut page, finding.feature.as_deref().unwrap_or_default());
        push_cell(
            &mut page,
            &finding
                .place
                .map_or_else(String::new, |at| format!("{}, {}", at.x, at.y)),
        );
        push_cell(&mut page, &finding.message);
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n</body></html>\n");
    page
}

fn push_cell(page: &mut String, text: &str) {
    page.push_str("<td>");
    for c in text.chars() {
        match c {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            c => page.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_in_the_data_becomes_markup() {
        let page = super::render(&crate::report::tests::hostile());
        assert!(!page.contains("<script>") && !page.contains("<b>.shp"));
        assert!(page.contains("&lt;script&gt;") && page.contains("&quot;quoted&quot;"));
    }
}
