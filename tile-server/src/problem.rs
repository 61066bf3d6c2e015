//! What a client is told when something is not as it should be: RFC 9457 problem documents.
//!
//! A detail names the value that was sent and what was expected; it never carries what went on inside. That is for the
//! log.

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Every method that any route knows.
pub(crate) const METHODS: &str = "GET, HEAD, OPTIONS";

/// A problem document in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    retry_after_s: Option<u32>,
    more: Vec<(&'static str, Value)>,
}

/// Marks a response as a problem document, for the edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsProblem;

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            retry_after_s: None,
            more: Vec::new(),
        }
    }

    /// 400: the request says something that cannot be.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404: there is no such thing, or this client may not know of it.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 404 for a layer: the same sentence for one that is not there and one that this client may not see.
    pub(crate) fn no_layer(name: &str) -> Self {
        Self::not_found(format!(
            "there is no layer {:?}; /collections lists those there are",
            shorten(name)
        ))
    }

    /// 405: every route is read only.
    pub(crate) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("only {METHODS} are known here"))
    }

    /// 406: nothing that the client takes can be made.
    pub(crate) fn not_acceptable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, detail)
    }

    /// 410: it was there, and is no longer kept.
    pub(crate) fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, detail)
    }

    /// 414: the address is longer than anything that is meant.
    pub(crate) fn uri_too_long(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            format!("an address may have {limit_bytes} bytes"),
        )
    }

    /// 500: a fault in this program. What it was is in the log.
    pub(crate) fn fault() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "a fault in the server; its log has the details",
        )
    }

    /// 503: not now, but in a moment.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self {
            retry_after_s: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}

impl Problem {
    /// The same with one more member, for programs.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }
}

/// The text, cut where it is too long to be repeated in an answer.
pub(crate) fn shorten(text: &str) -> String {
    const KEPT: usize = 60;
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        for (name, value) in self.more {
            body[name] = value;
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static(METHODS));
        }
        response.extensions_mut().insert(IsProblem);
        response
    }
}
