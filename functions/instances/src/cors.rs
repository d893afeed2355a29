//! Answers for pages of other origins, if the deployment names them (Fetch Standard, "CORS protocol").

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The headers that the platform exposes, and `Retry-After`.
const EXPOSED: &str = "Elements-Returned-Count, Elements-Total-Count, Elements-Request-Id, \
     Elements-Next-Page-Token, Elements-Trace-Id, Elements-Error, Content-Disposition, Retry-After";
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "Authorization, Content-Type";
/// Browsers ask again after an hour.
const MAX_AGE: &str = "3600";

/// The origins whose pages may read answers: none, some, or all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CorsOrigins(Vec<String>);

impl FromStr for CorsOrigins {
    type Err = String;

    /// A comma list of origins (`https://app.example.com`), or `*`.
    fn from_str(list: &str) -> Result<Self, String> {
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins: Vec<_> = origins.map(str::to_owned).collect();
        match origins.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(format!("{wrong:?} is not an origin (for example https://app.example.com)")),
            None => Ok(Self(origins)),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let serialized = || url::Url::parse(text).ok().map(|url| url.origin().ascii_serialization());
    text == "*" || serialized().is_some_and(|origin| origin == text)
}

impl CorsOrigins {
    /// The CORS header of an answer to a page of `origin`.
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.0.iter().any(|allowed| allowed == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        self.0.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }
}

/// Answers preflight requests, and lets browsers read the other answers.
pub(crate) async fn answer(
    State(origins): State<CorsOrigins>,
    request: Request,
    next: Next,
) -> Result<Response, Infallible> {
    let Some(allowed) = request.headers().get(ORIGIN).and_then(|origin| origins.allowed(origin)) else {
        return Ok(next.run(request).await);
    };
    let asks_first =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_first { permission().into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.append(VARY, HeaderValue::from_static("Origin"));
    Ok(response)
}

fn permission() -> (StatusCode, HeaderMap) {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (StatusCode::NO_CONTENT, headers.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        for list in ["", "*", "https://app.example.com", "http://localhost:3000, https://a.example"] {
            assert!(list.parse::<CorsOrigins>().is_ok(), "{list}");
        }
        for list in ["app.example.com", "https://app.example.com/", "https://a.example,x", "null"] {
            assert!(list.parse::<CorsOrigins>().is_err(), "{list}");
        }
        let some: CorsOrigins = "https://a.example".parse().unwrap();
        let origin = HeaderValue::from_static;
        assert_eq!(some.allowed(&origin("https://a.example")), Some(origin("https://a.example")));
        assert_eq!(some.allowed(&origin("https://b.example")), None);
        assert_eq!(CorsOrigins::default().allowed(&origin("https://a.example")), None);
    }
}
