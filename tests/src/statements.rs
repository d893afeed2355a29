//! Batches of statements on their way to DynamoDB.

use bytes::Bytes;
use serde_json::{Value, json};

/// The verb of each statement of a batch, such as `INSERT`. None for another call.
#[must_use]
pub fn verbs(body: &[u8]) -> Vec<String> {
    let verb = |it: &Value| {
        let text = it["Statement"].as_str().unwrap_or_default();
        text.split(' ').next().unwrap_or_default().to_owned()
    };
    statements(body).iter().map(verb).collect()
}

/// The table of each statement of a batch. None for another call.
#[must_use]
pub fn tables(body: &[u8]) -> Vec<String> {
    let table = |it: &Value| {
        let text = it["Statement"].as_str().unwrap_or_default();
        text.split('"').nth(1).unwrap_or_default().to_owned()
    };
    statements(body).iter().map(table).collect()
}

/// The batch without the statements on this table.
#[must_use]
pub fn without(body: &[u8], table: &str) -> Bytes {
    let kept: Vec<_> = statements(body)
        .into_iter()
        .zip(tables(body))
        .filter(|(_, it)| it != table)
        .map(|(it, _)| it)
        .collect();
    json!({ "Statements": kept }).to_string().into()
}

/// The answer to the whole batch: an error for each statement on this table, and what `answer` says of the others.
#[must_use]
pub fn with_errors(body: &[u8], table: &str, answer: &[u8]) -> Bytes {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let mut made = answer["Responses"].as_array().cloned().unwrap_or_default().into_iter();
    let error = json!({ "Error": { "Code": "InternalServerError", "Message": "planned" } });
    let responses: Vec<_> = tables(body)
        .into_iter()
        .map(|it| if it == table { error.clone() } else { made.next().unwrap_or_default() })
        .collect();
    json!({ "Responses": responses }).to_string().into()
}

fn statements(body: &[u8]) -> Vec<Value> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["Statements"].as_array().cloned().unwrap_or_default()
}
