//! `AWS::DynamoDB::Table` and `AWS::SQS::Queue`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::resolve::{Resolver, text_of};

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name, the value of its `Ref`.
    pub name: String,
    /// The body of the `CreateTable` call that makes it.
    pub create_request: Value,
    /// The attribute with the time at which an item expires.
    pub ttl_attribute: Option<String>,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name, which its URL ends with.
    pub name: String,
    /// Its attributes, as the `CreateQueue` call takes them.
    pub attributes: BTreeMap<String, String>,
    /// The name of its dead-letter queue.
    pub dead_letter_queue: Option<String>,
}

/// The properties of a table that matter here. Protection, recovery and encryption matter only on AWS.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableProperties {
    attribute_definitions: Value,
    billing_mode: Value,
    key_schema: Value,
    global_secondary_indexes: Option<Value>,
    time_to_live_specification: Option<TimeToLive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

pub(super) fn tables(resolver: &Resolver<'_>) -> Result<Vec<Table>, String> {
    let table = |(name, properties): (String, TableProperties)| {
        let mut create_request = json!({
            "TableName": name,
            "AttributeDefinitions": properties.attribute_definitions,
            "BillingMode": properties.billing_mode,
            "KeySchema": properties.key_schema,
        });
        if let Some(indexes) = properties.global_secondary_indexes {
            create_request["GlobalSecondaryIndexes"] = indexes;
        }
        let time_to_live = properties.time_to_live_specification.filter(|it| it.enabled);
        let ttl_attribute = time_to_live.map(|it| it.attribute_name);
        Table { name, create_request, ttl_attribute }
    };
    Ok(resolver.read("AWS::DynamoDB::Table")?.into_iter().map(table).collect())
}

/// The queues, each after its dead-letter queue.
pub(super) fn queues(resolver: &Resolver<'_>) -> Result<Vec<Queue>, String> {
    let queue = |(name, properties): (String, BTreeMap<String, Value>)| {
        let target =
            properties.get("RedrivePolicy").and_then(|policy| policy["deadLetterTargetArn"].as_str());
        let dead_letter_queue = target.and_then(|arn| arn.rsplit(':').next()).map(str::to_owned);
        // In the SQS API every attribute is a text, and a policy is JSON. Tags are not attributes.
        let attributes = properties.into_iter().filter(|(key, _)| key != "Tags");
        let attributes = attributes.map(|(key, value)| (key, text_of(&value))).collect();
        Queue { name, attributes, dead_letter_queue }
    };
    let mut queues: Vec<Queue> = resolver.read("AWS::SQS::Queue")?.into_iter().map(queue).collect();
    let targets: BTreeMap<String, Option<String>> =
        queues.iter().map(|queue| (queue.name.clone(), queue.dead_letter_queue.clone())).collect();
    let next = |name: &String| targets.get(name).cloned().flatten();
    // The limit ends a circle, which SQS refuses.
    queues.sort_by_cached_key(|queue| {
        std::iter::successors(queue.dead_letter_queue.clone(), next).take(targets.len()).count()
    });
    Ok(queues)
}
