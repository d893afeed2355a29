//! The measurement of one program: how it starts, and what its events take.

use std::error::Error;
use std::time::Duration;

use shared::instances::InstanceId;

use crate::aws::Aws;
use crate::lambda::Function;
use crate::options::Options;
use crate::subjects::Subject;

/// Calls that warm a function up, whose time does not count.
const WARM_UP: usize = 20;

/// What a function works with.
pub(crate) struct Surroundings<'a> {
    /// Where its calls to AWS go.
    pub(crate) aws: &'a Aws,
    /// Whose events it gets, in turn.
    pub(crate) instances: &'a [InstanceId],
    /// Further variables of its environment.
    pub(crate) variables: Vec<(String, String)>,
}

/// A start, and the event after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// From the start of the process until it asked for an event.
    pub(crate) init: Duration,
    /// The CPU time of that.
    pub(crate) cpu: Duration,
    /// How long the first event took.
    pub(crate) first: Duration,
    /// The CPU time of it.
    pub(crate) first_cpu: Duration,
}

/// Events of a function that has done others before.
#[derive(Debug, Clone)]
pub(crate) struct Warm {
    /// How long each call took, in order of length.
    pub(crate) calls: Vec<Duration>,
    /// The CPU time of an event.
    pub(crate) cpu: Duration,
    /// The most memory that the process had, in bytes.
    pub(crate) memory: u64,
}

impl Surroundings<'_> {
    fn function(&self, subject: &Subject, options: &Options) -> Result<Function, Box<dyn Error>> {
        let variables = [self.aws.variables(), &self.variables].concat();
        let function = Function::start(subject.command(options), &variables);
        Ok(function.map_err(|error| format!("{}: {error}", subject.name))?)
    }

    /// Starts a function, gives it one event, and ends it.
    pub(crate) fn start(
        &self,
        subject: &Subject,
        number: usize,
        options: &Options,
    ) -> Result<Start, Box<dyn Error>> {
        let call = subject.call(number, self.aws, self.instances)?;
        let function = self.function(subject, options)?;
        let (first, answer) = function.call(&call)?;
        check(subject, &answer)?;
        let first_cpu = function.cpu().saturating_sub(function.init_cpu);
        Ok(Start { init: function.init, cpu: function.init_cpu, first, first_cpu })
    }

    /// Gives a function `options.events` events, counted from `from`, after some that warm it up.
    pub(crate) fn warm(
        &self,
        subject: &Subject,
        from: usize,
        options: &Options,
    ) -> Result<Warm, Box<dyn Error>> {
        let function = self.function(subject, options)?;
        let calls = (options.events / subject.batch()).max(WARM_UP);
        let give = |number: usize| -> Result<Duration, Box<dyn Error>> {
            let (took, answer) = function.call(&subject.call(from + number, self.aws, self.instances)?)?;
            check(subject, &answer)?;
            Ok(took)
        };
        for number in 0..WARM_UP {
            give(number)?;
        }
        let before = function.cpu();
        let mut times = Vec::with_capacity(calls);
        for number in WARM_UP..WARM_UP + calls {
            times.push(give(number)?);
        }
        let cpu = function.cpu().saturating_sub(before) / u32::try_from(calls * subject.batch())?;
        let memory = function.peak_memory();
        times.sort_unstable();
        Ok(Warm { calls: times, cpu, memory })
    }
}

/// An answer that is no success measures nothing.
fn check(subject: &Subject, answer: &str) -> Result<(), Box<dyn Error>> {
    let answer: serde_json::Value = serde_json::from_str(answer)?;
    let refused = answer["statusCode"].as_u64().is_some_and(|status| status != 200);
    let handed_back = answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty());
    if refused || handed_back { Err(format!("{}: {answer}", subject.name).into()) } else { Ok(()) }
}

/// The element that so many per cent of the others do not exceed.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// The one in the middle.
pub(crate) fn median(times: impl IntoIterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.into_iter().collect();
    times.sort_unstable();
    percentile(&times, 50)
}
