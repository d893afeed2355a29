//! template.yaml, read: the tables, queues and functions that the local system builds.
//!
//! One machine and AWS run from the same template, so a time-out, a table key or an environment variable is
//! written once. Where leaving out what this reader does not know would make the two differ, it refuses with
//! the place in the template; resources of other types are ignored.

mod conditions;
mod document;
mod error;
mod events;
mod functions;
mod intrinsics;
mod names;
mod node;
mod parameters;
mod queues;
mod roles;
mod scalar;
mod schedule;
mod scope;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

pub use self::error::TemplateError;
pub use self::events::{QueueSource, Route, RouteMethod};
pub use self::functions::{Function, RecursiveLoop};
pub use self::queues::Queue;
pub use self::roles::{Role, Statement};
pub use self::schedule::Schedule;
pub use self::tables::Table;

use self::error::Fault;
use self::node::Node;
use self::scope::KEY;
pub use self::scope::Surroundings;

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
    /// Reads a template, with `overrides` in place of the defaults of its parameters.
    ///
    /// # Errors
    ///
    /// When the text is not YAML, or a table, queue or function in it cannot be understood.
    pub fn parse(
        text: &str,
        surroundings: &Surroundings,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        Self::parse_file("template.yaml", text, surroundings, overrides)
    }

    /// Reads the template in a file, as [`Template::parse`] does.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and as [`Template::parse`].
    pub fn read(
        path: &Path,
        surroundings: &Surroundings,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse_file(&file, &text, surroundings, overrides),
            Err(reason) => Err(TemplateError::Unreadable { file, reason }),
        }
    }

    /// The whole file as JSON, with intrinsic functions in their long spelling: `{"Ref": "Name"}`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or its text is not YAML.
    pub fn document(path: &Path) -> Result<Value, TemplateError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => document::parse(&file, &text),
            Err(reason) => Err(TemplateError::Unreadable { file, reason }),
        }
    }

    /// The name of the dead-letter queue of the queue of this name.
    #[must_use]
    pub fn dead_letter_queue(&self, queue: &str) -> Option<&str> {
        self.queues.iter().find(|it| it.name == queue)?.dead_letter_queue.as_deref()
    }

    fn parse_file(
        file: &str,
        text: &str,
        surroundings: &Surroundings,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let document = document::parse(file, text)?;
        Self::from_document(&document, surroundings, overrides).map_err(|fault| fault.in_file(file))
    }

    fn from_document(
        document: &Value,
        surroundings: &Surroundings,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, Fault> {
        let scope = names::scope(document, surroundings, overrides)?;
        let root = Node::root(document, &scope);
        Ok(Self {
            tables: tables::read(&root)?,
            queues: queues::read(&root)?,
            keys: root.resources(KEY)?.into_iter().map(|(id, _)| id.to_owned()).collect(),
            functions: functions::read(&root)?,
        })
    }
}
