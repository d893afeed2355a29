//! Delays, visibility timeouts, handles and retention.

use super::*;

#[tokio::test]
async fn a_delayed_message_is_not_visible_before_its_time() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([("DelaySeconds", "5")])).expect("the queue is made");
    sqs.send("events", &NewMessage { delay_seconds: Some(300), ..NewMessage::new("own") }).expect("sent");
    sqs.send("events", &NewMessage { delay_seconds: Some(0), ..NewMessage::new("none") }).expect("sent");
    sqs.send("events", &NewMessage::new("queue's")).expect("sent");
    assert_eq!(sqs.counts("events"), Ok(counts(1, 2, 0)));
    assert_eq!(bodies(&sqs.take("events").await), ["none"]);
    assert_eq!(sqs.next_change("events"), Ok(Some(shared::platform::clock::Clock::now(&clock) + seconds(5))));
    clock.advance(seconds(5));
    assert_eq!(bodies(&sqs.take("events").await), ["queue's"]);
    clock.advance(seconds(295) - TimeDelta::microseconds(1));
    let states: Vec<_> = sqs.peek("events").expect("the queue exists");
    assert_eq!(states.last().map(|message| message.body.as_str()), Some("own"));
    assert!(!bodies(&sqs.take("events").await).contains(&"own"));
    clock.advance(TimeDelta::microseconds(1));
    assert_eq!(bodies(&sqs.take("events").await), ["own"]);
}

#[tokio::test]
async fn a_message_comes_back_when_its_visibility_timeout_has_passed() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([("VisibilityTimeout", "60")])).expect("the queue is made");
    sqs.send("events", &NewMessage::new("body")).expect("it is sent");
    let first = sqs.take("events").await.remove(0);
    assert_eq!(sqs.counts("events"), Ok(counts(0, 0, 1)));
    clock.advance(seconds(59));
    assert!(sqs.take("events").await.is_empty());
    clock.advance(seconds(1));
    let second = sqs.take("events").await.remove(0);
    assert_eq!((first.message.receive_count, second.message.receive_count), (1, 2));
    assert_eq!(first.message.first_received, second.message.first_received);
    assert_ne!(first.receipt_handle, second.receipt_handle);
    assert_eq!(sqs.peek("events"), Ok(vec![second.message]));
}

#[tokio::test]
async fn a_message_that_is_received_without_a_timeout_stays_visible() {
    let (sqs, _clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    sqs.send("events", &NewMessage::new("body")).expect("it is sent");
    let request = Receive { maximum: 10, visibility_timeout: Some(0), wait_seconds: None };
    for count in 1..=3 {
        let received = sqs.receive("events", &request).await.expect("it is received");
        assert_eq!(
            received.iter().map(|received| received.message.receive_count).collect::<Vec<_>>(),
            [count]
        );
    }
}

#[tokio::test]
async fn only_the_latest_handle_deletes() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    sqs.create_queue("others", &attributes([])).expect("the queue is made");
    sqs.send("events", &NewMessage::new("body")).expect("it is sent");
    let first = sqs.take("events").await.remove(0).receipt_handle;
    clock.advance(seconds(30));
    let second = sqs.take("events").await.remove(0).receipt_handle;
    assert_eq!(sqs.delete("others", &second), Err(Error::ReceiptHandleIsInvalid(second.clone())));
    assert_eq!(sqs.delete("events", "x"), Err(Error::ReceiptHandleIsInvalid("x".to_owned())));
    assert_eq!(sqs.delete("events", &first), Ok(()));
    assert_eq!(sqs.counts("events").map(|counts| counts.total()), Ok(1));
    clock.advance(seconds(30));
    assert_eq!(sqs.delete("events", &second), Ok(()));
    assert_eq!(sqs.counts("events").map(|counts| counts.total()), Ok(0));
    assert_eq!(sqs.delete("events", &second), Ok(()));
}

#[tokio::test]
async fn a_message_is_forgotten_when_its_retention_has_passed() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([("MessageRetentionPeriod", "60")])).expect("the queue is made");
    sqs.send("events", &NewMessage { delay_seconds: Some(60), ..NewMessage::new("never seen") })
        .expect("sent");
    sqs.send("events", &NewMessage::new("body")).expect("it is sent");
    sqs.take("events").await;
    clock.advance(seconds(29));
    sqs.send("events", &NewMessage::new("younger")).expect("it is sent");
    clock.advance(seconds(31));
    assert_eq!(bodies(&sqs.take("events").await), ["younger"]);
    assert_eq!(sqs.peek("events").map(|messages| messages.len()), Ok(1));
}

#[tokio::test]
async fn messages_are_received_in_the_order_of_their_visibility() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    for number in 0..12 {
        let delay = i32::from(number == 3);
        let message = NewMessage { delay_seconds: Some(delay), ..NewMessage::new(number.to_string()) };
        sqs.send("events", &message).expect("it is sent");
    }
    clock.advance(seconds(1));
    let first = sqs.take("events").await;
    assert_eq!(bodies(&first), ["0", "1", "2", "4", "5", "6", "7", "8", "9", "10"]);
    assert_eq!(bodies(&sqs.take("events").await), ["11", "3"]);
}
