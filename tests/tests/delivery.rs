//! From the queue to the callback URL: attempts, retries, dead letters.

use base64::Engine as _;
use chrono::{DateTime, TimeDelta, Utc};
use local::Data;
use serde_json::json;
use shared::events::log::DeliveryStatus;
use tests::bed::{Bed, Instance};
use tests::fixtures;
use tests::receiver::{Answer, Receiver};

const ATTEMPTS: &str = "event.notification.retry.attempts";
const INTERVAL: &str = "event.notification.retry.interval";

async fn event_at(bed: &Bed, callback_url: &str, settings: &[(&str, &str)]) -> Instance {
    let instance = bed.provision(callback_url, settings).await;
    let answer = instance.receives(fixtures::read("close/webhook.lead.created.json")).await;
    assert_eq!(answer.status, 200);
    instance
}

async fn attempt_times(bed: &Bed, instance: &Instance) -> Vec<DateTime<Utc>> {
    bed.log(instance.id()).await[0].attempts.iter().map(|attempt| attempt.at).collect()
}

#[tokio::test]
async fn an_event_is_delivered_and_logged_once() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    bed.drain().await;
    assert_eq!(receiver.count(), 1);
    let log = bed.log(instance.id()).await;
    assert_eq!((log.len(), log[0].delivery_status), (1, DeliveryStatus::Delivered));
    assert_eq!((log[0].attempts.len(), log[0].attempts[0].status_code), (1, Some(200)));
    assert_eq!(log[0].expires_at, (bed.now() + TimeDelta::days(30)).timestamp());
    assert_eq!(bed.queue().total(), 0);
}

#[tokio::test]
async fn a_receiver_that_fails_twice_gets_the_third_attempt() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    // A reused connection that is reset at once may be stale: the same attempt is made on another one.
    receiver.answer([Answer::status(500).with_body("out of order"), Answer::Reset, Answer::Reset]);
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    bed.drain().await;
    let requests = receiver.received();
    assert_eq!(requests.len(), 4);
    let ids: Vec<_> = requests.iter().map(|request| request.header("elements-webhook-id")).collect();
    assert_eq!(ids, [ids[0]; 4], "an event keeps its id");
    assert!(requests.iter().all(|request| request.body == requests[0].body), "and its body");
    let log = &bed.log(instance.id()).await[0];
    assert_eq!(log.delivery_status, DeliveryStatus::Delivered);
    let outcomes: Vec<_> =
        log.attempts.iter().map(|attempt| (attempt.attempt, attempt.status_code)).collect();
    assert_eq!(outcomes, [(1, Some(500)), (2, None), (3, Some(200))]);
    assert_eq!(log.attempts[0].excerpt.as_deref(), Some("out of order"));
    assert!(bed.dead_letters().is_empty());
}

#[tokio::test]
async fn attempts_are_five_minutes_apart_to_the_second() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.otherwise(Answer::status(503));
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    for expected in 1..=3 {
        bed.deliver().await;
        assert_eq!(receiver.count(), expected);
        bed.pass(299);
        bed.deliver().await;
        assert_eq!(receiver.count(), expected, "not a second early");
        bed.pass(1);
    }
    let times = attempt_times(&bed, &instance).await;
    let gaps: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).collect();
    assert_eq!(gaps, [300, 300]);
}

#[tokio::test]
async fn a_receiver_that_always_fails_costs_three_attempts_and_the_event_is_kept() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.otherwise(Answer::status(500));
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    bed.drain().await;
    bed.pass(86_400);
    bed.drain().await;
    assert_eq!(receiver.count(), 3);
    let log = &bed.log(instance.id()).await[0];
    assert_eq!(log.delivery_status, DeliveryStatus::Failed);
    assert_eq!(log.reason.as_deref(), Some("the receiver answered 500"));

    let dead = bed.dead_letters();
    assert_eq!(dead.len(), 1);
    let attributes: Vec<_> = dead[0].attributes.keys().map(String::as_str).collect();
    assert_eq!(attributes, ["Attempts", "EventId", "InstanceId", "Reason"]);
    assert_eq!(dead[0].group_id, Some(instance.id().to_string()));
}

#[tokio::test]
async fn a_dead_letter_moved_back_is_tried_again() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.answer([Answer::status(500), Answer::status(500), Answer::status(500)]);
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    bed.drain().await;
    let sqs = bed.system().sqs();
    let arn = |queue| sqs.queue_arn(queue).unwrap();
    // The dispatcher sent it there, so SQS does not know where to move it back to.
    sqs.start_move(&arn(bed.dead_letter_queue_name()), Some(&arn(bed.queue_name()))).unwrap();
    bed.drain().await;
    assert_eq!((receiver.count(), bed.dead_letters().len()), (4, 0));
    let log = &bed.log(instance.id()).await[0];
    assert_eq!((log.delivery_status, log.attempts.len()), (DeliveryStatus::Delivered, 4));
    assert_eq!((log.attempts[3].round, log.attempts[3].attempt), (1, 1));
}

#[tokio::test]
async fn an_instance_may_choose_its_schedule() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.otherwise(Answer::status(500));
    let instance = event_at(&bed, &receiver.url(), &[(ATTEMPTS, "5"), (INTERVAL, "20")]).await;
    bed.drain().await;
    let times = attempt_times(&bed, &instance).await;
    let gaps: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).collect();
    assert_eq!(gaps, [20, 20, 20, 20]);
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.answer([Answer::status(429).with_header("retry-after", "700")]);
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    bed.drain().await;
    let times = attempt_times(&bed, &instance).await;
    assert_eq!((times[1] - times[0]).num_seconds(), 700);
}

#[tokio::test]
async fn a_410_ends_the_delivery_at_once() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.otherwise(Answer::status(410));
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    bed.drain().await;
    assert_eq!((receiver.count(), bed.dead_letters().len()), (1, 1));
    assert_eq!(bed.log(instance.id()).await[0].delivery_status, DeliveryStatus::Failed);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let elsewhere = receiver.at("/elsewhere");
    receiver.at("/hook").otherwise(Answer::status(302).with_header("location", elsewhere.url()));
    event_at(&bed, receiver.at("/hook").url(), &[]).await;
    bed.drain().await;
    assert_eq!((receiver.count(), elsewhere.received().len()), (3, 0));
}

#[tokio::test]
async fn a_refused_connection_is_a_failure_like_any_other() {
    let bed = Bed::start().await;
    let receiver = Receiver::start().await;
    let url = receiver.url();
    drop(receiver);
    let instance = event_at(&bed, &url, &[]).await;
    bed.drain().await;
    let log = &bed.log(instance.id()).await[0];
    assert_eq!((log.delivery_status, log.attempts.len()), (DeliveryStatus::Failed, 3));
    assert!(log.reason.as_ref().unwrap().starts_with("the connection failed"), "{:?}", log.reason);
}

#[tokio::test]
async fn a_forbidden_url_fails_at_once_with_the_rule() {
    let strict =
        Bed::with(Data::Memory, "2026-11-21T10:00:00Z", &[("CALLBACK_ALLOW_PRIVATE", "false")]).await;
    let receiver = Receiver::start().await;
    let rows = [
        (receiver.url(), "the callback URL is refused: its scheme must be https"),
        (receiver.url().replace("http:", "https:"), "the callback URL is refused: "),
        ("http://example.com/hook".to_owned(), "the callback URL is refused: its scheme must be https"),
    ];
    for (number, (url, reason)) in rows.iter().enumerate() {
        // As if it had been allowed when it was provisioned.
        let instance = strict.stored(url, |_| {}).await;
        instance.receives(fixtures::read("close/webhook.lead.created.json")).await;
        strict.drain().await;
        let log = &strict.log(instance.id()).await[0];
        assert_eq!((log.delivery_status, log.attempts.len()), (DeliveryStatus::Failed, 1), "{url}");
        assert!(log.reason.as_ref().unwrap().starts_with(reason), "{:?}", log.reason);
        assert_eq!((receiver.count(), strict.dead_letters().len()), (0, number + 1));
    }
}

#[tokio::test]
async fn an_event_of_an_instance_switched_off_is_dropped() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.stored(&receiver.url(), |instance| instance.disabled = true).await;
    // It was switched on when Close sent the event.
    let text = format!(
        r#"{{"version":2,"instanceId":{},"eventId":"e1","receivedAt":0,"round":0,"attempt":1,"events":[],"raw":{{}}}}"#,
        instance.id()
    );
    bed.system().sqs().send(bed.queue_name(), &sqs::NewMessage::new(text)).unwrap();
    bed.drain().await;
    let log = &bed.log(instance.id()).await[0];
    assert_eq!(
        (log.delivery_status, log.reason.as_deref()),
        (DeliveryStatus::Dropped, Some("the instance is disabled"))
    );
    assert_eq!((receiver.count(), bed.dead_letters().len()), (0, 0));
}

#[tokio::test]
async fn the_same_webhook_posted_five_times_arrives_once() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    for fixture in ["close/webhook.lead.updated.json", "close/legacy.lead.delete.json"] {
        let receiver = receiver.at(fixture);
        let instance = bed.provision(receiver.url(), &[]).await;
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(instance.receives(fixtures::read(fixture)).await.json());
            bed.pass(300);
        }
        assert_eq!(answers, vec![answers[0].clone(); 5], "one occurrence has one id");
        bed.drain().await;
        assert_eq!(receiver.received().len(), 1, "{fixture}");
        assert_eq!(bed.log(instance.id()).await.len(), 1);
    }
}

#[tokio::test]
async fn a_duplicate_of_an_event_that_waits_for_its_retry_makes_no_attempt() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.otherwise(Answer::status(500));
    let instance = event_at(&bed, &receiver.url(), &[]).await;
    bed.deliver().await;
    instance.receives(fixtures::read("close/webhook.lead.created.json")).await;
    bed.deliver().await;
    assert_eq!(receiver.count(), 1);
    bed.drain().await;
    assert_eq!((receiver.count(), bed.dead_letters().len()), (3, 1));
}

#[tokio::test]
async fn callbacks_have_the_configured_headers() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let settings = [
        ("event.notification.signature.key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("event.notification.basic.username", "us"),
        ("event.notification.basic.password", "pass:word"),
        ("event.notification.callback.headers", r#"{"X-Team": "sales", "User-Agent": "mine"}"#),
    ];
    event_at(&bed, &receiver.url(), &settings).await;
    bed.drain().await;
    let request = &receiver.received()[0];
    let header = |name| request.header(name).unwrap_or_default();
    assert_eq!((request.method.as_str(), header("content-type")), ("POST", "application/json"));
    assert_eq!((header("x-team"), header("authorization")), ("sales", "Basic dXM6cGFzczp3b3Jk"));
    assert!(header("user-agent").starts_with("closeio-events/"), "{}", header("user-agent"));
    let id = request.message()["message"]["eventId"].clone();
    assert_eq!((json!(header("elements-webhook-id")), json!(header("webhook-id"))), (id.clone(), id));

    // Computed here from the specifications, not with the code under test.
    let body = std::str::from_utf8(&request.body).unwrap();
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert_eq!(header("elements-webhook-signature"), format!("sha256={}", mac(key.as_bytes(), body)));
    let secret = base64::engine::general_purpose::STANDARD.decode(&key["whsec_".len()..]).unwrap();
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    assert_eq!(header("webhook-signature"), format!("v1,{}", mac(&secret, &signed)));
    assert_eq!(header("webhook-timestamp"), bed.now().timestamp().to_string());
}

#[tokio::test]
async fn an_unsigned_instance_sends_no_signature() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    event_at(&bed, &receiver.url(), &[]).await;
    bed.drain().await;
    let request = &receiver.received()[0];
    for name in ["elements-webhook-signature", "webhook-id", "webhook-signature", "authorization"] {
        assert_eq!(request.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn one_batch_may_have_successes_and_failures() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let good = bed.provision(receiver.at("/good").url(), &[]).await;
    let bad = bed.provision(receiver.at("/bad").url(), &[]).await;
    receiver.at("/bad").otherwise(Answer::status(500));
    for number in 0..20 {
        let body = json!({"model": "lead", "event": "create", "data": {"id": format!("lead_{number}")}});
        let instance = if number % 2 == 0 { &good } else { &bad };
        instance.receives(body.to_string()).await;
    }
    bed.drain().await;
    assert_eq!(receiver.at("/good").received().len(), 10);
    assert_eq!(receiver.at("/bad").received().len(), 30);
    assert_eq!((bed.dead_letters().len(), bed.queue().total()), (10, 0));
}

#[tokio::test]
async fn a_message_that_is_not_a_delivery_ends_in_the_poison_queue() {
    let bed = Bed::start().await;
    bed.system().sqs().send(bed.queue_name(), &sqs::NewMessage::new("not a delivery")).unwrap();
    bed.drain().await;
    assert_eq!(bed.dead_letters().len(), 0, "no event failed");
    assert_eq!(bed.poison().len(), 1);
    assert_eq!(bed.poison()[0].body, "not a delivery");
}

#[expect(clippy::unwrap_used, reason = "HMAC takes a key of any length")]
fn mac(key: &[u8], text: &str) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap().chain_update(text);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}
