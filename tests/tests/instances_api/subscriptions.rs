//! `event.notification.subscription.provisioning: automatic`: the subscription at Close is created and deleted with the
//! instance. A scripted receiver stands in for Close's API.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::client::{Answer, Client};
use tests::close::{signature, signature_key};
use tests::fixtures;
use tests::receiver::{Answer as Reply, Receiver};

use super::get;

const KEY: &str = "b9260244ef33625f9b4b26a27db08758cdd39478b852c73f2d33ab042eb8abb4";
const PROVISIONING: &str = "event.notification.subscription.provisioning";

/// Close's answer to a creation (recorded from its API, without unused fields).
fn created() -> Reply {
    let body =
        json!({"id": "whsub_1JXnWPb8b27bVdqM", "status": "active", "events": [], "signature_key": KEY});
    Reply::status(201).with_body(body.to_string())
}

async fn provision(bed: &Bed, close: &Receiver, callback: &Receiver) -> Answer {
    let body = json!({
        "element": {"key": "closeio"},
        "name": "Test",
        "configuration": {
            "username": "api_key",
            "base.url": format!("{}api/v1", close.url()),
            "event.notification.enabled": true,
            "event.notification.callback.url": callback.url(),
            PROVISIONING: "automatic",
        },
    });
    bed.call(Method::POST, "/instances", &body).await
}

async fn provisioned(bed: &Bed, close: &Receiver, callback: &Receiver) -> Value {
    close.at("/api/v1/webhook/").answer([created()]);
    let answer = provision(bed, close, callback).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    answer.json()
}

fn asked(close: &Receiver) -> Vec<String> {
    close.received().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

#[tokio::test]
async fn one_subscription_with_many_events_is_made_and_its_key_kept() {
    let (bed, close, callback) = (Bed::start().await, Receiver::start().await, Receiver::start().await);
    let instance = provisioned(&bed, &close, &callback).await;
    assert_eq!(asked(&close), ["GET /api/v1/me/", "POST /api/v1/webhook/"]);
    let request = &close.received()[1];
    assert_eq!(request.header("authorization"), Some("Basic YXBpX2tleTo="));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["url"], instance["webhookUrl"]);
    assert!(body["events"].as_array().unwrap().contains(&json!({"object_type": "lead", "action": "merged"})));
    assert!(body["events"].as_array().unwrap().len() > 40);

    assert_eq!(instance["subscriptionState"], "active");
    let configuration = &instance["configuration"];
    assert_eq!(configuration["event.notification.subscription.id"], "whsub_1JXnWPb8b27bVdqM");
    assert_eq!(configuration["event.notification.subscription.signature.key"], "********");

    let url = instance["webhookUrl"].as_str().unwrap();
    let webhook = fixtures::read("close/webhook.lead.created.json");
    let unsigned = Client::default().send(Method::POST, url, &[], webhook.clone()).await.unwrap();
    assert_eq!(unsigned.status, 401);
    // Signed long ago: Close retries for days, so an old webhook is authentic.
    let hash = signature(&signature_key(KEY), "1557751596", &webhook);
    let headers = [("close-sig-hash", &*hash), ("close-sig-timestamp", "1557751596")];
    for _ in 0..2 {
        let signed = Client::default().send(Method::POST, url, &headers, webhook.clone()).await.unwrap();
        assert_eq!(signed.status, 200);
    }
    bed.drain().await;
    assert_eq!(callback.received().len(), 1, "sent twice, delivered once");
}

#[tokio::test]
async fn a_subscription_is_deleted_before_its_instance() {
    let (bed, close, callback) = (Bed::start().await, Receiver::start().await, Receiver::start().await);
    let instance = provisioned(&bed, &close, &callback).await;
    let path = format!("/instances/{}", instance["id"]);
    let subscription = close.at("/api/v1/webhook/whsub_1JXnWPb8b27bVdqM/");
    subscription.answer([Reply::status(503)]);
    let answer = bed.call(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.json()["providerMessage"].as_str().unwrap().contains("503"));
    assert_eq!(get(&bed, &path).await.status, 200);

    assert_eq!(bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    assert_eq!(get(&bed, &path).await.status, 404);
    let deletes = subscription.received().iter().filter(|request| request.method == Method::DELETE).count();
    assert_eq!(deletes, 2);
}

#[tokio::test]
async fn a_refusal_of_close_is_passed_on() {
    let (bed, close, callback) = (Bed::start().await, Receiver::start().await, Receiver::start().await);
    let (me, webhook) = (close.at("/api/v1/me/"), close.at("/api/v1/webhook/"));
    let refusal = |code, body: &str| Reply::status(code).with_body(body.to_owned());
    me.answer([refusal(401, r#"{"error": "Wrong credentials."}"#)]);
    let answer = provision(&bed, &close, &callback).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["providerMessage"].clone()),
        (400, json!("Wrong credentials."))
    );
    assert_eq!(answer.message(), "Close refused the API key in configuration.username.");

    webhook.answer([refusal(400, r#"{"errors": ["Too many subscriptions."]}"#)]);
    let answer = provision(&bed, &close, &callback).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["providerMessage"].clone()),
        (400, json!("Too many subscriptions."))
    );

    let unusable = [
        Reply::status(500),
        refusal(429, "{}"),
        refusal(201, "{}"),
        refusal(201, "no JSON"),
        Reply::status(302),
    ];
    for reply in unusable {
        webhook.answer([reply]);
        let answer = provision(&bed, &close, &callback).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.message());
    }
    assert_eq!(get(&bed, "/instances").await.status, 404, "nothing was created");
}

#[tokio::test]
async fn a_client_cannot_change_managed_settings() {
    let (bed, close, callback) = (Bed::start().await, Receiver::start().await, Receiver::start().await);
    let instance = provisioned(&bed, &close, &callback).await;
    let path = format!("/instances/{}", instance["id"]);
    for (key, value) in [
        (PROVISIONING, json!("manual")),
        ("event.notification.subscription.id", json!(null)),
        ("event.notification.subscription.signature.key", json!("")),
    ] {
        let answer = bed.call(Method::PATCH, &path, &json!({"configuration": {key: value}})).await;
        assert_eq!(answer.status, 400, "{key}");
        assert!(answer.message().contains("is managed by this system"), "{}", answer.message());
    }
    let base = format!("{}api/v1", close.url());
    let put = json!({"name": "New", "configuration": {"username": "api_key", "base.url": base}});
    let replaced = bed.call(Method::PUT, &path, &put).await.json();
    assert_eq!((&replaced["name"], &replaced["subscriptionState"]), (&json!("New"), &json!("active")));
    let manual = format!("/instances/{}", bed.provision(&callback.url(), &[]).await.id());
    let answer =
        bed.call(Method::PATCH, &manual, &json!({"configuration": {PROVISIONING: "automatic"}})).await;
    assert!(answer.message().contains("from the creation of an instance on only"), "{}", answer.message());
}

#[tokio::test]
async fn a_new_api_key_is_tried_before_it_is_kept() {
    let (bed, close, callback) = (Bed::start().await, Receiver::start().await, Receiver::start().await);
    let instance = provisioned(&bed, &close, &callback).await;
    let path = format!("/instances/{}", instance["id"]);
    close.at("/api/v1/me/").answer([Reply::status(401)]);
    let change = json!({"configuration": {"username": "api_other"}});
    assert_eq!(bed.call(Method::PATCH, &path, &change).await.status, 400);
    assert_eq!(get(&bed, &path).await.json()["configuration"]["username"], "api_key");
    assert_eq!(bed.call(Method::PATCH, &path, &change).await.status, 200);
    assert_eq!(get(&bed, &path).await.json()["configuration"]["username"], "api_other");
    let asked_before = close.received().len();
    assert_eq!(bed.call(Method::PATCH, &path, &json!({"name": "New"})).await.status, 200);
    assert_eq!(close.received().len(), asked_before, "other changes ask nobody");
}
