//! Answers, and the errors in Close's own words.

use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::{Value, json};

use super::quirks::Spelling;

/// An answer before it is written.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    fn new(status: u16, body: Value) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(400, json!({"error": message}))
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::new(status, Value::Null)
    }

    pub(super) fn unauthorized() -> Self {
        let message = "The server could not verify that you are authorized to access the URL requested.  You \
            either supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how \
            to supply the credentials required.";
        Self::new(401, json!({"error": message}))
    }

    pub(super) fn forbidden() -> Self {
        Self::new(403, json!({"error": "You do not have permission to perform this action."}))
    }

    pub(super) fn not_found() -> Self {
        let message = "The requested URL was not found on the server. If you entered the URL manually please \
            check your spelling and try again.";
        Self::new(404, json!({"error": message}))
    }

    pub(super) fn too_many(spelling: Spelling, limit: u32, reset: f64, window: i64) -> Self {
        let message = "API call count exceeded for this period";
        let body = match spelling {
            Spelling::Semicolons => {
                json!({"message": message, "rate_endpoint_group": "ab60a2938ea23638a0c6f32222cadc8e",
                "rate_limit": limit, "rate_limit_type": "key", "rate_reset": reset.to_string(), "rate_window": window})
            }
            Spelling::Commas => {
                json!({"error": {"message": message, "rate_reset": reset, "rate_limit": limit,
                "rate_window": window, "rate_limit_type": "key"}})
            }
            Spelling::BodyOnly => json!({"error": {"rate_reset": reset, "message":
                format!("API call count exceeded for this {window} second window"), "rate_limit": limit,
                "rate_window": window}}),
        };
        let mut answer = Self::new(429, body);
        if spelling != Spelling::BodyOnly
            && let Ok(seconds) = format!("{}", reset.ceil()).parse()
        {
            answer.headers.insert("retry-after", seconds);
        }
        answer
    }

    /// Adds the header with the rest of the rate limit.
    pub(super) fn with_limit(mut self, spelling: Spelling, limit: u32, remaining: u32, reset: f64) -> Self {
        let separator = match spelling {
            Spelling::Commas => ", ",
            Spelling::Semicolons => "; ",
            Spelling::BodyOnly => return self,
        };
        let parts = [format!("limit={limit}"), format!("remaining={remaining}"), format!("reset={reset}")];
        if let Ok(value) = parts.join(separator).parse() {
            self.headers.insert("ratelimit", value);
        }
        self
    }

    /// The rows of a page.
    pub(super) fn rows(&self) -> Vec<Value> {
        self.body["data"].as_array().cloned().unwrap_or_default()
    }

    /// The same with larger objects, unless there are too many of them.
    pub(super) fn weighed(mut self, most_rows: usize, padding: usize) -> Self {
        let Some(rows) = self.body["data"].as_array_mut() else { return self };
        if rows.len() > most_rows {
            return Self::empty(504);
        }
        if padding > 0 {
            for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                row.insert("description".to_owned(), "x".repeat(padding).into());
            }
        }
        self
    }

    pub(super) fn into_response(self, pretty: bool) -> Response<Bytes> {
        let body = match (&self.body, pretty) {
            (Value::Null, _) => String::new(),
            (body, true) => format!("{body:#}"),
            (body, false) => body.to_string(),
        };
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status.try_into().unwrap_or_default();
        *response.headers_mut() = self.headers;
        response
    }
}
