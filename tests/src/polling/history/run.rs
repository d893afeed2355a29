//! Lets a plan happen.

mod trouble;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};

use super::check::Evidence;
use super::expected::{Past, Shown, Watch};
use super::happen::happen;
use super::heard::Ears;
use super::plan::{InstancePlan, Plan, settings};
use super::polled::Polled;
use super::requests::{Asking, Load, Requests};
use super::step::{Change, Off, Patch, Step};
use crate::bed::Bed;
use crate::close::{Call, Close, Quirks, Rest};
use crate::polling::{State, Status, Way, Worker};
use crate::receiver::Receiver;

/// The longest that anything waits: what was refused is asked for again within the hour.
const LONGEST_WAIT: usize = 130;
/// For so long a minute after a killed poll is no minute as it should be.
const AFTER_A_KILL: TimeDelta = TimeDelta::minutes(12);
/// The event feed keeps 30 days, and what is required of it was not older than 20 when polling began.
const MOST_OFF: i64 = 9 * 24;

/// A history that is happening.
struct Scene<'a> {
    plan: &'a Plan,
    bed: Bed,
    close: Close,
    rest: Rest,
    receiver: Receiver,
    instances: Vec<Polled>,
    workers: [Worker; 2],
    past: Past,
    requests: Requests,
    problems: Vec<String>,
    off: i64,
}

/// Lets a plan happen, and says what was wrong.
pub async fn run(plan: &Plan) -> Vec<String> {
    let mut scene = match Scene::set(plan).await {
        Ok(scene) => scene,
        Err(problem) => return vec![problem],
    };
    for step in &plan.steps {
        scene.step(step).await;
    }
    scene.end().await
}

impl<'a> Scene<'a> {
    async fn set(plan: &'a Plan) -> Result<Self, String> {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let close = Close::new(plan.seed, Arc::new(bed.clock().clone()));
        let rest = close.serve(bed.clock(), Quirks::default()).await;
        let workers = [Worker::on(&bed).await, Worker::on(&bed).await];
        let mut scene = Self {
            plan,
            bed,
            close,
            rest,
            instances: Vec::new(),
            workers,
            past: Past::default(),
            requests: Requests::default(),
            problems: Vec::new(),
            off: 0,
            receiver,
        };
        for (hours, change) in &plan.past {
            scene.bed.pass(hours * 3600);
            scene.change(change);
        }
        for (number, instance) in plan.instances.iter().enumerate() {
            scene.provision(number, instance).await?;
        }
        // Provisioning asked whether the keys hold.
        scene.rest.take_calls();
        let keys = ["api_a", "api_b", "api_c", "api_d"].iter().filter(|_| plan.without_rights);
        let without_rights = keys.map(|key| (*key).to_owned()).collect();
        scene.rest.behave(|it| *it = Quirks { without_rights, ..plan.quirks.clone() });
        Ok(scene)
    }

    async fn provision(&mut self, number: usize, plan: &InstancePlan) -> Result<(), String> {
        // The dates of changes run a little ahead of a clock that stands still.
        self.bed.pass(2);
        let now = self.bed.now();
        let hook = self.receiver.at(&format!("i{number}"));
        let base = base_of(&self.rest, number);
        let configuration = settings(plan, &base, hook.url(), now);
        let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": configuration});
        let answer = self.bed.call(Method::POST, "/instances", &body).await;
        if answer.status != 200 {
            return Err(format!("provisioning was refused: {}", answer.message()));
        }
        let from = plan.since.map_or(now, |(hours, spelling)| spelling.read(now - TimeDelta::hours(hours)));
        let watches = plan.resources.iter().map(|resource| Watch::new(plan, resource, from, now)).collect();
        let id = answer.json()["id"].as_u64().unwrap_or_default();
        let (ears, shown) = (Ears::default(), Shown::new());
        self.instances.push(Polled { plan: plan.clone(), id, hook, watches, ears, shown });
        self.requests.excuse(number, None, now);
        Ok(())
    }

    async fn step(&mut self, step: &Step) {
        let began_at = self.bed.now();
        match step {
            Step::Change(change) => return self.change(change),
            Step::Pass(seconds) => self.bed.pass(*seconds),
            Step::Stopped(hours) if self.off + hours > MOST_OFF => return,
            Step::Stopped(hours) => {
                self.off += hours;
                self.bed.pass(hours * 3600);
            }
            Step::Minutes(minutes) => {
                self.bed.minutes(*minutes).await;
                return self.settle(began_at, Polls::Whole);
            }
            Step::Killed(way) => return self.killed(*way).await,
            Step::Twice => return self.twice().await,
            Step::Trouble(trouble, minutes) => return self.trouble(trouble, *minutes).await,
            Step::Off(number, how, minutes) => return self.off(*number, *how, *minutes).await,
            Step::Patch(number, patch) => return self.patch(*number, patch).await,
        }
        // No tick came meanwhile, and what is overdue is queued every five minutes.
        self.excuse_all(None, self.bed.now() + TimeDelta::minutes(5));
    }

    /// Takes over what Close was asked and what the receivers were sent in a step.
    fn settle(&mut self, began_at: DateTime<Utc>, polls: Polls) {
        let calls = self.rest.take_calls();
        let now = self.bed.now();
        let asking: Vec<_> = self.instances.iter().enumerate().map(asking).collect();
        let load = Load::of(self.plan, &self.close, &asking);
        if polls == Polls::Whole {
            self.requests.take(&calls, &asking, &load, (began_at, now));
        }
        for (number, it) in self.instances.iter_mut().enumerate() {
            it.ears.listen(&it.hook);
            let of_it = |call: &&Call| call.asked_by == format!("i{number}");
            let spent = self.plan.quirks.request_takes * i32::try_from(calls.len()).unwrap_or(i32::MAX);
            // What one request of a poll shows that is cut short need not be told before it is shown again.
            let is_whole = polls == Polls::Whole
                && calls.iter().filter(of_it).all(|call| call.status == 200)
                && self.plan.quirks.limit.is_none()
                && self.plan.quirks.failing_percent == 0
                && spent < TimeDelta::seconds(15);
            for call in calls.iter().filter(of_it).filter(|_| is_whole) {
                for watch in &it.watches {
                    it.shown.extend(watch.shown(call, &self.past));
                }
            }
        }
    }

    async fn killed(&mut self, way: Way) {
        let [one, _] = &self.workers;
        one.scheduled(&self.bed, json!({})).await;
        self.bed.pass(60);
        let batch = one.receive(&self.bed).await;
        one.work_until_killed(&self.bed, &batch, way).await;
        self.excuse_all(None, self.bed.now() + AFTER_A_KILL);
        self.settle(self.bed.now(), Polls::Cut);
    }

    async fn twice(&mut self) {
        let [one, other] = &self.workers;
        one.scheduled(&self.bed, json!({})).await;
        other.scheduled(&self.bed, json!({})).await;
        self.bed.pass(60);
        tokio::join!(work(one, &self.bed), work(other, &self.bed));
        self.excuse_all(None, self.bed.now() + AFTER_A_KILL);
        self.settle(self.bed.now(), Polls::Cut);
    }

    async fn off(&mut self, number: usize, how: Off, minutes: usize) {
        let began_at = self.bed.now();
        // What is still queued would be dropped.
        self.bed.dispatch().await;
        self.turn(number, how, Switch::Off).await;
        // Its last poll may be under way, and is not to be delivered any more.
        self.bed.minutes(minutes).await;
        self.change(&Change::Create("contact", "a"));
        self.bed.pass(2);
        let it = &mut self.instances[number];
        if how == Off::ByWebhook {
            it.begin_anew(self.bed.now());
        }
        self.turn(number, how, Switch::On).await;
        // Close was asked whether the key holds, which takes time.
        let (it, now) = (&mut self.instances[number], self.bed.now());
        if how == Off::ByWebhook {
            it.begun_at(now);
        }
        let longest = self.instances.iter().map(|it| it.plan.interval).max().unwrap_or(1);
        let interval = TimeDelta::minutes(i64::try_from(longest).unwrap_or(1));
        // What the others asked for meanwhile is not looked at.
        self.excuse_all(None, self.bed.now());
        self.requests.excuse(number, None, self.bed.now() + interval);
        self.settle(began_at, Polls::Cut);
    }

    async fn turn(&mut self, number: usize, how: Off, switch: Switch) {
        let it = &mut self.instances[number];
        let path = format!("/instances/{}", it.id);
        let configuration = match (how, switch) {
            (Off::Disabled, Switch::Off) => {
                return self.ask(Method::DELETE, &format!("{path}/enabled"), &json!(null)).await;
            }
            (Off::Disabled, Switch::On) => {
                return self.ask(Method::PUT, &format!("{path}/enabled"), &json!(null)).await;
            }
            (Off::Muted, Switch::Off) => json!({"event.notification.enabled": "false"}),
            (Off::Muted, Switch::On) => json!({"event.notification.enabled": "true"}),
            (Off::ByWebhook, Switch::Off) => json!({
                "event.vendor.type": "webhook", "event.poller.refresh_interval": "",
                "event.poller.configuration": "", "event.poller.since": "",
            }),
            (Off::ByWebhook, Switch::On) => {
                it.plan.says_polling = true;
                let mut configuration = settings(&it.plan, "", it.hook.url(), self.bed.now());
                configuration.as_object_mut().map(|it| it.remove("base.url"));
                configuration
            }
        };
        self.ask(Method::PATCH, &path, &json!({"configuration": configuration})).await;
    }

    async fn patch(&mut self, number: usize, patch: &Patch) {
        self.bed.pass(2);
        let now = self.bed.now();
        let it = &mut self.instances[number];
        let base = base_of(&self.rest, number);
        let Some(mut configuration) = it.patched(patch, &base, now) else { return };
        configuration["event.poller.configuration"] = it.plan.configuration();
        let instance = format!("/instances/{}", it.id);
        self.requests.excuse(number, None, now);
        self.ask(Method::PATCH, &instance, &json!({"configuration": configuration})).await;
    }

    async fn ask(&mut self, method: Method, path: &str, body: &Value) {
        let answer = self.bed.call(method.clone(), path, body).await;
        if answer.status != 200 {
            self.problems.push(format!("{method} {path} was refused: {}", answer.message()));
        }
    }

    fn excuse_all(&mut self, subject: Option<&str>, until: DateTime<Utc>) {
        for number in 0..self.instances.len() {
            self.requests.excuse(number, subject, until);
        }
    }

    fn change(&mut self, change: &Change) {
        happen(&self.close, change);
        self.past.record(&self.close);
    }

    /// Nothing is wrong any more, so that everything is told after a while, and then nothing.
    async fn end(mut self) -> Vec<String> {
        self.rest.behave(|quirks| {
            (quirks.failing_percent, quirks.limit) = (0, None);
            quirks.request_takes = TimeDelta::zero();
            let usual = Quirks::default();
            (quirks.search_cursor_life, quirks.event_cursor_life) =
                (usual.search_cursor_life, usual.event_cursor_life);
        });
        let longest = self.instances.iter().map(|it| it.plan.interval).max().unwrap_or(1);
        for _ in 0..LONGEST_WAIT + 2 * longest {
            let began_at = self.bed.now();
            self.bed.minutes(1).await;
            self.settle(began_at, Polls::Whole);
            if self.unhappy().await.is_empty() {
                break;
            }
        }
        // The lags and the overlap pass, and nothing is told again.
        let began_at = self.bed.now();
        self.bed.minutes(12 + 2 * longest).await;
        self.settle(began_at, Polls::Whole);
        let unhappy = self.unhappy().await;
        let wrong = (0..self.instances.len()).flat_map(|number| {
            self.evidence(number)
                .wrong()
                .into_iter()
                .map(move |problem| format!("instance {number}: {problem}"))
        });
        let mut problems: Vec<_> = unhappy.into_iter().chain(wrong).collect();
        problems.append(&mut self.problems);
        problems.append(&mut self.requests.problems);
        problems
    }

    /// What is not as it should be yet.
    async fn unhappy(&self) -> Vec<String> {
        let mut unhappy = Vec::new();
        for (number, it) in self.instances.iter().enumerate() {
            let missing = self.evidence(number).missing();
            unhappy.extend(missing.into_iter().map(|problem| format!("instance {number}: {problem}")));
            if unhappy.is_empty() {
                let state = State::of(&self.bed, it.id).await;
                if state.status != Status::Ok {
                    unhappy.push(format!("instance {number} is not well: {}", state.shown));
                }
            }
        }
        unhappy
    }

    fn evidence(&self, number: usize) -> Evidence<'_> {
        let it = &self.instances[number];
        Evidence {
            watches: &it.watches,
            ears: &it.ears,
            shown: &it.shown,
            past: &self.past,
            close: &self.close,
        }
    }
}

/// Which way an instance is turned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    Off,
    On,
}

/// Where an instance has the API; its requests can be told from those of others.
fn base_of(rest: &Rest, number: usize) -> String {
    rest.url().replace("/api/v1", &format!("/i{number}/api/v1"))
}

/// Whether the polls of a step were all as they should be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Polls {
    Whole,
    Cut,
}

fn asking((number, it): (usize, &Polled)) -> Asking<'_> {
    Asking { number, plan: &it.plan, watches: &it.watches }
}

/// Works what can be received now, but not what that makes due at once for ever.
async fn work(worker: &Worker, bed: &Bed) {
    for _ in 0..8 {
        let batch = worker.receive(bed).await;
        if batch.is_empty() {
            return;
        }
        worker.work(bed, &batch).await;
    }
}
