//! The check of subscriptions at Close: what it finds and repairs, losing and repeating nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use lambda_runtime::{Context, LambdaEvent};
use poller::Poller;
use serde_json::{Value, json};
use tests::bed::{Bed, Instance, SeededRandom};
use tests::close::{Close, Quirks, Rest};
use tests::hostile::{Hostile, Script};
use tests::receiver::Receiver;

use super::get;

const PROVISIONING: &str = "event.notification.subscription.provisioning";
const ID: &str = "event.notification.subscription.id";

/// An instance with an automatic subscription, at a Close that can pause it.
struct Subscribed {
    bed: Bed,
    close: Close,
    rest: Rest,
    receiver: Receiver,
    instance: Instance,
}

impl Subscribed {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let close = Close::new(3, Arc::new(bed.clock().clone()));
        let rest = close.serve(bed.clock(), Quirks::default()).await;
        let automatic = [(PROVISIONING, "automatic"), ("base.url", rest.url())];
        let instance = bed.provision(&receiver.url(), &[&automatic, settings].concat()).await;
        rest.take_calls();
        Self { bed, close, rest, receiver, instance }
    }

    /// Lets time pass as on AWS, with the scheduled calls.
    async fn minutes(&self, minutes: usize) {
        for _ in 0..minutes.div_ceil(5) {
            self.bed.system().tick(Duration::from_secs(300)).await;
            self.bed.minutes(5).await;
        }
    }

    async fn shown(&self) -> Value {
        get(&self.bed, &format!("/instances/{}", self.instance.id())).await.json()
    }

    async fn subscription(&self) -> String {
        self.shown().await["configuration"][ID].as_str().unwrap().to_owned()
    }

    /// Posts Close's pending webhooks and delivers them.
    async fn post(&self) -> Vec<u16> {
        let statuses = self.close.post_pending().await;
        self.bed.drain().await;
        statuses.iter().map(http::StatusCode::as_u16).collect()
    }

    /// The names of the leads that the receiver got, with repetitions.
    fn told(&self) -> Vec<String> {
        let name =
            |message: &Value| message["message"]["raw"]["event"]["data"]["name"].as_str().map(str::to_owned);
        let mut names: Vec<_> =
            self.receiver.received().iter().filter_map(|it| name(&it.message())).collect();
        names.sort_unstable();
        names
    }

    async fn patch(&self, change: &Value) -> Value {
        let path = format!("/instances/{}", self.instance.id());
        let answer = self.bed.call(Method::PATCH, &path, change).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
        answer.json()
    }
}

#[tokio::test]
async fn a_paused_subscription_is_resumed_and_its_gap_filled_once() {
    let it = Subscribed::start(&[]).await;
    assert_eq!(it.shown().await["subscriptionState"], "active");
    it.close.create_lead("before");
    assert_eq!(it.post().await, [200]);
    it.minutes(60).await;
    assert_eq!(it.told(), ["before"]);
    let id = it.subscription().await;
    it.close.create_lead("thrown away");
    it.close.pause_subscription(&id);
    it.close.create_lead("unsent");
    assert_eq!(it.post().await, Vec::<u16>::new());
    it.minutes(60).await;

    assert_eq!(it.close.subscriptions()[0]["status"], "active");
    assert_eq!(it.told(), ["before", "thrown away", "unsent"]);
    let webhook = &it.receiver.received()[0].message()["message"];
    let filled = &it.receiver.received()[1].message()["message"];
    let keys = |message: &Value| message["raw"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(filled), keys(webhook), "it looks like the webhook that it stands for");
    assert_eq!(filled["events"][0].get("pollDate"), None);
    let shown = it.shown().await;
    assert_eq!((&shown["subscriptionState"], it.subscription().await), (&json!("active"), id));
    let error = shown["lastError"]["subscription"]["message"].as_str().unwrap();
    assert!(error.contains("found paused: too many failures"), "{error}");
    it.close.create_lead("after");
    assert_eq!(it.post().await, [200]);
    it.minutes(180).await;
    assert_eq!(it.told(), ["after", "before", "thrown away", "unsent"], "and never again");
}

#[tokio::test]
async fn events_that_the_feed_shows_late_are_not_missed() {
    let it = Subscribed::start(&[]).await;
    it.rest.behave(|quirks| quirks.event_lag = TimeDelta::minutes(8));
    it.minutes(30).await;
    it.close.pause_subscription(&it.subscription().await);
    it.minutes(30).await;
    // Just before the look, which is in the first minutes of the hour.
    for number in 0..12 {
        it.close.create_lead(&format!("lead {number}"));
    }
    it.minutes(5).await;
    assert_eq!(it.shown().await["subscriptionState"], "active");
    let at_first = it.told().len();
    assert!((1..12).contains(&at_first), "{at_first} of 12 are in the log by then");
    it.minutes(15).await;
    let mut told = it.told();
    told.dedup();
    assert_eq!((told.len(), it.told().len()), (12, 12));
}

#[tokio::test]
async fn a_missing_subscription_is_created_again_and_the_old_key_stays_valid() {
    let it = Subscribed::start(&[]).await;
    let old = it.subscription().await;
    // Signed with the old key, and under way when the subscription goes.
    it.close.create_lead("on its way");
    assert_eq!(it.post().await, [200]);
    it.close.end_subscription(&old);
    it.close.create_lead("unsent");
    it.minutes(65).await;

    let new = it.subscription().await;
    assert_ne!(new, old);
    assert_eq!(it.close.subscriptions().len(), 1);
    assert_eq!(it.close.subscriptions()[0]["url"], it.instance.answer["webhookUrl"]);
    assert_eq!(it.told(), ["on its way", "unsent"]);
    it.close.create_lead("by the new key");
    assert_eq!(it.post().await, [200]);
    assert_eq!(it.close.repeat_last(2).await.len(), 2);
    it.bed.drain().await;
    assert_eq!(it.told(), ["by the new key", "on its way", "unsent"]);

    // What the old key signed is accepted for 72 hours.
    assert_eq!(
        it.close.repeat_last(2).await.iter().map(http::StatusCode::as_u16).collect::<Vec<_>>(),
        [200, 200]
    );
    it.bed.pass(72 * 3600);
    assert_eq!(
        it.close.repeat_last(2).await.iter().map(http::StatusCode::as_u16).collect::<Vec<_>>(),
        [401, 200]
    );
    // The key is stored with the secrets, and a change of the instance keeps it.
    it.patch(&json!({"name": "New"})).await;
    assert_eq!(
        it.shown().await["configuration"]["event.notification.subscription.signature.key"],
        "********"
    );
}

#[tokio::test]
async fn a_refused_key_is_shown_and_asked_about_once_an_hour() {
    let it = Subscribed::start(&[]).await;
    it.rest.behave(|quirks| {
        quirks.revoked.insert("api_key".to_owned());
    });
    it.minutes(180).await;
    let calls = it.rest.take_calls();
    assert_eq!(calls.len(), 3, "{calls:?}");
    let shown = it.shown().await;
    assert_eq!(shown["subscriptionState"], "refused");
    let error = shown["lastError"]["subscription"]["message"].as_str().unwrap();
    assert!(error.starts_with("Close answered 401: The server could not verify"), "{error}");
    let list = get(&it.bed, "/instances").await.json();
    assert_eq!(list[0]["subscriptionState"], "refused");
    it.rest.behave(|quirks| quirks.revoked.clear());
    it.minutes(60).await;
    assert_eq!(it.shown().await["subscriptionState"], "active");
}

#[tokio::test]
async fn checks_back_off_while_close_fails_and_miss_no_pause() {
    let it = Subscribed::start(&[]).await;
    it.close.pause_subscription(&it.subscription().await);
    it.close.create_lead("unsent");
    it.rest.behave(|quirks| quirks.failing_percent = 100);
    it.minutes(180).await;
    assert_eq!(it.shown().await["subscriptionState"], "failing");
    let calls = it.rest.take_calls().len();
    assert!((3..15).contains(&calls), "{calls} calls in three hours");
    it.rest.behave(|quirks| quirks.failing_percent = 0);
    it.minutes(65).await;
    assert_eq!(
        (it.shown().await["subscriptionState"].clone(), it.told()),
        (json!("active"), vec!["unsent".into()])
    );
}

#[tokio::test]
async fn an_account_that_never_answers_delays_no_other() {
    let it = Subscribed::start(&[]).await;
    // Created while Close still answered; then its host accepts connections without answering.
    let hostile = Hostile::start(Script::send("")).await;
    let slow = [(PROVISIONING, "automatic"), ("base.url", it.rest.url()), ("username", "api_slow")];
    let slow = it.bed.provision(&it.receiver.url(), &slow).await;
    // A change is checked within a minute: both in one batch.
    for instance in [slow.id(), it.instance.id()] {
        let path = format!("/instances/{instance}");
        let change = json!({"configuration": {"event.objects": "lead"}});
        assert_eq!(it.bed.call(Method::PATCH, &path, &change).await.status, 200);
    }
    let silent = hostile.url();
    stored_base_url(&it.bed, slow.id(), silent.split('?').next().unwrap()).await;
    it.close.pause_subscription(&it.subscription().await);
    it.bed.system().tick(Duration::from_secs(60)).await;
    tokio::select! {
        _ = it.bed.deliver() => panic!("the silent one was given up before its deadline"),
        done = until(|| it.close.subscriptions()[0]["status"] == "active") => assert!(done, "it waits for the other"),
    }
    assert_eq!(hostile.connections(), 1, "it was asked at the same time");
}

/// Waits for another task, for much less than the time limit of a request to Close.
async fn until(done: impl Fn() -> bool) -> bool {
    for _ in 0..100 {
        if done() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Moves an instance's Close elsewhere, past the check that provisioning makes there.
async fn stored_base_url(bed: &Bed, instance: u64, url: &str) {
    use aws_sdk_dynamodb::types::AttributeValue;
    let variables = bed.system().environment().clone().into_iter().collect();
    let client = shared::platform::aws::Aws::from_variables(&variables).unwrap().dynamodb();
    let update = client.update_item().table_name(&bed.system().environment()["INSTANCES_TABLE"]);
    let update = update
        .key("instance_id", AttributeValue::N(instance.to_string()))
        .update_expression("SET configuration.#url = :url")
        .expression_attribute_names("#url", "base.url")
        .expression_attribute_values(":url", AttributeValue::S(url.to_owned()));
    update.send().await.unwrap();
}

#[tokio::test]
async fn a_long_gap_is_filled_in_parts_each_event_once() {
    let it = Subscribed::start(&[]).await;
    it.close.pause_subscription(&it.subscription().await);
    for number in 0..220 {
        it.close.create_lead(&format!("lead {number}"));
    }
    it.rest.behave(|quirks| quirks.request_takes = TimeDelta::seconds(7));
    it.minutes(80).await;
    let mut told = it.told();
    assert_eq!(told.len(), 220);
    told.dedup();
    assert_eq!(told.len(), 220, "each once");
    let pages = it.rest.take_calls().iter().filter(|call| call.path == "event/").count();
    assert!(pages >= 6, "{pages} pages, and the settled end again");
}

#[tokio::test]
async fn a_subscription_covers_only_the_wanted_objects() {
    let it = Subscribed::start(&[("event.objects", "accounts")]).await;
    let types = || -> BTreeSet<String> {
        let events = it.close.subscriptions()[0]["events"].as_array().unwrap().clone();
        events.iter().map(|event| event["object_type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(types(), BTreeSet::from(["lead".to_owned()]));
    it.patch(&json!({"configuration": {"event.objects": "contacts, activity.note"}})).await;
    assert_eq!(types(), BTreeSet::from(["activity.note".to_owned(), "contact".to_owned()]));
    assert_eq!(it.rest.take_calls().iter().filter(|call| call.method == Method::PUT).count(), 1);
    it.patch(&json!({"configuration": {"event.objects": "contacts,activity.note"}})).await;
    assert_eq!(it.rest.take_calls().len(), 0, "the same is no change");

    let path = format!("/instances/{}", it.instance.id());
    let nothing = json!({"configuration": {"event.objects": "users"}});
    let answer = it.bed.call(Method::PATCH, &path, &nothing).await;
    assert!(
        answer.message().contains("event.objects names nothing that a subscription"),
        "{}",
        answer.message()
    );
    // Close refuses: the instance stays as it is.
    it.rest.behave(|quirks| quirks.faults.push_back(tests::close::Fault::Status(400)));
    let refused = it.bed.call(Method::PATCH, &path, &json!({"configuration": {"event.objects": null}})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(it.shown().await["configuration"]["event.objects"], "contacts,activity.note");

    // Somebody else changes it at Close: the next check corrects it, and another's gap is not filled with it.
    let id = it.subscription().await;
    it.close.pause_subscription(&id);
    it.close.create_lead("not wanted");
    let lead = it.close.create_lead("nor this");
    it.close.create("contact", &json!({"name": "wanted", "lead_id": lead}));
    it.minutes(65).await;
    assert_eq!((it.told(), types().len()), (vec!["wanted".to_owned()], 2));
}

#[tokio::test]
async fn a_disabled_instance_has_no_gap() {
    let it = Subscribed::start(&[]).await;
    let path = format!("/instances/{}/enabled", it.instance.id());
    assert_eq!(it.bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    it.close.pause_subscription(&it.subscription().await);
    it.close.create_lead("while it was off");
    it.minutes(120).await;
    assert_eq!(it.shown().await["subscriptionState"], "paused");
    assert_eq!(it.close.subscriptions()[0]["status"], "paused");
    assert_eq!(it.bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    it.close.create_lead("before it was resumed");
    it.minutes(15).await;
    assert_eq!(it.shown().await["subscriptionState"], "active");
    assert_eq!(it.told(), ["before it was resumed"]);
}

#[tokio::test]
async fn a_subscription_with_an_unknown_key_is_deleted() {
    let it = Subscribed::start(&[]).await;
    let url = it.instance.webhook_url();
    it.close.end_subscription(&it.subscription().await);
    it.close.subscribe(&url, &"ab".repeat(32));
    it.minutes(65).await;
    let subscriptions = it.close.subscriptions();
    assert_eq!(subscriptions.len(), 1);
    assert_eq!(subscriptions[0]["id"], it.subscription().await);
    let path = format!("/instances/{}", it.instance.id());
    assert_eq!(it.bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    assert_eq!(it.close.subscriptions().len(), 0, "the new one ends with the instance");
}

#[tokio::test]
async fn metrics_count_found_problems_and_resumed_subscriptions() {
    let it = Subscribed::start(&[]).await;
    let lines = Arc::new(Mutex::new(Vec::<Value>::new()));
    let variables = it.bed.system().environment().clone().into_iter().collect();
    let (clock, random) = (Arc::new(it.bed.clock().clone()), Arc::new(SeededRandom::default()));
    let kept = lines.clone();
    let poller = Poller::from_variables(&variables, clock, random).unwrap().emitting(move |line| {
        kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
    });
    let call =
        async |payload: Value| poller.handle(LambdaEvent::new(payload, Context::default())).await.unwrap();
    it.bed.pass(210);
    assert_eq!(call(json!({})).await, json!({"due": 1}));
    it.bed.deliver().await;
    assert_eq!(call(json!({})).await, json!({"due": 0}), "it is not due again");
    let found = |line: &Value| !line["SubscriptionsPaused"].is_null();
    assert!(!lines.lock().unwrap().iter().any(found), "all is well");

    it.close.pause_subscription(&it.subscription().await);
    it.bed.pass(3600);
    call(json!({})).await;
    let messages = it.bed.system().sqs().peek(it.bed.poll_queue_name()).unwrap();
    let records: Vec<_> = messages
        .iter()
        .map(|it| {
            json!({"messageId": it.id, "body": it.body, "attributes": {},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1"})
        })
        .collect();
    assert_eq!(call(json!({"Records": records})).await["batchItemFailures"], json!([]));
    let lines = lines.lock().unwrap();
    let sum = |name: &str| lines.iter().filter_map(|line| line[name].as_u64()).sum::<u64>();
    assert_eq!((sum("SubscriptionsPaused"), sum("SubscriptionsResumed")), (1, 1));
}
