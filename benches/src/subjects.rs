//! What is measured: programs, and the events that they are called with.

use std::error::Error;
use std::process::Command;

use serde_json::json;
use shared::instances::InstanceId;
use shared::platform::clock::{Clock as _, SystemClock};

use crate::aws::Aws;
use crate::options::Options;
use crate::{events, node};

/// A program under measurement.
pub(crate) struct Subject {
    /// What the table calls it.
    pub(crate) name: &'static str,
    program: Program,
    work: Work,
}

#[derive(Clone, Copy)]
enum Program {
    Binary(&'static str),
    Node,
}

/// What it is called with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// An event that means nothing.
    Nothing,
    /// Webhooks of so many bytes.
    Webhooks(usize),
    /// Batches of so many messages of so many bytes.
    Batches(usize, usize),
    /// The poller's tick, with nothing due.
    Tick,
    /// An instance that is read through the API.
    Read,
}

/// All rows of the table.
pub(crate) fn all() -> Vec<Subject> {
    let binary = |name, program, work| Subject { name, program: Program::Binary(program), work };
    vec![
        binary("hello", "hello", Work::Nothing),
        webhook(1024),
        dispatcher(10, 1024),
        binary("dispatcher, alone", "dispatcher", Work::Batches(1, 1024)),
        binary("poller, tick", "poller", Work::Tick),
        binary("instances, read", "instances", Work::Read),
        in_node(1024),
    ]
}

/// The webhook function with events of so many bytes.
pub(crate) fn webhook(bytes: usize) -> Subject {
    Subject { name: "webhook", program: Program::Binary("webhook"), work: Work::Webhooks(bytes) }
}

/// The same work by the peer on Node.js.
pub(crate) fn in_node(bytes: usize) -> Subject {
    Subject { name: "webhook in Node.js", program: Program::Node, work: Work::Webhooks(bytes) }
}

/// The dispatcher with batches of so many events of so many bytes.
pub(crate) fn dispatcher(batch: usize, bytes: usize) -> Subject {
    Subject {
        name: "dispatcher, in tens",
        program: Program::Binary("dispatcher"),
        work: Work::Batches(batch, bytes),
    }
}

impl Subject {
    /// The command that starts it.
    pub(crate) fn command(&self, options: &Options) -> Command {
        match self.program {
            Program::Binary(name) => Command::new(options.program(name)),
            Program::Node => {
                let mut command = Command::new("node");
                // Of the versions that next year's SDK will need.
                command.arg("--no-warnings");
                command.arg(options.path(node::FOLDER).join("index.mjs"));
                command
            }
        }
    }

    /// Events in one call.
    pub(crate) fn batch(&self) -> usize {
        match self.work {
            Work::Batches(batch, _) => batch,
            Work::Nothing | Work::Webhooks(_) | Work::Tick | Work::Read => 1,
        }
    }

    /// The call with this number, like no other.
    pub(crate) fn call(
        &self,
        number: usize,
        aws: &Aws,
        instances: &[InstanceId],
    ) -> Result<String, Box<dyn Error>> {
        let instance = instances[number % instances.len()];
        Ok(match self.work {
            Work::Nothing => json!({ "number": number }).to_string(),
            Work::Webhooks(bytes) => events::call_of_webhook(instance, &events::webhook(number, bytes)),
            Work::Batches(batch, bytes) => {
                events::batch(instances, number * batch..(number + 1) * batch, bytes, SystemClock.now())?
            }
            Work::Tick => json!({ "tick": true }).to_string(),
            Work::Read => {
                let authorization = aws.authorization();
                let path = format!("/elements/api-v2/instances/{instance}");
                events::http_call("GET", &path, &[("authorization", &authorization)], "")
            }
        })
    }
}
