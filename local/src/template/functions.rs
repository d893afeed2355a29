//! `AWS::Serverless::Function`, with what `Globals.Function` says for all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Fault;
use super::events::{self, QueueSource, Route};
use super::node::Node;
use super::roles::{self, Role};
use super::schedule::Schedule;
use super::scope::FUNCTION;

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its key in the template.
    pub logical_id: String,
    /// The binary to run: the last part of `CodeUri`.
    pub binary: String,
    /// How long one call may take.
    pub timeout: Duration,
    /// Its memory in MiB.
    pub memory_mb: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// What Lambda does when it calls itself through a queue.
    pub recursive_loop: RecursiveLoop,
    /// What it may do; where the template leaves that to SAM, everything.
    pub role: Option<Role>,
    /// The HTTP requests that it answers.
    pub routes: Vec<Route>,
    /// The queues that it works off.
    pub queues: Vec<QueueSource>,
    /// When else it is called.
    pub schedules: Vec<Schedule>,
}

/// What Lambda does when a function is called about sixteen times in a chain of its own messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecursiveLoop {
    /// The chain continues.
    Allow,
    /// It is not called again: the message goes to the dead-letter queue.
    Terminate,
}

// SAM's defaults.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;
const DEFAULT_MEMORY_MB: u32 = 128;

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Function>, Fault> {
    let globals = root.descendant(&["Globals", "Function"])?;
    let functions = root.resources(FUNCTION)?.into_iter();
    let roles = roles::read(root)?;
    functions.map(|(id, own)| function(id, &Properties { own, globals: globals.clone() }, &roles)).collect()
}

fn function(
    id: &str,
    properties: &Properties<'_>,
    roles: &BTreeMap<String, Role>,
) -> Result<Function, Fault> {
    let timeout = match properties.get("Timeout")? {
        Some(node) => node.parsed("seconds")?,
        None => DEFAULT_TIMEOUT_SECONDS,
    };
    let memory_mb = match properties.get("MemorySize")? {
        Some(node) => node.parsed("mebibytes")?,
        None => DEFAULT_MEMORY_MB,
    };
    let mut function = Function {
        logical_id: id.to_owned(),
        binary: binary(properties)?,
        timeout: Duration::from_secs(timeout),
        memory_mb,
        environment: environment(properties)?,
        recursive_loop: recursive_loop(properties)?,
        role: properties.get("Role")?.map(|node| role(&node, roles)).transpose()?,
        routes: Vec::new(),
        queues: Vec::new(),
        schedules: Vec::new(),
    };
    if let Some(events) = properties.own.child("Events")? {
        for (_, event) in events.entries()? {
            events::add(&event, &mut function)?;
        }
    }
    Ok(function)
}

/// The properties of one function over those of all.
struct Properties<'a> {
    own: Node<'a>,
    globals: Option<Node<'a>>,
}

impl<'a> Properties<'a> {
    fn get(&self, key: &str) -> Result<Option<Node<'a>>, Fault> {
        match (self.own.child(key)?, &self.globals) {
            (None, Some(globals)) => globals.child(key),
            (own, _) => Ok(own),
        }
    }
}

fn binary(properties: &Properties<'_>) -> Result<String, Fault> {
    let node = match properties.get("CodeUri")? {
        Some(node) => node,
        None => properties.own.required("CodeUri")?,
    };
    let path = node.text()?;
    match path.trim_end_matches('/').rsplit('/').next() {
        Some(name) if !name.is_empty() && !name.contains('.') => Ok(name.to_owned()),
        _ => Err(node.fault(format!("expected a path that ends with the name of a binary, found {path:?}"))),
    }
}

fn recursive_loop(properties: &Properties<'_>) -> Result<RecursiveLoop, Fault> {
    let Some(node) = properties.get("RecursiveLoop")? else { return Ok(RecursiveLoop::Terminate) };
    match node.text()?.as_str() {
        "Allow" => Ok(RecursiveLoop::Allow),
        "Terminate" => Ok(RecursiveLoop::Terminate),
        other => Err(node.unexpected("Allow or Terminate", &other.into())),
    }
}

fn role(node: &Node<'_>, roles: &BTreeMap<String, Role>) -> Result<Role, Fault> {
    let arn = node.text()?;
    let role = roles.get(&arn).cloned();
    role.ok_or_else(|| node.unexpected("the ARN of a role of this template", &arn.into()))
}

fn environment(properties: &Properties<'_>) -> Result<BTreeMap<String, String>, Fault> {
    let mut environment = BTreeMap::new();
    for layer in properties.globals.iter().chain([&properties.own]) {
        if let Some(variables) = layer.descendant(&["Environment", "Variables"])? {
            for (name, value) in variables.entries()? {
                environment.insert(name.to_owned(), value.text()?);
            }
        }
    }
    Ok(environment)
}
