//! A poller whose ways to AWS can go dead, as those of a function that is killed.

#![expect(clippy::panic, reason = "a story cannot go on without its poller")]

use chrono::TimeDelta;
use lambda_runtime::{Context, LambdaEvent};
use local::sqs::{Receive, Received};
use poller::Poller;
use serde_json::{Value, json};
use shared::clock::Clock as _;
use shared::settings::Variables;
use std::sync::Arc;

use crate::bed::{Bed, SeededRandom};
use crate::wire::{Dead, Wire};

/// The function's time-out in the template, in seconds.
const TIMEOUT: i64 = 50;

/// A poller of its own beside that of the local system, on the same tables and queues.
pub struct Worker {
    poller: Poller,
    dynamodb: Wire,
    sqs: Wire,
}

/// Which way goes dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the tables.
    DynamoDb(Dead),
    /// To the queues.
    Sqs(Dead),
}

impl Worker {
    /// A poller on the tables and queues of a bed.
    ///
    /// # Panics
    /// When its settings are not understood.
    pub async fn on(bed: &Bed) -> Self {
        let (dynamodb, sqs) =
            (Wire::to(bed.system().dynamodb_url()).await, Wire::to(bed.system().sqs_url()).await);
        let mut variables: Variables = bed.system().environment().clone().into_iter().collect();
        let urls = [("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url()), ("AWS_ENDPOINT_URL_SQS", sqs.url())];
        variables.extend(urls.map(|(name, url)| (name.to_owned(), url.to_owned())));
        let (clock, random) = (Arc::new(bed.clock().clone()), Arc::new(SeededRandom::default()));
        let poller = Poller::from_variables(&variables, clock, random);
        let poller = poller.unwrap_or_else(|error| panic!("the poller: {error}"));
        Self { poller, dynamodb, sqs }
    }

    /// The way to the tables.
    #[must_use]
    pub fn dynamodb(&self) -> &Wire {
        &self.dynamodb
    }

    /// The way to the queues.
    #[must_use]
    pub fn sqs(&self) -> &Wire {
        &self.sqs
    }

    /// What the schedule asks for.
    ///
    /// # Panics
    /// When it fails.
    pub async fn scheduled(&self, bed: &Bed, input: Value) -> Value {
        let answer = self.call(bed, input).await;
        answer.unwrap_or_else(|error| panic!("a scheduled call: {error}"))
    }

    /// Receives a batch of polls.
    pub async fn receive(&self, bed: &Bed) -> Vec<Received> {
        let receive = Receive { maximum: 10, ..Receive::default() };
        bed.system().sqs().receive(bed.poll_queue_name(), &receive).await.unwrap_or_default()
    }

    /// Works a batch as Lambda has it worked: what is not reported as failed is deleted.
    ///
    /// # Panics
    /// When the batch fails as a whole.
    pub async fn work(&self, bed: &Bed, batch: &[Received]) {
        let answer = self.call(bed, event(batch)).await;
        let answer = answer.unwrap_or_else(|error| panic!("a batch: {error}"));
        let failures = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
        let failed =
            |received: &Received| failures.iter().any(|it| it["itemIdentifier"] == *received.message.id);
        let done: Vec<&str> = batch.iter().filter(|it| !failed(it)).map(|it| &*it.receipt_handle).collect();
        let deleted = bed.system().sqs().delete_all(bed.poll_queue_name(), &done);
        assert!(deleted.is_ok(), "the batch cannot be deleted");
    }

    /// Works everything that can be received now.
    pub async fn work_all(&self, bed: &Bed) {
        loop {
            let batch = self.receive(bed).await;
            if batch.is_empty() {
                return;
            }
            self.work(bed, &batch).await;
        }
    }

    /// Works a batch until a way goes dead: then the function is killed. Says whether it was.
    pub async fn work_until_killed(&self, bed: &Bed, batch: &[Received], way: Way) -> bool {
        let (wire, dead) = match way {
            Way::DynamoDb(dead) => (&self.dynamodb, dead),
            Way::Sqs(dead) => (&self.sqs, dead),
        };
        wire.die_at(Some(dead));
        let killed = tokio::select! {
            () = self.work(bed, batch) => false,
            () = wire.died() => true,
        };
        wire.die_at(None);
        killed
    }

    async fn call(&self, bed: &Bed, payload: Value) -> Result<Value, lambda_runtime::Error> {
        let mut context = Context::default();
        let ends_at = bed.clock().now() + TimeDelta::seconds(TIMEOUT);
        context.deadline = u64::try_from(ends_at.timestamp_millis()).unwrap_or_default();
        self.poller.handle(LambdaEvent::new(payload, context)).await
    }
}

fn event(batch: &[Received]) -> Value {
    let record = |received: &Received| {
        json!({
            "messageId": received.message.id,
            "receiptHandle": received.receipt_handle,
            "body": received.message.body,
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "awsRegion": "us-east-1",
        })
    };
    json!({"Records": batch.iter().map(record).collect::<Vec<_>>()})
}
