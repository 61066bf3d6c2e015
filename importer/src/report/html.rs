//! Reports as one HTML page that needs nothing else: no scripts, no other files. In Chinese and English.

use super::map;
use crate::summary::Summary;
use onemap_model::{Finding, FindingCode, Severity};
use std::fmt::Write;

/// So many findings of each code of a layer stand in the page; CSV and JSON have more.
const ON_PAGE: usize = 200;
/// Lists are open from the start where there are no more findings than this.
const OPEN: u64 = 40;

const HEAD: &str = "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>质检报告 · Import report</title>\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<style>\
:root{--error:#b3261e;--warning:#d97706;--note:#3b6fb6}\
body{font:15px/1.55 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;margin:0 auto;max-width:76em;padding:1.5em;color:#1f2933;background:#fff}\
h1{font-size:1.7em;margin:0}h2{font-size:1.2em;margin:2em 0 .5em}small,.en,.aside{color:#66727f}.en{font-size:.88em}\
.cards{display:flex;flex-wrap:wrap;gap:.8em;margin:1.2em 0}.card{border:1px solid #dde2e8;border-left:5px solid #9aa5b1;border-radius:6px;padding:.5em 1em;min-width:9em}\
.card b{display:block;font-size:1.6em;line-height:1.2;font-variant-numeric:tabular-nums}.card.error{border-left-color:var(--error)}.card.warning{border-left-color:var(--warning)}.card.note{border-left-color:var(--note)}\
table{border-collapse:collapse;width:100%;margin:.5em 0}th,td{text-align:left;padding:.35em .6em;border-bottom:1px solid #e3e7ec;vertical-align:top}\
th{background:#f3f5f8;font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code{font-size:.92em;white-space:nowrap}\
.tag{display:inline-block;color:#fff;border-radius:4px;padding:0 .5em;font-size:.85em;white-space:nowrap}.tag.error{background:var(--error)}.tag.warning{background:var(--warning)}.tag.note{background:var(--note)}\
.map{border:1px solid #dde2e8;border-radius:6px;padding:.6em}svg{width:100%;height:auto;display:block;max-height:85vh}\
.sea{fill:#f7f9fb}.land{fill:#fdfcf7;stroke:#8a94a0;stroke-width:1.1;stroke-linejoin:round}.few{fill:#dfe4e8}.some{fill:#cfd6dd}.many{fill:#bcc5ce}\
.scale{fill:none;stroke:#4b5563;stroke-width:1.5}svg text{font-size:13px;fill:#4b5563}\
circle{fill-opacity:.75;stroke:#fff;stroke-width:1}.error circle{fill:var(--error)}.warning circle{fill:var(--warning)}.note circle{fill:var(--note)}\
.map>label{margin-right:1.2em}.only{position:absolute;opacity:0;pointer-events:none}label.pick{cursor:pointer;color:var(--note);white-space:nowrap;font-size:.88em}\
label.all{color:var(--note);cursor:pointer;display:none}#e:not(:checked)~svg .error,#w:not(:checked)~svg .warning,#n:not(:checked)~svg .note{display:none}\
details{border:1px solid #dde2e8;border-radius:6px;margin:.5em 0;padding:.2em .8em}summary{cursor:pointer;padding:.3em 0}tr:target{background:#fff3cd}\
details td:nth-child(-n+2){white-space:nowrap}tr{scroll-margin-top:1em}.fine{background:#eaf6ec;border:1px solid #b9dfc1;border-radius:6px;padding:.8em 1em}@media print{details{break-inside:avoid}}\
</style></head><body>\n";

/// The report as a page: what was read, how much was found, where, and what.
pub fn render(summary: &Summary) -> String {
    let mut page = String::from(HEAD);
    page.push_str("<h1>质检报告 <span class=\"en\">Import report</span></h1>\n");
    let sources: std::collections::BTreeSet<&str> = summary.layers.iter().map(|layer| layer.source.as_str()).collect();
    page.push_str("<p class=\"aside\">");
    push_text(&mut page, &sources.into_iter().collect::<Vec<_>>().join(" · "));
    page.push_str("</p>\n");
    push_cards(&mut page, summary);
    if summary.findings.is_empty() {
        page.push_str("<p class=\"fine\">未发现问题 · Nothing was found.</p>\n");
    } else {
        push_map(&mut page, summary);
        push_counts(&mut page, summary);
    }
    push_layers(&mut page, summary);
    push_findings(&mut page, summary);
    page.push_str("</body></html>\n");
    page
}

fn words(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Error => ("错误", "errors: set aside"),
        Severity::Warning => ("警告", "warnings: kept as they are"),
        Severity::Note => ("提示", "notes"),
    }
}

fn push_cards(page: &mut String, summary: &Summary) {
    let total = |of: fn(&crate::summary::LayerSummary) -> u64| summary.layers.iter().map(of).sum::<u64>();
    page.push_str("<div class=\"cards\">");
    let mut card = |class: &str, number: u64, zh: &str, en: &str| {
        let number = grouped(number);
        let _ = write!(
            page,
            "<div class=\"card {class}\"><b>{number}</b>{zh} <span class=\"en\">{en}</span></div>"
        );
    };
    card("", total(|layer| layer.read), "读入", "features read");
    card("", total(|layer| layer.set_aside), "搁置", "set aside");
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let counts = summary
            .findings
            .counts()
            .filter(|(_, code, _)| code.severity() == severity);
        let (zh, en) = words(severity);
        card(severity.as_str(), counts.map(|(.., count)| count).sum(), zh, en);
    }
    page.push_str("</div>\n");
    let version = summary.version.map_or_else(
        || "未写入 · nothing was written".to_owned(),
        |(version, _)| format!("版本 · version {version}"),
    );
    let _ = writeln!(
        page,
        "<p class=\"aside\">{version}，{:.1} s</p>",
        summary.took.as_secs_f64()
    );
}

fn push_map(page: &mut String, summary: &Summary) {
    let counts = sorted_counts(summary);
    let drawing = map::render(&summary.findings, &summary.backdrop, &|finding| {
        class_of(&counts, finding)
    });
    if drawing.is_empty() {
        return;
    }
    page.push_str("<h2>位置 <span class=\"en\">Where</span></h2>\n<div class=\"map\">\n");
    for (id, severity) in [("e", Severity::Error), ("w", Severity::Warning), ("n", Severity::Note)] {
        let (word, (zh, _)) = (severity.as_str(), words(severity));
        let _ = writeln!(
            page,
            "<input type=\"checkbox\" id=\"{id}\" checked><label for=\"{id}\"> <span class=\"tag {word}\">{zh} {word}</span></label>"
        );
    }
    page.push_str("<label class=\"all\" for=\"all\">全部显示 · show all</label>\n");
    push_choices(page, counts.len());
    page.push_str(&drawing);
    page.push_str("</div>\n");
}

/// The class that a finding's spot has on the map: the place of its code and layer among the counts.
fn class_of(counts: &[(&str, FindingCode, u64)], finding: &Finding) -> usize {
    let is_of = |(layer, code, _): &(&str, FindingCode, u64)| *code == finding.code && *layer == finding.layer;
    counts.iter().position(is_of).unwrap_or(counts.len())
}

/// One choice for each code, which leaves only its spots on the map: hidden buttons that the table's labels press.
fn push_choices(page: &mut String, count: usize) {
    page.push_str("<input class=\"only\" type=\"radio\" name=\"only\" id=\"all\" checked>");
    let mut rules = String::new();
    for at in 0..count {
        let _ = write!(page, "<input class=\"only\" type=\"radio\" name=\"only\" id=\"o{at}\">");
        let _ = write!(rules, "#o{at}:checked~svg a:not(.c{at}){{display:none}}");
    }
    let _ = writeln!(
        page,
        "<style>{rules}.map:has(.only:not(#all):checked) label.all{{display:inline}}</style>"
    );
}

/// Counts, the worst and most frequent first.
fn sorted_counts(summary: &Summary) -> Vec<(&str, FindingCode, u64)> {
    let mut counts: Vec<_> = summary.findings.counts().collect();
    counts.sort_by_key(|(layer, code, count)| {
        (
            std::cmp::Reverse(code.severity()),
            std::cmp::Reverse(*count),
            code.as_str(),
            *layer,
        )
    });
    counts
}

fn push_counts(page: &mut String, summary: &Summary) {
    page.push_str(
        "<h2 id=\"counts\">统计 <span class=\"en\">Counts</span></h2>\n<table><tr><th>级别<th>代码 <span class=\"en\">code</span>\
         <th>图层 <span class=\"en\">layer</span><th>含义 <span class=\"en\">meaning</span><th>数量 <span class=\"en\">count</span><th></tr>\n",
    );
    for (at, (layer, code, count)) in sorted_counts(summary).into_iter().enumerate() {
        page.push_str("<tr><td>");
        push_tag(page, code);
        let _ = write!(page, "<td><a href=\"#g{at}\"><code>{}</code></a><td>", code.as_str());
        push_text(page, layer);
        page.push_str("<td>");
        push_text(page, code.chinese());
        page.push_str("<br><span class=\"en\">");
        push_text(page, code.english());
        let _ = writeln!(
            page,
            "</span><td class=\"n\">{}<td><label class=\"pick\" for=\"o{at}\">仅在图上显示 · on the map</label></tr>",
            grouped(count)
        );
    }
    page.push_str("</table>\n");
}

fn push_layers(page: &mut String, summary: &Summary) {
    page.push_str(
        "<h2>图层 <span class=\"en\">Layers</span></h2>\n<table><tr><th>图层 <span class=\"en\">layer</span><th>来源 <span class=\"en\">source</span>\
         <th>图形 <span class=\"en\">geometry</span><th>坐标系 <span class=\"en\">CRS</span><th>编码 <span class=\"en\">encoding</span>\
         <th>读入 <span class=\"en\">read</span><th>合格 <span class=\"en\">fit</span><th>搁置 <span class=\"en\">set aside</span></tr>\n",
    );
    for layer in &summary.layers {
        let texts = [
            &layer.name,
            &layer.source,
            layer.geometry_type,
            layer.crs.as_deref().unwrap_or("–"),
            layer.encoding,
        ];
        page.push_str("<tr>");
        texts.iter().for_each(|text| push_cell(page, text));
        for number in [layer.read, layer.passed, layer.set_aside] {
            let _ = write!(page, "<td class=\"n\">{}", grouped(number));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn push_findings(page: &mut String, summary: &Summary) {
    let counts = sorted_counts(summary);
    if counts.is_empty() {
        return;
    }
    page.push_str("<h2>明细 <span class=\"en\">Findings</span></h2>\n");
    let mut groups: std::collections::BTreeMap<(&str, FindingCode), Vec<(usize, &Finding)>> = Default::default();
    for (number, finding) in summary.findings.kept().iter().enumerate() {
        groups
            .entry((finding.layer.as_str(), finding.code))
            .or_default()
            .push((number, finding));
    }
    let open = if counts.iter().map(|(.., count)| count).sum::<u64>() <= OPEN {
        " open"
    } else {
        ""
    };
    for (at, (layer, code, count)) in counts.into_iter().enumerate() {
        let listed = groups.get(&(layer, code)).map_or(&[][..], Vec::as_slice);
        let _ = write!(page, "<details{open}><summary>");
        push_tag(page, code);
        let _ = write!(page, " <code>{}</code> ", code.as_str());
        push_text(page, layer);
        let _ = writeln!(page, " · {} · {}</summary>", code.chinese(), grouped(count));
        page.push_str(
            // A link to what stands in a closed list opens it.
            &format!("<table id=\"g{at}\"><tr><th>要素 <span class=\"en\">feature</span><th>位置 <span class=\"en\">place</span><th>说明 <span class=\"en\">what</span></tr>\n"),
        );
        for (number, finding) in listed.iter().take(ON_PAGE) {
            let _ = write!(page, "<tr id=\"f{number}\">");
            push_cell(page, finding.feature.as_deref().unwrap_or("–"));
            let place = finding
                .place
                .map_or_else(String::new, |at| format!("{:.6}, {:.6}", at.x, at.y));
            push_cell(page, &place);
            push_cell(page, &finding.message);
            page.push_str("</tr>\n");
        }
        page.push_str("</table>\n");
        let more = count.saturating_sub(listed.len().min(ON_PAGE) as u64);
        if more > 0 {
            let more = grouped(more);
            let _ = writeln!(
                page,
                "<p class=\"aside\">另有 {more} 处，见 CSV 或 JSON 报告 · {more} more in the report as CSV or JSON</p>"
            );
        }
        page.push_str("</details>\n");
    }
}

fn push_tag(page: &mut String, code: FindingCode) {
    let (word, (zh, _)) = (code.severity().as_str(), words(code.severity()));
    let _ = write!(page, "<span class=\"tag {word}\">{zh}</span>");
}

/// `1 234 567`, with narrow spaces.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn push_cell(page: &mut String, text: &str) {
    page.push_str("<td>");
    push_text(page, text);
}

fn push_text(page: &mut String, text: &str) {
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
    use super::*;

    #[test]
    fn nothing_in_the_data_becomes_markup() {
        let page = render(&crate::report::tests::hostile());
        assert!(!page.contains("<script>") && !page.contains("<b>.shp"));
        assert!(page.contains("&lt;script&gt;") && page.contains("&quot;quoted&quot;"));
    }

    #[test]
    fn the_page_has_a_map_whose_spots_lead_to_the_findings() {
        let page = render(&crate::report::tests::hostile());
        assert!(page.contains("<svg") && page.contains("href=\"#f0\"") && page.contains("<tr id=\"f0\">"));
        assert!(!page.contains("http://") && !page.contains("https://"));
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(12), "12");
    }
}
