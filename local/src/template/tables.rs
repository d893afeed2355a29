//! `AWS::DynamoDB::Table`.

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::node::Node;
use super::scope::TABLE;

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name, which its `Ref` stands for.
    pub name: String,
    /// The body of the `CreateTable` call that makes it.
    pub create_request: Value,
    /// The attribute with the second at which an item expires, if items do.
    pub ttl_attribute: Option<String>,
}

/// What a table is, as the template and `CreateTable` both spell it. Protection, recovery and encryption of
/// what is stored matter in AWS only.
const TABLE_PROPERTIES: [&str; 4] =
    ["AttributeDefinitions", "BillingMode", "KeySchema", "ProvisionedThroughput"];

/// The same for an index.
const INDEX_PROPERTIES: [&str; 4] = ["IndexName", "KeySchema", "Projection", "ProvisionedThroughput"];

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Table>, Fault> {
    root.resources(TABLE)?.into_iter().map(|(id, properties)| table(id, &properties)).collect()
}

fn table(id: &str, properties: &Node<'_>) -> Result<Table, Fault> {
    let name = properties.scope().name(id);
    properties.required("KeySchema")?;
    let mut request = copy(properties, &TABLE_PROPERTIES)?;
    request.insert("TableName".to_owned(), Value::from(name.as_str()));
    for indexes in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        if let Some(list) = properties.child(indexes)? {
            request.insert(indexes.to_owned(), index_list(&list)?);
        }
    }
    if let Some(stream) = properties.descendant(&["StreamSpecification", "StreamViewType"])? {
        let specification = json!({ "StreamEnabled": true, "StreamViewType": stream.text()? });
        request.insert("StreamSpecification".to_owned(), specification);
    }
    Ok(Table { name, create_request: Value::Object(request), ttl_attribute: ttl_attribute(properties)? })
}

fn copy(node: &Node<'_>, keys: &[&str]) -> Result<Map<String, Value>, Fault> {
    let mut object = Map::new();
    for key in keys {
        if let Some(value) = node.child(key)? {
            object.insert((*key).to_owned(), value.json()?);
        }
    }
    Ok(object)
}

fn index_list(list: &Node<'_>) -> Result<Value, Fault> {
    let indexes = list.items()?.into_iter().map(|index| copy(&index, &INDEX_PROPERTIES).map(Value::Object));
    indexes.collect()
}

fn ttl_attribute(properties: &Node<'_>) -> Result<Option<String>, Fault> {
    let Some(specification) = properties.child("TimeToLiveSpecification")? else { return Ok(None) };
    if !specification.required("Enabled")?.flag()? {
        return Ok(None);
    }
    specification.required("AttributeName")?.text().map(Some)
}
