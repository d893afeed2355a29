//! A table, a queue or the key is down for a while, and events keep coming.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::iter::repeat_n;

use serde_json::json;
use shared::events::log::DeliveryStatus;
use tests::bed::{Bed, Instance};
use tests::faults::Plan;
use tests::receiver::{Answer, Hook, Receiver};
use tests::rig::Rig;

/// Resources that can be down.
pub(crate) const RESOURCES: &[Resource] = &[
    Resource::Table("InstancesTable"),
    Resource::Table("EventsTable"),
    Resource::Table("EndpointsTable"),
    Resource::Table("PayloadsTable"),
    Resource::Key,
    Resource::DeliveryQueue,
    Resource::RetryQueue,
    Resource::DeadLetterQueue,
];
/// The lengths of outages, in minutes.
const MINUTES: [usize; 3] = [1, 40, 600];
/// Events during an outage.
const EVENTS: usize = 20;
/// Events before it, and after it.
const AROUND: usize = 3;
/// The most minutes until everything left is delivered.
const TAIL: usize = 240;
/// Every third request is rejected.
const REJECTED: usize = 3;
/// Bodies of this size are stored beside the queue.
const LARGE: usize = 300 * 1024;

/// A part of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Table(&'static str),
    Key,
    DeliveryQueue,
    RetryQueue,
    DeadLetterQueue,
}

impl Resource {
    /// Its name in the documents.
    fn shown(self) -> &'static str {
        match self {
            Self::Table(name) => name,
            Self::Key => "KMS",
            Self::DeliveryQueue => "DeliveryQueue",
            Self::RetryQueue => "RetryQueue",
            Self::DeadLetterQueue => "DeliveryDeadLetterQueue",
        }
    }

    /// Its name in calls.
    fn name(self, bed: &Bed) -> &str {
        match self {
            Self::Table(_) | Self::Key => self.shown(),
            Self::DeliveryQueue => bed.queue_name(),
            Self::RetryQueue => bed.retry_queue_name(),
            Self::DeadLetterQueue => bed.dead_letter_queue_name(),
        }
    }

    /// The attempts of each event; with one, there are dead letters.
    fn attempts(self) -> usize {
        if self == Self::DeadLetterQueue { 1 } else { 3 }
    }

    /// The body of an event; a large one where that makes a difference.
    fn body(self, number: usize) -> String {
        let text = if self == Self::Table("PayloadsTable") { noise(number) } else { String::new() };
        let data = json!({ "id": format!("lead_{number}"), "description": text });
        json!({ "model": "lead", "event": "create", "data": data }).to_string()
    }
}

/// Text that cannot be compressed much.
fn noise(seed: usize) -> String {
    let mut state = seed as u64 + 0x9e37_79b9_7f4a_7c15;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + u8::try_from(state % 75).unwrap_or_default())
    };
    std::iter::repeat_with(next).filter(char::is_ascii_alphanumeric).take(LARGE).collect()
}

/// The outcomes of each outage's events.
pub(crate) struct Outage {
    resource: Resource,
    lengths: Vec<(usize, Fate)>,
}

/// The events of one outage, by outcome.
#[derive(Debug, Default)]
struct Fate {
    events: usize,
    delivered: usize,
    failed: usize,
    /// Broken promises, each with the number of events.
    broken: BTreeMap<String, usize>,
}

impl Outage {
    /// What was broken, one line each.
    pub(crate) fn violations(&self) -> Vec<String> {
        let of = |(minutes, fate): &(usize, Fate)| {
            let away = format!("{} away for {minutes} minutes", self.resource.shown());
            (!fate.broken.is_empty()).then(|| format!("{away}: {fate:?}"))
        };
        self.lengths.iter().filter_map(of).collect()
    }
}

/// A resource down for each of the lengths.
pub(crate) async fn of(resource: Resource) -> Outage {
    let mut lengths = Vec::new();
    for minutes in MINUTES {
        lengths.push((minutes, Box::pin(away(resource, minutes)).await));
    }
    Outage { resource, lengths }
}

/// The events of an instance while the resource is down.
struct Traffic<'a> {
    bed: &'a Bed,
    rig: Rig<'a>,
    resource: Resource,
    instance: Instance,
    /// Webhooks that Close will send again.
    unanswered: Vec<String>,
    sent: usize,
}

async fn away(resource: Resource, minutes: usize) -> Fate {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let hook = receiver.at("/hook");
    let answers = repeat_n(Answer::status(200), REJECTED - 1).chain([Answer::status(500)]);
    hook.answer(repeat_n(answers, 1000).flatten());
    let attempts = resource.attempts().to_string();
    let settings =
        [("event.notification.signature.key", "key"), ("event.notification.retry.attempts", &*attempts)];
    let instance = bed.provision(hook.url(), &settings).await;
    let rig = Rig::on(&bed).await;
    let mut traffic = Traffic { bed: &bed, rig, resource, instance, unanswered: Vec::new(), sent: 0 };
    for _ in 0..AROUND {
        traffic.minute(1, None).await;
    }
    traffic.rig.faults().plan(Plan::Away(resource.name(&bed).to_owned()));
    let every = minutes.div_ceil(EVENTS);
    for minute in 0..minutes {
        let events = if minutes < EVENTS { EVENTS } else { usize::from(minute % every == 0) };
        traffic.minute(events, Some(resource)).await;
    }
    traffic.rig.faults().plan(Plan::Healthy);
    for minute in 0..TAIL {
        traffic.minute(usize::from(minute < AROUND), None).await;
        if minute >= AROUND && traffic.is_over() {
            break;
        }
    }
    traffic.fate(&hook).await
}

impl Traffic<'_> {
    /// A minute with this many new events, in which Lambda cannot poll the queue that is down.
    async fn minute(&mut self, events: usize, away: Option<Resource>) {
        for _ in 0..events {
            self.unanswered.push(self.resource.body(self.sent));
            self.sent += 1;
        }
        for body in std::mem::take(&mut self.unanswered) {
            if self.rig.receive(&self.instance, &body).await != Some(200) {
                self.unanswered.push(body);
            }
        }
        for (resource, queue) in [
            (Resource::DeliveryQueue, self.bed.queue_name()),
            (Resource::RetryQueue, self.bed.retry_queue_name()),
        ] {
            while Some(resource) != away && self.rig.dispatch(queue).await > 0 {}
        }
        self.rig.invoke(json!({ "recover": true })).await;
        self.bed.pass(60);
    }

    /// True if everything has ended.
    fn is_over(&self) -> bool {
        self.unanswered.is_empty() && self.bed.queue().total() == 0
    }

    async fn fate(&self, hook: &Hook) -> Fate {
        let mut requests: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (index, request) in hook.received().iter().enumerate() {
            let id = request.header("elements-webhook-id").unwrap_or_default().to_owned();
            let (made, taken) = requests.entry(id).or_default();
            *made += 1;
            *taken += usize::from(index % REJECTED != REJECTED - 1);
        }
        let mut fate = Fate { events: self.sent, ..Fate::default() };
        let log = self.bed.log(self.instance.id()).await;
        let mut broken = |promise: bool, text: String| {
            if !promise {
                *fate.broken.entry(text).or_default() += 1;
            }
        };
        broken(log.len() == self.sent, format!("{} events in the log", log.len()));
        let (letters, poison) = (self.bed.dead_letters().len(), self.bed.poison().len());
        broken(poison == 0, format!("{poison} messages of poison"));
        let attempts = self.resource.attempts();
        let mut failed = 0;
        for event in &log {
            let (made, taken) = requests.get(&event.event_id).copied().unwrap_or_default();
            broken(made <= attempts, format!("{made} requests of one event"));
            match event.delivery_status {
                DeliveryStatus::Delivered => {
                    broken(taken == 1, format!("delivered, and taken {taken} times"));
                }
                DeliveryStatus::Failed => {
                    failed += 1;
                    broken(
                        (made, taken) == (attempts, 0),
                        format!("failed after {made}, of which {taken} taken"),
                    );
                }
                other @ (DeliveryStatus::Queued
                | DeliveryStatus::Delivering
                | DeliveryStatus::Retry
                | DeliveryStatus::Waiting
                | DeliveryStatus::Dropped) => broken(false, format!("left as {}", other.as_str())),
            }
        }
        broken(letters == failed, format!("{failed} failed, {letters} letters"));
        fate.failed = failed;
        fate.delivered = log.iter().filter(|it| it.delivery_status == DeliveryStatus::Delivered).count();
        fate
    }
}

/// The table of all outages.
pub(crate) fn table(outages: &[Outage]) -> String {
    let mut text = "| away |".to_owned();
    for minutes in MINUTES {
        let _ = write!(text, " {minutes} min |");
    }
    text.push_str("\n|---|---|---|---|\n");
    for outage in outages {
        let _ = write!(text, "| `{}` |", outage.resource.shown());
        for (_, fate) in &outage.lengths {
            // Which of them fail depends on which requests come third.
            let _ = write!(text, " {} of {} |", fate.delivered + fate.failed, fate.events);
        }
        text.push('\n');
    }
    text
}
