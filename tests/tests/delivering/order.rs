use tests::bed::Bed;
use tests::receiver::{Answer, Receiver};

use super::lead;

/// What arrived, in order: the lead and its version.
fn arrived(receiver: &Receiver) -> Vec<(String, u64)> {
    let lead = |message: serde_json::Value| {
        let data = &message["message"]["raw"]["data"];
        (data["id"].as_str().unwrap().to_owned(), data["version"].as_u64().unwrap())
    };
    receiver.received().iter().map(|request| lead(request.message())).collect()
}

async fn story(settings: &[(&str, &str)], failures: usize) -> Vec<(String, u64)> {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), settings).await;
    receiver.answer(vec![Answer::status(500); failures]);
    instance.receives(lead("a", 1)).await;
    bed.deliver().await;
    for (object, version) in [("a", 2), ("b", 1), ("a", 3)] {
        // Later versions are received later.
        bed.pass(1);
        instance.receives(lead(object, version)).await;
        bed.deliver().await;
    }
    bed.drain().await;
    assert_eq!(bed.queue(), sqs::QueueCounts::default());
    arrived(&receiver)
}

fn named(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
    rows.iter().map(|(object, version)| ((*object).to_owned(), *version)).collect()
}

const IN_ORDER: &[(&str, &str)] = &[("event.notification.ordering", "object")];

#[tokio::test]
async fn a_later_version_waits_for_an_earlier_one_that_is_being_retried_and_others_do_not() {
    let arrived = story(IN_ORDER, 1).await;
    assert_eq!(arrived, named(&[("a", 1), ("b", 1), ("a", 1), ("a", 2), ("a", 3)]));
}

#[tokio::test]
async fn an_event_that_is_given_up_holds_up_nobody_any_more() {
    // The first attempt is that of version 1; b takes its own first two failures as well.
    let arrived = story(&[IN_ORDER[0], ("event.notification.retry.attempts", "1")], 1).await;
    assert_eq!(arrived, named(&[("a", 1), ("a", 2), ("b", 1), ("a", 3)]));
}

#[tokio::test]
async fn without_the_setting_nobody_waits() {
    let arrived = story(&[], 1).await;
    assert_eq!(arrived, named(&[("a", 1), ("a", 2), ("b", 1), ("a", 3), ("a", 1)]));
}

#[tokio::test]
async fn a_duplicate_of_a_finished_event_does_not_hold_up_its_object() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), IN_ORDER).await;
    for (object, version) in [("a", 1), ("a", 1), ("a", 2)] {
        instance.receives(lead(object, version)).await;
        bed.deliver().await;
        bed.pass(1);
    }
    assert_eq!(arrived(&receiver), named(&[("a", 1), ("a", 2)]), "without a wait");
}

#[tokio::test]
async fn a_later_version_does_not_overtake_one_that_waits_for_the_callback() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.answer(vec![Answer::status(500); 2]);
    let settings = [IN_ORDER[0], ("event.notification.retry.attempts", "1")];
    let instance = bed.provision(&receiver.url(), &settings).await;
    instance.receives(lead("x", 1)).await;
    bed.deliver().await;
    bed.pass(3600);
    for (object, version) in [("x", 2), ("a", 1)] {
        instance.receives(lead(object, version)).await;
        bed.deliver().await;
    }
    assert_eq!(receiver.count(), 2, "the callback is open");
    let path = format!("/instances/{}/callback/enabled", instance.id());
    assert_eq!(bed.call(http::Method::PUT, &path, &serde_json::json!(null)).await.status, 200);
    bed.pass(61);
    instance.receives(lead("a", 2)).await;
    bed.deliver().await;
    assert_eq!(receiver.count(), 2, "version 1 still waits for its time");
    bed.drain().await;
    assert_eq!(arrived(&receiver)[2..], named(&[("a", 1), ("a", 2)]));
}
