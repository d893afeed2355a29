use shared::events::log::DeliveryStatus;
use tests::bed::Bed;
use tests::metered::Metered;
use tests::name_server::{NameServer, Says};
use tests::receiver::{Answer, Receiver};

use super::lead;

#[tokio::test]
async fn name_servers_that_do_not_work_cost_no_attempt_however_long_it_takes() {
    let (names, receiver) = (NameServer::start().await, Receiver::start().await);
    let server = names.address().to_string();
    let variables = [("CALLBACK_DNS_SERVER", &*server)];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let url = receiver.url().replace("127.0.0.1", "receiver.example.com");
    let instance = bed.provision(&url, &[]).await;
    names.says("", Says::Code(2));
    names.says("receiver.example.com", Says::Code(2));
    instance.receives(lead("lead_1", 0)).await;
    for _ in 0..8 {
        bed.deliver().await;
        bed.pass(60);
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
async fn a_name_that_turns_to_a_forbidden_address_fails_for_good_and_the_log_says_why() {
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

/// Where nothing listens.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn keys_and_tables_that_do_not_work_cost_no_attempt() {
    for service in ["AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_DYNAMODB"] {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let instance = bed.provision(&receiver.url(), &[("event.notification.signature.key", "key")]).await;
        instance.receives(lead("lead_1", 0)).await;
        let faulty = Metered::with(&bed, &[(service, NOWHERE)]).await;
        for _ in 0..3 {
            assert_eq!(faulty.dispatch(&bed, bed.queue_name()).await.1, 1, "{service}");
            assert_eq!((bed.queue().in_flight, receiver.count()), (1, 0), "it comes again: {service}");
            bed.pass(360);
        }
        bed.drain().await;
        let log = bed.log(instance.id()).await;
        assert_eq!(log[0].delivery_status, DeliveryStatus::Delivered);
        let attempts: Vec<_> = log[0].attempts.iter().map(|it| (it.attempt, it.status_code)).collect();
        assert_eq!((attempts, receiver.count()), (vec![(1, Some(200))], 1), "{service}");
    }
}

#[tokio::test]
async fn a_queue_that_does_not_work_loses_no_retry_and_makes_no_attempt_twice() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.otherwise(Answer::status(500));
    instance.receives(lead("lead_1", 0)).await;
    let faulty = Metered::with(&bed, &[("AWS_ENDPOINT_URL_SQS", NOWHERE)]).await;
    // The first attempt, whose retry cannot be queued; then its message comes again, and the retry still cannot.
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
