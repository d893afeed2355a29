//! Nothing is left of a deleted instance.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::Value;
use shared::platform::aws::Aws;
use tests::bed::{Bed, Instance};
use tests::close::{Close, Quirks};
use tests::fixtures;
use tests::receiver::{Answer as Reply, Receiver};

/// The tables with something about an instance, except its delivery log.
async fn traces(bed: &Bed, client: &Client, instance: &Instance) -> Vec<String> {
    let (id, token) = (instance.id().to_string(), instance.answer["token"].as_str().unwrap());
    let token = shared::accounts::CredentialKey::of(
        shared::accounts::CredentialKind::Element,
        &shared::platform::secret::Secret::new(token),
    );
    let tables = bed.system().environment().iter().filter(|(name, _)| name.ends_with("_TABLE"));
    let mut found = Vec::new();
    for (name, table) in tables.filter(|(name, _)| *name != "EVENTS_TABLE") {
        let scan = client.scan().table_name(table).send().await.unwrap();
        let about = |item: &std::collections::HashMap<String, AttributeValue>| {
            let is_id = item.get("instance_id").and_then(|id| id.as_n().ok()) == Some(&id);
            let part = item.get("part").and_then(|part| part.as_s().ok());
            is_id
                || part.is_some_and(|part| part.ends_with(&format!("#{id}")))
                || item.get("credential").and_then(|it| it.as_s().ok()).is_some_and(|it| it == token.as_str())
        };
        found.extend(scan.items().iter().filter(|item| about(item)).map(|_| name.clone()));
    }
    found.sort_unstable();
    found
}

async fn delete(bed: &Bed, instance: &Instance) {
    let path = format!("/instances/{}", instance.id());
    assert_eq!(bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
}

#[tokio::test]
async fn only_the_log_of_a_deleted_instance_remains() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let client =
        Aws::from_variables(&bed.system().environment().clone().into_iter().collect()).unwrap().dynamodb();
    let close = Close::new(5, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let automatic = [("event.notification.subscription.provisioning", "automatic"), ("base.url", rest.url())];
    let subscribed = bed.provision(receiver.at("/gone").url(), &automatic).await;
    let polling =
        [("event.vendor.type", "polling"), ("event.poller.refresh_interval", "1"), ("base.url", rest.url())];
    let polled = bed.provision(&receiver.url(), &polling).await;
    receiver.at("/gone").answer([Reply::status(410)]);
    close.create_lead("Wayne");
    assert_eq!(close.post_pending().await.len(), 1);
    bed.minutes(2).await;
    let tables = ["CREDENTIALS_TABLE", "ENDPOINTS_TABLE", "INSTANCES_TABLE", "POLLERS_TABLE"];
    assert_eq!(traces(&bed, &client, &subscribed).await, tables);
    let tables = ["CREDENTIALS_TABLE", "INSTANCES_TABLE", "POLLERS_TABLE"];
    assert_eq!(traces(&bed, &client, &polled).await, tables);
    for instance in [&subscribed, &polled] {
        delete(&bed, instance).await;
        assert_eq!(traces(&bed, &client, instance).await, Vec::<String>::new());
    }
    assert_eq!(close.subscriptions(), Vec::<Value>::new());
    let webhook = fixtures::read("close/webhook.lead.created.json");
    bed.pass(60);
    assert_eq!(subscribed.receives(webhook).await.status, 404);
    bed.minutes(5).await;
    assert_eq!(rest.take_calls().iter().filter(|call| call.status == 404).count(), 0);
}

#[tokio::test]
async fn a_change_during_a_deletion_is_deleted_too() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let path = format!("/instances/{}", instance.id());
    let change = serde_json::json!({"configuration": {"a": "1"}});
    let (deleted, changed) =
        tokio::join!(bed.call(Method::DELETE, &path, &Value::Null), bed.call(Method::PATCH, &path, &change));
    assert_eq!(deleted.status, 200, "{}", deleted.message());
    assert!([200, 404].contains(&changed.status.as_u16()), "{}", changed.message());
    assert_eq!(super::get(&bed, &path).await.status, 404);
}
