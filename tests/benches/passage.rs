//! How many events pass through the local system in a second, and how long one takes: `cargo bench -p tests`.
//!
//! The figures are of this machine and this moment. Sender, system and receiver share it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement shows its result or ends")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use local::{Data, Setup, System};
use serde_json::json;
use tests::bed;
use tests::client::Client;
use tests::receiver::Receiver;

const EVENTS: usize = 5_000;
const SENDERS: usize = 16;
const SINGLE_EVENTS: usize = 500;
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let setup = Setup::of(bed::template(), Data::Directory(directory.path().join("data")));
    let running = System::open(setup).await.unwrap().run();
    let receiver = Receiver::counting().await;
    let url = provision(running.system(), &receiver.url()).await;

    let began = Instant::now();
    send_all(&url).await;
    let accepted = began.elapsed();
    wait(&receiver, EVENTS).await;
    let delivered = began.elapsed();
    println!(
        "{EVENTS} events, {SENDERS} senders: {} accepted and {} delivered a second",
        rate(accepted),
        rate(delivered)
    );

    let mut times = Vec::with_capacity(SINGLE_EVENTS);
    for number in 0..SINGLE_EVENTS {
        let began = Instant::now();
        send(&Client::default(), &url, &format!("single_{number}")).await;
        wait(&receiver, EVENTS + number + 1).await;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!("one at a time, webhook to callback: median {:.1?}, 99th percentile {:.1?}", at(50), at(99));
    running.stop().await;
}

async fn provision(system: &System, callback_url: &str) -> String {
    let url = format!("{}/elements/api-v2/instances", system.url());
    let headers = [("authorization", &*system.authorization())];
    let body = json!({"element": {"key": "closeio"}, "name": "Bench", "configuration": {
        "username": "api_key", "event.notification.enabled": true, "event.vendor.type": "webhook",
        "event.notification.callback.url": callback_url}});
    let answer = Client::default().send(Method::POST, &url, &headers, body.to_string()).await.unwrap();
    answer.json()["webhookUrl"].as_str().unwrap().to_owned()
}

async fn send_all(url: &str) {
    let next = Arc::new(AtomicUsize::new(0));
    let senders = (0..SENDERS).map(|_| {
        let (next, url, client) = (next.clone(), url.to_owned(), Client::default());
        tokio::spawn(async move {
            while let number @ 0..EVENTS = next.fetch_add(1, Ordering::Relaxed) {
                send(&client, &url, &format!("lead_{number}")).await;
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
}

/// A webhook of about a kilobyte.
async fn send(client: &Client, url: &str, id: &str) {
    let text = "x".repeat(900);
    let body = json!({"model": "lead", "event": "create", "data": {"id": id, "description": text}});
    let answer =
        client.send(Method::POST, url, &[("content-type", "application/json")], body.to_string()).await;
    assert_eq!(answer.unwrap().status, 200);
}

async fn wait(receiver: &Receiver, count: usize) {
    let began = Instant::now();
    while receiver.count() < count {
        assert!(began.elapsed() < PATIENCE, "{} of {count} arrived", receiver.count());
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

fn rate(time: Duration) -> u128 {
    EVENTS as u128 * 1_000_000 / time.as_micros().max(1)
}
