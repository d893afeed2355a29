use shared::event_log::DeliveryStatus;
use tests::bed::Bed;
use tests::name_server::{NameServer, Says};
use tests::receiver::Receiver;

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
    assert!(
        reason
            .ends_with("rebind.example.com is at 169.254.169.254, which is not allowed: link-local address")
    );
    assert_eq!(bed.dead_letters().len(), 1);
}
