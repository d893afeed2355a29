//! Polling instances are checked when they are provisioned: what is wrong, where, and how it would be right.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::close::{Close, Fault, Quirks, Rest};

/// The API of an organisation that nothing happens in.
async fn close(bed: &Bed) -> Rest {
    Close::new(1, Arc::new(bed.clock().clone())).serve(bed.clock(), Quirks::default()).await
}

async fn refused(bed: &Bed, settings: &Value) -> String {
    let close = close(bed).await;
    let mut configuration = json!({
        "username": "api_key",
        "base.url": close.url(),
        "event.notification.enabled": "true",
        "event.vendor.type": "polling",
        "event.notification.callback.url": "http://127.0.0.1:9/",
    });
    for (key, value) in settings.as_object().unwrap() {
        configuration[key] = value.clone();
    }
    let body = json!({"connector": {"key": "closeio"}, "name": "Test", "configuration": configuration});
    let answer = bed.call(Method::POST, "/instances", &body).await;
    if answer.status == 200 {
        String::new()
    } else {
        format!("{} {}", answer.status.as_u16(), answer.message())
    }
}

#[tokio::test]
async fn each_mistake_is_a_400_with_the_key_the_position_and_an_example() {
    let bed = Bed::start().await;
    let with = |url: &str| json!({"event.poller.configuration": {"contacts": {"url": url, "idField": "id"}}});
    let rows = [
        (
            with("/contacts?where=date_updated>'${gmtDate:yyyy-MM-ddTHH}'"),
            "the letter 'T' at position 11",
            "yyyy-MM-dd'T'HH",
        ),
        (
            with("/contacts?where=date_updated>'2026"),
            "at character 14: the quote that begins here does not end",
            "an example",
        ),
        (
            with("/contacts?where=a='${today}'"),
            "at character 4: the template ${today} is unknown",
            "${gmtDate:",
        ),
        (
            with("/hubs/crm/deals"),
            "names the unknown resource \"deals\"",
            "there are accounts, leads, contacts",
        ),
        (
            json!({"event.poller.configuration": {"contacts": {"url": "/contacts"}}}),
            "contacts.idField is missing",
            "\"idField\": \"id\"",
        ),
        (
            json!({"event.poller.refresh_interval": 0}),
            "configuration.event.poller.refresh_interval is not",
            "an example: 15",
        ),
        (
            json!({"event.poller.refresh_interval": "-3"}),
            "configuration.event.poller.refresh_interval is not",
            "an example: 15",
        ),
        (
            json!({"event.poller.since": "yesterday"}),
            "configuration.event.poller.since is not a time",
            "an example",
        ),
        (json!({"event.poller.configuration": "{\"contacts\":"}), "at line 1 column 12", "an example"),
    ];
    for (settings, said, example) in rows {
        let message = refused(&bed, &settings).await;
        assert!(
            message.starts_with("400 ") && message.contains(said) && message.contains(example),
            "{settings}: {message}"
        );
    }
}

#[tokio::test]
async fn events_that_close_has_forgotten_cannot_be_asked_for() {
    let bed = Bed::start().await;
    let since = |name: &str, since: &str| {
        json!({
            "event.poller.configuration": {name: {"url": format!("/{name}"), "idField": "id"}},
            "event.poller.since": since,
        })
    };
    let said = "400 configuration.event.poller.since is more than 30 days ago, which is how long Close keeps the events \
        that \"events\" asks for (for example 2026-10-23T00:00:00Z)";
    assert!(refused(&bed, &since("events", "2026-10-01")).await.contains(said));
    assert_eq!(refused(&bed, &since("events", "2026-10-23")).await, "");
    for resource in ["contacts", "activities", "notes"] {
        assert_eq!(refused(&bed, &since(resource, "2020-01-01")).await, "", "{resource}");
    }
}

#[tokio::test]
async fn a_correct_configuration_is_taken_in_every_form() {
    let bed = Bed::start().await;
    let configuration = json!({"contacts": {"url": "/hubs/crm/contacts", "idField": "id"}});
    for settings in [
        json!({}),
        json!({"event.poller.configuration": ""}),
        json!({"event.poller.configuration": configuration}),
        json!({"event.poller.configuration": configuration.to_string(), "event.poller.refresh_interval": 1}),
        json!({"event.poller.urls": "contacts|/hubs/crm/contacts"}),
    ] {
        assert_eq!(refused(&bed, &settings).await, "", "{settings}");
    }
}

#[tokio::test]
async fn a_key_that_close_refuses_is_refused_with_its_words_and_none_is_while_close_is_away() {
    let bed = Bed::start().await;
    let close = close(&bed).await;
    close.behave(|quirks| {
        quirks.revoked.insert("revoked".to_owned());
    });
    let body = |key: &str| {
        let configuration = json!({
            "username": key,
            "base.url": close.url(),
            "event.notification.enabled": "true",
            "event.vendor.type": "polling",
            "event.notification.callback.url": "http://127.0.0.1:9/",
        });
        json!({"connector": {"key": "closeio"}, "name": "Test", "configuration": configuration})
    };
    let answer = bed.call(Method::POST, "/instances", &body("revoked")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.message(), "Close refused the API key in configuration.username.");
    assert!(answer.json()["providerMessage"].is_string());
    let asked: Vec<_> = close.take_calls().into_iter().map(|call| (call.path, call.status)).collect();
    assert_eq!(asked, [("me/".to_owned(), 401)]);
    assert_eq!(bed.call(Method::GET, "/instances", &Value::Null).await.status, 404, "there is none");
    bed.minutes(20).await;
    assert!(close.take_calls().is_empty(), "what was refused is not polled");

    close.behave(|quirks| quirks.faults.push_back(Fault::Status(503)));
    let answer = bed.call(Method::POST, "/instances", &body("api_key")).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    assert_eq!(close.take_calls().len(), 1);

    let path = format!("/instances/{}", answer.json()["id"]);
    let to = |key: &str| json!({"configuration": {"username": key}});
    assert_eq!(bed.call(Method::PATCH, &path, &to("revoked")).await.status, 400);
    assert_eq!(bed.call(Method::PATCH, &path, &json!({"name": "Renamed"})).await.status, 200);
    assert_eq!(close.take_calls().len(), 1, "only another account is asked about");
    assert_eq!(bed.call(Method::PATCH, &path, &to("another")).await.status, 200);
}
