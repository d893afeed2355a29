//! The instances API over HTTP, as clients of the old platform use it.

#![expect(clippy::unwrap_used, reason = "a story cannot go on without the answer that it needs")]

#[path = "instances_api/account.rs"]
mod account;
#[path = "instances_api/answers.rs"]
mod answers;
#[path = "instances_api/callers.rs"]
mod callers;
#[path = "instances_api/catalogue.rs"]
mod catalogue;
#[path = "instances_api/changes.rs"]
mod changes;
#[path = "instances_api/checks.rs"]
mod checks;
#[path = "instances_api/condition.rs"]
mod condition;
#[path = "instances_api/deleting.rs"]
mod deleting;
#[path = "instances_api/events.rs"]
mod events;
#[path = "instances_api/listing.rs"]
mod listing;
#[path = "instances_api/old_pages.rs"]
mod old_pages;
#[path = "instances_api/redelivery.rs"]
mod redelivery;
#[path = "instances_api/refusals.rs"]
mod refusals;
#[path = "instances_api/secrets.rs"]
mod secrets;
#[path = "instances_api/subscriptions.rs"]
mod subscriptions;
#[path = "instances_api/tool.rs"]
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
