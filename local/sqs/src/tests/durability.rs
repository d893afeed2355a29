//! What survives the end of the process.

use super::*;

#[tokio::test]
async fn every_message_survives_a_reopening_of_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let storage = Storage::File(directory.path().join("queues.db"));
    let (sqs, clock) = at(&storage);
    with_dead_letters(&sqs, 3);
    let message = NewMessage {
        group_id: Some("tenant".to_owned()),
        attributes: [("kind".to_owned(), "ä".to_owned())].into(),
        ..NewMessage::new("first")
    };
    sqs.send("events", &message).expect("it is sent");
    let first = sqs.take("events").await;
    sqs.send("events", &NewMessage::new("second")).expect("it is sent");
    sqs.send("events", &NewMessage { delay_seconds: Some(300), ..NewMessage::new("third") }).expect("sent");
    let before = (sqs.peek("events"), sqs.next_change("events"));
    drop(sqs);

    let (sqs, later) = at(&storage);
    later.advance_to(shared::platform::clock::Clock::now(&clock));
    with_dead_letters(&sqs, 3);
    assert_eq!((sqs.peek("events"), sqs.next_change("events")), before);
    assert_eq!(sqs.counts("events"), Ok(counts(1, 1, 1)));
    assert_eq!(first[0].message.attributes, message.attributes);
    sqs.delete("events", &first[0].receipt_handle).expect("the handle is still good");
    assert_eq!(sqs.counts("events"), Ok(counts(1, 1, 0)));
}

#[test]
fn a_second_process_is_kept_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let storage = Storage::File(directory.path().join("queues.db"));
    let (_sqs, clock) = at(&storage);
    let second = Sqs::open(&storage, Arc::new(clock), "http://localhost".to_owned());
    assert!(second.is_err());
}

#[test]
fn a_queue_that_exists_gets_the_attributes_it_is_made_with_and_keeps_its_messages() {
    let (sqs, _clock) = memory();
    sqs.create_queue("events", &attributes([("DelaySeconds", "5")])).expect("the queue is made");
    sqs.send("events", &NewMessage::new("body")).expect("it is sent");
    sqs.create_queue("events", &attributes([("VisibilityTimeout", "60")])).expect("it is changed");
    let now = sqs.attributes("events").expect("the queue exists");
    assert_eq!((&*now["DelaySeconds"], &*now["VisibilityTimeout"]), ("5", "60"));
    assert_eq!(sqs.counts("events"), Ok(counts(0, 1, 0)));
}

#[test]
fn a_redrive_policy_needs_a_dead_letter_queue_that_exists() {
    let (sqs, _clock) = memory();
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":5}}"#, names::arn("missing"));
    let made = sqs.create_queue("events", &attributes([("RedrivePolicy", &policy)]));
    assert!(matches!(made, Err(Error::InvalidParameterValue(_))));
    assert_eq!(sqs.queue_url("events"), Err(Error::QueueDoesNotExist));
}
