//! Messages that are received too often.

use super::*;

#[tokio::test]
async fn a_message_is_dead_lettered_on_the_receive_after_the_last_allowed_one() {
    let (sqs, clock) = memory();
    with_dead_letters(&sqs, 3);
    let message = NewMessage {
        attributes: [("kind".to_owned(), "lead".to_owned())].into(),
        group_id: Some("tenant".to_owned()),
        ..NewMessage::new("poison")
    };
    let id = sqs.send("events", &message).expect("it is sent").id;
    let sent = shared::platform::clock::Clock::now(&clock);
    for count in 1..=3 {
        assert_eq!(sqs.take("events").await[0].message.receive_count, count);
        clock.advance(seconds(30));
        assert_eq!(sqs.counts("dead"), Ok(counts(0, 0, 0)));
    }
    assert_eq!(sqs.counts("events"), Ok(counts(1, 0, 0)));
    assert!(sqs.take("events").await.is_empty());
    assert_eq!(sqs.counts("events"), Ok(counts(0, 0, 0)));

    let dead = sqs.take("dead").await.remove(0).message;
    assert_eq!((dead.id, dead.body.as_str(), dead.receive_count), (id, "poison", 1));
    assert_eq!((dead.attributes, dead.group_id), (message.attributes, message.group_id));
    assert_eq!((dead.sent, dead.first_received), (sent, Some(sent + seconds(90))));
    assert_eq!(dead.dead_letter_source, Some(names::arn("events")));
}

#[tokio::test]
async fn messages_behind_dead_letters_are_received_at_once() {
    let (sqs, clock) = memory();
    with_dead_letters(&sqs, 1);
    for number in 0..10 {
        sqs.send("events", &NewMessage::new(format!("poison {number}"))).expect("it is sent");
    }
    assert_eq!(sqs.take("events").await.len(), 10);
    clock.advance(seconds(30));
    sqs.send("events", &NewMessage::new("good")).expect("it is sent");
    assert_eq!(bodies(&sqs.take("events").await), ["good"]);
    assert_eq!(sqs.counts("dead"), Ok(counts(10, 0, 0)));
}

#[tokio::test]
async fn a_dead_letter_keeps_the_age_of_its_message() {
    let (sqs, clock) = memory();
    with_dead_letters(&sqs, 1);
    sqs.set_attributes("dead", &attributes([("MessageRetentionPeriod", "60")])).expect("they are set");
    sqs.send("events", &NewMessage::new("poison")).expect("it is sent");
    sqs.take("events").await;
    clock.advance(seconds(59));
    sqs.take("events").await;
    assert_eq!(sqs.counts("dead"), Ok(counts(1, 0, 0)));
    clock.advance(seconds(1));
    assert_eq!(sqs.counts("dead"), Ok(counts(0, 0, 0)));
}

#[tokio::test]
async fn a_handle_of_before_the_move_deletes_nothing_in_the_dead_letter_queue() {
    let (sqs, clock) = memory();
    with_dead_letters(&sqs, 1);
    sqs.send("events", &NewMessage::new("poison")).expect("it is sent");
    let handle = sqs.take("events").await.remove(0).receipt_handle;
    clock.advance(seconds(30));
    sqs.take("events").await;
    assert_eq!(sqs.delete("events", &handle), Ok(()));
    assert_eq!(sqs.counts("dead"), Ok(counts(1, 0, 0)));
}
