//! Stands before a service, as IAM does.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::{Denied, Permissions, asked};

/// The largest request of the services behind it: the escapes of JSON make a message of 1 MiB larger.
const LARGEST: usize = 16 * 1_048_576;

/// Lets a request pass that the role of its sender allows.
pub(super) async fn guard(State(permissions): State<Permissions>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Some(role) = permissions.role(&head.headers) else {
        return next.run(Request::from_parts(head, body)).await;
    };
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = target(&head.headers);
    match permissions.check(role, asked::of(target, &body)) {
        Ok(()) => next.run(Request::from_parts(head, Body::from(body))).await,
        Err(denied) => refuse(target, &denied),
    }
}

fn target(headers: &HeaderMap) -> &str {
    headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default()
}

fn refuse(target: &str, denied: &Denied) -> Response {
    tracing::error!(%denied, "call refused: the function's role in the template does not allow it");
    let status =
        if target.starts_with("AmazonSQS.") { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
    let error = json!({
        "__type": "com.amazon.coral.service#AccessDeniedException",
        "message": denied.to_string(),
    });
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], error.to_string()).into_response()
}
