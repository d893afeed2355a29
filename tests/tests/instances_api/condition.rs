//! The state of an instance in its answers.

use http::Method;
use serde_json::{Value, json};
use tests::close::Quirks;
use tests::fixtures;
use tests::polling::Polled;
use tests::receiver::Answer as Reply;

use super::events::three_events;
use super::{by_token, get};

#[tokio::test]
async fn every_instance_shows_its_last_success_and_error() {
    let (bed, receiver, instance) = three_events().await;
    let path = format!("/instances/{}", instance.id());
    let success = json!({"delivery": "2026-11-21T10:00:00Z"});
    let error = json!({"delivery": {"date": "2026-11-21T10:02:00Z", "message": "the receiver answered 503"}});
    let name = json!({"name": "New"});
    let whole = json!({"name": "New", "configuration": instance.answer["configuration"]});
    let answers = [
        get(&bed, &path).await,
        by_token(&bed, &instance, Method::GET, "/instances", &Value::Null).await,
        bed.call(Method::PATCH, &path, &name).await,
        bed.call(Method::PUT, &path, &whole).await,
        bed.call(Method::PUT, &format!("{path}/enabled"), &Value::Null).await,
    ];
    for answer in answers {
        let shown = answer.json();
        assert_eq!((&shown["lastSuccess"], &shown["lastError"]), (&success, &error), "{}", answer.message());
    }
    // It is fixed, and the previous error stays visible.
    bed.drain().await;
    let shown = get(&bed, &path).await.json();
    assert_eq!(shown["lastSuccess"]["delivery"], "2026-11-21T10:07:00Z");
    assert_eq!(shown["lastError"], error);

    receiver.answer([Reply::status(410)]);
    instance.receives(fixtures::read("close/legacy.lead.update.json")).await;
    bed.drain().await;
    for answer in [bed.call(Method::PATCH, &path, &name).await, bed.call(Method::PUT, &path, &whole).await] {
        assert_eq!(answer.json()["callback"]["state"], "disabled");
    }
    let list = get(&bed, "/instances").await.json();
    assert_eq!(list[0]["callback"]["reason"], "the receiver answered 410");
    assert_eq!(list[0]["lastError"], json!({}), "a list does not read the log");
}

#[tokio::test]
async fn a_polled_instance_shows_its_last_success_and_error() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let path = format!("/instances/{}", polled.instance.id());
    assert_eq!(get(&polled.bed, &path).await.json()["lastSuccess"], json!({}));
    polled.bed.minutes(3).await;
    let shown = get(&polled.bed, &path).await.json();
    let last = shown["lastSuccess"]["polling"].as_str().unwrap();
    assert!(last.starts_with("2026-11-21T10:02:"), "{last}");
    assert_eq!((&shown["pollingState"]["status"], &shown["lastError"]), (&json!("ok"), &json!({})));

    polled.rest.behave(|quirks| {
        quirks.revoked.insert("api_key".to_owned());
    });
    polled.bed.minutes(30).await;
    let listed = get(&polled.bed, "/instances").await.json();
    for shown in [&get(&polled.bed, &path).await.json(), &listed[0]] {
        assert_eq!(shown["pollingState"]["status"], "refused");
        assert_eq!(shown["lastSuccess"]["polling"], last, "the last poll before the key was refused");
        let error = &shown["lastError"]["polling"];
        assert!(error["message"].as_str().unwrap().starts_with("Close answered 401"), "{error}");
        assert!(error["date"].as_str().unwrap().starts_with("2026-11-21T10:03:"), "{error}");
        assert_eq!(shown["pollingState"]["since"], error["date"]);
    }
    polled.rest.behave(|quirks| quirks.revoked.clear());
    // A change makes it due.
    let change = json!({"configuration": {"a": "1"}});
    let changed = polled.bed.call(Method::PATCH, &path, &change).await.json();
    assert_eq!(changed["pollingState"]["status"], "refused", "not yet");
    polled.bed.minutes(2).await;
    let shown = get(&polled.bed, &path).await.json();
    assert_eq!(shown["pollingState"]["status"], "ok");
    assert!(shown["lastSuccess"]["polling"].as_str().unwrap() > last);
    assert!(shown["lastError"]["polling"]["message"].is_string());
}
