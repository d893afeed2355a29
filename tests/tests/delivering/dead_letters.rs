use shared::events::log::DeliveryStatus;
use tests::bed::Bed;
use tests::receiver::{Answer, Receiver};

use super::lead;

#[tokio::test]
async fn a_dead_letter_has_its_reason_and_can_be_redriven() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer(vec![Answer::status(503); 3]);
    instance.receives(lead("lead_1", 0)).await;
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    let letters = bed.dead_letters();
    assert_eq!(letters.len(), 1);
    let attribute = |name: &str| format!("{:?}", letters[0].attributes[name]);
    for (name, value) in [
        ("InstanceId", instance.id().to_string()),
        ("EventId", log[0].event_id.clone()),
        ("Attempts", "3".to_owned()),
        ("Reason", "the receiver answered 503".to_owned()),
    ] {
        assert!(attribute(name).contains(&value), "{name}: {}", attribute(name));
    }
    assert_eq!(letters[0].group_id.as_deref(), Some(&*instance.id().to_string()));

    bed.redrive().await;
    assert_eq!(bed.dead_letters().len(), 0);
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert_eq!(log[0].delivery_status, DeliveryStatus::Delivered);
    let rounds: Vec<_> = log[0].attempts.iter().map(|attempt| (attempt.round, attempt.attempt)).collect();
    assert_eq!(rounds, [(0, 1), (0, 2), (0, 3), (1, 1)]);
    let ids: Vec<_> =
        receiver.received().iter().map(|r| r.header("elements-webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids, vec![log[0].event_id.clone(); 4], "the id is the same in every round");
}

#[tokio::test]
async fn a_dead_letter_of_a_redelivered_event_is_not_delivered_again() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer(vec![Answer::status(503); 3]);
    instance.receives(lead("lead_1", 0)).await;
    bed.drain().await;
    let event = bed.log(instance.id()).await.remove(0).event_id;
    let path = format!("/instances/{}/events/{event}/redeliver", instance.id());
    assert_eq!(bed.call(http::Method::PUT, &path, &serde_json::json!(null)).await.status, 200);
    bed.drain().await;
    assert_eq!(receiver.count(), 4);
    bed.redrive().await;
    bed.drain().await;
    assert_eq!((receiver.count(), bed.dead_letters().len(), bed.queue().total()), (4, 0, 0));
}

#[tokio::test]
async fn a_redrive_of_hundreds_keeps_its_rate_and_delivers_each_once() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[("event.notification.retry.attempts", "1")]).await;
    receiver.answer(vec![Answer::status(503); 120]);
    for event in 0..120 {
        instance.receives(lead("lead_1", event)).await;
    }
    bed.drain().await;
    assert_eq!(bed.dead_letters().len(), 120);
    let began = bed.now();
    bed.redrive().await;
    assert_eq!((bed.now() - began).num_seconds(), 2, "fifty a second");
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    assert!(log.iter().all(|event| event.delivery_status == DeliveryStatus::Delivered));
    assert_eq!((log.len(), receiver.count(), bed.dead_letters().len()), (120, 240, 0));
}

#[tokio::test]
async fn a_message_that_kills_every_function_goes_to_the_poison_queue() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    instance.receives(lead("lead_1", 0)).await;
    let receive = sqs::Receive { maximum: 10, ..sqs::Receive::default() };
    // Functions that die at once: each receives the message and none deletes it.
    for _ in 0..5 {
        let batch = bed.system().sqs().receive(bed.queue_name(), &receive).await.unwrap();
        assert_eq!(batch.len(), 1);
        bed.pass(360);
    }
    bed.deliver().await;
    assert_eq!((receiver.count(), bed.dead_letters().len(), bed.poison().len()), (0, 0, 1));
    let sqs = bed.system().sqs();
    let poison = sqs.queue_arn(bed.dead_letter_queue_of(bed.queue_name())).unwrap();
    sqs.start_move(&poison, None).unwrap();
    bed.drain().await;
    assert_eq!((receiver.count(), bed.poison().len()), (1, 0));
    assert_eq!(bed.log(instance.id()).await[0].delivery_status, DeliveryStatus::Delivered);
}
