//! The functions that an event passes through, with their calls to AWS counted.

#![expect(clippy::panic, reason = "a story cannot go on without its functions")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use dispatcher::Dispatcher;
use lambda_http::Body;
use webhook::Webhook;

use crate::batch;
use crate::bed::{Bed, Instance};
use crate::wire::Wires;

/// The dispatcher's time-out in the template, in seconds.
const TIMEOUT: i64 = 60;

/// A webhook function and a dispatcher beside those of the local system, on the same tables and queues.
pub struct Metered {
    webhook: Webhook,
    dispatcher: Dispatcher,
    webhook_wires: Wires,
    dispatcher_wires: Wires,
    timeout: i64,
}

/// Calls to AWS by name.
pub type Calls = BTreeMap<String, usize>;

impl Metered {
    /// New functions, with empty caches.
    ///
    /// # Panics
    /// When their settings are invalid.
    pub async fn on(bed: &Bed) -> Self {
        Self::with(bed, &[]).await
    }

    /// The same, with variables for the dispatcher.
    ///
    /// # Panics
    /// When their settings are invalid.
    pub async fn with(bed: &Bed, variables: &[(&str, &str)]) -> Self {
        let (webhook_wires, dispatcher_wires) = (Wires::to(bed).await, Wires::to(bed).await);
        let mut of_dispatcher = dispatcher_wires.variables(bed);
        of_dispatcher.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let clock = || Arc::new(bed.clock().clone());
        let webhook = Webhook::from_variables(&webhook_wires.variables(bed), clock());
        let dispatcher = Dispatcher::from_variables(&of_dispatcher, clock());
        Self {
            webhook: webhook.unwrap_or_else(|error| panic!("the webhook function: {error}")),
            dispatcher: dispatcher.unwrap_or_else(|error| panic!("the dispatcher: {error}")),
            webhook_wires,
            dispatcher_wires,
            timeout: TIMEOUT,
        }
    }

    /// The same, whose calls last so many seconds.
    #[must_use]
    pub fn lasting(self, seconds: i64) -> Self {
        Self { timeout: seconds, ..self }
    }

    /// The wires of the dispatcher.
    #[must_use]
    pub fn dispatcher_wires(&self) -> &Wires {
        &self.dispatcher_wires
    }

    /// Receives a webhook of an instance, and returns the calls to AWS.
    ///
    /// # Panics
    /// When it is not answered with 200.
    pub async fn receive(&self, instance: &Instance, webhook: impl Into<Bytes>) -> Calls {
        let url = instance.webhook_url();
        let request = http::Request::post(url).body(Body::from(Vec::from(webhook.into())));
        let request = request.unwrap_or_else(|error| panic!("the webhook: {error}"));
        let Ok(answer) = self.webhook.handle(request).await;
        assert_eq!(answer.status(), 200);
        self.webhook_wires.take_calls()
    }

    /// Works one batch of a queue, and returns the calls to AWS and the number of messages. Lambda's own calls, to receive
    /// and delete the batch, are not counted.
    ///
    /// # Panics
    /// When the batch fails as a whole.
    pub async fn dispatch(&self, bed: &Bed, queue: &str) -> (Calls, usize) {
        let batch = batch::receive(bed, queue).await;
        let event = serde_json::from_value(batch::event(&batch));
        let event = event.unwrap_or_else(|error| panic!("a batch: {error}"));
        let answer = self.dispatcher.handle(batch::call(bed, event, self.timeout)).await;
        let answer = answer.unwrap_or_else(|error| panic!("an answer: {error}"));
        batch::settle(bed, queue, &batch, &answer);
        (self.dispatcher_wires.take_calls(), batch.len())
    }
}
