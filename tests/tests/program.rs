//! The `local` program, from the command line.

#![expect(clippy::unwrap_used, reason = "the program under test answers")]

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use serde_json::json;
use shared::platform::clock::{Clock as _, ManualClock, SystemClock};
use tests::client::Client;
use tests::close::{Close, Quirks};
use tests::fixtures;
use tests::program::{Lambda, Local, local_fails};
use tests::receiver::{Answer, Receiver};

/// The longest wait, on a machine under load.
const PATIENCE: Duration = Duration::from_secs(30);

/// The one line of a failure.
fn failure(data: &Path, arguments: &[&str]) -> String {
    let output = local_fails(data, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn a_failed_start_is_explained_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = failure(&data, &["--port", &port]);
    assert!(refused.starts_with(&format!("error: port {port} of 127.0.0.1 cannot be used: ")), "{refused}");

    let missing = failure(&data, &["--port", "0", "--template", "/no/template.yaml"]);
    assert!(missing.contains("/no/template.yaml"), "{missing}");

    let broken = directory.path().join("broken.yaml");
    std::fs::write(&broken, "Resources:\n  Table: [\n").unwrap();
    let message = failure(&data, &["--port", "0", "--template", broken.to_str().unwrap()]);
    assert!(message.contains("broken.yaml"), "{message}");

    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let message = failure(&file, &["--port", "0"]);
    assert!(message.contains("the data directory"), "{message}");
}

#[test]
fn a_wrong_option_shows_the_usage() {
    let directory = tempfile::tempdir().unwrap();
    let both = ["--watch", "--lambda", "http://127.0.0.1:9010"];
    let wrong = [&["--bogus"][..], &["--port", "x"], &["--port", "70000"], &["--lambda", "not a url"], &both];
    for arguments in wrong {
        let output = local_fails(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    let help = local_fails(directory.path(), &["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    for option in ["--port", "--data", "--ready-file", "--lambda", "--watch"] {
        assert!(text.contains(option), "{text}");
    }
}

#[tokio::test]
async fn one_data_directory_is_one_process() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let first = Local::start(&data, &[]).await;
    let message = failure(&data, &["--port", "0"]);
    assert!(message.contains("another process is using it"), "{message}");
    first.kill_9().await;
    Local::start(&data, &[]).await.kill_9().await;
}

/// Provisions an instance that delivers there, and posts a webhook to it.
async fn one_event(local: &Local, callback_url: &str) {
    let headers = [("authorization", &*local.ready("authorization"))];
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {
        "username": "api_key", "event.notification.enabled": true, "event.vendor.type": "webhook",
        "event.notification.callback.url": callback_url, "event.notification.retry.interval": "1"}});
    let url = format!("{}/elements/api-v2/instances", local.ready("url"));
    let created = Client::default().send(Method::POST, &url, &headers, body.to_string()).await.unwrap();
    assert_eq!(created.status, 200, "{}", created.message());
    let webhook_url = created.json()["webhookUrl"].as_str().unwrap().to_owned();
    let webhook = r#"{"model":"lead","event":"create","data":{"id":"lead_1"}}"#;
    assert_eq!(Client::default().send(Method::POST, &webhook_url, &[], webhook).await.unwrap().status, 200);
}

async fn one_event_passes(local: &Local) {
    let receiver = Receiver::start().await;
    one_event(local, &receiver.url()).await;
    let requests = receiver.wait_for(1, PATIENCE).await;
    assert_eq!(requests[0].message()["message"]["events"][0]["objectId"], "lead_1");
}

/// Waits until the program has printed this line; returns its output by then.
async fn shown(local: &Local, line: &str) -> String {
    let shown = async {
        while !local.output().contains(line) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, shown).await.is_ok(), "{}", local.output());
    local.output()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_terminal_shows_each_event() {
    let directory = tempfile::tempdir().unwrap();
    let local = Local::start(&directory.path().join("data"), &[]).await;
    let receiver = Receiver::start().await;
    receiver.at("twice").answer([Answer::status(500)]);
    receiver.at("never").otherwise(Answer::status(410));
    one_event(&local, receiver.at("twice").url()).await;
    let text = shown(&local, " delivered ").await;
    let steps = ["webhook received", "attempt made", "retry", "delivered"];
    let places: Vec<_> = steps.map(|step| text.find(&format!(" {step} "))).into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {text}");
    for says in
        ["attempt=1 status=500 ", "attempts=1 due=", "attempt=2 status=200 ", "attempts=2 status=200 "]
    {
        assert!(text.contains(says), "{says}: {text}");
    }
    let latency = text.split("latency_ms=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let latency: u64 = latency.and_then(|millis| millis.parse().ok()).unwrap_or_default();
    assert!(latency >= 1000, "a second lay between the attempts: {text}");
    one_event(&local, receiver.at("never").url()).await;
    let text = shown(&local, "ERROR failed ").await;
    assert!(text.contains(r#"reason="the receiver answered 410""#), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_ignore_a_proxy_of_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let proxy = Receiver::start().await;
    let url = proxy.url();
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let variables = names.map(|name| (name, url.as_str()));
    let local = Local::within(&directory.path().join("data"), &[], &variables).await;
    one_event_passes(&local).await;
    assert_eq!(proxy.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_passes_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let local = Local::start(&directory.path().join("data"), &[]).await;
    one_event_passes(&local).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_contact_is_polled_by_itself_within_the_interval_and_some_seconds() {
    let directory = tempfile::tempdir().unwrap();
    let local = Local::start(&directory.path().join("data"), &[]).await;
    let receiver = Receiver::start().await;
    // Close's clock stands still while the program's advances; only changes at Close must be in time.
    let clock = ManualClock::starting_at(SystemClock.now() - TimeDelta::hours(1));
    let close = Close::new(5, Arc::new(clock.clone()));
    let rest = close.serve(&clock, Quirks::default()).await;
    let contact = close.create("contact", &json!({"name": "Bruce Wayne"}));
    let polling = r#""event.vendor.type": "polling","#;
    let each_minute = format!(r#"{polling} "event.poller.refresh_interval": "1","#);
    let seed = fixtures::seed(&receiver.url(), rest.url()).replace(polling, &each_minute);
    let url = format!("{}/elements/api-v2/instances", local.ready("url"));
    let headers = [("authorization", &*local.ready("authorization"))];
    let created = Client::default().send(Method::POST, &url, &headers, seed).await.unwrap();
    assert_eq!(created.status, 200, "{}", created.message());
    clock.advance_to(SystemClock.now());
    close.update("contact", &contact, "title", "The Dark Knight");
    let requests = receiver.wait_for(1, Duration::from_secs(60 + 15)).await;
    let event = &requests[0].message()["message"]["events"][0];
    assert_eq!((&event["eventType"], &event["objectId"]), (&json!("UPDATED"), &json!(contact)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_functions_programs_serve_behind_the_lambda_api() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut lambda = Lambda::bind().await;
    let local = Local::start(&data, &["--lambda", lambda.url()]).await;
    let variables = std::fs::read_to_string(data.join("functions.env")).unwrap();
    let variables: Vec<_> = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    lambda.run(&["instances", "webhook", "dispatcher"], &variables);
    one_event_passes(&local).await;
}
