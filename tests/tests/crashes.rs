//! A dispatcher that dies half-way: whatever it left behind, the event arrives, and no attempt goes missing.

use chrono::TimeDelta;
use shared::events::log::{AttemptRecord, Claim, DeliveryStatus, DynamoEventLog, Outcome};
use shared::events::message::QueuedDelivery;
use shared::platform::aws::Aws;
use tests::bed::{Bed, Instance};
use tests::fixtures;
use tests::receiver::{Answer, Receiver};

/// The queue's visibility timeout: when SQS gives the message of a function that died to another.
const VISIBLE_AGAIN: i64 = 360;

/// A system with one event in its queue, and that event's claim as a dispatcher would write it.
struct Scene {
    bed: Bed,
    receiver: Receiver,
    instance: Instance,
    delivery: QueuedDelivery,
    message_id: String,
    log: DynamoEventLog,
}

impl Scene {
    #[expect(clippy::unwrap_used, reason = "a story cannot go on without its event")]
    async fn set() -> Self {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let instance = bed.provision(&receiver.url(), &[]).await;
        instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
        let message = bed.system().sqs().peek(bed.queue_name()).unwrap().remove(0);
        let variables = bed.system().environment().clone().into_iter().collect();
        let client = Aws::from_variables(&variables).unwrap().dynamodb();
        let table = bed.system().environment()["EVENTS_TABLE"].clone();
        let log = DynamoEventLog::new(client, table, TimeDelta::days(30));
        let delivery = QueuedDelivery::from_message(&message.body).unwrap();
        Self { bed, receiver, instance, delivery, message_id: message.id, log }
    }

    fn claim(&self) -> Claim<'_> {
        let now = self.bed.now();
        Claim {
            delivery: &self.delivery,
            message_id: &self.message_id,
            now,
            until: now + TimeDelta::seconds(65),
        }
    }

    #[expect(clippy::unwrap_used, reason = "the first claim of an event is granted")]
    async fn claimed(&self) -> Claim<'_> {
        let claim = self.claim();
        self.log.claim(&claim).await.unwrap().unwrap();
        claim
    }

    async fn status(&self) -> DeliveryStatus {
        self.bed.log(self.instance.id()).await[0].delivery_status
    }
}

fn failed(bed: &Bed) -> AttemptRecord {
    let error = Some("the receiver answered 500".to_owned());
    let at = bed.now();
    AttemptRecord {
        round: 0,
        attempt: 1,
        at,
        duration_ms: Some(1),
        status_code: Some(500),
        error,
        excerpt: None,
    }
}

#[tokio::test]
async fn an_attempt_cut_off_is_made_again_under_its_number_and_the_log_says_so() {
    let scene = Scene::set().await;
    scene.claimed().await;
    scene.bed.deliver().await;
    assert_eq!(scene.receiver.count(), 0, "the claim holds for as long as its function can run");
    scene.bed.pass(VISIBLE_AGAIN);
    scene.bed.deliver().await;
    assert_eq!((scene.receiver.count(), scene.status().await), (1, DeliveryStatus::Delivered));
    let attempts = &scene.bed.log(scene.instance.id()).await[0].attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| (attempt.attempt, attempt.status_code)).collect();
    assert_eq!(numbers, [(1, None), (1, Some(200))]);
    assert!(attempts[0].error.as_ref().unwrap().starts_with("outcome unknown"));
    assert_eq!(scene.bed.queue().total(), 0);
}

#[tokio::test]
async fn a_duplicate_of_an_attempt_under_way_is_dropped_and_the_first_is_not() {
    let scene = Scene::set().await;
    scene.claimed().await;
    scene.instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
    scene.bed.deliver().await;
    assert_eq!((scene.receiver.count(), scene.bed.queue().in_flight), (0, 1));
    scene.bed.drain().await;
    assert_eq!((scene.receiver.count(), scene.status().await), (1, DeliveryStatus::Delivered));
}

#[tokio::test]
async fn a_retry_that_was_decided_and_not_queued_is_queued() {
    let scene = Scene::set().await;
    let claim = scene.claimed().await;
    let retry = Outcome {
        status: DeliveryStatus::Retry,
        attempt: 1,
        next_attempt_at: Some(scene.bed.now() + TimeDelta::seconds(300)),
        reason: None,
        attempts: vec![failed(&scene.bed)],
    };
    assert!(scene.log.record(&claim, retry).await.unwrap());
    scene.bed.deliver().await;
    assert_eq!((scene.receiver.count(), scene.bed.queue().delayed), (0, 1), "no second first attempt");
    scene.bed.drain().await;
    assert_eq!((scene.receiver.count(), scene.status().await), (1, DeliveryStatus::Delivered));
}

#[tokio::test]
async fn a_failure_that_was_decided_and_not_buried_is_buried() {
    let scene = Scene::set().await;
    let claim = scene.claimed().await;
    let reason = Some("the receiver answered 410".to_owned());
    let attempts = vec![failed(&scene.bed)];
    let end = Outcome { status: DeliveryStatus::Failed, attempt: 1, next_attempt_at: None, reason, attempts };
    assert!(scene.log.record(&claim, end).await.unwrap());
    scene.bed.drain().await;
    assert_eq!((scene.receiver.count(), scene.bed.dead_letters().len()), (0, 1));
}

#[tokio::test]
async fn an_outcome_is_written_only_while_its_claim_holds() {
    let scene = Scene::set().await;
    let late = scene.claimed().await;
    scene.bed.pass(VISIBLE_AGAIN);
    scene.bed.deliver().await;
    let end = Outcome {
        status: DeliveryStatus::Failed,
        attempt: 1,
        next_attempt_at: None,
        reason: None,
        attempts: Vec::new(),
    };
    assert!(!scene.log.record(&late, end).await.unwrap(), "another function has taken over");
    assert_eq!(scene.status().await, DeliveryStatus::Delivered);
}

#[tokio::test]
async fn what_happens_in_the_middle_of_a_retry_is_no_different() {
    let scene = Scene::set().await;
    scene.receiver.answer([Answer::status(500)]);
    scene.bed.deliver().await;
    scene.bed.pass(300);
    let second = scene.delivery.next_attempt();
    let message = scene.bed.system().sqs().peek(scene.bed.retry_queue_name()).unwrap().remove(0);
    let now = scene.bed.now();
    let claim =
        Claim { delivery: &second, message_id: &message.id, now, until: now + TimeDelta::seconds(65) };
    scene.log.claim(&claim).await.unwrap().unwrap();
    scene.bed.drain().await;
    let attempts = &scene.bed.log(scene.instance.id()).await[0].attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| (attempt.attempt, attempt.status_code)).collect();
    assert_eq!(numbers, [(1, Some(500)), (2, None), (2, Some(200))]);
}
