//! The error answers of the HTTP functions, in the platform's shape.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// The platform's text for every failed authorization.
pub const UNAUTHORIZED: &str = "Invalid Organization or User secret, or invalid Element token provided.";

/// An error as the client sees it: `{"requestId","message"[,"providerMessage"]}` and a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    provider_message: Option<String>,
    hint: Option<Hint>,
}

/// A header for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    /// The allowed methods.
    Allow(&'static str),
    /// Seconds to wait.
    RetryAfter(u64),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    request_id: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_message: Option<&'a str>,
}

impl ApiError {
    /// An error of this status; `message` is for the client.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), provider_message: None, hint: None }
    }

    /// 404: the same for an unknown id, an id of another account and an invalid id.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, UNAUTHORIZED)
    }

    /// 405, with the allowed methods.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("This route answers {allow} only."));
        Self { hint: Some(Hint::Allow(allow)), ..error }
    }

    /// 429, with how long to wait (RFC 9110, section 10.2.3).
    pub fn too_many_requests(message: impl Into<String>, wait: Duration) -> Self {
        // Whole seconds, at least one: zero would invite an immediate retry.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let hint = Some(Hint::RetryAfter(seconds.max(1)));
        Self { hint, ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// 503 for a fault of ours, whose reason is only logged. The sender is asked to retry.
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The service is unavailable for the moment; try again.")
    }

    /// The same with Close's message (`providerMessage`).
    #[must_use]
    pub fn with_provider_message(self, said: impl Into<String>) -> Self {
        Self { provider_message: Some(said.into()), ..self }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The text for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The answer to the request of this id.
    pub fn into_response<B: From<String>>(self, request_id: &str) -> Response<B> {
        let provider_message = self.provider_message.as_deref();
        let body = Body { request_id, message: &self.message, provider_message };
        // Strings always serialise.
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = json_response(self.status, body);
        match self.hint {
            Some(Hint::Allow(methods)) => {
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
            }
            Some(Hint::RetryAfter(seconds)) => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            None => {}
        }
        response
    }
}

/// An answer with a JSON body.
pub fn json_response<B: From<String>>(status: StatusCode, body: String) -> Response<B> {
    let mut response = Response::new(B::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_platforms_shape() {
        let response: Response<String> = ApiError::method_not_allowed("POST").into_response("r-1");
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "POST");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.body(), r#"{"requestId":"r-1","message":"This route answers POST only."}"#);
    }
}
