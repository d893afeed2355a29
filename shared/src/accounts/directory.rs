//! The directory: the organisations and users behind the credentials, for administrators.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::store::KEY;
use super::{Credential, CredentialKey, CredentialKind, Profile};
use crate::platform::aws::{InternalError, Unavailable, number, text, written};
use crate::platform::secret::Secret;

/// The index of the credentials that have an entry here. Element tokens have none, so it stays small.
const INDEX: &str = "by_directory";
/// The key of every entry: they are few, and always read together.
const DIRECTORY: &str = "accounts";
/// The item that numbers are drawn from.
const SEQUENCE: &str = "sequence#accounts";
/// The first number; the ones below are for systems on one machine.
const FIRST: u64 = 1000;

/// The credentials table, for administrators.
#[derive(Debug, Clone)]
pub struct DynamoDirectory {
    client: Client,
    table: String,
}

/// A secret of a user or an organisation, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// Its key among the credentials.
    pub credential: CredentialKey,
    /// Whom it proves.
    pub proves: Credential,
    /// The name of the user or organisation.
    pub name: String,
    /// Who a user is; an organisation has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// When the secret was made.
    pub created_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Item<'a> {
    #[serde(flatten)]
    entry: &'a DirectoryEntry,
    directory: &'static str,
    place: String,
}

impl DirectoryEntry {
    /// An entry for a new secret; `None` for an element token, which has no entry.
    pub fn new(
        proves: Credential,
        (name, profile): (&str, Option<Profile>),
        secret: &Secret,
        created_at: DateTime<Utc>,
    ) -> Option<Self> {
        let kind = match proves {
            Credential::User(_) => CredentialKind::User,
            Credential::Organization { .. } => CredentialKind::Organization,
            Credential::Element { .. } => return None,
        };
        let (credential, name) = (CredentialKey::of(kind, secret), name.to_owned());
        Some(Self { credential, proves, name, profile, created_at })
    }

    /// The number of its organisation.
    pub fn company_id(&self) -> u64 {
        self.numbers().0
    }

    /// The number of the user or organisation that it belongs to.
    pub fn number(&self) -> u64 {
        match self.numbers() {
            (company_id, 0) => company_id,
            (_, user_id) => user_id,
        }
    }

    fn numbers(&self) -> (u64, u64) {
        match self.proves {
            Credential::User(account) => (account.company_id, account.user_id),
            Credential::Organization { company_id } => (company_id, 0),
            Credential::Element { .. } => (0, 0),
        }
    }

    /// Organisations with their users after them, each with its secrets from old to new.
    fn place(&self) -> String {
        let (company_id, user_id) = self.numbers();
        let millis = self.created_at.timestamp_millis();
        format!("{company_id:020}/{user_id:020}/{millis:020}/{}", self.credential.as_str())
    }
}

impl DynamoDirectory {
    /// The directory in the credentials table.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// A new number that no organisation, account or user has.
    pub async fn draw_number(&self) -> Result<u64, InternalError> {
        const ACTION: &str = "draw a number";
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(KEY, text(SEQUENCE))
            .update_expression("SET last_number = if_not_exists(last_number, :before) + :one")
            .expression_attribute_values(":before", number(FIRST - 1))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew);
        let answer = update.send().await.unavailable(ACTION)?;
        let drawn =
            answer.attributes.as_ref().and_then(|it| it.get("last_number")?.as_n().ok()?.parse().ok());
        drawn.ok_or_else(|| InternalError::new(ACTION, "the table gave none"))
    }

    /// Adds an entry, and with it the secret that it was made from.
    pub async fn add(&self, entry: &DirectoryEntry) -> Result<(), InternalError> {
        const ACTION: &str = "write a credential";
        let item = Item { entry, directory: DIRECTORY, place: entry.place() };
        let item = serde_dynamo::to_item(item).unavailable(ACTION)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(credential)");
        if written(put.send().await, ACTION)? {
            Ok(())
        } else {
            Err(InternalError::new(ACTION, "the secret is somebody's already"))
        }
    }

    /// Removes an entry; its secret is invalid from then on.
    pub async fn remove(&self, entry: &DirectoryEntry) -> Result<(), InternalError> {
        let key = text(entry.credential.as_str());
        let delete = self.client.delete_item().table_name(&self.table).key(KEY, key);
        delete.send().await.map(drop).unavailable("remove a credential")
    }

    /// Every entry: organisations with their users after them, each with its secrets from old to new.
    pub async fn list(&self) -> Result<Vec<DirectoryEntry>, InternalError> {
        const ACTION: &str = "list accounts";
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("directory = :directory")
            .expression_attribute_values(":directory", text(DIRECTORY));
        let mut items = query.into_paginator().items().send();
        let mut entries = Vec::new();
        while let Some(item) = items.next().await {
            entries.push(serde_dynamo::from_item(item.unavailable(ACTION)?).unavailable(ACTION)?);
        }
        Ok(entries)
    }
}
