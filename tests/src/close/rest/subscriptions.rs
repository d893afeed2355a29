//! `/webhook/`: the subscriptions, one by one and as a list.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::answer::Answer;
use crate::close::Close;

/// The answer to a request for `webhook/` and below it; `rest` is the path after it.
pub(super) fn answer(close: &Close, request: &Request<Bytes>, rest: &str) -> Answer {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    match (request.method(), rest.strip_suffix('/')) {
        (&Method::GET, None) if rest.is_empty() => {
            Answer::ok(json!({"data": close.subscriptions(), "has_more": false}))
        }
        (&Method::POST, None) if rest.is_empty() => {
            let events = body["events"].as_array().is_some_and(|events| !events.is_empty());
            if !events || !body["url"].is_string() {
                return Answer::bad_request("url and events are required.");
            }
            Answer::ok(close.make_subscription(&body))
        }
        (&Method::GET, Some(id)) => close.subscription(id).map_or_else(Answer::not_found, Answer::ok),
        (&Method::PUT, Some(id)) => {
            close.change_subscription(id, &body).map_or_else(Answer::not_found, Answer::ok)
        }
        (&Method::DELETE, Some(id)) if close.end_subscription(id) => Answer::ok(json!({})),
        _ => Answer::not_found(),
    }
}
