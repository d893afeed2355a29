//! `AWS::IAM::Role`: what a function may do.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::resolve::Resolver;

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its key in the template.
    pub logical_id: String,
    /// What it allows; everything else is denied.
    pub statements: Vec<Statement>,
}

/// Allows some actions on some resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The actions, such as `dynamodb:GetItem`.
    pub actions: Vec<String>,
    /// The ARNs of the resources.
    pub resources: Vec<String>,
    /// What the encryption context of a call to KMS must contain.
    pub encryption_context: BTreeMap<String, String>,
}

impl Role {
    /// True if it allows an action on the resource with this ARN. There are no wildcards.
    pub fn allows(&self, action: &str, resource: &str, context: &BTreeMap<String, String>) -> bool {
        self.statements.iter().any(|statement| {
            statement.actions.iter().any(|allowed| allowed == action)
                && statement.resources.iter().any(|allowed| allowed == resource)
                && statement.encryption_context.iter().all(|(key, value)| context.get(key) == Some(value))
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    policies: Vec<Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy_document: PolicyDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDocument {
    statement: Vec<Allowance>,
}

/// Unknown elements are refused: ignoring them could allow more here than on AWS.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Allowance {
    #[serde(rename = "Effect")]
    _effect: Effect,
    action: OneOrMany,
    resource: OneOrMany,
    condition: Option<Condition>,
}

#[derive(Deserialize)]
enum Effect {
    Allow,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Condition {
    string_equals: BTreeMap<String, String>,
}

pub(super) fn read(resolver: &Resolver<'_>) -> Result<BTreeMap<String, Role>, String> {
    let roles: Vec<(String, Properties)> = resolver.read("AWS::IAM::Role")?;
    let role = |(id, properties): (String, Properties)| {
        let statements = properties.policies.into_iter().flat_map(|policy| policy.policy_document.statement);
        let statements = statements.map(statement).collect::<Result<_, _>>();
        let statements = statements.map_err(|problem| format!("Resources.{id}: {problem}"))?;
        Ok((id.clone(), Role { logical_id: id, statements }))
    };
    roles.into_iter().map(role).collect()
}

fn statement(allowance: Allowance) -> Result<Statement, String> {
    let conditions = allowance.condition.into_iter().flat_map(|condition| condition.string_equals);
    let context = conditions.map(|(key, value)| match key.strip_prefix("kms:EncryptionContext:") {
        Some(name) => Ok((name.to_owned(), value)),
        None => Err(format!("a condition on {key} is not supported here")),
    });
    Ok(Statement {
        actions: allowance.action.into(),
        resources: allowance.resource.into(),
        encryption_context: context.collect::<Result<_, _>>()?,
    })
}

impl From<OneOrMany> for Vec<String> {
    fn from(texts: OneOrMany) -> Self {
        match texts {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}
