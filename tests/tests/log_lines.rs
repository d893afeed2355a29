//! The functions' log lines.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use serde_json::json;
use tests::bed::{Bed, Instance};
use tests::receiver::{Answer, Receiver};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Records what this thread, in which a test runs, logs from now on.
    fn kept(filter: Targets) -> (Self, DefaultGuard) {
        let lines = Self::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(layer).with(filter);
        let guard = tracing::subscriber::set_default(subscriber);
        (lines, guard)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Settings and a URL whose every secret must not be logged.
async fn provision(bed: &Bed, receiver: &Receiver, name: &str) -> Instance {
    let settings = [
        ("event.notification.signature.key", "hush-key"),
        ("event.notification.basic.username", "hush-user"),
        ("event.notification.basic.password", "hush-password"),
        ("event.notification.callback.headers", r#"{"X-Key": "hush-header"}"#),
        ("event.notification.retry.attempts", "2"),
    ];
    bed.provision(&format!("{}?token=hush-query", receiver.at(name).url()), &settings).await
}

async fn receives(instance: &Instance, lead: &str) -> String {
    let data = json!({ "id": lead, "name": "hush-payload" });
    let webhook = json!({ "model": "lead", "event": "create", "data": data });
    let answer = instance.receives(webhook.to_string()).await;
    assert_eq!(answer.status, 200);
    answer.json()["eventId"].as_str().unwrap_or_default().to_owned()
}

/// Every way in which an event can end: the instance, the event, and its expected line.
async fn story(bed: &Bed) -> Vec<(u64, String, &'static str)> {
    let receiver = Receiver::start().await;
    let failure = || Answer::status(500).with_body("hush-answer");
    let mut ends = Vec::new();
    let mut end = |instance: &Instance, event: String, says| ends.push((instance.id(), event, says));

    let fine = provision(bed, &receiver, "fine").await;
    end(&fine, receives(&fine, "lead_1").await, "INFO delivered attempts=1 status=200 latency_ms=0");
    receives(&fine, "lead_1").await;
    bed.drain().await;
    receiver.at("fine").answer([failure()]);
    let event = receives(&fine, "lead_2").await;
    end(&fine, event, "INFO delivered attempts=2 status=200 latency_ms=300000");
    bed.drain().await;

    let fails = provision(bed, &receiver, "fails").await;
    receiver.at("fails").answer([failure(), failure(), Answer::status(410)]);
    let event = receives(&fails, "lead_1").await;
    let reason = "ERROR failed attempts=2 status=500 latency_ms=300000 reason=\"the receiver answered 500\"";
    end(&fails, event, reason);
    bed.drain().await;
    let event = receives(&fails, "lead_2").await;
    let reason = "ERROR failed attempts=1 status=410 latency_ms=0 reason=\"the receiver answered 410\"";
    end(&fails, event, reason);
    bed.drain().await;
    let event = receives(&fails, "lead_3").await;
    let reason = "the callback is disabled: the receiver answered 410";
    let line = format!("ERROR failed attempts=0 latency_ms=0 reason=\"{reason}\"");
    end(&fails, event, line.leak());
    bed.drain().await;

    let dropped = provision(bed, &receiver, "dropped").await;
    let event = receives(&dropped, "lead_1").await;
    let path = format!("/instances/{}", dropped.id());
    assert_eq!(bed.call(Method::DELETE, &path, &json!(null)).await.status, 200);
    end(&dropped, event, "WARN dropped attempts=0 latency_ms=0 reason=\"the instance was deleted\"");
    bed.drain().await;
    ends
}

#[tokio::test]
async fn every_event_logs_exactly_one_line() {
    let (lines, _guard) = Lines::kept("info".parse().unwrap());
    let bed = Bed::start().await;
    let ends = story(&bed).await;
    let text = lines.text();
    for (instance, event, says) in ends {
        let of_event: Vec<_> = text.lines().filter(|line| line.contains(&event)).collect();
        assert_eq!(of_event.len(), 1, "{event} has to say {says}: {of_event:#?}");
        let (level, rest) = says.split_once(' ').unwrap();
        let (outcome, fields) = rest.split_once(' ').unwrap();
        let line = of_event[0];
        let head =
            format!(" {level} dispatcher::conclude: {outcome} instance={instance} event={event} {fields}");
        assert!(line.ends_with(&head), "{line}\n{head}");
    }
}

#[tokio::test]
async fn no_log_line_holds_a_secret_or_a_payload() {
    let ours = ["dispatcher", "webhook", "instances", "poller", "shared", "accounts", "local"];
    let filter = format!("info,{}", ours.map(|it| format!("{it}=trace")).join(","));
    let (lines, _guard) = Lines::kept(filter.parse().unwrap());
    let bed = Bed::start().await;
    let ends = story(&bed).await;
    let text = lines.text();
    assert!(!text.contains("hush"), "{text}");
    for (_, event, _) in ends {
        let steps = text.lines().filter(|line| line.contains(&event)).count();
        assert!(steps >= 2, "one is followed from its receipt: {steps}");
    }
}
