//! `kill -9` under load: every accepted event arrives.

use std::collections::HashSet;

use http::Method;
use local::Data;
use serde_json::json;
use shared::platform::clock::{Clock as _, SystemClock};
use tests::bed::Bed;
use tests::client::Client;
use tests::program::Local;
use tests::receiver::Receiver;

const SENDERS: usize = 4;
const ACCEPTED_BEFORE_THE_KILL: usize = 100;

/// Sends webhooks until nobody answers; returns the ids of the accepted ones.
async fn send(url: String, sender: usize, accepted: tokio::sync::watch::Sender<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0.. {
        let id = format!("lead_{sender}_{number}");
        let body = json!({"model": "lead", "event": "create", "data": {"id": id}}).to_string();
        match Client::default().send(Method::POST, &url, &[], body).await {
            Ok(answer) if answer.status == 200 => ids.push(id),
            Ok(_) | Err(_) => break,
        }
        accepted.send_modify(|count| *count += 1);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_accepted_event_arrives_though_the_process_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let receiver = Receiver::start().await;

    let local = Local::start(&data, &[]).await;
    let (url, authorization) = (local.ready("url"), local.ready("authorization"));
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {
        "username": "api_key", "event.notification.enabled": true, "event.vendor.type": "webhook",
        "event.notification.callback.url": receiver.url()}});
    let headers = [("authorization", &*authorization)];
    let provision = format!("{url}/elements/api-v2/instances");
    let created = Client::default().send(Method::POST, &provision, &headers, body.to_string()).await.unwrap();
    let webhook_url = created.json()["webhookUrl"].as_str().unwrap().to_owned();

    let (count, mut counted) = tokio::sync::watch::channel(0);
    let senders: Vec<_> =
        (0..SENDERS).map(|sender| tokio::spawn(send(webhook_url.clone(), sender, count.clone()))).collect();
    counted.wait_for(|count| *count >= ACCEPTED_BEFORE_THE_KILL).await.unwrap();
    local.kill_9().await;
    let mut accepted = HashSet::new();
    for sender in senders {
        accepted.extend(sender.await.unwrap());
    }
    let before = receiver.count();
    assert!(accepted.len() >= ACCEPTED_BEFORE_THE_KILL);

    // Restarted on the data of the killed process, with a clock that can skip the wait for its messages in flight.
    let now = SystemClock.now().to_rfc3339();
    let bed = Bed::with(Data::Directory(data), &now, &[]).await;
    assert!(bed.queue().total() > 0, "it was killed in the middle: {before} of {} delivered", accepted.len());
    bed.drain().await;
    let arrived: HashSet<String> = receiver
        .received()
        .iter()
        .filter_map(|request| {
            request.message()["message"]["events"][0]["objectId"].as_str().map(str::to_owned)
        })
        .collect();
    assert_eq!(accepted.difference(&arrived).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(bed.dead_letters().is_empty());
    let again =
        bed.call_as(&authorization, Method::GET, &format!("/instances/{}", created.json()["id"]), "").await;
    assert_eq!(again.status, 200, "the developer's secrets hold on");
}
