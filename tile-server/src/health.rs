//! Whether the server lives, is ready, and what it counts.

use crate::ask::{Answer, Ask};
use crate::client::Sees;
use crate::metrics;
use crate::status::Phase;
use crate::view::View;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// A look that takes longer is told of: the store does not answer, or much of it is being read.
const SILENCE: Duration = Duration::from_secs(10);

/// `/health/live`: the process answers.
pub(crate) async fn live(_ask: Ask) -> Answer {
    Ok(document(StatusCode::OK, &json!({"status": "live"})))
}

/// `/health/ready`: whether the map is there, and how the store is.
pub(crate) async fn ready(ask: Ask) -> Answer {
    let phase = ask.app.status.phase();
    let Some(published) = ask.app.published.load_full() else {
        let doing = match phase {
            Phase::Loading(doing) => doing,
            _ => "starting".to_owned(),
        };
        let mut response = document(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({"status": "loading", "doing": doing}),
        );
        response.headers_mut().insert(RETRY_AFTER, 1.into());
        return Ok(response);
    };
    let view = View::new(published, ask.client.sees);
    let layers: Vec<_> = view
        .layers()
        .map(|layer| json!({"id": layer.name(), "features": layer.count}))
        .collect();
    let age = ask.app.status.age().unwrap_or_default();
    let (status, store) = match &phase {
        Phase::Loading(_) | Phase::Following if age > SILENCE => (
            StatusCode::OK,
            "silent: the last look at it has not come back; the last state read is served",
        ),
        Phase::Loading(_) | Phase::Following => (StatusCode::OK, "followed"),
        Phase::Unreadable(_) => (StatusCode::OK, "unreadable: the last state read is served"),
        Phase::Faulty => (StatusCode::SERVICE_UNAVAILABLE, "not followed: a fault in the server"),
    };
    let mut body = json!({
        "status": if status == StatusCode::OK { "ready" } else { "faulty" },
        "version": view.version().0,
        "epoch": view.epoch().as_str(),
        "store": store,
        "age_s": age.as_millis() as f64 / 1e3,
        "layers": layers,
    });
    if let Phase::Unreadable(reason) = phase {
        // What the store is called is for this machine to know.
        body["failing"] = match ask.client.sees {
            Sees::Everything => reason.into(),
            Sees::PublicOnly => "the store cannot be read".into(),
        };
    }
    let mut response = document(status, &body);
    if status != StatusCode::OK {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    Ok(response)
}

/// `/metrics`: counters for Prometheus.
pub(crate) async fn metrics(ask: Ask) -> Answer {
    let headers = [
        (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, metrics::exposition(&ask.app)).into_response())
}

fn document(status: StatusCode, body: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
