//! What survives the end of the process.

use super::*;

#[tokio::test]
async fn everything_survives_a_reopening_of_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let storage = Storage::File(directory.path().join("queues.db"));
    let (sqs, clock) = at(&storage);
    with_dead_letters(&sqs, 3);
    sqs.tag_queue("events", [("owner".to_owned(), "relay".to_owned())].into()).expect("it is tagged");
    let message = NewMessage {
        group_id: Some("tenant".to_owned()),
        attributes: [(
            "kind".to_owned(),
            MessageAttribute { data_type: "Binary".to_owned(), value: AttributeValue::Binary(vec![0, 255]) },
        )]
        .into(),
        ..NewMessage::new("first")
    };
    sqs.send("events", &message).expect("it is sent");
    let first = sqs.take("events").await;
    sqs.send("events", &NewMessage::new("second")).expect("it is sent");
    sqs.send("events", &NewMessage { delay_seconds: Some(300), ..NewMessage::new("third") }).expect("sent");
    let before = (sqs.attributes("events"), sqs.peek("events"), sqs.next_change("events"));
    drop(sqs);

    let (sqs, later) = at(&storage);
    later.advance_to(shared::platform::clock::Clock::now(&clock));
    assert_eq!((sqs.attributes("events"), sqs.peek("events"), sqs.next_change("events")), before);
    assert_eq!(sqs.counts("events"), Ok(counts(1, 1, 1)));
    assert_eq!(sqs.tags("events").expect("the queue exists")["owner"], "relay");
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
