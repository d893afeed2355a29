//! Random histories of an organisation, polled while Close and the poller itself fail at random: every event of the
//! event log is told exactly once, no state of an object twice, and the last one of each.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
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

/// Minutes in which everything is told once nothing fails any more; the longest back-off is an hour.
const LONGEST_WAIT: usize = 90;

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
            search_cursor_life: TimeDelta::seconds(life.max(takes)),
            event_cursor_life: TimeDelta::seconds(life.max(takes)),
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

/// Lets a history happen; says what was not told, or not once.
async fn run(steps: &[Step], quirks: Quirks) -> Vec<String> {
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
    // Whatever was killed is tried again after the visibility timeout, and what failed after its back-off.
    for _ in 0..LONGEST_WAIT {
        polled.bed.minutes(1).await;
        if Told::by(&polled).missing(&polled.close).is_empty() {
            break;
        }
    }
    // The lags and the overlap pass, and nothing is told again.
    polled.bed.minutes(12).await;
    let told = Told::by(&polled);
    [told.missing(&polled.close), told.repeated()].concat()
}

/// How often a receiver was told of each event and each state of an object.
#[derive(Default)]
struct Told {
    /// By id and date.
    events: BTreeMap<(String, String), usize>,
    /// By resource, id and date.
    states: BTreeMap<(String, String, String), usize>,
}

impl Told {
    fn by(polled: &Polled) -> Self {
        let mut told = Self::default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for message in polled.messages() {
            let event = &message["raw"]["event"];
            if event.is_object() {
                *told.events.entry((text(&event["id"]), text(&event["date_updated"]))).or_default() += 1;
            } else {
                let kind = text(&message["events"][0]["objectType"]);
                let record = &message["raw"][&kind][0];
                let state = (kind, text(&record["id"]), text(&record["date_updated"]));
                *told.states.entry(state).or_default() += 1;
            }
        }
        told
    }

    /// What nobody was told: events, and the last states of objects.
    fn missing(&self, close: &Close) -> Vec<String> {
        let mut missing = Vec::new();
        for event in close.events() {
            if !self.events.contains_key(&(event.id.clone(), event.date_updated.clone())) {
                missing.push(format!("never told: {} {} of {event:?}", event.object_type, event.action));
            }
        }
        for (kind, id) in living(close) {
            let (_, resource) = RESOURCES.iter().find(|(it, _)| *it == kind).unwrap();
            let version = close.object(&id).unwrap()["date_updated"].as_str().unwrap().to_owned();
            let state = ((*resource).to_owned(), id, version);
            if !self.states.contains_key(&state) {
                missing.push(format!("the last state was never told: {state:?}"));
            }
        }
        missing
    }

    fn repeated(&self) -> Vec<String> {
        let events = self.events.iter().filter(|(_, count)| **count > 1);
        let states = self.states.iter().filter(|(_, count)| **count > 1);
        let events = events.map(|(event, count)| format!("told {count} times: {event:?}"));
        events.chain(states.map(|(state, count)| format!("told {count} times: {state:?}"))).collect()
    }
}

#[test]
fn a_receiver_is_told_each_change_exactly_once() {
    let variables = shared::platform::settings::Variables::of_process();
    let cases = variables.or("POLLING_CASES", 12).unwrap();
    let drawn =
        u64::from_be_bytes(shared::platform::random::array(&shared::platform::random::OsRandom).unwrap());
    let seed = variables.or("POLLING_SEED", drawn).unwrap();
    // A case takes seconds: a failure is told within a minute or two, with its seed, and not shrunk to the end.
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 200,
        max_shrink_time: 60_000,
        failure_persistence: None,
        ..Config::default()
    };
    let histories = (prop::collection::vec(step(), 10..40), quirks());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first_failure = RefCell::new(None);
    let outcome = TestRunner::new(config).run(&histories, |(steps, quirks)| {
        let case = format!("{steps:?}\n{quirks:?}");
        let problems = runtime.block_on(run(&steps, quirks));
        if problems.is_empty() {
            return Ok(());
        }
        let problems = problems.join("\n");
        first_failure.borrow_mut().get_or_insert_with(|| format!("{problems}\n{case}"));
        Err(TestCaseError::fail(problems))
    });
    if let Err(failure) = outcome {
        let first = first_failure.take().unwrap_or_default();
        panic!("POLLING_SEED={seed} POLLING_CASES={cases}\nat first: {first}\nat least: {failure}");
    }
}
