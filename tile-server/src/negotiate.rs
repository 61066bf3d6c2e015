//! Content negotiation (RFC 9110, clauses 12.4 and 12.5): which coding and which media type a client takes.

use crate::problem::Problem;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, AsHeaderName};

/// How the bytes of an answer are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// As they are.
    Identity,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// Every coding there is.
    pub(crate) const ALL: [Coding; 2] = [Coding::Identity, Coding::Gzip];
}

/// The coding for a request: gzip where the client takes it at least as gladly as no coding.
///
/// # Errors
/// 406 where the client takes neither.
pub(crate) fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let Some(wishes) = wishes(headers, ACCEPT_ENCODING) else {
        return Ok(Coding::Identity);
    };
    let weight = |name: &str| wishes.iter().find(|(wish, _)| wish == name).map(|(_, q)| *q);
    let any = weight("*");
    let gzip = weight("gzip").or(weight("x-gzip")).or(any).unwrap_or(0);
    // Without a word about it, identity is acceptable but not asked for; only `*;q=0` takes it away.
    let identity = weight("identity").or(any.filter(|q| *q == 0)).unwrap_or(1);
    match (gzip, identity) {
        (0, 0) => Err(Problem::not_acceptable(
            "Accept-Encoding leaves neither gzip nor identity",
        )),
        (gzip, identity) if gzip > 0 && gzip >= identity => Ok(Coding::Gzip),
        _ => Ok(Coding::Identity),
    }
}

/// Whether a client would rather read HTML than JSON: browsers say so, programs do not.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    let wishes = wishes(headers, ACCEPT).unwrap_or_default();
    let weight = |name: &str| wishes.iter().find(|(wish, _)| wish == name).map_or(0, |(_, q)| *q);
    weight("text/html") > weight("application/json")
}

/// The media type of `offered` that a client takes most gladly, the first of those that it takes equally gladly; none
/// where it takes none of them, or says nothing.
pub(crate) fn preferred(headers: &HeaderMap, offered: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let wishes = wishes(headers, ACCEPT)?;
    let weight = |offer: &str| {
        let kind = offer.split('/').next().unwrap_or_default();
        let ranges = [offer.to_owned(), format!("{kind}/*"), "*/*".to_owned()];
        let named = |range: &String| wishes.iter().find(|(wish, _)| wish == range);
        ranges.iter().find_map(named).map_or(0, |(_, q)| *q)
    };
    let mut best = None;
    for offer in offered {
        let q = weight(offer);
        if q > best.map_or(0, |(q, _)| q) {
            best = Some((q, offer));
        }
    }
    best.map(|(_, offer)| offer)
}

/// Whether a client asks for server-sent events.
pub(crate) fn prefers_events(headers: &HeaderMap) -> bool {
    let wishes = wishes(headers, ACCEPT).unwrap_or_default();
    let weight = |name: &str| wishes.iter().find(|(wish, _)| wish == name).map_or(0, |(_, q)| *q);
    weight("text/event-stream") > weight("application/json")
}

/// The members of a header with their weights in thousandths; none where the header is absent.
fn wishes(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Vec<(String, u16)>> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    if lines.is_empty() {
        return None;
    }
    let members = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    Some(members.map(wish).filter(|(name, _)| !name.is_empty()).collect())
}

fn wish(member: &str) -> (String, u16) {
    let mut parts = member.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, q.map_or(1000, thousandths))
}

/// A qvalue in thousandths; what is none counts as a refusal.
fn thousandths(q: &str) -> u16 {
    let number: f64 = q.parse().unwrap_or(0.0);
    if (0.0..=1.0).contains(&number) {
        (number * 1000.0) as u16
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_chosen_as_rfc_9110_says() {
        let check = |given: Option<&str>, expected: Option<Coding>| {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert(ACCEPT_ENCODING, given.parse().unwrap());
            }
            assert_eq!(coding(&headers).ok(), expected, "{given:?}");
        };
        let (gzip, identity) = (Some(Coding::Gzip), Some(Coding::Identity));
        check(None, identity);
        check(Some(""), identity);
        check(Some("gzip"), gzip);
        check(Some("GZIP"), gzip);
        check(Some("deflate, gzip;q=0.5, br"), gzip);
        check(Some("gzip;q=0"), identity);
        check(Some("gzip; q=0.000"), identity);
        check(Some("identity;q=1, gzip;q=0.5"), identity);
        check(Some("identity;q=0.5, gzip"), gzip);
        check(Some("br"), identity);
        check(Some("*"), gzip);
        check(Some("*;q=0"), None);
        check(Some("*;q=0, gzip"), gzip);
        check(Some("identity;q=0"), None);
        check(Some("identity;q=0, *"), gzip);
        check(Some("gzip;q=0, identity;q=0"), None);
        check(Some("gzip;q=0, *"), identity);
        check(Some("gzip;q=NaN"), identity);
        check(Some("gzip;q=7"), identity);
    }

    #[test]
    fn html_is_for_those_who_ask() {
        let check = |accept: &str, expected: bool| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(prefers_html(&headers), expected, "{accept}");
        };
        check("text/html,application/xhtml+xml,*/*;q=0.8", true);
        check("*/*", false);
        check("application/json, text/html;q=0.9", false);
    }

    #[test]
    fn the_type_that_is_liked_best_is_found() {
        let check = |accept: Option<&str>, expected: Option<&str>| {
            let headers = accept.map(|accept| (ACCEPT, accept.parse().unwrap()));
            let offered = ["application/geo+json", "application/json", "text/csv"];
            let headers = HeaderMap::from_iter(headers);
            assert_eq!(preferred(&headers, offered), expected, "{accept:?}");
        };
        check(None, None);
        check(Some("text/csv"), Some("text/csv"));
        check(Some("text/*;q=0.5, application/json"), Some("application/json"));
        check(Some("*/*"), Some("application/geo+json"));
        check(Some("*/*, application/*;q=0.1"), Some("text/csv"));
        check(Some("text/csv;q=0, image/png"), None);
        check(Some("text/html, */*;q=0.8"), Some("application/geo+json"));
    }
}
