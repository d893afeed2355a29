//! `AWS::IAM::Role`: what a function may do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Fault;
use super::node::Node;
use super::scope::ROLE;

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its key in the template.
    pub logical_id: String,
    /// What it allows; everything else is denied.
    pub statements: Vec<Statement>,
}

/// Each of some actions on each of some resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The actions, such as `dynamodb:GetItem`.
    pub actions: Vec<String>,
    /// The ARNs of the resources.
    pub resources: Vec<String>,
    /// What the encryption context of a call to KMS must hold.
    pub encryption_context: BTreeMap<String, String>,
}

impl Role {
    /// True if it allows an action on the resource with this ARN. Stars are not wildcards here.
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str, context: &BTreeMap<String, String>) -> bool {
        self.statements.iter().any(|statement| {
            statement.actions.iter().any(|allowed| allowed == action)
                && statement.resources.iter().any(|allowed| allowed == resource)
                && statement.encryption_context.iter().all(|(key, value)| context.get(key) == Some(value))
        })
    }
}

/// The roles by their ARNs.
pub(super) fn read(root: &Node<'_>) -> Result<BTreeMap<String, Role>, Fault> {
    root.resources(ROLE)?.into_iter().map(|(id, properties)| role(id, &properties)).collect()
}

fn role(id: &str, properties: &Node<'_>) -> Result<(String, Role), Fault> {
    let mut statements = Vec::new();
    for policy in properties.child("Policies")?.map_or(Ok(Vec::new()), |policies| policies.items())? {
        for node in policy.required("PolicyDocument")?.required("Statement")?.items()? {
            statements.push(statement(&node)?);
        }
    }
    let arn = properties.scope().attribute(id, "Arn").map_err(|problem| properties.fault(problem))?;
    let arn = arn.as_str().unwrap_or_default().to_owned();
    Ok((arn, Role { logical_id: id.to_owned(), statements }))
}

fn statement(node: &Node<'_>) -> Result<Statement, Fault> {
    // Left out, a condition would allow more here than in AWS.
    node.only(&["Action", "Condition", "Effect", "Resource"])?;
    let effect = node.required("Effect")?;
    if effect.text()? != "Allow" {
        return Err(effect.fault("only Allow is supported here"));
    }
    let condition = node.child("Condition")?.map_or(Ok(BTreeMap::new()), |node| encryption_context(&node))?;
    Ok(Statement {
        actions: texts(&node.required("Action")?)?,
        resources: texts(&node.required("Resource")?)?,
        encryption_context: condition,
    })
}

fn encryption_context(condition: &Node<'_>) -> Result<BTreeMap<String, String>, Fault> {
    condition.only(&["StringEquals"])?;
    let entries = condition.required("StringEquals")?.entries()?.into_iter();
    let entry = |(key, node): (&str, Node<'_>)| match key.strip_prefix("kms:EncryptionContext:") {
        Some(name) => Ok((name.to_owned(), node.text()?)),
        None => Err(node.fault("not supported here")),
    };
    entries.map(entry).collect()
}

/// One text or several.
fn texts(node: &Node<'_>) -> Result<Vec<String>, Fault> {
    match node.json()? {
        Value::String(text) => Ok(vec![text]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            node.items()?.iter().map(Node::text).collect()
        }
    }
}
