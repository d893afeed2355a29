//! The whole system in a test: the local system in memory, under a clock that stands still until it is advanced.

#![expect(clippy::panic, reason = "a story whose system does not answer cannot go on")]

mod instance;
mod log;
mod random;
mod redrive;

pub use instance::Instance;
pub use log::LoggedEvent;
pub use random::SeededRandom;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use local::{Data, Setup, System};
use serde_json::{Value, json};
use shared::platform::clock::{Clock as _, ManualClock};
use shared::platform::settings::Variables;
use sqs::{Message, QueueCounts};

use crate::client::{Answer, Client};

/// The most rounds of a drain, for a queue that never empties.
const MOST_ROUNDS: usize = 10_000;

/// The system under test, with verbs.
///
/// Queues are worked and time passes only when the test says so.
pub struct Bed {
    system: System,
    clock: ManualClock,
    random: Arc<SeededRandom>,
    client: Client,
}

impl Bed {
    /// A new system in memory, on 21 November 2026 at ten o'clock.
    pub async fn start() -> Self {
        Self::with(Data::Memory, "2026-11-21T10:00:00Z", &[]).await
    }

    /// A system with this data, time and variables.
    ///
    /// # Panics
    /// When the system does not start.
    pub async fn with(data: Data, now: &str, variables: &[(&str, &str)]) -> Self {
        Self::of_template(template(), data, now, variables).await
    }

    /// The same with another template.
    ///
    /// # Panics
    /// When the system does not start.
    pub async fn of_template(template: PathBuf, data: Data, now: &str, variables: &[(&str, &str)]) -> Self {
        let now: DateTime<Utc> = now.parse().unwrap_or_else(|error| panic!("{now} is no time: {error}"));
        let clock = ManualClock::starting_at(now);
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let random = Arc::new(SeededRandom::default());
        let setup = Setup {
            environment: variables.collect::<Variables>(),
            clock: Arc::new(clock.clone()),
            random: random.clone(),
            ..Setup::of(template, data)
        };
        let system = System::open(setup).await.unwrap_or_else(|error| panic!("the system: {error}"));
        Self { system, clock, random, client: Client::default() }
    }

    /// The local system itself.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The clock of the whole system.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Calls a route of the API as the developer's account.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let authorization = self.system.authorization();
        self.call_as(&authorization, method, path, body.to_string()).await
    }

    /// Calls a route of the API with a given `Authorization` and body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn call_as(
        &self,
        authorization: &str,
        method: Method,
        path: &str,
        body: impl Into<bytes::Bytes>,
    ) -> Answer {
        let url = format!("{}/elements/api-v2{path}", self.system.url());
        let headers = [("authorization", authorization), ("content-type", "application/json")];
        let answer = self.client.send(method, &url, &headers, body).await;
        answer.unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// Provisions an instance that delivers to `callback_url`, with further settings.
    ///
    /// # Panics
    /// When it is not answered with 200.
    pub async fn provision(&self, callback_url: &str, settings: &[(&str, &str)]) -> Instance {
        let mut configuration = json!({
            "username": "api_key",
            "event.notification.enabled": "true",
            "event.vendor.type": "webhook",
            "event.notification.callback.url": callback_url,
        });
        for (key, value) in settings {
            configuration[key] = json!(value);
        }
        let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": configuration});
        let answer = self.call(Method::POST, "/instances", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
        Instance::new(answer.json(), self.client.clone())
    }

    /// Stores an instance that delivers to `callback_url`, changed by `change`, past the checks of provisioning.
    ///
    /// # Panics
    /// When it cannot be stored.
    pub async fn stored(
        &self,
        callback_url: &str,
        change: impl FnOnce(&mut shared::instances::Instance),
    ) -> Instance {
        instance::store(self, callback_url, change).await
    }

    /// Processes every visible message, including due retries; time stands still.
    ///
    /// # Panics
    /// When a queue cannot be read.
    pub async fn deliver(&self) -> usize {
        self.system.work_visible().await.unwrap_or_else(|error| panic!("the queues: {error}"))
    }

    /// Processes only the dispatcher's queues; time stands still.
    ///
    /// # Panics
    /// When a queue cannot be read.
    pub async fn dispatch(&self) -> usize {
        let mut worked = 0;
        for queue in self.dispatched() {
            let messages = self.system.work_visible_in(queue).await;
            worked += messages.unwrap_or_else(|error| panic!("{queue}: {error}"));
        }
        worked
    }

    /// Processes one batch of every queue, as equally fast consumers do; time stands still.
    ///
    /// # Panics
    /// When a queue cannot be read.
    pub async fn work_one_batch_each(&self) -> usize {
        let worked = self.system.work_one_batch_each().await;
        worked.unwrap_or_else(|error| panic!("the queues: {error}"))
    }

    /// Makes the scheduled calls of a minute, and works everything that can be received then.
    pub async fn tick(&self) -> usize {
        self.system.tick(Duration::from_secs(60)).await;
        self.deliver().await
    }

    /// Lets minutes pass as they do on AWS: a tick each, and polls and deliveries at the second when they are due.
    ///
    /// Anything that advances the clock itself, such as slow answers, stops at the end of these minutes.
    pub async fn minutes(&self, minutes: usize) {
        let until = self.now() + TimeDelta::minutes(i64::try_from(minutes).unwrap_or(i64::MAX));
        while self.now() < until {
            let end = until.min(self.now() + TimeDelta::seconds(60));
            self.system.tick(Duration::from_secs(60)).await;
            self.deliver_before(end).await;
            while let Some(next) = self.next_of_any_queue().filter(|next| *next < end) {
                self.clock.advance_to(next);
                self.deliver_before(end).await;
            }
            self.clock.advance_to(end);
        }
    }

    /// Works everything that can be received before a time.
    async fn deliver_before(&self, end: DateTime<Utc>) {
        while self.now() < end && self.work_one_batch_each().await > 0 {}
    }

    /// When the next message of any queue can be received that cannot be now.
    fn next_of_any_queue(&self) -> Option<DateTime<Utc>> {
        let sources = self.system.template().functions.iter().flat_map(|function| &function.queues);
        sources.filter_map(|source| self.system.sqs().next_change(&source.queue).unwrap_or_default()).min()
    }

    /// Delivers until nothing is left, advancing the clock to the next change.
    ///
    /// # Panics
    /// When the queue does not empty.
    pub async fn drain(&self) {
        for _ in 0..MOST_ROUNDS {
            self.deliver().await;
            let Some(next) = self.next_change() else { return };
            self.clock.advance_to(next);
        }
        panic!("the queue does not empty: {:?}", self.queue());
    }

    /// Advances the clock without delivering.
    pub fn pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The messages of the delivery queue and the retry queue.
    #[must_use]
    pub fn queue(&self) -> QueueCounts {
        let counts = self.dispatched().map(|queue| self.system.sqs().counts(queue).unwrap_or_default());
        let [fresh, retries] = counts;
        QueueCounts {
            visible: fresh.visible + retries.visible,
            delayed: fresh.delayed + retries.delayed,
            in_flight: fresh.in_flight + retries.in_flight,
        }
    }

    /// When the next message of these queues can be received that cannot be now, if any.
    #[must_use]
    pub fn next_change(&self) -> Option<DateTime<Utc>> {
        let next = self.dispatched().map(|queue| self.system.sqs().next_change(queue).unwrap_or_default());
        next.into_iter().flatten().min()
    }

    fn dispatched(&self) -> [&str; 2] {
        [self.queue_name(), self.retry_queue_name()]
    }

    /// The messages of the dead-letter queue.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Message> {
        self.system.sqs().peek(self.dead_letter_queue_name()).unwrap_or_default()
    }

    /// The name of the delivery queue.
    #[must_use]
    pub fn queue_name(&self) -> &str {
        self.queue_at("DELIVERY_QUEUE_URL")
    }

    /// The name of the retry queue.
    #[must_use]
    pub fn retry_queue_name(&self) -> &str {
        self.queue_at("RETRY_QUEUE_URL")
    }

    /// The name of the poll queue.
    #[must_use]
    pub fn poll_queue_name(&self) -> &str {
        self.queue_at("POLL_QUEUE_URL")
    }

    /// The queue whose URL is in a variable of the functions.
    fn queue_at(&self, variable: &str) -> &str {
        let url = self.system.environment().get(variable);
        let name = url.and_then(|url| url.rsplit('/').next());
        name.unwrap_or_else(|| panic!("no function has {variable}"))
    }

    /// The name of the queue of failed deliveries.
    #[must_use]
    pub fn dead_letter_queue_name(&self) -> &str {
        self.queue_at("DEAD_LETTER_QUEUE_URL")
    }

    /// The messages of the poison queue.
    #[must_use]
    pub fn poison(&self) -> Vec<Message> {
        self.system.sqs().peek(self.dead_letter_queue_of(self.queue_name())).unwrap_or_default()
    }

    /// The name of the dead-letter queue of a queue.
    ///
    /// # Panics
    /// When it has none in the template.
    #[must_use]
    pub fn dead_letter_queue_of(&self, name: &str) -> &str {
        let queue = self.system.template().queues.iter().find(|queue| queue.name == name);
        let dead_letters = queue.and_then(|queue| queue.dead_letter_queue.as_deref());
        dead_letters.unwrap_or_else(|| panic!("{name} has no dead-letter queue"))
    }
}

/// The template that is deployed.
#[must_use]
pub fn template() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"))
}
