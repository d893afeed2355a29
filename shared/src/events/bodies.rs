//! Bodies in DynamoDB: those too large for a log item or a queue message.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use crate::events::body::{Body, Carriage, Deflated, StoredBody, carriage};
use crate::events::id::EventId;
use crate::platform::aws::{InternalError, Statement, Statements, Unavailable, batch_get, number, text};

const STORE: &str = "store a body";

/// The largest part: an item takes 400 KB with its names and keys.
const PART_BYTES: usize = 380 * 1024;

/// The largest body that joins other writes in a call: with the most statements, it stays small.
const MOST_JOINED: usize = 16 * 1024;

/// The payloads table: `payload_id` (S) and `part` (N, from zero); items expire by `expires_at`.
#[derive(Debug, Clone)]
pub struct DynamoPayloadStore {
    client: Client,
    table: String,
}

impl DynamoPayloadStore {
    /// The store in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The body of a new event for its message; stored until `expires_at` if it is too large for one.
    pub async fn pack<'a>(
        &self,
        event: &EventId,
        raw: &'a RawValue,
        expires_at: DateTime<Utc>,
    ) -> Result<Body<'a>, InternalError> {
        let mut deflated = None;
        let carriage = carriage(raw.get(), || deflated.insert(Deflated::of(raw)).bytes().len());
        match (carriage, deflated) {
            (Carriage::Raw, _) => Ok(Body::Raw(raw)),
            (Carriage::Deflated, deflated) => {
                Ok(Body::Deflated(deflated.unwrap_or_else(|| Deflated::of(raw))))
            }
            (Carriage::Stored, deflated) => {
                let deflated = deflated.unwrap_or_else(|| Deflated::of(raw));
                self.put(event, &deflated, expires_at).await?;
                Ok(Body::Stored(deflated.check()))
            }
        }
    }

    /// Stores a body of an event. Durable when it returns.
    pub async fn put(
        &self,
        event: &EventId,
        body: &Deflated,
        expires_at: DateTime<Utc>,
    ) -> Result<(), InternalError> {
        let id = id(event, &body.check());
        for (part, chunk) in body.bytes().chunks(PART_BYTES).enumerate() {
            let item = item(&id, part, chunk, expires_at).map(|(name, value)| (name.to_owned(), value));
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item.into()));
            put.send().await.unavailable(STORE)?;
        }
        Ok(())
    }

    /// Stores the body of an event that the log most probably does not have, with what others write at the same time.
    /// `false` if it has to be [`put`](Self::put) instead: it is too large for company, or stored already.
    ///
    /// # Errors
    /// When the call failed. The body may be stored.
    pub async fn put_new(
        &self,
        statements: &Statements,
        event: &EventId,
        body: &Deflated,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, InternalError> {
        if body.bytes().len() > MOST_JOINED {
            return Ok(false);
        }
        let id = id(event, &body.check());
        let item = item(&id, 0, body.bytes(), expires_at);
        statements.execute(Statement::insert(&self.table, &id, item.into_iter()), STORE).await
    }

    /// A stored body; `None` if it or a part of it is gone.
    pub async fn get(&self, event: &EventId, stored: &StoredBody) -> Result<Option<Deflated>, InternalError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("payload_id = :id")
            .expression_attribute_values(":id", text(id(event, stored)))
            .into_paginator()
            .items()
            .send();
        let mut bytes = Vec::with_capacity(stored.packed.min(PART_BYTES));
        while let Some(item) = pages.next().await {
            append(&mut bytes, item.unavailable("read a stored body")?);
        }
        let whole = bytes.len() == stored.packed;
        Ok(whole.then_some(Deflated { bytes, text_length: stored.bytes }))
    }

    /// Many stored bodies, a hundred per call. Missing ones are left out, and so are those of several parts, which are too
    /// large to be shown with others.
    pub async fn get_all(
        &self,
        bodies: &[(EventId, StoredBody)],
    ) -> Result<HashMap<EventId, Deflated>, InternalError> {
        let single = bodies.iter().filter(|(_, stored)| stored.packed <= PART_BYTES);
        let wanted: HashMap<String, _> = single.map(|body| (id(&body.0, &body.1), body)).collect();
        let key = |id: &String| {
            let part = number(0);
            [("payload_id".to_owned(), text(id)), ("part".to_owned(), part)].into()
        };
        let keys = wanted.keys().map(key).collect();
        let mut found = HashMap::new();
        for item in batch_get(&self.client, &self.table, keys, None, "read stored bodies").await? {
            let Some(AttributeValue::S(id)) = item.get("payload_id") else { continue };
            let Some((event, stored)) = wanted.get(id).copied() else { continue };
            let mut bytes = Vec::with_capacity(stored.packed);
            append(&mut bytes, item);
            if bytes.len() == stored.packed {
                found.insert(event.clone(), Deflated { bytes, text_length: stored.bytes });
            }
        }
        Ok(found)
    }
}

fn id(event: &EventId, stored: &StoredBody) -> String {
    format!("{event}#{}", stored.digest)
}

/// One part of a body.
fn item(
    id: &str,
    part: usize,
    bytes: &[u8],
    expires_at: DateTime<Utc>,
) -> [(&'static str, AttributeValue); 4] {
    [
        ("payload_id", text(id)),
        ("part", number(part)),
        ("bytes", AttributeValue::B(Blob::new(bytes))),
        ("expires_at", number(expires_at.timestamp())),
    ]
}

fn append(bytes: &mut Vec<u8>, mut item: HashMap<String, AttributeValue>) {
    if let Some(AttributeValue::B(part)) = item.remove("bytes") {
        bytes.extend_from_slice(part.as_ref());
    }
}
