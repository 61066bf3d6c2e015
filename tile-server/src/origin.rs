//! The address under which clients see this server: what every link begins with.
//!
//! `--public-url` wins; else what a reverse proxy says of the request (RFC 7239 `Forwarded`, or the older
//! `X-Forwarded-…`), else the `Host` header, else the listening address. All of it is text from outside: what is no
//! plain host, port, scheme or path is passed over, so that a header never writes into a link.

use axum::http::header::{FORWARDED, HOST, HeaderName};
use axum::http::{HeaderMap, Uri};
use std::fmt;
use std::net::SocketAddr;

/// An absolute URL without a slash at its end: `https://map.example.cn/onemap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why a text is no [`BaseUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no base URL: expected http://host[:port][/path] or https://…, without ? and #")]
pub struct BaseUrlError(String);

/// Whether a header of this (lower-case) name is one that proxies leave on what they pass on. The family is open:
/// whatever begins with `x-forwarded` belongs to it.
pub(crate) fn is_left_by_proxies(name: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-host",
        "x-original-forwarded-for",
        "true-client-ip",
        "cf-connecting-ip",
        "x-proxyuser-ip",
    ];
    name.starts_with("x-forwarded") || OTHERS.contains(&name)
}

/// What links depend on where no `--public-url` is set.
pub(crate) const LINK_HEADERS: &str =
    "Forwarded, X-Forwarded-Host, X-Forwarded-Port, X-Forwarded-Prefix, X-Forwarded-Proto";

impl BaseUrl {
    /// Reads an absolute URL; slashes at its end are dropped.
    ///
    /// # Errors
    /// [`BaseUrlError`] for anything but http or https with a plain host, port and path.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let error = || BaseUrlError(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(error)?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = path.trim_end_matches('/');
        if is_scheme(scheme) && is_host(host) && (path.is_empty() || is_path(path)) {
            Ok(Self(format!("{}://{host}{path}", scheme.to_ascii_lowercase())))
        } else {
            Err(error())
        }
    }

    /// The base of the links in the answer to a request.
    pub(crate) fn of_request(headers: &HeaderMap, uri: &Uri, listen: SocketAddr) -> Self {
        let told = Forwarded::read(headers);
        let own = uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| header(headers, HOST));
        let own = own.filter(|host| is_host(host));
        let scheme = told.proto.unwrap_or_else(|| "http".to_owned());
        let mut host = told.host.or(own).unwrap_or_else(|| listen.to_string());
        if let Some(port) = told.port.filter(|port| !has_port(&host) && !is_default(&scheme, *port)) {
            host = format!("{host}:{port}");
        }
        Self(format!("{scheme}://{host}{}", told.prefix.unwrap_or_default()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port; IPv6 addresses keep their brackets.
    pub(crate) fn host(&self) -> &str {
        let origin = self.origin();
        let host = origin.find("://").map_or(origin, |at| &origin[at + 3..]);
        match host.rfind(':').filter(|_| has_port(host)) {
            Some(colon) => &host[..colon],
            None => host,
        }
    }

    /// Scheme, host and port without the path, as content security policies name it.
    pub(crate) fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[host..].find('/').map_or(self.0.len(), |at| host + at);
        &self.0[..end]
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What proxies say of the request as the first of them saw it.
#[derive(Default)]
struct Forwarded {
    proto: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    prefix: Option<String>,
}

impl Forwarded {
    fn read(headers: &HeaderMap) -> Self {
        let x = |name: &'static str| header(headers, HeaderName::from_static(name)).map(|v| first(&v, ',').to_owned());
        let standard = header(headers, FORWARDED).unwrap_or_default();
        let pair = |name: &str| parameter(first(&standard, ','), name);
        Self {
            proto: pair("proto")
                .or(x("x-forwarded-proto"))
                .map(|p| p.to_ascii_lowercase())
                .filter(|p| is_scheme(p)),
            host: pair("host").or(x("x-forwarded-host")).filter(|host| is_host(host)),
            port: x("x-forwarded-port")
                .and_then(|port| port.parse().ok())
                .filter(|port| *port != 0),
            prefix: x("x-forwarded-prefix")
                .map(|p| p.trim_end_matches('/').to_owned())
                .filter(|p| is_path(p)),
        }
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(|text| text.trim().to_owned())
}

fn first(list: &str, separator: char) -> &str {
    list.split(separator).next().unwrap_or_default().trim()
}

/// A parameter of one element of `Forwarded`, without quotes.
fn parameter(element: &str, name: &str) -> Option<String> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

fn is_scheme(text: &str) -> bool {
    text.eq_ignore_ascii_case("http") || text.eq_ignore_ascii_case("https")
}

fn has_port(host: &str) -> bool {
    host.rfind(':')
        .is_some_and(|colon| host.rfind(']').is_none_or(|bracket| bracket < colon))
}

fn is_default(scheme: &str, port: u16) -> bool {
    matches!((scheme, port), ("http", 80) | ("https", 443))
}

/// A host name, an IPv4 address or a bracketed IPv6 address, with a port or without.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':').filter(|_| has_port(text)) {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let named = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => (1..=253).contains(&name.len()) && name.chars().all(plain),
    };
    named
        && port.is_none_or(|port| {
            !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
        })
}

fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '/');
    text.len() <= 200
        && text.starts_with('/')
        && !text.contains("//")
        && text.chars().all(plain)
        && text.split('/').all(|segment| segment != ".." && segment != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(headers: &[(&'static str, &str)]) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        BaseUrl::of_request(&headers, &Uri::from_static("/"), "127.0.0.1:8080".parse().unwrap()).0
    }

    #[test]
    fn links_begin_with_what_the_client_sees() {
        assert_eq!(base(&[]), "http://127.0.0.1:8080");
        assert_eq!(base(&[("host", "localhost:99")]), "http://localhost:99");
        assert_eq!(
            base(&[("host", "a.cn"), ("x-forwarded-proto", "https")]),
            "https://a.cn"
        );
        assert_eq!(
            base(&[
                ("host", "in:1"),
                ("forwarded", "for=1.2.3.4;proto=https;host=\"map.cn:8443\", for=2")
            ]),
            "https://map.cn:8443"
        );
        assert_eq!(
            base(&[
                ("x-forwarded-host", "map.cn, inner"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-port", "444"),
                ("x-forwarded-prefix", "/one/")
            ]),
            "https://map.cn:444/one"
        );
        assert_eq!(
            base(&[("x-forwarded-host", "[::1]"), ("x-forwarded-port", "80")]),
            "http://[::1]"
        );
    }

    #[test]
    fn a_header_never_writes_into_a_link() {
        for bad in [
            "a b",
            "a/b",
            "x\"onload",
            "a@b",
            "",
            "a:99999",
            "[zz]",
            "<script>",
            "a:",
            "a#b",
        ] {
            let got = base(&[("host", "good.cn"), ("x-forwarded-host", bad)]);
            assert_eq!(got, "http://good.cn", "{bad}");
        }
        assert_eq!(base(&[("host", "<x>")]), "http://127.0.0.1:8080");
        assert_eq!(
            base(&[("host", "a.cn"), ("x-forwarded-proto", "javascript")]),
            "http://a.cn"
        );
        assert_eq!(
            base(&[("host", "a.cn"), ("x-forwarded-prefix", "//evil.cn")]),
            "http://a.cn"
        );
        assert_eq!(
            base(&[("host", "a.cn"), ("x-forwarded-prefix", "/a/../b")]),
            "http://a.cn"
        );
    }

    #[test]
    fn a_public_url_is_absolute_and_plain() {
        assert_eq!(
            BaseUrl::parse("https://map.cn/one/").unwrap().as_str(),
            "https://map.cn/one"
        );
        assert_eq!(
            BaseUrl::parse("https://map.cn:8443/one").unwrap().origin(),
            "https://map.cn:8443"
        );
        assert_eq!(BaseUrl::parse("https://map.cn:8443/one").unwrap().host(), "map.cn");
        assert_eq!(BaseUrl::parse("http://[::1]").unwrap().host(), "[::1]");
        for bad in [
            "",
            "map.cn",
            "ftp://map.cn",
            "http://",
            "http://a?b",
            "http://a/#b",
            "http://u:p@a/",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
