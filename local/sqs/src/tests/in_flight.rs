//! The limit of messages in flight.

use super::*;

/// A queue with `number` messages.
fn filled(number: usize) -> (Sqs, ManualClock) {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    let batch: Vec<NewMessage> = (0..number).map(|number| NewMessage::new(number.to_string())).collect();
    let sent = sqs.send_all("events", &batch).expect("they are sent");
    assert!(sent.iter().all(Result::is_ok));
    (sqs, clock)
}

#[tokio::test]
async fn no_more_than_120_000_messages_are_in_flight() {
    let (sqs, clock) = filled(120_002);
    let many = Receive { maximum: 10_000, wait_seconds: Some(0), ..Receive::default() };
    let mut handles = Vec::new();
    for _ in 0..12 {
        handles = sqs.receive("events", &many).await.expect("there is room");
        assert_eq!(handles.len(), 10_000);
    }
    assert_eq!(sqs.counts("events"), Ok(counts(2, 0, 120_000)));
    assert_eq!(sqs.receive("events", &many).await, Err(Error::OverLimit));

    let waiting = Receive { wait_seconds: Some(1), ..many.clone() };
    assert_eq!(sqs.receive("events", &waiting).await, Ok(Vec::new()));

    sqs.delete("events", &handles[0].receipt_handle).expect("it is deleted");
    assert_eq!(sqs.receive("events", &many).await.map(|received| received.len()), Ok(1));
    clock.advance(seconds(30));
    assert_eq!(sqs.receive("events", &many).await.map(|received| received.len()), Ok(10_000));
}

#[tokio::test]
async fn one_receive_takes_10_000_messages_at_most() {
    let (sqs, _clock) = filled(1);
    let request = |maximum| Receive { maximum, ..Receive::default() };
    for maximum in [0, -1, 10_001] {
        let refused = sqs.receive("events", &request(maximum)).await;
        assert!(matches!(refused, Err(Error::InvalidParameterValue(_))), "{maximum}");
    }
    assert_eq!(sqs.receive("events", &request(10_000)).await.map(|received| received.len()), Ok(1));
}
