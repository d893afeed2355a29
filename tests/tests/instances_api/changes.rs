//! Reading, changing, switching off and deleting an instance, by id and by token.

use http::Method;
use serde_json::{Value, json};
use shared::callbacks::signatures::{CallbackSigning, SigningKey};
use tests::bed::Bed;
use tests::fixtures;
use tests::receiver::Receiver;

use super::{by_token, get};

const CALLBACK: &str = "https://example.com/hook";

#[tokio::test]
async fn a_patch_merges_settings_and_replaces_tags() {
    let bed = Bed::start().await;
    let instance = bed.provision(CALLBACK, &[("event.objects", "accounts")]).await;
    let path = format!("/instances/{}", instance.id());
    let change = json!({
        "name": "<a href='http://evil.example'>Sales</a>",
        "tags": ["a", "<i>b</i>"],
        "configuration": {
            "event.objects": null, "event.notification.retry.attempts": 5, "event.notification.enabled": true,
        },
    });
    let answer = bed.call(Method::PATCH, &path, &change).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    let shown = get(&bed, &path).await.json();
    assert_eq!(shown, answer.json());
    assert_eq!((&shown["name"], &shown["tags"]), (&json!("Sales"), &json!(["a", "b"])));
    let configuration = &shown["configuration"];
    assert_eq!(configuration["event.objects"], Value::Null);
    assert_eq!(configuration["event.notification.retry.attempts"], "5");
    assert_eq!(configuration["event.notification.callback.url"], CALLBACK);
    assert_eq!(configuration["username"], "api_key");

    let wrong =
        json!({"configuration": {"event.notification.retry.attempts": "11", "event.vendor.type": "x"}});
    let answer = bed.call(Method::PATCH, &path, &wrong).await;
    assert_eq!(answer.status, 400);
    assert!(answer.message().contains("configuration.event.vendor.type is neither"), "{}", answer.message());
    assert!(answer.message().contains("(for example 3)"), "{}", answer.message());
    assert_eq!(get(&bed, &path).await.json(), shown, "a refused change changes nothing");
}

#[tokio::test]
async fn a_put_replaces_and_accepts_what_was_read() {
    let bed = Bed::start().await;
    let key = ("event.notification.signature.key", "MySecretEventSignatureKey");
    let (receiver, path) = (Receiver::start().await, "/instances");
    let instance = bed.provision(&receiver.url(), &[key, ("event.objects", "accounts")]).await;
    let path = format!("{path}/{}", instance.id());
    let mut read = get(&bed, &path).await.json();
    assert_eq!(read["configuration"][key.0], "********");
    read["tags"] = json!([]);
    read["configuration"].as_object_mut().unwrap().remove("event.objects");
    let answer = bed.call(Method::PUT, &path, &read).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    let shown = answer.json();
    assert_eq!((&shown["tags"], &shown["id"]), (&json!([]), &read["id"]));
    assert!(shown["configuration"].get("event.objects").is_none());

    instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
    bed.drain().await;
    let callback = &receiver.received()[0];
    let body = std::str::from_utf8(&callback.body).unwrap();
    let current = Some(SigningKey::parse(key.1).unwrap());
    let signing = CallbackSigning { current, ..CallbackSigning::default() };
    let signed = &signing.headers("id", bed.now(), body)[0].1;
    let sent = callback.header("elements-webhook-signature");
    assert_eq!(sent, Some(&**signed), "the key behind the mask is still there");

    let answer = bed.call(Method::PUT, &path, &json!({"name": "Test"})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.message(), "Required entries are missing: configuration.username.");
}

#[tokio::test]
async fn everything_can_be_done_by_the_token_alone() {
    let bed = Bed::start().await;
    let instance = bed.provision(CALLBACK, &[]).await;
    let other = bed.provision(CALLBACK, &[]).await;
    let call = async |method, path, body: Value| by_token(&bed, &instance, method, path, &body).await;
    let shown = call(Method::GET, "/instances", Value::Null).await;
    assert_eq!((shown.status.as_u16(), &shown.json()["id"]), (200, &instance.answer["id"]));
    let renamed = call(Method::PATCH, "/instances", json!({"name": "New"})).await;
    assert_eq!(renamed.json()["name"], "New");
    assert_eq!(call(Method::PUT, "/instances", renamed.json()).await.status, 200);
    assert_eq!(call(Method::DELETE, "/instances/enabled", Value::Null).await.json()["disabled"], true);
    assert_eq!(call(Method::PUT, "/instances/enabled", Value::Null).await.json()["disabled"], false);
    assert_eq!(call(Method::GET, "/instances/configuration", Value::Null).await.status, 200);
    assert_eq!(call(Method::DELETE, "/instances", Value::Null).await.status, 200);
    assert_eq!(call(Method::GET, "/instances", Value::Null).await.status, 401, "its token is dead at once");
    assert_eq!(get(&bed, &format!("/instances/{}", instance.id())).await.status, 404);
    assert_eq!(get(&bed, &format!("/instances/{}", other.id())).await.status, 200);
}

#[tokio::test]
async fn a_deleted_or_disabled_instance_accepts_and_delivers_nothing() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let [disabled, deleted] =
        [bed.provision(&receiver.url(), &[]).await, bed.provision(&receiver.url(), &[]).await];
    for (instance, path) in [(&disabled, "/enabled"), (&deleted, "")] {
        instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
        let path = format!("/instances/{}{path}", instance.id());
        assert_eq!(bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    }
    // What the webhook and the dispatcher have in memory is a minute old at most.
    bed.pass(60);
    bed.drain().await;
    assert_eq!(receiver.received().len(), 0);
    let webhook = fixtures::read("close/legacy.lead.update.json");
    assert_eq!(disabled.receives(webhook.clone()).await.status, 403);
    assert_eq!(deleted.receives(webhook.clone()).await.status, 404);

    let path = format!("/instances/{}/enabled", disabled.id());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    bed.pass(60);
    assert_eq!(disabled.receives(webhook).await.status, 200);
    bed.drain().await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn settings_are_listed_and_changed_one_by_one() {
    let bed = Bed::start().await;
    let instance = bed.provision(CALLBACK, &[("event.notification.signature.key", "hush")]).await;
    let path = format!("/instances/{}/configuration", instance.id());
    let list = get(&bed, &path).await.json();
    let find = |key: &str| list.as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap().clone();
    assert_eq!(find("username")["propertyValue"], "api_key");
    assert_eq!(find("event.notification.signature.key")["propertyValue"], "********");
    assert_eq!(find("username")["required"], true);

    let attempts = "event.notification.retry.attempts";
    let by_key = bed.call(Method::PATCH, &format!("{path}/{attempts}"), &json!({"propertyValue": 7})).await;
    assert_eq!((by_key.status.as_u16(), &by_key.json()["propertyValue"]), (200, &json!("7")));
    let by_number = format!("{path}/{}", by_key.json()["id"]);
    assert_eq!(get(&bed, &by_number).await.json(), by_key.json());
    let masked = bed
        .call(
            Method::PATCH,
            &format!("{path}/event.notification.signature.key"),
            &json!({"propertyValue": "********"}),
        )
        .await;
    assert_eq!(masked.json()["propertyValue"], "********");
    for (setting, body, status) in [
        (attempts, json!({"propertyValue": "0"}), 400),
        (attempts, json!({"value": "0"}), 400),
        ("username", json!({"propertyValue": null}), 400),
        ("event.no.such", json!({"propertyValue": "x"}), 404),
    ] {
        let answer = bed.call(Method::PATCH, &format!("{path}/{setting}"), &body).await;
        assert_eq!(answer.status, status, "{setting} {body}");
    }
}

#[tokio::test]
async fn unset_settings_are_listed_with_default_and_number() {
    let bed = Bed::start().await;
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {"username": "k", "mine": "1"}});
    let id = bed.call(Method::POST, "/instances", &body).await.json()["id"].clone();
    let path = format!("/instances/{id}/configuration");
    let list = get(&bed, &path).await;
    let count = list.headers["elements-returned-count"].to_str().unwrap().to_owned();
    assert_eq!(list.headers["elements-total-count"], *count);
    let list = list.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len().to_string(), count);
    for (key, value) in [
        ("event.notification.enabled", json!("false")),
        ("event.notification.callback.url", Value::Null),
        ("event.notification.signature.key", Value::Null),
        ("event.poller.refresh_interval", json!("15")),
        ("filter.response.nulls", json!("true")),
        ("username", json!("k")),
        ("mine", json!("1")),
    ] {
        let found: Vec<_> = list.iter().filter(|setting| setting["key"] == key).collect();
        assert_eq!((found.len(), &found[0]["propertyValue"]), (1, &value), "{key}");
        assert_eq!(&get(&bed, &format!("{path}/{}", found[0]["id"])).await.json(), found[0], "{key}");
    }
    let shown = get(&bed, &format!("/instances/{id}")).await.json();
    assert!(shown["configuration"].get("event.poller.refresh_interval").is_none(), "it is still not set");
}

#[tokio::test]
async fn events_can_be_enabled_before_there_is_a_callback() {
    let bed = Bed::start().await;
    let receiver = Receiver::start().await;
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {
        "username": "k", "event.vendor.type": "webhook",
    }});
    let id = bed.call(Method::POST, "/instances", &body).await.json()["id"].clone();
    let one = format!("/instances/{id}");
    let list = get(&bed, &format!("{one}/configuration")).await.json();
    let number = |key: &str| {
        list.as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap()["id"].to_string()
    };
    let set = async |key: &str, value: &str| {
        let path = format!("{one}/configuration/{}", number(key));
        bed.call(Method::PATCH, &path, &json!({"propertyValue": value})).await
    };
    let enabled = set("event.notification.enabled", "true").await;
    assert_eq!((enabled.status.as_u16(), &enabled.json()["propertyValue"]), (200, &json!("true")));
    let shown = get(&bed, &one).await.json();
    assert_eq!((&shown["eventsEnabled"], &shown["callback"]["state"]), (&json!(true), &json!("missing")));
    let reason = shown["callback"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("event.notification.callback.url is not set"), "{reason}");

    assert_eq!(set("event.notification.callback.url", &receiver.url()).await.status, 200);
    assert_eq!(get(&bed, &one).await.json().get("callback"), None);
    let put = json!({"name": "Test", "configuration": {"username": "k", "event.notification.enabled": true}});
    let answer = bed.call(Method::PUT, &one, &put).await;
    assert_eq!(answer.status, 400, "what says everything says that too");
    assert!(answer.message().contains("event.notification.callback.url"), "{}", answer.message());
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_kept() {
    let bed = Bed::start().await;
    let instance = bed.provision(CALLBACK, &[]).await;
    let path = format!("/instances/{}", instance.id());
    let changes = ["a", "b", "c", "d"].map(|key| json!({"configuration": {key: "1"}}));
    let answers = tokio::join!(
        bed.call(Method::PATCH, &path, &changes[0]),
        bed.call(Method::PATCH, &path, &changes[1]),
        bed.call(Method::PATCH, &path, &changes[2]),
        bed.call(Method::PATCH, &path, &changes[3]),
    );
    for answer in [&answers.0, &answers.1, &answers.2, &answers.3] {
        assert_eq!(answer.status, 200, "{}", answer.message());
    }
    let shown = get(&bed, &path).await.json();
    for key in ["a", "b", "c", "d"] {
        assert_eq!(shown["configuration"][key], "1");
    }
}
