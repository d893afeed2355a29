//! The instances API over HTTP, as clients of the old platform use it.

#![expect(clippy::unwrap_used, reason = "a story cannot go on without the answer that it needs")]

mod account;
mod answers;
mod callers;
mod catalogue;
mod changes;
mod checks;
mod condition;
mod deleting;
mod events;
mod listing;
mod old_pages;
mod redelivery;
mod refusals;
mod secrets;
mod subscriptions;
mod tool;

use http::Method;
use serde_json::Value;
use tests::bed::{Bed, Instance};
use tests::client::Answer;

/// The `Authorization` header of a caller who holds an instance's token.
fn with_token(bed: &Bed, instance: &Instance) -> String {
    format!("{}, Element {}", bed.system().authorization(), instance.answer["token"].as_str().unwrap())
}

/// Calls a route without a body.
async fn get(bed: &Bed, path: &str) -> Answer {
    bed.call_as(&bed.system().authorization(), Method::GET, path, "").await
}

/// Makes an instance's callback healthy again, and waits until every function sees it.
async fn enable_callback(bed: &Bed, instance: &Instance) {
    let path = format!("/instances/{}/callback/enabled", instance.id());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    bed.pass(60);
}

/// Calls a route without an id, by the token of an instance.
async fn by_token(bed: &Bed, instance: &Instance, method: Method, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    bed.call_as(&with_token(bed, instance), method, path, body).await
}
