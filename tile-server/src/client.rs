//! Who asks: what a request may see, and how its links begin.
//!
//! Until rights are built, layers that are not public are for this machine only. A request counts as local only where
//! everything speaks for it: the peer is on the loopback, no proxy header says that it was passed on for another, it
//! speaks HTTP/1.1 or later, and its host is a loopback name (a page from elsewhere whose name was rebound to 127.0.0.1
//! still sends its own). A proxy on this machine may be set up to leave no trace at all; therefore nobody counts as local
//! where `--public-url` says that the server is there for others.

use crate::origin::{BaseUrl, is_left_by_proxies};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, Version};
use std::net::{IpAddr, SocketAddr};

/// Which layers a client may know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sees {
    /// All.
    Everything,
    /// Those with `access = "public"`.
    PublicOnly,
}

/// The peer of the connection, put into each request by the accept loop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub SocketAddr);

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// Which layers it may know of.
    pub sees: Sees,
    /// What its links begin with.
    pub base: BaseUrl,
}

impl Client {
    /// Looks at a request.
    pub(crate) fn of(parts: &Parts, public_url: Option<&BaseUrl>, listen: SocketAddr) -> Self {
        let base = match public_url {
            Some(url) => url.clone(),
            None => BaseUrl::of_request(&parts.headers, &parts.uri, listen),
        };
        Self {
            sees: Sees::of(parts, public_url),
            base,
        }
    }
}

impl Sees {
    /// Looks at a request.
    pub(crate) fn of(parts: &Parts, public_url: Option<&BaseUrl>) -> Self {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
        match public_url {
            Some(url) if !is_loopback_name(url.host()) => Self::PublicOnly,
            _ => sees(peer, parts.version, &parts.headers, &parts.uri),
        }
    }
}

fn sees(peer: Option<IpAddr>, version: Version, headers: &HeaderMap, uri: &Uri) -> Sees {
    let near = peer.is_some_and(|ip| ip.to_canonical().is_loopback());
    let passed_on = headers.keys().any(|name| is_left_by_proxies(name.as_str()));
    if near && !passed_on && version >= Version::HTTP_11 && names_loopback(headers, uri) {
        Sees::Everything
    } else {
        Sees::PublicOnly
    }
}

/// Whether the request is addressed to a loopback name, by its target (HTTP/2) and by its `Host` header.
fn names_loopback(headers: &HeaderMap, uri: &Uri) -> bool {
    let target = uri.host().map(is_loopback_name);
    let hosts = headers.get_all(HOST).iter();
    let mut hosts = hosts.map(|host| host.to_str().is_ok_and(|host| is_loopback_name(without_port(host))));
    match (target, hosts.next()) {
        (None, None) => false,
        (target, host) => target.unwrap_or(true) && host.unwrap_or(true) && hosts.next().is_none(),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            if port.bytes().all(|b| b.is_ascii_digit()) {
                name
            } else {
                host
            }
        }
        _ => host,
    }
}

fn is_loopback_name(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn check(peer: &str, headers: &[(&'static str, &str)], expected: Sees) {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let got = sees(
            Some(peer.parse().unwrap()),
            Version::HTTP_11,
            &map.collect(),
            &Uri::from_static("/x"),
        );
        assert_eq!(got, expected, "{peer} {headers:?}");
    }

    #[test]
    fn only_a_request_that_is_local_in_every_way_sees_everything() {
        use Sees::{Everything, PublicOnly};
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]:8080",
            "[::1]",
        ] {
            check("127.0.0.1", &[("host", host)], Everything);
            check("::1", &[("host", host)], Everything);
            check("::ffff:127.0.0.1", &[("host", host)], Everything);
            check("10.1.2.3", &[("host", host)], PublicOnly);
        }
        check("127.0.0.1", &[], PublicOnly);
        for host in [
            "map.city.cn",
            "localhost.evil.cn",
            "127.0.0.1.evil.cn:8080",
            "0.0.0.0",
            "evil.cn:127",
            "::1:x",
        ] {
            check("127.0.0.1", &[("host", host)], PublicOnly);
        }
        for name in [
            "forwarded",
            "via",
            "x-forwarded",
            "x-forwarded-for",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-ssl",
            "x-real-ip",
        ] {
            check("127.0.0.1", &[("host", "localhost"), (name, "127.0.0.1")], PublicOnly);
        }
    }

    #[test]
    fn an_old_proxy_that_leaves_no_trace_is_not_local() {
        let headers = HeaderMap::from_iter([(HOST, "127.0.0.1:8080".parse().unwrap())]);
        let got = sees(
            Some("127.0.0.1".parse().unwrap()),
            Version::HTTP_10,
            &headers,
            &Uri::from_static("/"),
        );
        assert_eq!(got, Sees::PublicOnly);
    }
}
