//! What surrounds every route: bounds on addresses, preflight answers, a net under panics, headers that all answers
//! have, counting and logging.

use crate::app::App;
use crate::ask::open_to_all;
use crate::client::Sees;
use crate::html;
use crate::problem::{IsProblem, METHODS, Problem};
use crate::view::{Audience, View};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// The longest address: a filter of some size fits, a flood does not.
const MAX_URI_BYTES: usize = 48 << 10;

/// Filters may be long; their beginning tells enough.
const MAX_LOGGED_CHARS: usize = 500;

/// Answers a request through the routes.
pub(crate) async fn edge(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let sees = Sees::of(&parts, app.config.public_url.as_ref());
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let mut response = match check(&parts.uri) {
        Err(problem) => problem.into_response(),
        Ok(()) if method == Method::OPTIONS => preflight(),
        Ok(()) => caught(next.run(Request::from_parts(parts, body))).await,
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let is_page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page && !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(html::POLICY));
    }
    if response.extensions().get::<IsProblem>().is_some() && audience(&app, sees) == Audience::Everybody {
        open_to_all(response.headers_mut());
    }
    let took = begun.elapsed();
    app.metrics.answered(response.status(), took);
    let query = || uri.query().unwrap_or_default().chars().take(MAX_LOGGED_CHARS);
    tracing::debug!(
        %method,
        path = uri.path(),
        query = query().collect::<String>(),
        status = response.status().as_u16(),
        ?took,
        "answered"
    );
    response
}

fn check(uri: &Uri) -> Result<(), Problem> {
    let length = uri.path().len() + uri.query().map_or(0, str::len);
    if length > MAX_URI_BYTES {
        return Err(Problem::uri_too_long(MAX_URI_BYTES));
    }
    match percent_decode_str(uri.path()).decode_utf8() {
        Ok(path) if path.contains('\0') => Err(Problem::bad_request("the path has a NUL in it")),
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::bad_request("the path is not percent-encoded UTF-8")),
    }
}

/// What a browser asks before it sends unusual headers to another site: anything may be asked. Whether the answer may
/// be read is said by the answer.
fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    open_to_all(headers);
    let rows: [(HeaderName, &'static str); 4] = [
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Accept, Accept-Encoding, Content-Type, If-None-Match, Last-Event-ID, Range",
        ),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    for (name, value) in rows {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Turns a panic of a handler into an answer. The panic hook has printed what it was.
async fn caught(answer: impl Future<Output = Response>) -> Response {
    let mut answer = pin!(answer);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(_) => {
                tracing::error!("a handler panicked");
                Poll::Ready(Problem::fault().into_response())
            }
        },
    )
    .await
}

/// Who may read a problem: a page from elsewhere must not learn from errors which hidden layers there are.
fn audience(app: &App, sees: Sees) -> Audience {
    match app.published.load_full() {
        Some(published) => View::new(published, sees).audience(),
        None => Audience::Everybody,
    }
}
