//! A dispatcher that dies half-way: the event still arrives, and no attempt is lost.

use chrono::TimeDelta;
use shared::events::log::{
    AttemptRecord, Claim, ClaimId, Claimed, Decision, DeliveryStatus, DynamoDeliveryLog, KeptBody, Refusal,
    Settlement,
};
use shared::events::message::QueuedDelivery;
use shared::platform::aws::{Aws, Statements};
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
    message: String,
    message_id: String,
    log: DynamoDeliveryLog,
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
        let log = DynamoDeliveryLog::new(Statements::new(client), table, TimeDelta::days(30));
        Self { bed, receiver, instance, message: message.body, message_id: message.id, log }
    }

    #[expect(clippy::unwrap_used, reason = "it is the webhook function's")]
    fn delivery(&self) -> QueuedDelivery<'_> {
        QueuedDelivery::from_message(&self.message).unwrap()
    }

    fn claim<'a>(&self, delivery: &'a QueuedDelivery<'a>, message_id: &str) -> Claim<'a> {
        let now = self.bed.now();
        let id = ClaimId::new(message_id.to_owned(), now + TimeDelta::seconds(64), "call", message_id);
        Claim { delivery, id, now, body: KeptBody::of(delivery, None) }
    }

    #[expect(clippy::unwrap_used, reason = "the first claim of an event is granted")]
    async fn claimed(&self) -> ClaimId {
        let delivery = self.delivery();
        let claim = self.claim(&delivery, &self.message_id);
        assert!(matches!(self.log.claim(&claim).await.unwrap(), Claimed::Granted(_)));
        claim.id
    }

    #[expect(clippy::unwrap_used, reason = "the table can be written")]
    async fn records(&self, claim: &ClaimId, decision: Decision) -> bool {
        let attempts = vec![failed(&self.bed)];
        let settlement = Settlement { claim: claim.clone(), decision, attempts };
        self.log.record(&self.delivery(), &settlement).await.unwrap()
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
        probe: false,
    }
}

#[tokio::test]
async fn an_interrupted_attempt_is_made_again_under_its_number() {
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
async fn a_duplicate_of_an_attempt_under_way_is_dropped() {
    let scene = Scene::set().await;
    scene.claimed().await;
    scene.instance.receives(fixtures::read("close/legacy.lead.create.json")).await;
    scene.bed.deliver().await;
    assert_eq!((scene.receiver.count(), scene.bed.queue().total()), (0, 1));
    scene.bed.drain().await;
    assert_eq!((scene.receiver.count(), scene.status().await), (1, DeliveryStatus::Delivered));
}

#[tokio::test]
async fn a_retry_that_was_decided_and_not_queued_is_queued() {
    let scene = Scene::set().await;
    let claim = scene.claimed().await;
    let due = scene.bed.now() + TimeDelta::seconds(300);
    assert!(scene.records(&claim, Decision::Retry { due, reason: "500".to_owned() }).await);
    scene.bed.deliver().await;
    assert_eq!((scene.receiver.count(), scene.bed.queue().delayed), (0, 1), "no second first attempt");
    scene.bed.drain().await;
    assert_eq!((scene.receiver.count(), scene.status().await), (1, DeliveryStatus::Delivered));
}

#[tokio::test]
async fn a_failure_that_was_decided_and_not_dead_lettered_is() {
    let scene = Scene::set().await;
    let claim = scene.claimed().await;
    assert!(scene.records(&claim, Decision::Fail { reason: "the receiver answered 410".to_owned() }).await);
    scene.bed.drain().await;
    assert_eq!((scene.receiver.count(), scene.bed.dead_letters().len()), (0, 1));
}

#[tokio::test]
async fn an_outcome_is_written_only_while_its_claim_holds() {
    let scene = Scene::set().await;
    let late = scene.claimed().await;
    scene.bed.pass(VISIBLE_AGAIN);
    scene.bed.deliver().await;
    let end = Decision::Fail { reason: "500".to_owned() };
    assert!(!scene.records(&late, end.clone()).await, "another function has taken over");
    assert_eq!(scene.status().await, DeliveryStatus::Delivered);

    let scene = Scene::set().await;
    let claim = scene.claimed().await;
    assert!(scene.records(&claim, end.clone()).await);
    assert!(scene.records(&claim, end).await, "the answer of the first write was lost");
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_recognises_itself() {
    let scene = Scene::set().await;
    scene.claimed().await;
    let delivery = scene.delivery();
    let again = scene.log.claim(&scene.claim(&delivery, &scene.message_id)).await.unwrap();
    assert_eq!(again, Claimed::Granted(Vec::new()), "no attempt that never was");
    let other = scene.log.claim(&scene.claim(&delivery, "another message")).await.unwrap();
    assert_eq!(other, Claimed::Refused(Refusal::Duplicate));

    // It was lost for good, and the message is sent anew, naming the claim without an attempt.
    let mut anew = scene.delivery();
    anew.handling.holder = Some(scene.message_id.clone());
    anew.handling.abandoned = Some(scene.claim(&delivery, &scene.message_id).id);
    scene.bed.pass(30);
    let text = anew.to_message();
    scene.bed.system().sqs().send(scene.bed.queue_name(), &sqs::NewMessage::new(text)).unwrap();
    scene.bed.deliver().await;
    let log = &scene.bed.log(scene.instance.id()).await[0];
    assert_eq!((log.delivery_status, log.attempts.len()), (DeliveryStatus::Delivered, 1));
    assert_eq!(scene.receiver.count(), 1);
}

#[tokio::test]
async fn an_interrupted_retry_behaves_like_a_first_attempt() {
    let scene = Scene::set().await;
    scene.receiver.answer([Answer::status(500)]);
    scene.bed.deliver().await;
    scene.bed.pass(300);
    let second = scene.delivery().next_attempt();
    let message = scene.bed.system().sqs().peek(scene.bed.retry_queue_name()).unwrap().remove(0);
    let claimed = scene.log.claim(&scene.claim(&second, &message.id)).await.unwrap();
    assert!(matches!(claimed, Claimed::Granted(_)));
    scene.bed.drain().await;
    let attempts = &scene.bed.log(scene.instance.id()).await[0].attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| (attempt.attempt, attempt.status_code)).collect();
    assert_eq!(numbers, [(1, Some(500)), (2, None), (2, Some(200))]);
}
