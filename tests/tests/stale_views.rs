//! Warm functions and changes that they have not seen yet: the cache may accept, but never refuse.

use http::Method;
use serde_json::{Value, json};
use shared::accounts::{Authorization, DynamoCredentialStore};
use shared::events::log::DeliveryStatus;
use shared::platform::aws::Aws;
use shared::platform::settings::Variables;
use tests::bed::{Bed, Instance};
use tests::receiver::{Answer, Receiver};

/// The most seconds that cached instances are old.
const KEPT: i64 = 10;

fn lead(number: u32) -> String {
    json!({ "model": "lead", "event": "create", "data": { "id": format!("lead_{number}") } }).to_string()
}

/// Changes settings of an instance.
async fn change(bed: &Bed, instance: &Instance, settings: Value) {
    let body = json!({ "configuration": settings });
    let answer = bed.call(Method::PATCH, &format!("/instances/{}", instance.id()), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
}

/// Sends a webhook; true if it was queued.
async fn queued(instance: &Instance, number: u32) -> bool {
    let answer = instance.receives(lead(number)).await;
    answer.status == 200 && answer.json()["eventId"].is_string()
}

#[tokio::test]
async fn a_webhook_just_enabled_is_queued() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    for (wrong, right) in [
        (json!({ "event.notification.enabled": "false" }), json!({ "event.notification.enabled": "true" })),
        (json!({ "event.objects": "contacts" }), json!({ "event.objects": "contacts,accounts" })),
    ] {
        let instance = bed.provision(&receiver.url(), &[]).await;
        change(&bed, &instance, wrong).await;
        assert!(!queued(&instance, 1).await);
        change(&bed, &instance, right.clone()).await;
        assert!(queued(&instance, 2).await, "{right}");
    }
}

#[tokio::test]
async fn an_instance_just_switched_on_takes_webhooks() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let path = format!("/instances/{}/enabled", instance.id());
    assert_eq!(bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    assert_eq!(instance.receives(lead(1)).await.status, 403);
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    assert!(queued(&instance, 2).await);
}

#[tokio::test]
async fn an_instance_just_switched_on_loses_no_event_that_waits() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    assert!(queued(&instance, 1).await && queued(&instance, 2).await);
    let path = format!("/instances/{}/enabled", instance.id());
    bed.call(Method::DELETE, &path, &Value::Null).await;
    // The dispatcher sees it switched off with the first, and on with the second.
    assert_eq!(bed.work_one_batch_each().await, 2);
    bed.call(Method::PUT, &path, &Value::Null).await;
    let event = json!({ "model": "lead", "event": "update", "data": { "id": "lead_1" } });
    assert_eq!(instance.receives(event.to_string()).await.status, 200);
    bed.drain().await;
    assert_eq!(receiver.count(), 1);
    let statuses: Vec<_> = bed.log(instance.id()).await.iter().map(|event| event.delivery_status).collect();
    let delivered = statuses.iter().filter(|status| **status == DeliveryStatus::Delivered).count();
    assert_eq!((statuses.len(), delivered), (3, 1), "{statuses:?}");
}

#[tokio::test]
async fn a_url_just_changed_is_where_events_go_within_ten_seconds() {
    let (bed, old, new) = (Bed::start().await, Receiver::start().await, Receiver::start().await);
    let instance = bed.provision(&old.url(), &[]).await;
    assert!(queued(&instance, 1).await);
    bed.deliver().await;
    change(&bed, &instance, json!({ "event.notification.callback.url": new.url() })).await;
    bed.pass(KEPT);
    assert!(queued(&instance, 2).await);
    bed.deliver().await;
    assert_eq!((old.count(), new.count()), (1, 1));
}

#[tokio::test]
async fn the_answer_of_a_replaced_callback_does_not_count() {
    let (bed, old, new) = (Bed::start().await, Receiver::start().await, Receiver::start().await);
    let instance = bed.provision(&old.url(), &[]).await;
    assert!(queued(&instance, 1).await);
    bed.deliver().await;
    change(&bed, &instance, json!({ "event.notification.callback.url": new.url() })).await;
    old.answer([Answer::status(410)]);
    assert!(queued(&instance, 2).await);
    bed.deliver().await;
    assert_eq!((old.count(), new.count()), (2, 1), "at once");
    let log = bed.log(instance.id()).await;
    assert!(log.iter().all(|event| event.delivery_status == DeliveryStatus::Delivered), "{log:?}");
    let mut attempts: Vec<Vec<_>> = log
        .iter()
        .map(|event| event.attempts.iter().map(|it| (it.attempt, it.status_code)).collect())
        .collect();
    attempts.sort_by_key(Vec::len);
    assert_eq!(attempts, [vec![(1, Some(200))], vec![(1, Some(410)), (1, Some(200))]]);
    assert_eq!((bed.dead_letters().len(), bed.items("ENDPOINTS_TABLE").await), (0, 0));
}

#[tokio::test]
async fn a_deleted_instance_accepts_nothing_after_ten_seconds() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    assert!(queued(&instance, 1).await);
    let path = format!("/instances/{}", instance.id());
    assert_eq!(bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    bed.pass(KEPT);
    assert_eq!(instance.receives(lead(2)).await.status, 404);
}

#[tokio::test]
async fn a_subscription_key_just_set_signs_at_once() {
    const KEY: &str = "event.notification.subscription.signature.key";
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[(KEY, &"ab".repeat(32))]).await;
    assert_eq!(instance.receives(lead(1)).await.status, 401);
    change(&bed, &instance, json!({ KEY: null })).await;
    assert!(queued(&instance, 2).await);
}

#[tokio::test]
async fn a_flood_at_one_url_leaves_the_others_their_share() {
    let variables = [("WEBHOOK_RATE_PER_INSTANCE", "1")];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let receiver = Receiver::start().await;
    let (flooded, quiet) =
        (bed.provision(&receiver.url(), &[]).await, bed.provision(&receiver.url(), &[]).await);
    for number in 0..10 {
        assert!(queued(&flooded, number).await);
    }
    let refused = flooded.receives(lead(10)).await;
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert!(queued(&quiet, 1).await);
    bed.pass(1);
    assert!(queued(&flooded, 11).await);
    assert_eq!(bed.queue().visible, 12);
}

#[tokio::test]
async fn a_new_token_is_accepted_at_once() {
    let table = Receiver::start().await;
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &*table.url()),
    ];
    let variables: Variables =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let client = Aws::from_variables(&variables).unwrap().dynamodb();
    let credentials = DynamoCredentialStore::new(client, "credentials".to_owned());
    let authorization = Authorization::parse("User u, Organization o, Element e");
    // The embedded database is always consistent, so the request itself is checked.
    let _ = credentials.holder_of(&authorization).await;
    let asked: Value = serde_json::from_slice(&table.received()[0].body).unwrap();
    assert_eq!(asked["RequestItems"]["credentials"]["ConsistentRead"], true);
}
