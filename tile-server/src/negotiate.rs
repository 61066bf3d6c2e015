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
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// Every coding there is.
    pub(crate) const ALL: [Coding; 4] = [Coding::Identity, Coding::Gzip, Coding::Zstd, Coding::Brotli];

    /// Those that make less of the bytes, the one that costs least first: it is taken where a client takes several as
    /// gladly.
    const COMPRESSED: [Coding; 3] = [Coding::Zstd, Coding::Gzip, Coding::Brotli];

    /// The name in `Content-Encoding`; none where there is none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            Coding::Gzip => Some("gzip"),
            Coding::Zstd => Some("zstd"),
            Coding::Brotli => Some("br"),
        }
    }
}

/// The form of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// Mapbox Vector Tile 2.1.
    Mvt,
    /// MapLibre Tile 1.
    Mlt,
}

impl Form {
    /// The media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Form::Mvt => "application/vnd.mapbox-vector-tile",
            Form::Mlt => "application/vnd.maplibre-tile",
        }
    }

    /// The form with this name, in addresses and as `f`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "mvt" => Some(Form::Mvt),
            "mlt" => Some(Form::Mlt),
            _ => None,
        }
    }
}

/// The coding for a request: the one that the client takes most gladly, and none at all only where it would rather have
/// that.
///
/// # Errors
/// 406 where the client takes none of them.
pub(crate) fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let Some(wishes) = wishes(headers, ACCEPT_ENCODING) else {
        return Ok(Coding::Identity);
    };
    let weight = |name: &str| wishes.iter().find(|(wish, _)| wish == name).map(|(_, q)| *q);
    let any = weight("*");
    let weight_of = |coding: Coding| match coding {
        // Who takes anything gets what everything can read.
        Coding::Gzip => weight("gzip").or(weight("x-gzip")).or(any),
        other => other.name().and_then(weight),
    };
    let weighed = Coding::COMPRESSED.map(|coding| (weight_of(coding).unwrap_or(0), coding));
    // Of equal ones `max_by_key` takes the last.
    let (most, best) = weighed
        .into_iter()
        .rev()
        .max_by_key(|(q, _)| *q)
        .unwrap_or((0, Coding::Identity));
    // Without a word about it, identity is acceptable but not asked for; only `*;q=0` takes it away.
    let identity = weight("identity").or(any.filter(|q| *q == 0)).unwrap_or(1);
    match (most, identity) {
        (0, 0) => Err(Problem::not_acceptable(
            "Accept-Encoding leaves none of zstd, gzip, br and identity",
        )),
        (most, identity) if most > 0 && most >= identity => Ok(best),
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

/// Whether a client names MapLibre Tiles, and likes them at least as much as Mapbox Vector Tiles.
pub(crate) fn prefers_mlt(headers: &HeaderMap) -> bool {
    let wishes = wishes(headers, ACCEPT).unwrap_or_default();
    let weight = |name: &str| wishes.iter().find(|(wish, _)| wish == name).map_or(0, |(_, q)| *q);
    let mlt = weight(Form::Mlt.media_type());
    mlt > 0 && mlt >= weight(Form::Mvt.media_type())
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
        let (zstd, br) = (Some(Coding::Zstd), Some(Coding::Brotli));
        check(None, identity);
        check(Some(""), identity);
        check(Some("gzip"), gzip);
        check(Some("GZIP"), gzip);
        check(Some("deflate, gzip;q=0.5, br"), br);
        check(Some("deflate, gzip, br"), gzip);
        check(Some("gzip, deflate, br, zstd"), zstd);
        check(Some("zstd;q=0.5, br;q=0.7, gzip;q=0.6"), br);
        check(Some("zstd;q=0, br"), br);
        check(Some("zstd;q=0.4, identity;q=0.6"), identity);
        check(Some("identity;q=0, zstd"), zstd);
        check(Some("br, *;q=0.1"), br);
        check(Some("gzip;q=0"), identity);
        check(Some("gzip; q=0.000"), identity);
        check(Some("identity;q=1, gzip;q=0.5"), identity);
        check(Some("identity;q=0.5, gzip"), gzip);
        check(Some("br"), br);
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
    fn maplibre_tiles_are_for_those_who_name_them() {
        let check = |accept: &str, expected: bool| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(prefers_mlt(&headers), expected, "{accept}");
        };
        check("*/*", false);
        check("application/vnd.maplibre-tile", true);
        check(
            "application/vnd.mapbox-vector-tile, application/vnd.maplibre-tile;q=0.9",
            false,
        );
        check("application/vnd.maplibre-tile;q=0", false);
        check("application/vnd.maplibre-tile, */*;q=0.1", true);
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
