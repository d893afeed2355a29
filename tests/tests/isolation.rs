//! Instances do not see each other's events.

use serde_json::json;
use tests::bed::Bed;
use tests::fixtures;
use tests::receiver::{Answer, Receiver};

#[tokio::test]
async fn two_instances_with_the_same_webhook_have_two_events() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let (first, second) = (receiver.at("/first"), receiver.at("/second"));
    let instances = [bed.provision(first.url(), &[]).await, bed.provision(second.url(), &[]).await];
    let body = fixtures::read("close/webhook.lead.created.json");
    let ids: Vec<_> = [instances[0].receives(body.clone()).await, instances[1].receives(body).await]
        .iter()
        .map(|answer| answer.json()["eventId"].clone())
        .collect();
    assert_ne!(ids[0], ids[1]);
    bed.drain().await;
    for (hook, (instance, id)) in [&first, &second].into_iter().zip(instances.iter().zip(&ids)) {
        let requests = hook.received();
        assert_eq!(requests.len(), 1);
        let message = requests[0].message()["message"].clone();
        assert_eq!((&message["instanceId"], &message["eventId"]), (&json!(instance.id()), id));
        let log = bed.log(instance.id()).await;
        assert_eq!((log.len(), json!(log[0].event_id)), (1, id.clone()));
    }
}

#[tokio::test]
async fn a_failing_receiver_costs_another_instance_nothing() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let (good, bad) = (receiver.at("/good"), receiver.at("/bad"));
    bad.otherwise(Answer::Reset);
    let failing = bed.provision(bad.url(), &[]).await;
    let working = bed.provision(good.url(), &[]).await;
    for instance in [&failing, &working] {
        instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
    }
    bed.deliver().await;
    assert_eq!(good.received().len(), 1, "delivered while the other waits for its retry");
    assert_eq!(bed.queue().delayed, 1);
}
