//! Answers in the platform's shape: every error and every response has a `requestId`.

use axum::extract::Request;
use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lambda_http::RequestExt as _;
use shared::platform::api_error::ApiError;

/// The header with the request's id, to quote when asking for help.
const REQUEST_ID: &str = "elements-request-id";

pub(crate) struct Failure(ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<shared::platform::aws::InternalError> for Failure {
    fn from(error: shared::platform::aws::InternalError) -> Self {
        tracing::error!(%error, "request failed");
        Self(ApiError::unavailable())
    }
}

impl IntoResponse for Failure {
    /// Leaves the error for [`finish`], which knows the request.
    fn into_response(self) -> Response {
        let mut response = self.0.status().into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// Gives every response its request id.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let id = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        tracing::info!(status = error.status().as_u16(), reason = error.message(), "request refused");
        let kept = [ALLOW, RETRY_AFTER].map(|name| (response.headers_mut().remove(&name), name));
        response = error.into_response(&id);
        response.headers_mut().extend(kept.into_iter().filter_map(|(value, name)| Some((name, value?))));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// 405; the router adds the methods that are allowed.
pub(crate) async fn method_not_allowed() -> Failure {
    Failure(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "The route does not answer this method."))
}

/// 404 for an unknown path.
pub(crate) async fn no_such_route() -> Failure {
    Failure(ApiError::not_found("There is no such resource."))
}
