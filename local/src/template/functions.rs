//! `AWS::Serverless::Function`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::events::{Event, QueueSource, Route, Schedule};
use super::resolve::{Resolver, text_of};
use super::roles::{self, Role};

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its key in the template.
    pub logical_id: String,
    /// The binary to run: the last part of `CodeUri`.
    pub binary: String,
    /// How long one call may take.
    pub timeout: Duration,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// What Lambda does when it calls itself through a queue.
    pub recursive_loop: RecursiveLoop,
    /// Its permissions; without a role in the template it may do everything.
    pub role: Option<Role>,
    /// The HTTP requests that it answers.
    pub routes: Vec<Route>,
    /// The queues that call it.
    pub queues: Vec<QueueSource>,
    /// Its regular calls.
    pub schedules: Vec<Schedule>,
}

/// What Lambda does when a function is called about sixteen times in a chain of its own messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum RecursiveLoop {
    /// The chain continues.
    Allow,
    /// It is not called again: the message goes to the dead-letter queue.
    #[default]
    Terminate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    code_uri: String,
    timeout: u64,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    recursive_loop: RecursiveLoop,
    role: Option<String>,
    #[serde(default)]
    events: BTreeMap<String, Event>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, Value>,
}

pub(super) fn read(resolver: &Resolver<'_>) -> Result<Vec<Function>, String> {
    resolver.check_globals(&["CodeUri", "Environment", "Events", "RecursiveLoop", "Role", "Timeout"])?;
    let roles = roles::read(resolver)?;
    let functions: Vec<(String, Properties)> = resolver.read("AWS::Serverless::Function")?;
    let function = |(id, properties): (String, Properties)| {
        function(&id, properties, &roles).map_err(|problem| format!("Resources.{id}: {problem}"))
    };
    functions.into_iter().map(function).collect()
}

fn function(id: &str, properties: Properties, roles: &BTreeMap<String, Role>) -> Result<Function, String> {
    let Properties { code_uri, timeout, environment, recursive_loop, role, events } = properties;
    let role = role.map(|arn| {
        let role = arn.rsplit('/').next().and_then(|id| roles.get(id)).cloned();
        role.ok_or_else(|| format!("Role: {arn} is not a role of this template"))
    });
    let variables = environment.variables.into_iter();
    let mut function = Function {
        logical_id: id.to_owned(),
        binary: code_uri.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned(),
        timeout: Duration::from_secs(timeout),
        environment: variables.map(|(name, value)| (name, text_of(&value))).collect(),
        recursive_loop,
        role: role.transpose()?,
        routes: Vec::new(),
        queues: Vec::new(),
        schedules: Vec::new(),
    };
    for (name, event) in events {
        event.add_to(&mut function).map_err(|problem| format!("Events.{name}: {problem}"))?;
    }
    Ok(function)
}
