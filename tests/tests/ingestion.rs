//! Which webhooks are accepted, and the answers to the others.

use http::Method;
use serde_json::json;
use tests::bed::{Bed, Instance};
use tests::client::Client;
use tests::close::Close;
use tests::fixtures;
use tests::receiver::Receiver;

const SUBSCRIPTION_KEY: &str = "event.notification.subscription.signature.key";
const HEX_KEY: &str = "b9260244ef33625f9b4b26a27db08758cdd39478b852c73f2d33ab042eb8abb4";
const BODY: &str = r#"{"model":"lead","event":"create","data":{"id":"lead_1"}}"#;

/// An instance whose events would be noticed if any were queued.
async fn instance(bed: &Bed, settings: &[(&str, &str)]) -> Instance {
    bed.provision("http://127.0.0.1:9/", settings).await
}

#[expect(clippy::unwrap_used, reason = "the system under test answers")]
async fn post(url: &str, body: impl Into<bytes::Bytes>) -> (u16, String) {
    let headers = [("content-type", "application/json")];
    let answer = Client::default().send(Method::POST, url, &headers, body).await.unwrap();
    (answer.status.as_u16(), answer.message())
}

#[tokio::test]
async fn every_spelling_of_the_encoded_id_is_the_instance() {
    let bed = Bed::start().await;
    let instance = instance(&bed, &[]).await;
    let padded = instance.webhook_url();
    let spellings = [
        padded.clone(),
        padded.trim_end_matches('=').to_owned(),
        padded.replace('=', "%3D"),
        padded.replace('=', "%3d"),
    ];
    for (number, url) in spellings.iter().enumerate() {
        assert_eq!(post(url, BODY).await.0, 200, "{url}");
        assert_eq!(bed.queue().visible, u64::try_from(number).unwrap() + 1);
    }
}

#[tokio::test]
async fn every_unknown_id_gets_the_same_answer() {
    let bed = Bed::start().await;
    instance(&bed, &[]).await;
    let base = format!("{}/elements/api-v2/events/closeio", bed.system().url());
    let not_found = (404, "There is no instance for this URL.".to_owned());
    // Unknown, not base64, not a number, not canonical, the plain id.
    for id in ["MjA5MzE=", "%%%", "YWJj", "MDA3", "20931", "MA=="] {
        assert_eq!(post(&format!("{base}/{id}"), BODY).await, not_found, "{id}");
    }
    assert_eq!(bed.queue().total(), 0);
}

#[tokio::test]
async fn malformed_bodies_are_refused_with_their_place() {
    let bed = Bed::start().await;
    let instance = instance(&bed, &[]).await;
    let rows = [
        ("", "Malformed webhook: the body is not a JSON object: it ends too early at line 1 column 0."),
        (
            "{'model':'lead'}",
            "Malformed webhook: the body is not a JSON object: a syntax error at line 1 column 2.",
        ),
        (
            "model=lead",
            "Malformed webhook: the body is not a JSON object: a syntax error at line 1 column 1.",
        ),
        ("[]", "Malformed webhook: the body is not a JSON object: another value at line 1 column 1."),
        ("{}", "Malformed webhook: \"event\" is missing."),
        (r#"{"event":{"id":"ev_1"}}"#, "Malformed webhook: \"event.object_type\" is missing."),
        (
            r#"{"model":5,"event":"create","data":{"id":{}}}"#,
            "Malformed webhook: \"data.id\" is not a string.",
        ),
    ];
    for (body, message) in rows {
        assert_eq!(post(&instance.webhook_url(), body).await, (400, message.to_owned()), "{body}");
    }
    let deep = format!(r#"{{"model":"lead","event":"x","data":{}"#, "[".repeat(200_000));
    assert_eq!(post(&instance.webhook_url(), deep).await.0, 400);
    assert_eq!(post(&instance.webhook_url(), &b"{\"event\":\"\xff\xfe\"}"[..]).await.0, 400);
    assert_eq!(bed.queue().total(), 0);
}

#[tokio::test]
async fn errors_have_the_platforms_shape() {
    let bed = Bed::start().await;
    let answer = instance(&bed, &[]).await.receives("{}").await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let body = answer.json();
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["message", "requestId"]);
    assert!(!body["requestId"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn only_post_is_answered() {
    let bed = Bed::start().await;
    let instance = instance(&bed, &[]).await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer =
            Client::default().send(method.clone(), &instance.webhook_url(), &[], BODY).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["allow"]),
            (405, &"POST".parse().unwrap()),
            "{method}"
        );
    }
    assert_eq!(bed.queue().total(), 0);
}

#[tokio::test]
async fn a_request_too_large_for_lambda_is_refused() {
    let bed = Bed::start().await;
    let instance = instance(&bed, &[]).await;
    for bytes in [6 * 1024 * 1024, 11 * 1024 * 1024] {
        let body = format!(r#"{{"model":"lead","event":"create","data":{{"id":"{}"}}}}"#, "x".repeat(bytes));
        assert_eq!(post(&instance.webhook_url(), body).await.0, 413, "{bytes}");
    }
    assert_eq!(bed.queue().total(), 0);
}

#[tokio::test]
async fn a_signed_webhook_is_accepted_and_every_other_refused() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let signed = bed.provision(&receiver.url(), &[(SUBSCRIPTION_KEY, HEX_KEY)]).await;
    let close = Close::new(1, std::sync::Arc::new(bed.clock().clone()));
    close.subscribe(&signed.webhook_url(), HEX_KEY);
    let lead = close.create_lead("Wayne Enterprises");
    close.update_lead(&lead, "description", "Bats");
    assert_eq!(close.post_pending().await, [200, 200]);
    bed.drain().await;
    assert_eq!(receiver.count(), 2);

    let forger = Close::new(2, std::sync::Arc::new(bed.clock().clone()));
    forger.subscribe(&signed.webhook_url(), &HEX_KEY.replace('b', "c"));
    forger.subscribe_legacy(&signed.webhook_url());
    forger.create_lead("Ace Chemicals");
    assert_eq!(forger.post_pending().await, [401, 401]);
    bed.drain().await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn close_may_repeat_reorder_and_consolidate() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[(SUBSCRIPTION_KEY, HEX_KEY)]).await;
    let close = Close::new(1, std::sync::Arc::new(bed.clock().clone()));
    close.subscribe(&instance.webhook_url(), HEX_KEY);
    let lead = close.create_lead("Wayne Enterprises");
    close.update_lead(&lead, "description", "Bats");
    close.post_pending().await;
    // The same id with a later date_updated is a new event.
    bed.pass(7);
    close.update_again("lead", &lead, "description", "Many bats");
    close.post_pending().await;
    bed.drain().await;
    // A repetition a day later, signed anew, is a duplicate.
    bed.pass(86_400);
    assert_eq!(close.repeat_last(3).await, [200, 200, 200]);
    bed.drain().await;
    let types: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.message()["message"]["events"][0]["eventType"].clone())
        .collect();
    assert_eq!(types.len(), 3);
    assert_eq!(types.iter().filter(|kind| **kind == json!("UPDATED")).count(), 2);
}

#[tokio::test]
async fn unwanted_events_are_ignored_with_200() {
    let bed = Bed::start().await;
    let rows: [(&[(&str, &str)], &str); 2] = [
        (&[("event.objects", "contacts,tasks")], "accounts is not among the instance's event.objects"),
        (&[("event.notification.enabled", "false")], "event.notification.enabled is not true"),
    ];
    for (settings, reason) in rows {
        let answer = instance(&bed, settings).await.receives(BODY).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"ignored": reason})));
    }
    assert_eq!(bed.queue().total(), 0);
    let contacts = instance(&bed, &[("event.objects", "contacts,tasks")]).await;
    contacts.receives(fixtures::read("close/webhook.contact.updated.json")).await;
    contacts.receives(fixtures::read("close/webhook.task.lead.created.json")).await;
    assert_eq!(bed.queue().visible, 2);
}

#[tokio::test]
async fn a_polled_instance_ignores_webhooks_and_a_disabled_one_refuses_them() {
    let bed = Bed::start().await;
    let polling = |instance: &mut shared::instances::Instance| {
        instance.configuration.set("event.vendor.type", Some("polling".to_owned()));
    };
    let answer = bed.stored("http://127.0.0.1:9/", polling).await.receives(BODY).await;
    assert_eq!(answer.json(), json!({"ignored": "event.vendor.type is polling"}));
    let disabled = bed.stored("http://127.0.0.1:9/", |instance| instance.disabled = true).await;
    let answer = disabled.receives(BODY).await;
    assert_eq!((answer.status.as_u16(), &*answer.message()), (403, "The instance is disabled."));
    assert_eq!(bed.queue().total(), 0);
}

#[tokio::test]
async fn an_unknown_path_is_refused() {
    let bed = Bed::start().await;
    for path in ["/", "/elements/api-v2/events/pipedrive/MjA5MzE=", "/elements/api-v2/events/closeio"] {
        let (status, message) = post(&format!("{}{path}", bed.system().url()), BODY).await;
        assert_eq!((status, message.as_str()), (404, "There is no such resource."), "{path}");
    }
}
