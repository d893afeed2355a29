//! One event of one instance, interrupted on its way, and its outcome.

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};
use shared::events::log::DeliveryStatus;
use sqs::Message;
use tests::bed::{Bed, Instance, LoggedEvent};
use tests::faults::{Fault, Plan};
use tests::receiver::{Answer, Hook, Receiver};
use tests::rig::Rig;

use super::flow::Flow;
use super::report::Case;

/// The wait between attempts; the clock advances in steps while a function runs.
const INTERVAL: TimeDelta = TimeDelta::milliseconds(299_900);
/// The most changes of a queue, and minutes, until every event has ended.
const MOST_ROUNDS: usize = 300;
const MOST_MINUTES: usize = 60;
/// How soon Close sends a webhook again, in seconds.
const CLOSE_WAITS: i64 = 61;

/// The interruption of a flow.
#[derive(Debug, Clone)]
pub(crate) enum Interruption {
    /// A planned fault of a call to AWS.
    Call(Plan),
    /// Another answer of the callback than the flow's own.
    Post(Answer),
    /// The function dies while it waits for the callback's answer.
    DeathAfterPost,
}

impl Interruption {
    fn is_death(&self) -> bool {
        match self {
            Self::Call(Plan::Call(_, fault)) => fault.is_death(),
            Self::Call(_) | Self::Post(_) => false,
            Self::DeathAfterPost => true,
        }
    }
}

/// An event of one instance.
pub(crate) struct Scene<'a> {
    pub(crate) bed: &'a Bed,
    pub(crate) instance: Instance,
    pub(crate) body: String,
    /// True once Close has its 200.
    pub(crate) accepted: bool,
    flow: Flow,
    hook: Hook,
    script: Vec<Answer>,
    /// The time and event of each request.
    requests: Vec<(DateTime<Utc>, String)>,
    /// Events of the instance, including this one.
    events: usize,
    /// Requests before the flow's own.
    before: usize,
    /// Requested rounds of attempts.
    rounds: usize,
    /// True if the interrupted function had called the receiver and not written the outcome.
    unrecorded: bool,
    dies_after_post: bool,
    calls: Vec<String>,
}

impl<'a> Scene<'a> {
    /// An event at the beginning of a flow.
    pub(crate) async fn set(bed: &'a Bed, receiver: &Receiver, flow: Flow, number: usize) -> Self {
        let hook = receiver.at(&format!("/{}/{number}", flow.name().replace(' ', "-")));
        let instance = bed.provision(hook.url(), flow.settings()).await;
        let data = json!({ "id": format!("lead_{number}") });
        let mut scene = Self {
            bed,
            instance,
            body: json!({ "model": "lead", "event": "create", "data": data }).to_string(),
            accepted: false,
            flow,
            hook,
            script: flow.answers(),
            requests: Vec::new(),
            before: 0,
            rounds: flow.rounds(),
            events: 1,
            unrecorded: false,
            dies_after_post: false,
            calls: Vec::new(),
        };
        scene.hook.answer(scene.script.clone());
        flow.prepare(&mut scene).await;
        scene.before = scene.requests.len();
        scene
    }

    /// Receives the webhook.
    pub(crate) async fn receive(&mut self) {
        self.accepted = self.instance.receives(self.body.clone()).await.status == 200;
        assert!(self.accepted);
    }

    /// Receives another event of the instance.
    pub(crate) async fn receive_another(&mut self, number: usize) {
        let body = self.body.replace("lead_", &format!("other_{number}_"));
        assert_eq!(self.instance.receives(body).await.status, 200);
        self.events += 1;
    }

    /// Opens the callback with a failing event.
    pub(crate) async fn open(&mut self) {
        self.receive_another(0).await;
        self.deliver().await;
        self.pass(10);
    }

    /// Makes the scheduled calls of a minute, and works everything that follows.
    pub(crate) async fn tick(&mut self) {
        self.bed.tick().await;
        self.observe();
    }

    /// Works the queues empty.
    pub(crate) async fn deliver(&mut self) {
        self.bed.deliver().await;
        self.observe();
    }

    /// Advances the clock.
    pub(crate) fn pass(&self, seconds: i64) {
        self.bed.pass(seconds);
    }

    /// The route that sends the event again.
    pub(crate) async fn redelivery(&self) -> String {
        let event = self.event().await.map(|event| event.event_id).unwrap_or_default();
        format!("/instances/{}/events/{event}/redeliver", self.instance.id())
    }

    /// Returns when the function is to die because it has called the receiver.
    pub(crate) fn death(&self) -> impl Future<Output = ()> + use<> {
        let (hook, after) = (self.hook.clone(), self.dies_after_post.then_some(self.before + 1));
        async move {
            match after {
                Some(count) => drop(hook.wait_for(count, std::time::Duration::from_secs(60)).await),
                None => std::future::pending().await,
            }
        }
    }

    /// Runs the flow's own part, interrupted.
    pub(crate) async fn act(&mut self, what: &Interruption) {
        let rig = Rig::on(self.bed).await;
        let other = match what {
            Interruption::Call(plan) => {
                rig.faults().plan(plan.clone());
                None
            }
            Interruption::Post(answer) => Some(answer.clone()),
            Interruption::DeathAfterPost => Some(Answer::Hang),
        };
        self.dies_after_post = matches!(what, Interruption::DeathAfterPost);
        if let Some(answer) = other {
            // Instead of the flow's own answer to its request.
            let rest = self.script.split_off(self.before.min(self.script.len()));
            self.script.push(answer);
            self.script.extend(rest.into_iter().skip(1));
            self.hook.script(self.script[self.before.min(self.script.len())..].to_vec());
        }
        let recorded = self.attempts().await;
        Box::pin(self.flow.act(self, &rig)).await;
        self.calls = rig.faults().calls();
        self.observe();
        let called = self.requests.len() > self.before;
        self.unrecorded = what.is_death() && called && self.attempts().await == recorded;
    }

    /// Lets Lambda, SQS, Close and the owner act until nothing is left.
    pub(crate) async fn recover(&mut self) {
        self.drain().await;
        while !self.accepted {
            self.pass(CLOSE_WAITS);
            self.accepted = self.instance.receives(self.body.clone()).await.status == 200;
        }
        self.drain().await;
        if self.flow == Flow::Redelivery && self.status().await == Some(DeliveryStatus::Failed) {
            let path = self.redelivery().await;
            assert_eq!(self.bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
            self.rounds += 1;
            self.drain().await;
        }
    }

    async fn drain(&mut self) {
        for _ in 0..MOST_ROUNDS {
            self.deliver().await;
            let Some(next) = self.bed.next_change() else { break };
            self.bed.clock().advance_to(next);
        }
        for _ in 0..MOST_MINUTES {
            if !self.waits().await && self.bed.next_change().is_none() {
                return;
            }
            self.bed.minutes(1).await;
            self.observe();
        }
    }

    async fn waits(&self) -> bool {
        let log = self.bed.log(self.instance.id()).await;
        log.iter().any(|event| event.delivery_status == DeliveryStatus::Waiting)
    }

    /// Records the times of the latest requests. While a function runs, the bed's clock follows tokio's.
    fn observe(&mut self) {
        let now = self.bed.now();
        let at = |ago| now - TimeDelta::from_std(ago).unwrap_or_default();
        let new = self.hook.received().into_iter().skip(self.requests.len());
        self.requests.extend(new.map(|request| {
            let event = request.header("elements-webhook-id").unwrap_or_default().to_owned();
            (at(request.at.elapsed()), event)
        }));
    }

    /// The event in the log: the latest of the instance.
    async fn event(&self) -> Option<LoggedEvent> {
        let log = self.bed.log(self.instance.id()).await;
        if log.len() == self.events { log.into_iter().next() } else { None }
    }

    async fn status(&self) -> Option<DeliveryStatus> {
        self.event().await.map(|event| event.delivery_status)
    }

    async fn attempts(&self) -> usize {
        self.event().await.map_or(0, |event| event.attempts.len())
    }

    /// Checks the outcome of the event against the promises.
    pub(crate) async fn judge(self, what: &Interruption) -> Case {
        let mut violations = Vec::new();
        let mut broken = |promise: bool, text: String| {
            if !promise {
                violations.push(text);
            }
        };
        let event = self.event().await;
        let status = event.as_ref().map(|event| event.delivery_status);
        let id = event.as_ref().map(|event| event.event_id.clone()).unwrap_or_default();
        let answered = |at: usize| match self.script.get(at) {
            None => true,
            Some(Answer::Respond(response)) => response.status().is_success(),
            Some(_) => false,
        };
        let own = self.requests.iter().enumerate().filter(|(_, (_, event))| *event == id);
        let own: Vec<(bool, DateTime<Utc>)> = own.map(|(at, (time, _))| (answered(at), *time)).collect();
        let taken = own.iter().filter(|(taken, _)| *taken).count();
        let is_own = |letter: &&Message| letter.attributes.get("EventId").is_some_and(|it| **it == *id);
        let letters = self.bed.dead_letters().iter().filter(is_own).count();
        match status {
            Some(DeliveryStatus::Delivered) => broken(taken > 0, "delivered in the log only".to_owned()),
            Some(DeliveryStatus::Failed) => {
                broken(letters > 0, "failed, and not in the dead-letter queue".to_owned());
                broken(taken == 0, "failed in the log, and taken by the receiver".to_owned());
            }
            other => broken(false, format!("left as {other:?}")),
        }
        let marked = event.iter().flat_map(|event| &event.attempts).any(|attempt| {
            attempt.error.as_deref().is_some_and(|error| error.starts_with("outcome unknown"))
        });
        let again = usize::from(self.unrecorded);
        // A probe that fails uses up no attempt.
        let probes = event.iter().flat_map(|event| &event.attempts).filter(|attempt| attempt.probe).count();
        let most = self.flow.attempts() * self.rounds + probes + again;
        let made = own.len();
        broken(made <= most, format!("{made} requests, where {most} are scheduled"));
        broken(taken <= 1 + again, format!("taken {taken} times"));
        broken(taken <= 1 || marked, "taken twice, and not marked".to_owned());
        for pair in own.windows(2) {
            let wait = pair[1].1 - pair[0].1;
            // Another round begins when it is requested.
            broken(self.rounds > 1 || wait >= INTERVAL, format!("{wait} between two attempts"));
        }
        let poison = self.bed.poison().len();
        broken(poison == 0, format!("{poison} messages of poison"));
        let outcome = status.map_or("lost", DeliveryStatus::as_str).to_owned();
        Case { what: describe(what), calls: self.calls, outcome, requests: made, violations }
    }
}

fn describe(what: &Interruption) -> String {
    match what {
        Interruption::Call(Plan::Call(_, fault)) => name(*fault).to_owned(),
        Interruption::Call(_) => "none".to_owned(),
        Interruption::Post(Answer::Respond(_)) => "answered 500".to_owned(),
        Interruption::Post(Answer::Reset) => "reset".to_owned(),
        Interruption::Post(_) => "no answer".to_owned(),
        Interruption::DeathAfterPost => "death after it".to_owned(),
    }
}

/// A fault in the table's head.
pub(crate) fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::ErrorBefore => "error before",
        Fault::ErrorAfter => "error after",
        Fault::AnswerLost => "answer lost",
        Fault::Throttle => "throttled",
        Fault::TimeoutBefore => "time-out before",
        Fault::TimeoutAfter => "time-out after",
        Fault::DeathBefore => "death before",
        Fault::DeathAfter => "death after",
    }
}
