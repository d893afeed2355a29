//! template.yaml, read: the tables, queues and functions that the local system builds.
//!
//! One machine and AWS run from the same template, so a time-out, a table key or an environment variable is
//! written once. It refuses what it does not know if the two could then differ, and ignores resources of other
//! types.

mod document;
mod events;
mod functions;
mod resolve;
mod roles;
mod stores;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

pub use self::events::{QueueSource, Route, RouteMethod, Schedule};
pub use self::functions::{Function, RecursiveLoop};
pub use self::roles::{Role, Statement};
pub use self::stores::{Queue, Table};

use self::resolve::Resolver;
use crate::failure::{Context as _, Failure};

/// The parts of a template that can run on one machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The DynamoDB tables.
    pub tables: Vec<Table>,
    /// The SQS queues, each after its dead-letter queue, so that they can be created in this order.
    pub queues: Vec<Queue>,
    /// The names of the KMS keys.
    pub keys: Vec<String>,
    /// The Lambda functions with what calls them.
    pub functions: Vec<Function>,
}

impl Template {
    /// Reads the template in a file, with `overrides` in place of the defaults of its parameters. The URLs of its queues
    /// begin with `queue_base_url`.
    pub fn read(
        path: &Path,
        queue_base_url: &str,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let document = Self::document(path)?;
        Self::of(&document, queue_base_url, overrides).context(path.display())
    }

    /// The whole file as JSON, with intrinsic functions in their long spelling: `{"Ref": "Name"}`.
    pub fn document(path: &Path) -> Result<Value, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| document::parse(&text)).context(path.display())
    }

    /// The name of the dead-letter queue of the queue of this name.
    pub fn dead_letter_queue(&self, queue: &str) -> Option<&str> {
        self.queues.iter().find(|it| it.name == queue)?.dead_letter_queue.as_deref()
    }

    fn of(
        document: &Value,
        queue_base_url: &str,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let resolver = Resolver::new(document, queue_base_url, overrides)?;
        let keys = resolver.resources("AWS::KMS::Key")?;
        Ok(Self {
            tables: stores::tables(&resolver)?,
            queues: stores::queues(&resolver)?,
            keys: keys.into_iter().map(|(id, _)| id).collect(),
            functions: functions::read(&resolver)?,
        })
    }
}
