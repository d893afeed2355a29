//! `AWS::SQS::Queue`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Fault;
use super::node::Node;
use super::scalar::scalar_text;
use super::scope::QUEUE;

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name, which its URL ends with.
    pub name: String,
    /// Its attributes, as the `CreateQueue` call takes them.
    pub attributes: BTreeMap<String, String>,
    /// The name of the queue that takes what this one gives up on.
    pub dead_letter_queue: Option<String>,
}

/// The queues, each after the one that takes its dead letters.
pub(super) fn read(root: &Node<'_>) -> Result<Vec<Queue>, Fault> {
    let resources = root.resources(QUEUE)?;
    let mut waiting: Vec<Queue> =
        resources.iter().map(|(id, properties)| queue(id, properties)).collect::<Result<_, _>>()?;
    let mut ordered: Vec<Queue> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_ready = |queue: &mut Queue| match &queue.dead_letter_queue {
            Some(target) => ordered.iter().any(|created| created.name == *target),
            None => true,
        };
        let ready: Vec<Queue> = waiting.extract_if(.., is_ready).collect();
        if ready.is_empty() {
            let names: Vec<&str> = waiting.iter().map(|queue| queue.name.as_str()).collect();
            let problem = format!("the dead letters of {} go round in a circle", names.join(", "));
            return Err(Fault::new("Resources", problem));
        }
        ordered.extend(ready);
    }
    Ok(ordered)
}

fn queue(id: &str, properties: &Node<'_>) -> Result<Queue, Fault> {
    let mut attributes = BTreeMap::new();
    for (key, node) in properties.entries()? {
        // These two are not attributes in the SQS API.
        if key != "QueueName" && key != "Tags" {
            attributes.insert(key.to_owned(), attribute(&node.json()?));
        }
    }
    Ok(Queue {
        name: properties.scope().name(id),
        attributes,
        dead_letter_queue: dead_letter_queue(properties)?,
    })
}

/// SQS has every attribute as text, and the policies as JSON within it.
fn attribute(value: &Value) -> String {
    scalar_text(value).unwrap_or_else(|| value.to_string())
}

fn dead_letter_queue(properties: &Node<'_>) -> Result<Option<String>, Fault> {
    let Some(policy) = properties.child("RedrivePolicy")? else { return Ok(None) };
    policy.required("maxReceiveCount")?.parsed::<u32>("a number of receives")?;
    policy.required("deadLetterTargetArn")?.queue().map(Some)
}
