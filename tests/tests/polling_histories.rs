//! Random histories of an organisation, polled while Close and the poller itself fail at random: every event of the
//! event log is told exactly once, no state of an object twice, and the last one of each.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tests::close::{Close, Limit, Quirks, Spelling};
use tests::polling::{Polled, Way, Worker};
use tests::wire::Dead;

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    Create(&'static str),
    Update(usize),
    Consolidate(usize),
    Delete(usize),
    Merge(usize, usize),
    Pass(i64),
    /// A minute as it should be.
    Minute,
    /// A minute whose poll is killed.
    Killed(Way),
    /// A minute that the schedule announces twice, and whose polls begin together.
    Twice,
}

const KINDS: [&str; 3] = ["lead", "contact", "task.lead"];
/// The resource of each kind.
const RESOURCES: [(&str, &str); 3] = [("lead", "accounts"), ("contact", "contacts"), ("task.lead", "tasks")];

fn step() -> impl Strategy<Value = Step> {
    let way = (1..7_usize, 0..4_u8).prop_map(|(n, kind)| match kind {
        0 => Way::DynamoDb(Dead::Before(n)),
        1 => Way::DynamoDb(Dead::After(n)),
        2 => Way::Sqs(Dead::Before(n)),
        _ => Way::Sqs(Dead::After(n)),
    });
    prop_oneof![
        6 => (0..KINDS.len()).prop_map(|kind| Step::Create(KINDS[kind])),
        4 => (0..64_usize).prop_map(Step::Update),
        2 => (0..64_usize).prop_map(Step::Consolidate),
        1 => (0..64_usize).prop_map(Step::Delete),
        1 => (0..64_usize, 0..64_usize).prop_map(|(one, other)| Step::Merge(one, other)),
        2 => (1..90_i64).prop_map(Step::Pass),
        3 => Just(Step::Minute),
        1 => way.prop_map(Step::Killed),
        1 => Just(Step::Twice),
    ]
}

fn quirks() -> impl Strategy<Value = Quirks> {
    let lag = || (0..200_i64).prop_map(TimeDelta::seconds);
    let limit = prop_oneof![
        3 => Just(None),
        1 => (3..9_u32, 2..6_i64).prop_map(|(requests, window)| Some(Limit { requests, window })),
    ];
    (lag(), lag(), 1..6_usize, 0..4_i64, limit, 0..8_u64, any::<bool>(), 0..40_i64).prop_map(
        |(index_lag, event_lag, page_cap, takes, limit, failing_percent, commas, life)| Quirks {
            index_lag,
            event_lag,
            page_cap,
            request_takes: TimeDelta::seconds(takes),
            limit,
            failing_percent,
            spelling: if commas { Spelling::Commas } else { Spelling::BodyOnly },
            search_cursor_life: TimeDelta::seconds(life),
            event_cursor_life: TimeDelta::seconds(life),
            ..Quirks::default()
        },
    )
}

/// The objects that a step may choose from.
fn living(close: &Close) -> Vec<(String, String)> {
    let created = close.events().into_iter().filter(|event| event.action == "created");
    created
        .filter(|event| close.object(&event.object_id).is_some())
        .map(|event| (event.object_type, event.object_id))
        .collect()
}

fn happen(close: &Close, step: &Step) {
    let living = living(close);
    let chosen = |n: &usize| (!living.is_empty()).then(|| living[n % living.len()].clone());
    let field = |kind: &str| if kind == "task.lead" { "text" } else { "name" };
    let value = close.events().len().to_string();
    let leads: Vec<_> = living.iter().filter(|(kind, _)| kind == "lead").collect();
    match step {
        Step::Create(kind) => {
            let lead = leads.first().map(|(_, id)| id.clone()).filter(|_| *kind != "lead");
            let parent = lead.map_or(json!({}), |lead| json!({"lead_id": lead}));
            close.create(kind, &parent);
        }
        Step::Update(n) => {
            if let Some((kind, id)) = chosen(n) {
                close.update(&kind, &id, field(&kind), value);
            }
        }
        Step::Consolidate(n) => {
            if let Some((kind, id)) = chosen(n)
                && close.events().iter().any(|event| event.object_id == id && event.action == "updated")
            {
                close.update_again(&kind, &id, field(&kind), value);
            }
        }
        Step::Delete(n) => {
            if let Some((kind, id)) = chosen(n) {
                close.delete(&kind, &id);
            }
        }
        Step::Merge(one, other) if leads.len() > 1 => {
            let (source, destination) = (leads[one % leads.len()], leads[other % leads.len()]);
            if source != destination {
                close.merge_leads(&source.1, &destination.1);
            }
        }
        Step::Merge(..) | Step::Pass(_) | Step::Minute | Step::Killed(_) | Step::Twice => {}
    }
}

async fn run(steps: &[Step], quirks: Quirks) {
    let polled = Polled::start(&["accounts", "contacts", "tasks", "events"], quirks).await;
    let (one, other) = (Worker::on(&polled.bed).await, Worker::on(&polled.bed).await);
    for step in steps {
        happen(&polled.close, step);
        match step {
            Step::Pass(seconds) => polled.bed.pass(*seconds),
            Step::Minute => polled.bed.minutes(1).await,
            Step::Killed(way) => {
                one.scheduled(&polled.bed, json!({})).await;
                polled.bed.pass(60);
                let batch = one.receive(&polled.bed).await;
                one.work_until_killed(&polled.bed, &batch, *way).await;
            }
            Step::Twice => {
                one.scheduled(&polled.bed, json!({})).await;
                other.scheduled(&polled.bed, json!({})).await;
                polled.bed.pass(60);
                tokio::join!(one.work_all(&polled.bed), other.work_all(&polled.bed));
            }
            Step::Create(_) | Step::Update(_) | Step::Consolidate(_) | Step::Delete(_) | Step::Merge(..) => {}
        }
    }
    polled.rest.behave(|quirks| quirks.failing_percent = 0);
    // Whatever was killed is tried again after the visibility timeout; the lags and the overlap pass too.
    polled.bed.minutes(14).await;
    for _ in 0..60 {
        let before = polled.rest.take_calls().len();
        polled.bed.minutes(2).await;
        let calls = polled.rest.take_calls();
        // Idle, after a back-off as well: four resources a minute, and all of them answered.
        if before > 0 && calls.len() == 8 && calls.iter().all(|call| call.status == 200) {
            break;
        }
    }
    check(&polled);
}

fn check(polled: &Polled) {
    let (mut events, mut objects) = (BTreeMap::<_, usize>::new(), BTreeMap::<_, usize>::new());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for message in polled.messages() {
        let event = &message["raw"]["event"];
        if event.is_object() {
            *events.entry((text(&event["id"]), text(&event["date_updated"]))).or_default() += 1;
        } else {
            let kind = text(&message["events"][0]["objectType"]);
            let record = &message["raw"][&kind][0];
            *objects.entry((kind, text(&record["id"]), text(&record["date_updated"]))).or_default() += 1;
        }
    }
    let twice: Vec<_> = events.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "told twice: {twice:?}");
    let twice: Vec<_> = objects.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "told twice: {twice:?}");
    for event in polled.close.events() {
        let key = (event.id.clone(), event.date_updated.clone());
        assert!(events.contains_key(&key), "never told: {event:?}");
    }
    for (kind, id) in living(&polled.close) {
        let (_, resource) = RESOURCES.iter().find(|(it, _)| *it == kind).unwrap();
        let version = text(&polled.close.object(&id).unwrap()["date_updated"]);
        let key = ((*resource).to_owned(), id, version);
        assert!(objects.contains_key(&key), "the last state was never told: {key:?}");
    }
}

#[test]
fn a_receiver_is_told_each_change_exactly_once() {
    let cases = shared::settings::Variables::of_process().or("POLLING_CASES", 12).unwrap();
    let config = Config { cases, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let histories = (prop::collection::vec(step(), 10..40), quirks());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runner.run(&histories, |(steps, quirks)| {
        runtime.block_on(run(&steps, quirks));
        Ok(())
    });
    outcome.unwrap();
}
