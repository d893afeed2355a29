//! Claims, bodies and outcomes that are written at the same time are one call to DynamoDB, and each has its own answer.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use shared::events::bodies::DynamoPayloadStore;
use shared::events::body::Deflated;
use shared::events::log::{
    AttemptRecord, Claim, ClaimId, Claimed, Decision, DynamoDeliveryLog, KeptBody, Refusal, Settlement,
};
use shared::events::message::QueuedDelivery;
use shared::platform::aws::{Aws, Statements};
use tests::bed::Bed;
use tests::faults::{Faults, Plan};

/// The delivery log and the bodies behind wires that count calls.
struct Scene {
    bed: Bed,
    faults: Faults,
    statements: Statements,
    log: DynamoDeliveryLog,
    payloads: DynamoPayloadStore,
}

impl Scene {
    async fn set() -> Self {
        let bed = Bed::start().await;
        let faults = Faults::between(&bed).await;
        let client = Aws::from_variables(faults.variables()).unwrap().dynamodb();
        let table = |name: &str| bed.system().environment()[name].clone();
        let statements = Statements::new(client.clone());
        let log = DynamoDeliveryLog::new(statements.clone(), table("EVENTS_TABLE"), TimeDelta::days(30));
        let payloads = DynamoPayloadStore::new(client, table("PAYLOADS_TABLE"));
        Self { bed, faults, statements, log, payloads }
    }

    fn now(&self) -> DateTime<Utc> {
        self.bed.now()
    }

    fn id(&self, message: &str) -> ClaimId {
        ClaimId::new(message.to_owned(), self.now() + TimeDelta::seconds(64), "call", message)
    }

    /// Claims all at the same time, each for the message of its number.
    async fn claim(&self, texts: &[String]) -> Vec<Result<Claimed, String>> {
        let claims = texts.iter().enumerate().map(async |(number, text)| {
            let delivery = QueuedDelivery::from_message(text).unwrap();
            let (id, now) = (self.id(&number.to_string()), self.now());
            let claim = Claim { delivery: &delivery, id, now, body: KeptBody::Known };
            self.log.claim(&claim).await.map_err(|error| error.to_string())
        });
        join_all(claims).await
    }
}

/// The message of an attempt at an event.
fn message(event: usize, attempt: u32) -> String {
    format!(
        r#"{{"version":2,"instanceId":1,"eventId":"event{event}","receivedAt":0,"round":0,"attempt":{attempt},"events":[],"raw":{{}}}}"#
    )
}

fn messages(count: usize) -> Vec<String> {
    (0..count).map(|event| message(event, 1)).collect()
}

const GRANTED: Result<Claimed, String> = Ok(Claimed::Granted(Vec::new()));

#[tokio::test]
async fn claims_of_a_batch_are_one_call() {
    let scene = Scene::set().await;
    assert_eq!(scene.claim(&messages(10)).await, vec![GRANTED; 10]);
    assert_eq!(scene.faults.calls(), ["BatchExecuteStatement EventsTable"]);
}

#[tokio::test]
async fn a_claim_that_is_refused_leaves_the_others_alone() {
    let scene = Scene::set().await;
    assert_eq!(scene.claim(&messages(1)).await, [GRANTED]);
    // The first is claimed already, by the message with the same number; the last is a duplicate of the one before it.
    let mut texts = messages(4);
    texts.push(message(3, 1));
    let claims = scene.claim(&texts).await;
    assert_eq!(claims[..4], [GRANTED, GRANTED, GRANTED, GRANTED], "its own claim is recognised");
    assert_eq!(claims[4], Ok(Claimed::Refused(Refusal::Duplicate)));
}

#[tokio::test]
async fn a_later_attempt_is_a_call_of_its_own() {
    let scene = Scene::set().await;
    let mut texts = messages(2);
    texts.push(message(2, 2));
    assert_eq!(scene.claim(&texts).await, vec![GRANTED; 3]);
    let calls = scene.faults.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
}

#[tokio::test]
async fn a_call_that_fails_grants_nothing() {
    let scene = Scene::set().await;
    scene.faults.plan(Plan::Away("EventsTable".to_owned()));
    let claims = scene.claim(&messages(3)).await;
    assert!(
        claims.iter().all(|it| it.as_ref().is_err_and(|error| error.contains("claim an attempt"))),
        "{claims:?}"
    );
    scene.faults.plan(Plan::Healthy);
    assert_eq!(scene.claim(&messages(3)).await, vec![GRANTED; 3]);
}

#[tokio::test]
async fn outcomes_are_one_call_and_only_the_holder_writes_them() {
    let scene = Scene::set().await;
    let texts = messages(3);
    scene.claim(&texts).await;
    scene.faults.plan(Plan::Healthy);
    let outcomes = texts.iter().enumerate().map(async |(number, text)| {
        let delivery = QueuedDelivery::from_message(text).unwrap();
        // The last is written by somebody who never had the claim.
        let holder = if number == 2 { 7 } else { number };
        let settlement = Settlement {
            claim: scene.id(&holder.to_string()),
            decision: Decision::Deliver,
            attempts: vec![made(scene.now())],
        };
        scene.log.record(&delivery, &settlement).await.unwrap()
    });
    assert_eq!(join_all(outcomes).await, [true, true, false]);
    assert_eq!(scene.faults.calls(), ["BatchExecuteStatement EventsTable", "UpdateItem EventsTable"]);
    // Whoever writes it again finds it written.
    let delivery = QueuedDelivery::from_message(&texts[0]).unwrap();
    let settlement =
        Settlement { claim: scene.id("0"), decision: Decision::Deliver, attempts: vec![made(scene.now())] };
    assert!(scene.log.record(&delivery, &settlement).await.unwrap());
    let refused = scene.claim(&texts[..1]).await;
    assert_eq!(refused, [Ok(Claimed::Refused(Refusal::Over))]);
}

#[tokio::test]
async fn a_body_joins_its_claim_and_fails_alone() {
    let scene = Scene::set().await;
    let texts = messages(1);
    let delivery = QueuedDelivery::from_message(&texts[0]).unwrap();
    let raw = serde_json::value::to_raw_value(&"x".repeat(500)).unwrap();
    let (body, expires_at) = (Deflated::of(&raw), scene.now() + TimeDelta::days(30));
    let put = || scene.payloads.put_new(&scene.statements, &delivery.event_id, &body, expires_at);
    scene.faults.plan(Plan::Away("PayloadsTable".to_owned()));
    let (claimed, stored) = tokio::join!(scene.claim(&texts), put());
    assert_eq!((claimed, stored.unwrap()), (vec![GRANTED], false));
    scene.faults.plan(Plan::Healthy);
    let others = messages(2);
    let (claimed, stored) = tokio::join!(scene.claim(&others[1..]), put());
    assert_eq!((claimed, stored.unwrap()), (vec![GRANTED], true));
    assert_eq!(scene.faults.calls().len(), 1);
    assert!(!put().await.unwrap(), "it is stored already");
    assert_eq!(scene.payloads.get(&delivery.event_id, &body.check()).await.unwrap(), Some(body.clone()));
}

fn made(at: DateTime<Utc>) -> AttemptRecord {
    AttemptRecord {
        round: 0,
        attempt: 1,
        at,
        duration_ms: Some(1),
        status_code: Some(200),
        error: None,
        excerpt: None,
        probe: false,
    }
}
