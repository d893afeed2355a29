//! Moving dead letters back.

use super::*;

/// `number` messages in `dead`, which `events` gave up.
async fn given_up(number: usize) -> (Sqs, ManualClock) {
    let (sqs, clock) = memory();
    with_dead_letters(&sqs, 1);
    for number in 0..number {
        sqs.send("events", &NewMessage::new(number.to_string())).expect("it is sent");
    }
    let all = Receive { maximum: 10_000, ..Receive::default() };
    sqs.receive("events", &all).await.expect("they are received");
    clock.advance(seconds(30));
    sqs.receive("events", &all).await.expect("they are given up");
    assert_eq!(sqs.counts("dead").map(|counts| counts.visible), Ok(number as u64));
    (sqs, clock)
}

#[tokio::test]
async fn messages_are_moved_to_their_source_queue_as_new_ones() {
    let (sqs, clock) = given_up(2).await;
    let before = sqs.peek("dead").expect("the queue exists");
    sqs.start_move(&names::arn("dead"), None).expect("they are moved");
    assert_eq!(sqs.counts("dead"), Ok(counts(0, 0, 0)));
    let after = sqs.peek("events").expect("the queue exists");
    assert_eq!(after.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["0", "1"]);
    assert_ne!(before[0].id, after[0].id);
    assert_eq!(after[0].sent, shared::platform::clock::Clock::now(&clock));
    assert_eq!((after[0].receive_count, after[0].dead_letter_source.as_ref()), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_move_wakes_a_long_poll() {
    let (sqs, _clock) = given_up(1).await;
    sqs.create_queue("others", &attributes([])).expect("the queue is made");
    let waiting = Receive { wait_seconds: Some(20), ..Receive::default() };
    let moved = async {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        sqs.start_move(&names::arn("dead"), Some(&names::arn("others"))).expect("they are moved");
    };
    let (received, ()) = tokio::join!(sqs.receive("others", &waiting), moved);
    assert_eq!(bodies(&received.expect("it is answered")), ["0"]);
}

#[tokio::test]
async fn a_message_that_no_queue_gave_up_stays() {
    let (sqs, _clock) = given_up(1).await;
    sqs.send("dead", &NewMessage::new("stray")).expect("it is sent");
    sqs.start_move(&names::arn("dead"), None).expect("they are moved");
    assert_eq!(sqs.counts("dead"), Ok(counts(1, 0, 0)));
}

#[test]
fn a_move_of_or_to_a_wrong_queue_is_refused() {
    let (sqs, _clock) = memory();
    with_dead_letters(&sqs, 1);
    let missing = names::arn("missing");
    let dead = names::arn("dead");
    let not_found = |parameter: &str| {
        let text = format!("The resource that you specified for the {parameter} parameter doesn't exist.");
        Err(Error::ResourceNotFound(text))
    };
    assert_eq!(sqs.start_move(&missing, None), not_found("SourceArn"));
    assert_eq!(sqs.start_move(&dead, Some(&missing)), not_found("DestinationArn"));
    assert_eq!(
        sqs.start_move(&names::arn("events"), None),
        Err(Error::InvalidParameterValue(
            "Source queue must be configured as a Dead Letter Queue.".to_owned()
        ))
    );
    assert!(matches!(sqs.start_move(&dead, Some(&dead)), Err(Error::InvalidParameterValue(_))));
}
