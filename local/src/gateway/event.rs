//! Requests and answers as an HTTP API exchanges them with Lambda, in payload format 2.0.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The event for a request. The functions read neither the key nor the parameters of its route.
pub(super) fn of(head: &Parts, body: &[u8], now: DateTime<Utc>) -> Vec<u8> {
    let (text, encoded) = encode(&head.headers, body);
    let path = head.uri.path();
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": headers(&head.headers),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": text_of(&head.headers, &header::HOST),
            "domainPrefix": "local",
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": text_of(&head.headers, &header::USER_AGENT),
            },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.timestamp_millis(),
        },
        "body": text,
        "isBase64Encoded": encoded,
    });
    event.to_string().into_bytes()
}

/// Text is passed on as it is, any other body as base64.
fn encode(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    let kind = text_of(headers, &header::CONTENT_TYPE).to_ascii_lowercase();
    let textual = kind.starts_with("text/") || kind.contains("json") || kind.contains("xml");
    match std::str::from_utf8(body) {
        Ok("") => (None, false),
        Ok(text) if textual => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

/// The headers in lower case, with repeated ones joined, and those that the API adds.
fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let added = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http")];
    joined.extend(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
    joined
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The HTTP response that a function's answer describes.
pub(super) fn response(answer: &[u8]) -> Result<Response<Body>, String> {
    let answer: Answer = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded {
        STANDARD.decode(body).map_err(|error| error.to_string())?
    } else {
        body.into_bytes()
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).map_err(|error| error.to_string())?;
    for (name, value) in answer.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(content_type: &str, body: &[u8]) -> Value {
        let request = http::Request::post("/a/MjA5MzE%3D?x=1&x=2")
            .header("Content-Type", content_type)
            .header("X-Twice", "a")
            .header("x-twice", "b")
            .body(())
            .unwrap();
        let bytes = of(&request.into_parts().0, body, DateTime::UNIX_EPOCH);
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_request_becomes_an_event_of_payload_format_2() {
        let event = event("application/json; charset=utf-8", "{\"é\":1}".as_bytes());
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["rawPath"], "/a/MjA5MzE%3D");
        assert_eq!(event["rawQueryString"], "x=1&x=2");
        assert_eq!(event["headers"]["x-twice"], "a,b");
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{\"é\":1}"), &json!(false)));
    }

    #[test]
    fn a_body_that_is_not_text_is_passed_on_as_base64() {
        let binary = event("application/octet-stream", b"ab");
        assert_eq!((&binary["body"], &binary["isBase64Encoded"]), (&json!("YWI="), &json!(true)));
        assert_eq!(event("application/json", b"\xff")["isBase64Encoded"], true);
        assert_eq!(event("application/json", b"")["body"], Value::Null);
    }

    #[test]
    fn an_answer_of_a_function_becomes_a_response() {
        let answer = br#"{"statusCode":405,"headers":{"allow":"POST"},"body":"YWI=","isBase64Encoded":true}"#;
        let response = response(answer).unwrap();
        assert_eq!(
            (response.status(), &response.headers()["allow"]),
            (StatusCode::METHOD_NOT_ALLOWED, &HeaderValue::from_static("POST"))
        );
        assert!(super::response(b"{}").is_err());
    }
}
