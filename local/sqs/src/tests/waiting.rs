//! Long polls. Tokio's time stands still but for what the tests wait, so that no test waits in truth.

use std::time::Duration;

use tokio::time::Instant;

use super::*;

/// A long poll of 20 seconds that has begun, and is between two looks at the clock.
async fn polling(sqs: &Sqs) -> tokio::task::JoinHandle<Result<Vec<Received>, Error>> {
    let sqs = sqs.clone();
    let request = Receive { wait_seconds: Some(20), ..Receive::default() };
    let poll = tokio::spawn(async move { sqs.receive("events", &request).await });
    tokio::time::sleep(Duration::from_millis(55)).await;
    assert!(!poll.is_finished());
    poll
}

#[tokio::test(start_paused = true)]
async fn a_send_wakes_a_long_poll_at_once() {
    let (sqs, _clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    let poll = polling(&sqs).await;
    let sent = Instant::now();
    sqs.send("events", &NewMessage::new("body")).expect("it is sent");
    assert_eq!(bodies(&poll.await.expect("it ends").expect("it receives")), ["body"]);
    assert_eq!(sent.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_moved_clock_ends_a_long_poll_with_what_became_visible() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    sqs.send("events", &NewMessage { delay_seconds: Some(10), ..NewMessage::new("body") }).expect("sent");
    let poll = polling(&sqs).await;
    clock.advance(seconds(10));
    assert_eq!(bodies(&poll.await.expect("it ends").expect("it receives")), ["body"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_when_its_seconds_have_passed_on_the_clock() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    let began = Instant::now();
    let poll = polling(&sqs).await;
    clock.advance(seconds(20));
    assert_eq!(poll.await.expect("it ends"), Ok(Vec::new()));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_under_a_clock_that_stands_still() {
    let (sqs, _clock) = memory();
    sqs.create_queue("events", &attributes([("ReceiveMessageWaitTimeSeconds", "7")])).expect("it is made");
    let began = Instant::now();
    assert!(sqs.take("events").await.is_empty());
    assert_eq!(began.elapsed(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_to_one_of_many_long_polls() {
    let (sqs, clock) = memory();
    sqs.create_queue("events", &attributes([])).expect("the queue is made");
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.push(polling(&sqs).await);
    }
    sqs.send("events", &NewMessage::new("body")).expect("it is sent");
    tokio::time::sleep(Duration::from_millis(50)).await;
    clock.advance(seconds(20));
    let mut received = 0;
    for poll in polls {
        received += poll.await.expect("it ends").expect("it receives").len();
    }
    assert_eq!(received, 1);
}
