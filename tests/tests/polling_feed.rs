//! The event feed, which Close shows newest first: what is found in it is enqueued oldest first, however much it is.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};
use tests::close::{Event, Quirks};
use tests::polling::{Polled, Worker};

/// When each queued change happened, in the order of the queue.
fn queued(polled: &Polled) -> Vec<String> {
    let messages = polled.bed.system().sqs().peek(polled.bed.queue_name()).unwrap_or_default();
    let date = |body: &str| {
        let message: Value = serde_json::from_str(body).unwrap_or_default();
        message["events"][0]["date"].as_str().unwrap_or_default().to_owned()
    };
    messages.iter().map(|message| date(&message.body)).collect()
}

/// When each change happened, oldest first.
fn happened(polled: &Polled) -> Vec<String> {
    let second = |event: Event| format!("{}Z", &event.date_updated[..19]);
    polled.close.events().into_iter().skip(1).map(second).collect()
}

/// Lets a contact change every second.
fn change(polled: &Polled, contact: &str, seconds: usize) {
    for n in 0..seconds {
        polled.bed.pass(1);
        polled.close.update("contact", contact, "name", n);
    }
}

/// Lets something happen to a contact while the instance is disabled, and polls an hour later until as much is queued as
/// happened. Returns how often Close was asked.
async fn poll(polled: &Polled, happens: impl Fn(&str)) -> usize {
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(10).await;
    let path = format!("/instances/{}/enabled", polled.instance.id());
    assert_eq!(polled.bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    happens(&contact);
    polled.bed.pass(3600);
    let changes = happened(polled).len() as u64;
    assert_eq!(polled.bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    let worker = Worker::on(&polled.bed).await;
    polled.rest.take_calls();
    for _ in 0..60 {
        worker.scheduled(&polled.bed, json!({})).await;
        for _ in 0..12 {
            polled.bed.pass(5);
            worker.work_all(&polled.bed).await;
        }
        if polled.bed.queue().visible >= changes {
            break;
        }
    }
    polled.rest.take_calls().len()
}

fn events(page_size: usize) -> Value {
    json!({"events": {"url": "/events", "idField": "id", "pageSize": page_size}})
}

#[tokio::test]
async fn what_a_poll_finds_in_the_event_feed_is_enqueued_oldest_first() {
    let polled = Polled::start(&["events"], Quirks { page_cap: 5, ..Quirks::default() }).await;
    let worker = Worker::on(&polled.bed).await;
    for n in 0..30 {
        polled.close.create("contact", &json!({"name": n}));
        polled.bed.pass(1);
    }
    worker.scheduled(&polled.bed, json!({})).await;
    polled.bed.pass(60);
    worker.work_all(&polled.bed).await;
    // Events of one batch are delivered side by side: only batches have an order.
    polled.bed.dispatch().await;
    let dates: Vec<_> =
        polled.messages().iter().map(|it| it["events"][0]["date"].as_str().unwrap().to_owned()).collect();
    assert_eq!(dates.len(), 30);
    let (first, last) = (&dates[..10], &dates[20..]);
    assert!(first.iter().max() < last.iter().min(), "{dates:?}");
}

#[tokio::test]
async fn what_is_read_in_parts_is_enqueued_oldest_first() {
    let slow = Quirks { request_takes: TimeDelta::seconds(4), ..Quirks::default() };
    let rows = [
        ("more than is kept in memory", Quirks::default(), 50, 4_700, 8),
        ("more than one turn can read", slow, 5, 120, 24),
    ];
    for (what, quirks, page_size, changes, more) in rows {
        let polled = Polled::with(&events(page_size), quirks, &[]).await;
        let requests = poll(&polled, |contact| change(&polled, contact, changes)).await;
        assert!(queued(&polled) == happened(&polled), "{what}: {:?}", difference(&polled));
        assert!(requests <= 2 * changes / page_size + more, "{what}: {requests} requests");
    }
}

#[tokio::test]
async fn an_instant_of_more_than_one_turn_can_read_is_enqueued_whole() {
    let quirks = Quirks { request_takes: TimeDelta::seconds(4), ..Quirks::default() };
    let polled = Polled::with(&events(5), quirks, &[]).await;
    poll(&polled, |contact| {
        change(&polled, contact, 20);
        polled.bed.pass(5);
        polled.close.create_together("contact", &vec![json!({"name": "one of many"}); 60]);
        polled.bed.pass(5);
        change(&polled, contact, 20);
    })
    .await;
    let mut queued = queued(&polled);
    assert_eq!(queued[..20], happened(&polled)[..20], "what is older comes first");
    queued.sort();
    assert_eq!(queued, happened(&polled));
}

/// How many are queued, and the first that is not in its place.
fn difference(polled: &Polled) -> (usize, Option<usize>) {
    let (queued, happened) = (queued(polled), happened(polled));
    (queued.len(), queued.iter().zip(&happened).position(|(one, other)| one != other))
}
