//! Replaces the subscription at Close of an instance.

use chrono::{DateTime, Utc};

use super::{DynamoInstanceStore, KEY};
use crate::instances::InstanceId;
use crate::instances::configuration::{Settings, key};
use crate::instances::vault::Purpose;
use crate::platform::aws::{InternalError, Unavailable, millis, number, text, written};
use crate::platform::secret::Secret;

const ACTION: &str = "write a subscription";

/// The previous key is moved while encrypted: the writer need not be able to decrypt it.
const REPLACE: &str = "SET configuration.#id = :id, replaced_webhook = secrets.webhook, replaced_until = :until, \
     secrets.webhook = :sealed, revision = revision + :one";
const UNCHANGED: &str = "configuration.#id = :old AND attribute_exists(secrets.webhook)";

impl DynamoInstanceStore {
    /// Replaces the subscription `old` of an instance. Webhooks signed with its key are accepted `until` then.
    ///
    /// `false` if the instance is gone or has another subscription.
    pub async fn replace_subscription(
        &self,
        instance: InstanceId,
        old: &str,
        (new, signature_key): (&str, &Secret),
        until: DateTime<Utc>,
    ) -> Result<bool, InternalError> {
        let key = (key::SUBSCRIPTION_SIGNATURE_KEY.to_owned(), Some(signature_key.expose().to_owned()));
        let settings: Settings = [key].into();
        let sealed = self.vault.seal(instance, Purpose::Webhook, &settings).await?;
        let sealed = serde_dynamo::to_attribute_value(sealed).unavailable(ACTION)?;
        let update = self
            .client
            .update_item()
            .table_name(&self.instances)
            .key(KEY, number(instance))
            .update_expression(REPLACE)
            .condition_expression(UNCHANGED)
            .expression_attribute_names("#id", key::SUBSCRIPTION_ID)
            .expression_attribute_values(":id", text(new))
            .expression_attribute_values(":old", text(old))
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":sealed", sealed)
            .expression_attribute_values(":one", number(1));
        written(update.send().await, ACTION)
    }
}
