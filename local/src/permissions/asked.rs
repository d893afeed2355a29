//! What a request asks IAM for: the actions and resources behind it (AWS service authorization reference).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use sqs::{ACCOUNT, REGION};

use crate::kms;

/// An action on a resource.
pub(super) struct Asked {
    pub(super) action: String,
    /// Its ARN; empty where the request does not say, which no role allows.
    pub(super) resource: String,
    /// The encryption context of a call to KMS.
    pub(super) context: BTreeMap<String, String>,
}

/// What a request with this `X-Amz-Target` and body asks for.
pub(super) fn of(target: &str, body: &[u8]) -> Vec<Asked> {
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match service {
        "DynamoDB_20120810" => tables(operation, &body),
        "AmazonSQS" => {
            // A batch is allowed with the action for one.
            let action = operation.strip_suffix("Batch").unwrap_or(operation);
            let name = text(&body, "QueueUrl").rsplit('/').next().unwrap_or_default();
            vec![asked("sqs", action, format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"))]
        }
        "TrentService" => vec![key(operation, &body)],
        _ => vec![asked(service, operation, String::new())],
    }
}

fn asked(service: &str, operation: &str, resource: String) -> Asked {
    Asked { action: format!("{service}:{operation}"), resource, context: BTreeMap::new() }
}

fn tables(operation: &str, body: &Value) -> Vec<Asked> {
    let on = |action: &str, name: &str| {
        asked("dynamodb", action, format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"))
    };
    match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(name, _)| on(operation, name)).collect()
        }
        "BatchExecuteStatement" => {
            let statements = body["Statements"].as_array().into_iter().flatten();
            statements
                .map(|it| statement(text(it, "Statement")))
                .map(|(verb, table)| on(&verb, table))
                .collect()
        }
        "TransactGetItems" | "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let parts = items.filter_map(Value::as_object).flatten();
            parts.map(|(part, item)| on(&item_action(part), text(item, "TableName"))).collect()
        }
        _ => {
            let table = text(body, "TableName");
            vec![match body["IndexName"].as_str() {
                Some(index) => on(operation, &format!("{table}/index/{index}")),
                None => on(operation, table),
            }]
        }
    }
}

/// A statement's action, such as `PartiQLInsert`, and its table, which is the first name in double quotes.
fn statement(text: &str) -> (String, &str) {
    let verb = text.split_whitespace().next().unwrap_or_default();
    let (first, rest) = verb.split_at_checked(1).unwrap_or_default();
    let action = format!("PartiQL{}{}", first.to_uppercase(), rest.to_lowercase());
    (action, text.split('"').nth(1).unwrap_or_default())
}

/// A transaction is allowed part by part.
fn item_action(part: &str) -> String {
    if part == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{part}Item") }
}

fn key(operation: &str, body: &Value) -> Asked {
    let ciphertext = || STANDARD.decode(text(body, "CiphertextBlob")).unwrap_or_default();
    let resource = match body["KeyId"].as_str() {
        Some(id) => Some(kms::arn(id)),
        None => kms::key_id(&ciphertext()).map(kms::arn),
    };
    let mut asked = asked("kms", operation, resource.unwrap_or_default());
    let context = body["EncryptionContext"].as_object().into_iter().flatten();
    asked.context =
        context.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    asked
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}
