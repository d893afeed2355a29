//! The functions, called as Lambda calls them: with an event and a deadline, one answer or one error.

mod environment;
mod in_process;
mod outcomes;
mod remote;

pub(crate) use environment::environment;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Uri;
use shared::platform::clock::SharedClock;
use shared::platform::random::SharedRandom;
use shared::platform::settings::Variables;

use crate::failure::{Context as _, Failure};
use crate::recursion::{Lineage, Recursion};
use crate::template::Function;
use in_process::Handler;
pub(crate) use outcomes::Outcomes;
use remote::Remote;

/// The largest event of a synchronous call (AWS Lambda quotas: 6 MB).
pub(crate) const MAX_EVENT: usize = 6 * 1024 * 1024;

pub(crate) struct Functions {
    place: Place,
    clock: SharedClock,
    recursion: Recursion,
}

enum Place {
    InProcess(BTreeMap<String, Handler>),
    Remote(Box<Remote>, Outcomes),
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvokeError {
    #[error("the event has more than {MAX_EVENT} bytes")]
    TooLarge,
    #[error("task timed out after {} seconds", .0.as_secs())]
    TimedOut(Duration),
    #[error("{0}")]
    Failed(String),
}

impl Functions {
    /// Runs the functions in this process, each with its own environment.
    pub(crate) fn in_process<'a>(
        functions: impl IntoIterator<Item = (&'a Function, &'a Variables)>,
        (clock, random): (&SharedClock, &SharedRandom),
        recursion: Recursion,
    ) -> Result<Self, Failure> {
        let mut handlers = BTreeMap::new();
        for (function, variables) in functions {
            let Function { logical_id, binary, .. } = function;
            let handler = in_process::start(binary, variables, clock, random);
            let unknown =
                || Failure::new(format!("{logical_id} runs {binary:?}, which is not a function here"));
            handlers.insert(binary.clone(), handler.ok_or_else(unknown)?.context(logical_id)?);
        }
        Ok(Self { place: Place::InProcess(handlers), clock: clock.clone(), recursion })
    }

    /// Calls the functions through the Lambda Invoke API at `url`, and shows the outcome of their events.
    pub(crate) fn remote(url: &Uri, outcomes: Outcomes, clock: &SharedClock, recursion: Recursion) -> Self {
        Self { place: Place::Remote(Box::new(Remote::new(url)), outcomes), clock: clock.clone(), recursion }
    }

    pub(crate) async fn invoke(&self, function: &Function, event: Vec<u8>) -> Result<Vec<u8>, InvokeError> {
        self.invoke_after(Lineage::default(), function, event).await
    }

    /// Calls a function with an event that descends from other calls, within its time-out.
    ///
    /// A function in another process has no time-out here, since `cargo lambda watch` may build it before the call.
    pub(crate) async fn invoke_after(
        &self,
        lineage: Lineage,
        function: &Function,
        event: Vec<u8>,
    ) -> Result<Vec<u8>, InvokeError> {
        if event.len() > MAX_EVENT {
            return Err(InvokeError::TooLarge);
        }
        let call = self.recursion.call(&function.logical_id, lineage);
        match &self.place {
            Place::Remote(remote, outcomes) => {
                let deliveries = outcomes.of(&event);
                let answer = remote.invoke(&function.binary, event, &call.to_string()).await;
                deliveries.show(&function.binary, &answer).await;
                answer
            }
            Place::InProcess(handlers) => {
                let ends_at = self.clock.now() + function.timeout;
                let handler = handlers.get(&function.binary);
                let handler = handler.ok_or_else(|| InvokeError::Failed("function not found".to_owned()))?;
                let answer = in_process::invoke(handler, event, ends_at);
                let answer = tokio::time::timeout(function.timeout, answer).await;
                answer.unwrap_or(Err(InvokeError::TimedOut(function.timeout)))
            }
        }
    }
}
