//! What can go wrong at Close, by what to do about it.

use chrono::TimeDelta;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::rate_limit::{self, RateLimit};

/// Why a request failed. The texts are shown to the owner, in the instance's state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseError {
    /// Too many requests; allowed again after this time.
    #[error("Close asked to wait {} seconds", .wait.num_seconds())]
    RateLimited {
        /// How long to wait.
        wait: TimeDelta,
    },
    /// The API key is refused.
    #[error("Close answered 401: {0}")]
    Unauthorized(String),
    /// The API key may not do this.
    #[error("Close answered 403: {0}")]
    Forbidden(String),
    /// The API key may not be sent to the instance's `base.url` now.
    #[error("base.url {0}")]
    NotAllowed(String),
    /// Close refuses the request.
    #[error("Close answered {status}: {message}")]
    Invalid {
        /// 400, 402, 404 …
        status: u16,
        /// Close's words.
        message: String,
        /// What the rate limit still allows.
        rate_limit: Option<RateLimit>,
    },
    /// The answer takes too long or is too large; fewer records may help.
    #[error("Close could not be read: {0}")]
    TooMuch(String),
    /// Close could not answer; the next request may succeed.
    #[error("Close could not be read: {0}")]
    Unavailable(String),
}

/// The longest text kept of an answer.
const MAX_MESSAGE: usize = 300;

impl CloseError {
    /// What an answer that is not 2xx means.
    pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let (code, message) = (status.as_u16(), message(body));
        match code {
            429 => Self::RateLimited { wait: rate_limit::wait(headers, body) },
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden(message),
            // Time-outs of proxies.
            408 | 504 => Self::TooMuch(format!("it answered {code}")),
            425 | 500..=599 => Self::Unavailable(format!("it answered {code}")),
            300..=399 => Self::Unavailable(format!("it answered {code}, and redirects are not followed")),
            _ => Self::Invalid { status: code, message, rate_limit: RateLimit::read(headers) },
        }
    }
}

/// The message of an error body, which has one of several forms (Close API, "Errors").
fn message(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let found = text(&body["error"])
        .or_else(|| text(&body["error"]["message"]))
        .or_else(|| text(&body["message"]))
        .or_else(|| text(&body["errors"][0]))
        .or_else(|| body["field-errors"].as_object().map(|fields| Value::Object(fields.clone()).to_string()));
    let text = found.unwrap_or_else(|| "no reason given".to_owned());
    text.chars().filter(|c| !c.is_control()).take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> CloseError {
        CloseError::of_answer(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn each_status_is_an_error_of_its_kind() {
        let unauthorized = r#"{"error": "The server could not verify that you are authorized."}"#;
        let refused = "Close answered 401: The server could not verify that you are authorized.";
        assert_eq!(of(401, unauthorized).to_string(), refused);
        assert!(matches!(of(403, ""), CloseError::Forbidden(_)));
        for status in [500, 502, 503, 302] {
            assert!(matches!(of(status, "<html>"), CloseError::Unavailable(_)), "{status}");
        }
        assert!(matches!((of(504, ""), of(408, "")), (CloseError::TooMuch(_), CloseError::TooMuch(_))));
        let field = r#"{"errors": [], "field-errors": {"lead": "This field is required."}}"#;
        assert_eq!(of(400, field).to_string(), r#"Close answered 400: {"lead":"This field is required."}"#);
        assert_eq!(of(402, r#"{"errors":["Pay."]}"#).to_string(), "Close answered 402: Pay.");
        assert_eq!(of(404, "").to_string(), "Close answered 404: no reason given");
        assert!(matches!(of(429, ""), CloseError::RateLimited { .. }));
    }
}
