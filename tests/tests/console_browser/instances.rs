use std::sync::Arc;
use std::time::Instant;

use http::Method;
use serde_json::{Value, json};
use shared::platform::clock::{Clock as _, ManualClock, SystemClock};
use tests::close::{Close, Quirks};
use tests::fixtures;

use super::stage::{Stage, at};

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_to_a_redelivered_event() {
    let Some(stage) = Stage::set().await else { return };
    let started = Instant::now();
    let page = stage.signed_in().await;
    page.press("Create an instance").await;
    page.fill("Name", "First").await;
    page.fill("Close API key", "api_key").await;
    page.fill("Callback URL", &stage.receiver.url()).await;
    page.press("Create instance").await;
    page.shows("Instance created").await;
    page.press("Send a sample").await;
    page.press("Send webhook").await;
    page.shows("Delivered").await;
    page.press("Open the event").await;
    page.press("Redeliver").await;
    page.shows("Sent again").await;
    page.until("return document.querySelectorAll('.timeline .good').length === 4").await;
    assert_eq!(stage.receiver.count(), 2);
    tests::browser::say(&format!("from the link to a redelivered event in {:?}", started.elapsed()));
    assert_eq!(page.errors().await, [""; 0]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_shown_beside_its_field() {
    let Some(stage) = Stage::set().await else { return };
    let page = stage.signed_in().await;
    page.view("/instances/new").await;
    page.press("Create instance").await;
    page.shows("The fields say what is wrong.").await;
    let faults = "return Object.fromEntries([...document.querySelectorAll('[data-key]')]
        .map((it) => [it.dataset.key, it.querySelector('.fault').textContent]).filter(([, text]) => text))";
    let required = "This is required.";
    let missing =
        json!({ "name": required, "username": required, "event.notification.callback.url": required });
    assert_eq!(page.script(faults, json!([])).await, missing);
    let focused = "return document.activeElement.closest('[data-key]').dataset.key";
    assert_eq!(page.script(focused, json!([])).await, "name");
    page.fill("Name", "First").await;
    page.fill("Close API key", "api_key").await;
    page.fill("Callback URL", "ftp://example.com").await;
    page.press("Create instance").await;
    page.shows("its scheme must be https or http").await;
    let found = page.script(faults, json!([])).await;
    assert_eq!(
        found.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["event.notification.callback.url"],
        "{found}"
    );
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_one_by_one_and_secrets_stay() {
    let Some(stage) = Stage::set().await else { return };
    let instance = stage.provision("Settings").await;
    let secret = json!({ "configuration": { "event.notification.signature.key": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } });
    stage.call(Method::PATCH, &at(&instance, ""), &secret).await;
    let page = stage.signed_in().await;
    page.view(&at(&instance, "/settings")).await;
    page.fill("Attempts per event", "99").await;
    page.press("Save changes").await;
    page.shows("Is not a number of attempts from 1 to 10").await;
    page.fill("Attempts per event", "4").await;
    page.fill("Name", "Renamed").await;
    page.press("Save changes").await;
    page.until("return document.querySelector('h1')?.textContent === 'Renamed'").await;
    let now = stage.call(Method::GET, &at(&instance, ""), &Value::Null).await;
    let key = "event.notification.signature.key";
    assert_eq!(now["configuration"]["event.notification.retry.attempts"], "4");
    assert_eq!(now["configuration"]["event.notification.retry.interval"], "1");
    assert_eq!((&now["name"], &now["configuration"][key]), (&json!("Renamed"), &json!("********")));
    page.press("Remove").await;
    page.press("Save changes").await;
    page.hides("Remove").await;
    let now = stage.call(Method::GET, &at(&instance, ""), &Value::Null).await;
    assert!(now["configuration"][key].is_null(), "{}", now["configuration"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_disabled_enabled_and_deleted_with_its_name_typed() {
    let Some(stage) = Stage::set().await else { return };
    let instance = stage.provision("Short life").await;
    let page = stage.signed_in().await;
    page.view(&at(&instance, "")).await;
    page.press("Disable").await;
    page.shows("Its webhooks are refused").await;
    page.view("/").await;
    page.shows("Short life").await;
    page.press("Enable").await;
    page.shows("All healthy").await;
    page.view(&at(&instance, "/settings")).await;
    page.press("Delete instance").await;
    page.shows("Type the name of the instance exactly.").await;
    page.fill("Name of the instance, to delete it", "Short life").await;
    page.press("Delete instance").await;
    page.shows("No instances yet").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_is_shown_by_resource() {
    let Some(stage) = Stage::set().await else { return };
    let clock = ManualClock::starting_at(SystemClock.now());
    let close = Close::new(5, Arc::new(clock.clone()));
    let rest = close.serve(&clock, Quirks::default()).await;
    let body = fixtures::seed(&stage.receiver.url(), rest.url());
    let instance = stage.call(Method::POST, "/instances", &serde_json::from_str(&body).unwrap()).await;
    let instance = stage.call(Method::GET, &at(&instance, ""), &Value::Null).await;
    let resources = instance["pollingState"]["resources"].as_object().unwrap();
    assert!(!resources.is_empty(), "{instance}");
    let page = stage.signed_in().await;
    page.view(&at(&instance, "")).await;
    page.shows("Next poll").await;
    let cells = "return [...document.querySelectorAll('[aria-label=Resources] tbody tr')]
        .map((row) => [...row.cells].map((cell) => cell.textContent))";
    let shown = page.script(cells, json!([])).await;
    let rows = shown.as_array().unwrap();
    assert_eq!(rows.len(), resources.len(), "{shown}");
    for (row, name) in rows.iter().zip(resources.keys()) {
        assert_eq!((row[0].as_str(), row[1].as_str()), (Some(&**name), Some("Healthy")), "{shown}");
        assert!(row[3].as_str().unwrap().contains("in "), "{shown}");
    }
    stage.end().await;
}

/// A state that the page does not know would look healthy.
#[tokio::test(flavor = "multi_thread")]
async fn every_state_that_the_api_describes_is_known() {
    let Some(stage) = Stage::set().await else { return };
    let page = stage.signed_in().await;
    let api: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    let instance = &api["components"]["schemas"]["Instance"]["properties"];
    let callback = &instance["callback"]["properties"]["state"]["enum"];
    let polling = &instance["pollingState"]["properties"]["status"]["enum"];
    let subscription = &instance["subscriptionState"]["enum"];
    let problems = "const [callbacks, polls, subscriptions] = arguments;
        const url = performance.getEntriesByType('resource').find((it) => it.name.includes('attention')).name;
        return import(url).then(({ problems }) => [
            ...callbacks.map((state) => ({ callback: { state, reason: 'x' } })),
            ...polls.map((status) => ({ pollingState: { status } })),
            ...subscriptions.map((subscriptionState) => ({ subscriptionState })),
        ].map((it) => ({ eventsEnabled: true, ...it })).filter((it) => !problems(it).length))";
    let healthy = page.script(problems, json!([callback, polling, subscription])).await;
    let expected = json!([
        { "eventsEnabled": true, "pollingState": { "status": "ok" } },
        { "eventsEnabled": true, "subscriptionState": "active" },
        { "eventsEnabled": true, "subscriptionState": "manual" },
    ]);
    assert_eq!(healthy, expected);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_are_found_by_name_and_tag() {
    let Some(stage) = Stage::set().await else { return };
    stage.provision("North").await;
    let south = stage.provision("South").await;
    stage.call(Method::PATCH, &at(&south, ""), &json!({ "tags": ["sunny"] })).await;
    let page = stage.signed_in().await;
    page.view("/instances").await;
    page.shows("North").await;
    page.press("sunny").await;
    page.hides("North").await;
    page.shows("South").await;
    page.view("/instances?search=nor").await;
    page.hides("South").await;
    page.shows("North").await;
    stage.end().await;
}
