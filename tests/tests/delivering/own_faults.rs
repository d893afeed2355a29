use http::Method;
use serde_json::Value;
use shared::events::log::DeliveryStatus;
use tests::bed::{Bed, Instance};
use tests::metered::Metered;
use tests::name_server::{NameServer, Says};
use tests::receiver::{Answer, Receiver};
use tests::wire::Dead;

use super::lead;

#[tokio::test]
async fn failing_name_servers_cost_no_attempt() {
    let (names, receiver) = (NameServer::start().await, Receiver::start().await);
    let server = names.address().to_string();
    let variables = [("CALLBACK_DNS_SERVER", &*server)];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let url = receiver.url().replace("127.0.0.1", "receiver.example.com");
    let instance = bed.provision(&url, &[]).await;
    // The root and Close's host, which show that a name server works.
    names.says("", Says::Code(2));
    names.says("api.close.com", Says::Code(2));
    names.says("receiver.example.com", Says::Code(2));
    instance.receives(lead("lead_1", 0)).await;
    for _ in 0..8 {
        bed.deliver().await;
        bed.pass(900);
    }
    let log = bed.log(instance.id()).await;
    assert_eq!((log[0].delivery_status, log[0].attempts.len()), (DeliveryStatus::Retry, 0));
    let reason = log[0].reason.as_deref().unwrap();
    assert!(reason.starts_with("own fault, which costs no attempt"), "{reason}");
    assert_eq!(bed.dead_letters().len(), 0);

    names.says("", Says::Code(0));
    names.is_at("receiver.example.com", &[&["127.0.0.1"]]);
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert_eq!(log[0].delivery_status, DeliveryStatus::Delivered);
    assert_eq!(log[0].attempts.iter().map(|attempt| attempt.attempt).collect::<Vec<_>>(), [1]);
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_name_that_does_not_exist_costs_the_three_attempts() {
    let names = NameServer::start().await;
    let server = names.address().to_string();
    let variables = [("CALLBACK_DNS_SERVER", &*server)];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let instance = bed.provision("https://nowhere.example.com/", &[]).await;
    instance.receives(lead("lead_1", 0)).await;
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert_eq!((log[0].delivery_status, log[0].attempts.len()), (DeliveryStatus::Failed, 3));
    assert_eq!(log[0].reason.as_deref(), Some("the host cannot be found: there is no such name"));
}

#[tokio::test]
async fn a_name_with_a_forbidden_address_fails_for_good() {
    let names = NameServer::start().await;
    let server = names.address().to_string();
    let variables = [("CALLBACK_DNS_SERVER", &*server), ("CALLBACK_ALLOW_PRIVATE", "false")];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let instance = bed.provision("https://rebind.example.com/", &[]).await;
    names.is_at("rebind.example.com", &[&["169.254.169.254"]]);
    instance.receives(lead("lead_1", 0)).await;
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert_eq!((log[0].delivery_status, log[0].attempts.len()), (DeliveryStatus::Failed, 1));
    let reason = log[0].reason.as_deref().unwrap();
    assert!(reason.ends_with("rebind.example.com is at an address that is not allowed: link-local address"));
    assert_eq!(bed.dead_letters().len(), 1);
}

/// An address where nothing listens.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn hours_without_key_or_table_cost_no_attempt() {
    for service in ["AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_DYNAMODB"] {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let instance = bed.provision(&receiver.url(), &[("event.notification.signature.key", "key")]).await;
        instance.receives(lead("lead_1", 0)).await;
        let faulty = Metered::with(&bed, &[(service, NOWHERE)]).await;
        let mut waits = Vec::new();
        assert_eq!(faulty.dispatch(&bed, bed.queue_name()).await.1, 1, "{service}");
        for _ in 0..9 {
            let due = bed.next_change().expect("it comes again");
            waits.push((due - bed.now()).num_seconds());
            bed.clock().advance_to(due);
            assert_eq!(faulty.dispatch(&bed, bed.retry_queue_name()).await.1, 1, "{service}");
            assert_eq!((bed.queue().delayed, receiver.count()), (1, 0), "{service}");
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900, 900], "{service}");
        bed.drain().await;
        let log = bed.log(instance.id()).await;
        assert_eq!(log[0].delivery_status, DeliveryStatus::Delivered);
        let attempts: Vec<_> = log[0].attempts.iter().map(|it| (it.attempt, it.status_code)).collect();
        assert_eq!((attempts, receiver.count()), (vec![(1, Some(200))], 1), "{service}");
        assert_eq!((bed.poison().len(), bed.dead_letters().len()), (0, 0), "{service}");
    }
}

#[tokio::test]
async fn a_fault_longer_than_the_retention_is_dead_lettered() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    instance.receives(lead("lead_1", 0)).await;
    let faulty = Metered::with(&bed, &[("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE)]).await;
    faulty.dispatch(&bed, bed.queue_name()).await;
    for _ in 0..3 {
        assert_eq!((bed.queue().total(), bed.dead_letters().len()), (1, 0));
        bed.pass(10 * 86_400);
        faulty.dispatch(&bed, bed.retry_queue_name()).await;
    }
    assert_eq!((bed.queue().total(), bed.dead_letters().len(), bed.poison().len()), (0, 1, 0));
    bed.redrive().await;
    bed.drain().await;
    assert_eq!((receiver.count(), bed.dead_letters().len()), (1, 0));
}

#[tokio::test]
async fn an_unwritten_outcome_is_written_later_without_another_call() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.answer([Answer::status(500)]);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let metered = Metered::with(&bed, &[("CALLBACK_DEADLINE_MILLIS", "1000")]).await.lasting(27);
    // The attempt that fails, and the one that succeeds: after the claim, no table answers.
    for (queue, sent, wait) in [(bed.queue_name(), 1, 330), (bed.retry_queue_name(), 2, 30)] {
        if sent == 1 {
            instance.receives(lead("lead_1", 0)).await;
        }
        // The instance, its callback's health, and the claim.
        metered.dispatcher_wires().dynamodb().die_at(Some(Dead::Before(4)));
        metered.dispatch(&bed, queue).await;
        metered.dispatcher_wires().dynamodb().die_at(None);
        assert_eq!((receiver.count(), bed.queue().total()), (sent, 1));
        let log = bed.log(instance.id()).await;
        assert_eq!(log[0].delivery_status, DeliveryStatus::Delivering, "the outcome is not written");
        bed.pass(30);
        bed.deliver().await;
        assert_eq!(receiver.count(), sent, "the outcome was known");
        bed.pass(wait - 30);
    }
    let log = bed.log(instance.id()).await;
    assert_eq!(log[0].delivery_status, DeliveryStatus::Delivered);
    let attempts: Vec<_> = log[0].attempts.iter().map(|it| (it.attempt, it.status_code)).collect();
    assert_eq!((attempts, receiver.count()), (vec![(1, Some(500)), (2, Some(200))], 2));
}

#[tokio::test]
async fn a_failing_queue_loses_no_retry_and_repeats_no_attempt() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.otherwise(Answer::status(500));
    instance.receives(lead("lead_1", 0)).await;
    let faulty = Metered::with(&bed, &[("AWS_ENDPOINT_URL_SQS", NOWHERE)]).await;
    // The first attempt, whose retry cannot be queued; then its message returns, and the retry still cannot.
    for _ in 0..2 {
        assert_eq!(faulty.dispatch(&bed, bed.queue_name()).await.1, 1);
        assert_eq!((bed.queue().in_flight, receiver.count()), (1, 1));
        bed.pass(360);
    }
    bed.deliver().await;
    assert_eq!(bed.queue().total(), 1);
    bed.drain().await;
    let attempts = bed.log(instance.id()).await[0].attempts.iter().map(|it| it.attempt).collect::<Vec<_>>();
    assert_eq!((attempts, receiver.count(), bed.dead_letters().len()), (vec![1, 2, 3], 3, 1));
}

#[tokio::test]
async fn a_letter_that_cannot_be_sent_is_sent_when_it_can() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[("event.notification.retry.attempts", "1")]).await;
    receiver.otherwise(Answer::status(500));
    instance.receives(lead("lead_1", 0)).await;
    let faulty = Metered::with(&bed, &[("AWS_ENDPOINT_URL_SQS", NOWHERE)]).await;
    assert_eq!(faulty.dispatch(&bed, bed.queue_name()).await.1, 1);
    assert_eq!((receiver.count(), bed.dead_letters().len(), bed.queue().in_flight), (1, 0, 1));
    bed.drain().await;
    assert_eq!((receiver.count(), bed.dead_letters().len(), bed.queue().total()), (1, 1, 0));
    assert_eq!(bed.log(instance.id()).await[0].delivery_status, DeliveryStatus::Failed);
}

/// An event whose attempt is claimed, after which no table answers.
async fn without_tables_after_the_claim() -> (Bed, Receiver, Instance, Metered) {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    instance.receives(lead("lead_1", 0)).await;
    let metered = Metered::with(&bed, &[("CALLBACK_DEADLINE_MILLIS", "1000")]).await.lasting(27);
    // The calls before that are for the instance, its callback's health, and the claim.
    metered.dispatcher_wires().dynamodb().die_at(Some(Dead::Before(4)));
    (bed, receiver, instance, metered)
}

#[tokio::test]
async fn a_duplicate_waits_for_an_unwritten_outcome() {
    let (bed, receiver, instance, metered) = without_tables_after_the_claim().await;
    metered.dispatch(&bed, bed.queue_name()).await;
    bed.pass(30);
    metered.dispatcher_wires().dynamodb().die_at(Some(Dead::Before(1)));
    metered.dispatch(&bed, bed.retry_queue_name()).await;
    metered.dispatcher_wires().dynamodb().die_at(None);
    assert_eq!((receiver.count(), bed.queue().delayed), (1, 1));

    // The claim has expired, and the outcome waits in a message.
    bed.pass(50);
    instance.receives(lead("lead_1", 0)).await;
    bed.deliver().await;
    assert_eq!((receiver.count(), bed.queue().delayed), (1, 2), "it waits for the outcome");
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    let attempts: Vec<_> = log[0].attempts.iter().map(|it| (it.attempt, it.status_code)).collect();
    assert_eq!((log.len(), attempts, receiver.count()), (1, vec![(1, Some(200))], 1));
    assert_eq!((bed.poison().len(), bed.dead_letters().len()), (0, 0));
}

/// The owner may redeliver an event before its outcome could be written.
#[tokio::test]
async fn an_outcome_that_a_redelivery_overtook_is_not_poison() {
    let (bed, receiver, instance, metered) = without_tables_after_the_claim().await;
    metered.dispatch(&bed, bed.queue_name()).await;
    for _ in 0..3 {
        let due = bed.next_change().expect("the outcome waits");
        bed.clock().advance_to(due);
        metered.dispatch(&bed, bed.retry_queue_name()).await;
    }
    metered.dispatcher_wires().dynamodb().die_at(None);
    assert_eq!((receiver.count(), bed.queue().delayed), (1, 1));
    let event = bed.log(instance.id()).await.remove(0).event_id;
    let path = format!("/instances/{}/events/{event}/redeliver", instance.id());
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    bed.drain().await;
    assert_eq!(bed.log(instance.id()).await[0].delivery_status, DeliveryStatus::Delivered);
    assert_eq!((receiver.count(), bed.poison().len(), bed.dead_letters().len()), (2, 0, 0));
}

#[tokio::test]
async fn an_event_that_a_fault_held_up_for_too_long_is_in_the_log_as_failed() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[("event.notification.signature.key", "key")]).await;
    instance.receives(lead("lead_1", 0)).await;
    let faulty = Metered::with(&bed, &[("AWS_ENDPOINT_URL_KMS", NOWHERE)]).await;
    faulty.dispatch(&bed, bed.queue_name()).await;
    for days in [10, 10, 9] {
        bed.pass(days * 86_400 + 1);
        faulty.dispatch(&bed, bed.retry_queue_name()).await;
    }
    let log = bed.log(instance.id()).await;
    let reasons: Vec<_> = log.iter().map(|it| (it.delivery_status, it.reason.clone().unwrap())).collect();
    let [(DeliveryStatus::Failed, reason)] = &*reasons else { panic!("{reasons:?}") };
    assert!(reason.starts_with("own fault for too long: "), "{reason}");
    assert_eq!((receiver.count(), bed.dead_letters().len(), bed.poison().len()), (0, 1, 0));
    // It is found by a range, and sent again.
    let path = format!("/instances/{}/events/redeliver", instance.id());
    let again = bed.call(Method::PUT, &path, &Value::Null).await;
    assert_eq!(again.json()["redelivered"], 1);
    bed.drain().await;
    assert_eq!(bed.log(instance.id()).await[0].delivery_status, DeliveryStatus::Delivered);
}

#[tokio::test]
async fn a_letter_driven_back_into_a_fault_that_lasts_becomes_a_letter_again() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[("event.notification.retry.attempts", "1")]).await;
    receiver.otherwise(Answer::status(500));
    instance.receives(lead("lead_1", 0)).await;
    bed.drain().await;
    bed.redrive().await;
    assert_eq!((bed.dead_letters().len(), bed.queue().total()), (0, 1));
    let faulty = Metered::with(&bed, &[("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE)]).await;
    // The letter comes within the first second.
    bed.pass(1);
    for _ in 0..4 {
        faulty.dispatch(&bed, bed.retry_queue_name()).await;
        bed.pass(10 * 86_400);
    }
    assert_eq!((bed.dead_letters().len(), bed.queue().total()), (1, 0));
}

#[tokio::test]
async fn a_batch_is_answered_in_time_even_if_every_table_hangs() {
    let (bed, receiver, _instance, metered) = without_tables_after_the_claim().await;
    // No queue answers either.
    metered.dispatcher_wires().sqs().die_at(Some(Dead::Before(1)));
    let began = tokio::time::Instant::now();
    metered.dispatch(&bed, bed.queue_name()).await;
    let took = began.elapsed().as_secs();
    assert!(took < 27, "answered after {took} s");
    assert_eq!((receiver.count(), bed.queue().in_flight), (1, 1), "the message comes again");
}
