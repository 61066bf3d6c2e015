//! Reports as CSV (RFC 4180), one finding a row, with a byte order mark so that spreadsheets read it as UTF-8.

use crate::summary::Summary;
use std::fmt::Write;

/// The report as a table. A cell that a spreadsheet would take for a formula gets a `'` before it.
pub fn render(summary: &Summary) -> String {
    let mut text = String::from("\u{feff}severity,code,layer,feature,x,y,message,meaning_zh,meaning_en\r\n");
    for finding in summary.findings.kept() {
        let place = finding.place.map_or([String::new(), String::new()], |at| {
            [at.x.to_string(), at.y.to_string()]
        });
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{},{}\r\n",
            finding.code.severity().as_str(),
            finding.code.as_str(),
            cell(&finding.layer),
            cell(finding.feature.as_deref().unwrap_or_default()),
            place[0],
            place[1],
            cell(&finding.message),
            cell(finding.code.chinese()),
            cell(finding.code.english()),
        );
    }
    text
}

fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\n', '\r', '\'']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        let text = render(&crate::report::tests::hostile());
        assert!(text.contains("\"'=cmd|' /C calc'!A0\",115.04,30.2,"), "{text}");
    }
}
