//! Two measurements of delivery, each with a bound that it must keep: `cargo bench -p tests --bench fairness_and_storm`.
//!
//! 1. Nine receivers that answer, with and without a tenth that hangs, in one run: the ratio of the nine's latency
//!    from the webhook's answer to the callback's arrival is at most two.
//! 2. Ten thousand events to a receiver that fails three attempts of ten: every one is delivered or dead-lettered,
//!    none both, none tried more than three times.

#![expect(clippy::expect_used, reason = "a bench that gets no answer has nothing to measure")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use http::Method;
use local::{Data, Setup, System};
use serde_json::{Value, json};
use tests::bed::template;
use tests::client::Client;
use tests::receiver::{Answer, Hook, Receiver};
use tests::storm::Storm;

/// Enough for a median that noise does not move far; few enough that what hangs stays below the dispatchers' limit.
const ROUNDS: usize = 40;
const NINE: usize = 9;

#[tokio::main]
async fn main() {
    let without = latencies(Tenth::Absent).await;
    let with = latencies(Tenth::Hangs).await;
    for (share, name) in [(50, "median"), (95, "95th percentile")] {
        let (without, with) = (percentile(&without, share), percentile(&with, share));
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        say(&format!("{name}: {without:?} alone, {with:?} beside a receiver that hangs: {ratio:.2} times"));
        if share == 50 {
            assert!(ratio <= 2.0, "the nine are held up");
        }
    }
    let events = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let began = Instant::now();
    let outcome = Storm { events, failures_in_a_hundred: 30 }.run().await;
    say(&format!("{outcome:?} in {:?}", began.elapsed()));
    outcome.check();
}

#[derive(Clone, Copy, PartialEq)]
enum Tenth {
    Absent,
    Hangs,
}

async fn latencies(tenth: Tenth) -> Vec<Duration> {
    let system = System::open(Setup::of(template(), Data::Memory)).await.expect("the system comes up");
    let (url, authorization) = (system.url().to_owned(), system.authorization());
    // Nobody waits for its end: what hangs would hold it up.
    let _running = system.run();
    let (receiver, client) = (Receiver::start().await, Client::default());
    let hanging = receiver.at("hangs");
    hanging.otherwise(Answer::Hang);
    let hooks: Vec<Hook> = (0..NINE).map(|n| receiver.at(&n.to_string())).collect();
    let mut webhooks = Vec::new();
    for hook in hooks.iter().chain([&hanging]) {
        webhooks.push(provision(&client, &url, &authorization, hook.url()).await);
    }
    let mut latencies = Vec::new();
    for round in 0..ROUNDS {
        if tenth == Tenth::Hangs {
            send(&client, &webhooks[NINE], round).await;
        }
        for (hook, webhook) in hooks.iter().zip(&webhooks) {
            send(&client, webhook, round).await;
            let sent = Instant::now();
            hook.wait_for(round + 1, Duration::from_secs(30)).await;
            latencies.push(sent.elapsed());
        }
    }
    latencies
}

async fn provision(client: &Client, url: &str, authorization: &str, callback: &str) -> String {
    let configuration = json!({
        "username": "api_key",
        "event.notification.enabled": "true",
        "event.vendor.type": "webhook",
        "event.notification.callback.url": callback,
    });
    let body = json!({ "element": { "key": "closeio" }, "name": "Bench", "configuration": configuration });
    let headers = [("authorization", authorization), ("content-type", "application/json")];
    let url = format!("{url}/elements/api-v2/instances");
    let answer = client.send(Method::POST, &url, &headers, body.to_string()).await.expect("an answer");
    answer.json()["webhookUrl"].as_str().expect("a webhook URL").to_owned()
}

async fn send(client: &Client, webhook: &str, number: usize) {
    let data: Value = json!({ "id": format!("lead_{number}") });
    let body = json!({ "model": "lead", "event": "create", "data": data }).to_string();
    let answer = client.send(Method::POST, webhook, &[], body).await.expect("an answer");
    assert_eq!(answer.status, 200);
}

fn percentile(latencies: &[Duration], share: usize) -> Duration {
    let mut sorted = latencies.to_vec();
    sorted.sort();
    sorted[(sorted.len() - 1) * share / 100]
}

fn say(line: &str) {
    // A bench without an output still keeps its bounds.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
