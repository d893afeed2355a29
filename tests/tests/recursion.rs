//! Chains of calls through a queue, which Lambda ends after about sixteen unless the template allows them.

use shared::events::log::DeliveryStatus;
use tests::bed::{self, Bed};
use tests::name_server::{NameServer, Says};
use tests::receiver::Receiver;
use tests::tree;

const LEAD: &str = r#"{"model":"lead","event":"create","data":{"id":"lead_1"}}"#;

/// Name servers fail for an hour, in which an event is queued repeatedly. Returns its outcome and how many messages Lambda
/// dropped.
async fn an_hour_without_names(template: std::path::PathBuf) -> (DeliveryStatus, u64) {
    let (names, receiver) = (NameServer::start().await, Receiver::start().await);
    let server = names.address().to_string();
    let variables = [("CALLBACK_DNS_SERVER", &*server)];
    let bed = Bed::of_template(template, local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let instance = bed.provision(&receiver.url().replace("127.0.0.1", "receiver.example.com"), &[]).await;
    for name in ["", "api.close.com", "receiver.example.com"] {
        names.says(name, Says::Code(2));
    }
    assert_eq!(instance.receives(LEAD).await.status, 200);
    // An hour, and the longest wait.
    for _ in 0..20 {
        bed.deliver().await;
        let Some(next) = bed.next_change() else { break };
        bed.clock().advance_to(next);
    }
    names.says("", Says::Code(0));
    names.is_at("receiver.example.com", &[&["127.0.0.1"]]);
    bed.drain().await;
    (bed.log(instance.id()).await[0].delivery_status, bed.system().recursion().dropped())
}

#[tokio::test]
async fn a_long_chain_continues_if_the_template_allows_it() {
    assert_eq!(an_hour_without_names(bed::template()).await, (DeliveryStatus::Delivered, 0));
}

#[tokio::test]
async fn a_long_chain_ends_if_the_template_does_not_allow_it() {
    let text = tree::file("template.yaml").text;
    let without = text.replace("      RecursiveLoop: Allow\n", "");
    assert_ne!(text, without);
    let directory = tempfile::tempdir().unwrap();
    let template = directory.path().join("template.yaml");
    std::fs::write(&template, without).unwrap();
    let (status, dropped) = an_hour_without_names(template).await;
    assert_ne!(status, DeliveryStatus::Delivered);
    assert_eq!(dropped, 1, "as today's default of Lambda has it: the event is in the poison queue");
}
