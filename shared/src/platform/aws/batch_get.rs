//! Reading items by their keys, many at a time.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::{InternalError, Unavailable};

/// What one batch read takes (Amazon DynamoDB API reference, `BatchGetItem`).
const MOST_KEYS: usize = 100;
/// A batch whose items are too large together, or that is throttled, is read in at most this many rounds.
const ROUNDS: usize = 20;

type Item = HashMap<String, AttributeValue>;

/// The items that a table has under `keys`, in no order, with all of their attributes or those of a projection.
///
/// # Errors
/// When the table cannot be read, or keeps giving keys back unread; `action` completes "failed to …".
pub(crate) async fn batch_get(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
    projection: Option<&str>,
    action: &'static str,
) -> Result<Vec<Item>, InternalError> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(MOST_KEYS) {
        let mut keys = chunk.to_vec();
        for _ in 0..ROUNDS {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys));
            let wanted = wanted.set_projection_expression(projection.map(str::to_owned));
            let wanted = wanted.build().unavailable(action)?;
            let answer = client.batch_get_item().request_items(table, wanted).send().await;
            let answer = answer.unavailable(action)?;
            found.extend(answer.responses.unwrap_or_default().remove(table).unwrap_or_default());
            let rest = answer.unprocessed_keys.unwrap_or_default().remove(table);
            keys = rest.map(|rest| rest.keys).unwrap_or_default();
            if keys.is_empty() {
                break;
            }
        }
        if !keys.is_empty() {
            return Err(InternalError::new(action, "the table kept giving back unprocessed keys"));
        }
    }
    Ok(found)
}
