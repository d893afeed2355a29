//! A poller whose ways to AWS can go dead, as those of a function that is killed.

#![expect(clippy::panic, reason = "a story cannot go on without its poller")]

use poller::Poller;
use serde_json::Value;
use sqs::Received;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch;
use crate::bed::{Bed, SeededRandom};
use crate::wire::{Dead, Wire, Wires};

/// The function's time-out in the template, in seconds.
const TIMEOUT: i64 = 50;

/// What a line of metrics holds beside them.
const NO_METRICS: [&str; 3] = ["_aws", "level", "timestamp"];

/// A poller of its own beside that of the local system, on the same tables and queues.
pub struct Worker {
    poller: Poller,
    wires: Wires,
    metrics: Arc<Mutex<Vec<Value>>>,
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
        Self::with(bed, &[]).await
    }

    /// The same, with variables of its own.
    ///
    /// # Panics
    /// When its settings are not understood.
    pub async fn with(bed: &Bed, own: &[(&str, &str)]) -> Self {
        let wires = Wires::to(bed).await;
        let mut variables = wires.variables(bed);
        variables.extend(own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (clock, random) = (Arc::new(bed.clock().clone()), Arc::new(SeededRandom::default()));
        let poller = Poller::from_variables(&variables, clock, random);
        let poller = poller.unwrap_or_else(|error| panic!("the poller: {error}"));
        let metrics = Arc::<Mutex<Vec<Value>>>::default();
        let lines = Arc::clone(&metrics);
        let poller = poller.emitting(move |line| {
            let line = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        });
        Self { poller, wires, metrics }
    }

    /// The way to the tables.
    #[must_use]
    pub fn dynamodb(&self) -> &Wire {
        self.wires.dynamodb()
    }

    /// The way to the queues.
    #[must_use]
    pub fn sqs(&self) -> &Wire {
        self.wires.sqs()
    }

    /// The metrics since the last time that somebody asked: of each its sum, or what it said last.
    #[must_use]
    pub fn take_metrics(&self) -> BTreeMap<String, i64> {
        let mut metrics = BTreeMap::new();
        for line in std::mem::take(&mut *self.metrics.lock().unwrap_or_else(PoisonError::into_inner)) {
            let values = line.as_object().into_iter().flatten();
            for (name, value) in values.filter(|(name, _)| !NO_METRICS.contains(&name.as_str())) {
                match (value.as_i64(), value[0].as_i64()) {
                    (Some(count), _) => *metrics.entry(name.clone()).or_default() += count,
                    (None, last) => *metrics.entry(name.clone()).or_default() = last.unwrap_or_default(),
                }
            }
        }
        metrics
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
        batch::receive(bed, bed.poll_queue_name()).await
    }

    /// Works a batch as Lambda has it worked: what is not reported as failed is deleted.
    ///
    /// # Panics
    /// When the batch fails as a whole.
    pub async fn work(&self, bed: &Bed, batch: &[Received]) {
        let answer = self.call(bed, batch::event(batch)).await;
        let answer = answer.unwrap_or_else(|error| panic!("a batch: {error}"));
        batch::settle(bed, bed.poll_queue_name(), batch, &answer);
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
            Way::DynamoDb(dead) => (self.dynamodb(), dead),
            Way::Sqs(dead) => (self.sqs(), dead),
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
        self.poller.handle(batch::call(bed, payload, TIMEOUT)).await
    }
}
