//! Schedules and bodies at their bounds: attempts keep their number and distance, and bodies arrive whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use shared::events::log::DeliveryStatus;
use tests::bed::Bed;
use tests::receiver::{Answer, Receiver};

const KB: usize = 1024;

/// A webhook of so many bytes, of which compression saves a quarter and no more.
fn webhook(bytes: usize) -> String {
    let empty =
        json!({ "model": "lead", "event": "create", "data": { "id": "lead_1", "note": "" } }).to_string();
    let blocks = (0u32..).map(|number| STANDARD.encode(&Sha256::digest(number.to_be_bytes())[..30]));
    let room = bytes - empty.len();
    let mut note: String = blocks.take(room.div_ceil(40)).collect();
    note.truncate(room);
    empty.replace("\"note\":\"\"", &format!("\"note\":\"{note}\""))
}

/// An event of so many bytes that is delivered at the last of its attempts, or by a redelivery if that fails too.
async fn delivered_at_last(bytes: usize, attempts: usize, interval: i64) {
    let what = format!("{bytes} bytes, {attempts} attempts every {interval} s");
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let settings = [
        ("event.notification.retry.attempts", attempts.to_string()),
        ("event.notification.retry.interval", interval.to_string()),
    ];
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let instance = bed.provision(&receiver.url(), &settings).await;
    receiver.answer(vec![Answer::status(500); attempts]);
    let body = webhook(bytes);
    assert_eq!(instance.receives(body.clone()).await.status, 200, "{what}");
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert_eq!((log[0].delivery_status, receiver.count()), (DeliveryStatus::Failed, attempts), "{what}");
    let gaps: Vec<_> =
        log[0].attempts.windows(2).map(|pair| (pair[1].at - pair[0].at).num_seconds()).collect();
    assert_eq!(gaps, vec![interval; attempts - 1], "{what}");
    assert_eq!((bed.dead_letters().len(), bed.poison().len()), (1, 0), "{what}");
    bed.redrive().await;
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert_eq!((log[0].delivery_status, log[0].attempts.len()), (DeliveryStatus::Delivered, attempts + 1));
    for request in receiver.received() {
        let arrived = std::str::from_utf8(&request.body).unwrap();
        // Not compared by a macro, which would print both.
        assert!(arrived.contains(&body), "{what}: the body is another");
    }
}

#[tokio::test]
async fn schedules_at_their_bounds_are_kept() {
    for (attempts, interval) in [(1, 1), (10, 1), (10, 900), (1, 900)] {
        delivered_at_last(KB, attempts, interval).await;
    }
}

#[tokio::test]
async fn bodies_of_every_carriage_arrive_whole_at_every_attempt() {
    for kilobytes in [8, 40, 64, 300, 900, 998, 1001, 1024, 1300, 2500] {
        delivered_at_last(kilobytes * KB, 2, 300).await;
    }
}

#[tokio::test]
async fn schedules_beyond_their_bounds_are_refused() {
    let bed = Bed::start().await;
    for (key, value) in [("attempts", "0"), ("attempts", "11"), ("interval", "0"), ("interval", "901")] {
        let key = format!("event.notification.retry.{key}");
        let configuration = json!({
            "username": "api_key",
            "event.notification.enabled": "true",
            "event.notification.callback.url": "https://example.com/",
            key.as_str(): value,
        });
        let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": configuration});
        let answer = bed.call(http::Method::POST, "/instances", &body).await;
        assert_eq!(answer.status, 400, "{key} {value}");
    }
}
