use serde_json::json;
use tests::receiver::Answer;

use super::stage::{Stage, at};

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_while_one_watches() {
    let Some(stage) = Stage::set().await else { return };
    let instance = stage.provision("Live").await;
    let page = stage.signed_in().await;
    page.view(&at(&instance, "/events")).await;
    page.shows("They appear here as they come.").await;
    for id in ["lead_first", "lead_second"] {
        stage.receives_lead(&instance, id).await;
        page.shows(id).await;
    }
    let order = "return [...document.querySelectorAll('tbody .mono')].map((it) => it.textContent)";
    assert_eq!(page.script(order, json!([])).await, json!(["lead_second", "lead_first"]));
    page.fill("Object", "FIRST").await;
    page.hides("lead_second").await;
    page.shows("lead_first").await;
    page.fill("State", "failed").await;
    page.shows("No event fits").await;
    assert_eq!(page.errors().await, [""; 0]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failed_attempt_is_shown_and_the_event_redelivered() {
    let Some(stage) = Stage::set().await else { return };
    let instance = stage.provision("Fails").await;
    stage.receiver.answer([Answer::status(503), Answer::status(500)]);
    stage.receives_lead(&instance, "lead_unlucky").await;
    let page = stage.signed_in().await;
    page.view(&at(&instance, "/events?state=failed")).await;
    page.press("accounts created").await;
    for text in ["Attempt 1", "Answered 503", "Attempt 2", "Answered 500", "No attempt is left."] {
        page.shows(text).await;
    }
    page.press("From Close").await;
    page.shows("\"lead_unlucky\"").await;
    page.press("Redeliver").await;
    page.shows("Sent again").await;
    page.shows("Answered 200").await;
    page.until("return document.querySelector('h1 + .badge')?.textContent === 'Delivered'").await;
    page.view(&at(&instance, "")).await;
    page.shows("Where events come from").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_in_the_users_zone_or_in_utc() {
    let Some(stage) = Stage::set().await else { return };
    let instance = stage.provision("Clock").await;
    let page = stage.signed_in().await;
    page.zone("America/New_York").await;
    page.view(&at(&instance, "")).await;
    page.press("Times: America/New_York").await;
    page.shows("Times: UTC").await;
    let created = instance["createdDate"].as_str().unwrap();
    let (_, clock) = created.split_once('T').unwrap();
    page.shows(clock.trim_end_matches('Z')).await;
    page.press("Times: UTC").await;
    page.hides(clock.trim_end_matches('Z')).await;
    page.until(&format!("return document.querySelector('time')?.title.startsWith('{created}')")).await;
    stage.end().await;
}
