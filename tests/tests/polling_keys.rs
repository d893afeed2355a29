//! Instances that share an API key: Close counts their requests together, so they are made one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tests::bed::Bed;
use tests::close::{Close, Limit, Quirks, Rest};
use tests::polling::{Way, Worker};
use tests::receiver::Receiver;
use tests::wire::Dead;

/// Three instances of one key, and two functions.
struct Scene {
    bed: Bed,
    close: Close,
    rest: Rest,
    receiver: Receiver,
    one: Worker,
    other: Worker,
}

const INSTANCES: usize = 3;

impl Scene {
    async fn set(quirks: Quirks) -> Self {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let close = Close::new(1, Arc::new(bed.clock().clone()));
        let rest = close.serve(bed.clock(), Quirks::default()).await;
        for _ in 0..INSTANCES {
            provision(&bed, &receiver, &rest).await;
        }
        // Provisioning has asked whether the key holds; the story begins now.
        rest.take_calls();
        rest.behave(|it| *it = Quirks { answers_after: Duration::from_millis(15), ..quirks });
        let (one, other) = (Worker::on(&bed).await, Worker::on(&bed).await);
        bed.pass(70);
        Self { bed, close, rest, receiver, one, other }
    }

    /// A minute that the schedule announces twice, and whose messages are worked together.
    async fn minute_twice(&self) {
        self.one.scheduled(&self.bed, json!({})).await;
        self.other.scheduled(&self.bed, json!({})).await;
        for _ in 0..12 {
            tokio::join!(self.one.work_all(&self.bed), self.other.work_all(&self.bed));
            self.bed.pass(5);
        }
        self.bed.dispatch().await;
    }
}

async fn provision(bed: &Bed, receiver: &Receiver, rest: &Rest) -> u64 {
    let configuration =
        r#"{"contacts": {"url": "/contacts", "idField": "id"}, "users": {"url": "/users", "idField": "id"}}"#;
    let settings = [
        ("event.vendor.type", "polling"),
        ("event.poller.refresh_interval", "1"),
        ("event.poller.configuration", configuration),
        ("base.url", rest.url()),
    ];
    bed.provision(&receiver.url(), &settings).await.id()
}

#[tokio::test]
async fn polls_of_one_key_never_overlap_whatever_messages_they_travel_in() {
    let scene = Scene::set(Quirks::default()).await;
    scene.close.create("contact", &json!({"name": "A"}));
    for _ in 0..3 {
        scene.minute_twice().await;
    }
    assert_eq!(scene.rest.most_together(), 1);
    assert_eq!(scene.receiver.received().len(), INSTANCES);
    let polls = scene.rest.take_calls().len() / 2;
    assert!(polls >= 2 * INSTANCES, "and none waits for long: {polls}");
}

#[tokio::test]
async fn nor_do_they_after_the_rate_limit_had_them_queued_again() {
    let limit = Some(Limit { requests: 2, window: 6 });
    let scene = Scene::set(Quirks { limit, page_cap: 1, ..Quirks::default() }).await;
    for n in 0..4 {
        scene.close.create("contact", &json!({"name": n}));
    }
    for _ in 0..6 {
        scene.minute_twice().await;
    }
    assert_eq!(scene.rest.most_together(), 1);
    let calls = scene.rest.take_calls();
    let refused = calls.iter().filter(|call| call.status == 429).count();
    assert_eq!(refused, 0, "what Close asks of one instance is asked of all, of {} requests", calls.len());
    assert_eq!(scene.receiver.received().len(), 4 * INSTANCES);
}

#[tokio::test]
async fn a_key_whose_function_was_killed_is_free_when_its_lease_has_run_out() {
    let scene = Scene::set(Quirks::default()).await;
    // Nothing is overdue any more, which would be queued again every five minutes only, nor due at a minute's end.
    scene.bed.pass(30);
    scene.bed.minutes(6).await;
    scene.rest.take_calls();
    scene.one.scheduled(&scene.bed, json!({})).await;
    scene.bed.pass(60);
    let batch = scene.one.receive(&scene.bed).await;
    // The instance, its claim, and the key.
    assert!(scene.one.work_until_killed(&scene.bed, &batch, Way::DynamoDb(Dead::After(3))).await);
    scene.other.scheduled(&scene.bed, json!({})).await;
    scene.bed.pass(50);
    scene.other.work_all(&scene.bed).await;
    assert!(scene.rest.take_calls().is_empty(), "the lease holds for 55 seconds");
    scene.bed.pass(10);
    scene.other.work_all(&scene.bed).await;
    assert!(!scene.rest.take_calls().is_empty(), "and then the key is free");
    for _ in 0..6 {
        scene.minute_twice().await;
    }
    let polls = scene.rest.take_calls().len() / 2;
    assert!(polls >= 4 * INSTANCES, "everything goes on: {polls}");
    assert_eq!(scene.rest.most_together(), 1);
}

#[tokio::test]
async fn a_check_of_a_subscription_runs_beside_no_poll_of_its_key() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let subscribed = async || {
        let settings =
            [("event.notification.subscription.provisioning", "automatic"), ("base.url", rest.url())];
        bed.provision(&receiver.url(), &settings).await.id()
    };
    // One whose check is there before the poll, and one that comes after it.
    let subscribed = [subscribed().await, provision(&bed, &receiver, &rest).await, subscribed().await];
    let [before, _, after] = subscribed;
    bed.minutes(5).await;
    rest.take_calls();
    rest.behave(|it| it.answers_after = Duration::from_millis(15));
    let worker = Worker::on(&bed).await;
    for round in 0..5 {
        for checked in [before, after] {
            // What was changed is checked soon.
            let path = format!("/instances/{checked}");
            let objects = ["lead", "lead,contact"][round % 2];
            let change = json!({"configuration": {"event.objects": objects}});
            assert_eq!(bed.call(http::Method::PATCH, &path, &change).await.status, 200);
        }
        worker.scheduled(&bed, json!({})).await;
        bed.pass(60);
        worker.work_all(&bed).await;
        bed.pass(5);
        worker.work_all(&bed).await;
    }
    let calls = rest.take_calls();
    let checks = calls.iter().filter(|it| it.path.starts_with("webhook/") && it.method == http::Method::GET);
    let polls = calls.iter().filter(|it| it.path == "data/search/");
    assert_eq!((checks.count(), polls.count()), (10, 5));
    assert_eq!(rest.most_together(), 1);
}

#[tokio::test]
async fn an_idle_turn_is_one_write_however_many_instances_have_the_key() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let worker = Worker::on(&bed).await;
    for instances in 1..=3 {
        provision(&bed, &receiver, &rest).await;
        bed.minutes(8).await;
        worker.scheduled(&bed, json!({})).await;
        bed.pass(60);
        worker.dynamodb().take_calls();
        rest.take_calls();
        worker.work_all(&bed).await;
        let calls = worker.dynamodb().take_calls();
        let expected = BTreeMap::from([
            ("GetItem".to_owned(), instances),
            ("Query".to_owned(), 1),
            ("UpdateItem".to_owned(), 1),
        ]);
        assert_eq!((calls, rest.take_calls().len()), (expected, 2 * instances));
    }
}

#[tokio::test]
async fn an_instance_that_goes_on_and_on_leaves_the_key_to_the_others_in_between() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    for n in 0..400 {
        close.create("contact", &json!({"name": n}));
        bed.pass(1);
    }
    let provision = async |name: &str, path: &str, since: Option<&str>| {
        let configuration = format!(r#"{{"{name}": {{"url": "/{path}", "idField": "id"}}}}"#);
        let mut settings = vec![
            ("event.vendor.type", "polling"),
            ("event.poller.refresh_interval", "1"),
            ("event.poller.configuration", configuration.as_str()),
            ("base.url", rest.url()),
        ];
        settings.extend(since.map(|since| ("event.poller.since", since)));
        bed.provision(&receiver.url(), &settings).await.id()
    };
    provision("contacts", "contacts", Some("2026-11-21T00:00:00Z")).await;
    provision("users", "users", None).await;
    rest.behave(|quirks| (quirks.page_cap, quirks.request_takes) = (2, TimeDelta::seconds(4)));
    rest.take_calls();
    let worker = Worker::on(&bed).await;
    worker.scheduled(&bed, json!({})).await;
    bed.pass(60);
    for _ in 0..2 {
        worker.work_all(&bed).await;
        bed.pass(5);
    }
    // A walk as far as time goes does not keep the other waiting.
    let calls = rest.take_calls();
    for path in ["data/search/", "user/"] {
        assert!(calls.iter().any(|call| call.path == path), "{path}");
    }
    assert_eq!(rest.most_together(), 1);
    bed.minutes(60).await;
    assert_eq!(receiver.received().len(), 400);
}
