//! The functions that an event passes through, over wires that fail as planned.
//!
//! They are called as Lambda calls them: with a deadline, and with a batch whose messages stay when the function dies. The
//! bed's clock advances while they wait. It follows tokio's, which a test pauses (`start_paused`), so time-outs take no
//! real time.

#![expect(clippy::panic, reason = "a story cannot go on without its functions")]

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use dispatcher::Dispatcher;
use http::Method;
use instances::Instances;
use lambda_http::Body;
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tower::ServiceExt as _;
use webhook::Webhook;

use crate::batch;
use crate::bed::{Bed, Instance, SeededRandom};
use crate::faults::Faults;

/// The time-outs of the functions in the template, in seconds.
const WEBHOOK: i64 = 10;
const DISPATCHER: i64 = 60;
const INSTANCES: i64 = 28;

/// The step of the clock while a function runs.
const STEP: Duration = Duration::from_millis(50);

/// A webhook function, a dispatcher and an instances function with empty caches.
pub struct Rig<'a> {
    bed: &'a Bed,
    faults: Faults,
    webhook: Webhook,
    dispatcher: Dispatcher,
    instances: Instances,
}

impl<'a> Rig<'a> {
    /// New functions on a bed, healthy until something is planned.
    ///
    /// # Panics
    /// When their settings are invalid.
    pub async fn on(bed: &'a Bed) -> Self {
        let faults = Faults::between(bed).await;
        let clock = || Arc::new(bed.clock().clone());
        let random = Arc::new(SeededRandom::default());
        let webhook = Webhook::from_variables(faults.variables(), clock());
        let dispatcher = Dispatcher::from_variables(faults.variables(), clock());
        let instances = Instances::from_variables(faults.variables(), clock(), random);
        Self {
            bed,
            webhook: webhook.unwrap_or_else(|error| panic!("the webhook function: {error}")),
            dispatcher: dispatcher.unwrap_or_else(|error| panic!("the dispatcher: {error}")),
            instances: instances.unwrap_or_else(|error| panic!("the instances function: {error}")),
            faults,
        }
    }

    /// The fault.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Sends a webhook as Close does; returns the status of the answer, if any.
    ///
    /// # Panics
    /// When its URL is invalid.
    pub async fn receive(&self, instance: &Instance, body: &str) -> Option<u16> {
        let request = http::Request::post(instance.webhook_url()).body(Body::from(body.to_owned()));
        let request = request.unwrap_or_else(|error| panic!("the webhook: {error}"));
        let answer = self.run(WEBHOOK, self.webhook.handle(request)).await?;
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// Calls a route of the API as the developer's account; returns the status of the answer, if any.
    ///
    /// # Panics
    /// When the path is invalid.
    pub async fn call(&self, method: Method, path: &str) -> Option<u16> {
        let url = format!("{}/elements/api-v2{path}", self.bed.system().url());
        let request = http::Request::builder().method(method).uri(url);
        let request = request.header("authorization", self.bed.system().authorization());
        let request = request.body(Body::Empty).unwrap_or_else(|error| panic!("{path}: {error}"));
        let answer = self.run(INSTANCES, self.instances.clone().router().oneshot(request)).await?;
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// Works one batch of a queue and returns its size. If the function dies, the messages stay in the queue.
    pub async fn dispatch(&self, queue: &str) -> usize {
        self.dispatch_until(queue, std::future::pending()).await
    }

    /// The same with a function that dies at `death` at the latest.
    ///
    /// # Panics
    /// When the function does not understand the batch.
    pub async fn dispatch_until(&self, queue: &str, death: impl Future<Output = ()>) -> usize {
        let batch = batch::receive(self.bed, queue).await;
        if batch.is_empty() {
            return 0;
        }
        let answer = tokio::select! {
            answer = self.invoke(batch::event(&batch)) => answer,
            () = death => None,
        };
        if let Some(answer) = answer {
            batch::settle(self.bed, queue, &batch, &answer);
        }
        batch.len()
    }

    /// Calls the dispatcher with an event; no answer if it dies, times out or fails.
    ///
    /// # Panics
    /// When it does not understand the event.
    pub async fn invoke(&self, event: Value) -> Option<Value> {
        let payload = serde_json::from_value(event).unwrap_or_else(|error| panic!("an event: {error}"));
        let LambdaEvent { payload, context, .. } = batch::call(self.bed, payload, DISPATCHER);
        let call = self.dispatcher.handle(LambdaEvent::new(payload, context));
        let answer = self.run(DISPATCHER, call).await?.ok()?;
        serde_json::to_value(answer).ok()
    }

    /// The result of a function, unless it dies or times out.
    async fn run<T>(&self, timeout: i64, function: impl Future<Output = T>) -> Option<T> {
        let timeout = Duration::from_secs(timeout.unsigned_abs());
        tokio::select! {
            biased;
            () = self.faults.died() => None,
            answer = tokio::time::timeout(timeout, function) => answer.ok(),
            () = self.time_passes() => None,
        }
    }

    async fn time_passes(&self) {
        let step = TimeDelta::from_std(STEP).unwrap_or_default();
        loop {
            tokio::time::sleep(STEP).await;
            self.bed.clock().advance(step);
        }
    }
}
