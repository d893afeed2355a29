//! Changing and deleting instances.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};

use super::{DynamoInstanceStore, KEY};
use crate::accounts;
use crate::instances::Instance;
use crate::platform::aws::{InternalError, Unavailable, number, text, written};

/// The outcome of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is stored.
    Yes,
    /// The instance was changed or deleted since it was read: read it again.
    Meanwhile,
}

/// Only what a client may change: other writers own the other attributes.
const CHANGE: &str = "SET #name = :name, tags = :tags, configuration = :configuration, secrets = :secrets, masked = :masked, \
     disabled = :disabled, revision = :next";

impl DynamoInstanceStore {
    /// Stores a changed instance, if it still has the revision that the change was made from.
    pub async fn change(&self, changed: Instance) -> Result<Changed, InternalError> {
        const ACTION: &str = "change an instance";
        let item = self.sealed(changed).await?;
        let value = |value: Result<AttributeValue, serde_dynamo::Error>| value.unavailable(ACTION);
        let update = self
            .client
            .update_item()
            .table_name(&self.instances)
            .key(KEY, number(item.instance_id))
            .update_expression(CHANGE)
            .condition_expression("revision = :seen")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", text(item.name))
            .expression_attribute_values(":tags", value(serde_dynamo::to_attribute_value(item.tags))?)
            .expression_attribute_values(
                ":configuration",
                value(serde_dynamo::to_attribute_value(item.configuration))?,
            )
            .expression_attribute_values(":secrets", value(serde_dynamo::to_attribute_value(item.secrets))?)
            .expression_attribute_values(":masked", value(serde_dynamo::to_attribute_value(item.masked))?)
            .expression_attribute_values(":disabled", AttributeValue::Bool(item.disabled))
            .expression_attribute_values(":seen", number(item.revision))
            .expression_attribute_values(":next", number(item.revision + 1));
        Ok(if written(update.send().await, ACTION)? { Changed::Yes } else { Changed::Meanwhile })
    }

    /// Deletes an instance with its token in the table `credentials`, both or neither, if it still has the revision that was
    /// seen: a subscription that was made meanwhile must not outlive it.
    pub async fn delete(&self, instance: &Instance, credentials: &str) -> Result<Changed, InternalError> {
        const ACTION: &str = "delete an instance";
        let revision = number(instance.revision);
        let item = Delete::builder()
            .table_name(&self.instances)
            .key(KEY, number(instance.id))
            .condition_expression("revision = :seen")
            .expression_attribute_values(":seen", revision);
        let token =
            Delete::builder().table_name(credentials).key(accounts::KEY, text(instance.token.key.as_str()));
        let mut write = self.client.transact_write_items();
        for delete in [item, token] {
            let delete = delete.build().unavailable(ACTION)?;
            write = write.transact_items(TransactWriteItem::builder().delete(delete).build());
        }
        Ok(if written(write.send().await, ACTION)? { Changed::Yes } else { Changed::Meanwhile })
    }
}
