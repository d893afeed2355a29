//! Instances in DynamoDB.

mod change;
mod list;
mod subscription;

pub use change::Changed;
pub use list::Listing;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::configuration::Settings;
use super::{Configuration, Instance, RetiredKey, Token, key};
use crate::accounts::{self, Account, Credential, CredentialKey, Profile};
use crate::instances::InstanceId;
use crate::instances::vault::{Purpose, Sealed, Vault};
use crate::platform::aws::{InternalError, Unavailable, number, written};
use crate::platform::secret::Secret;
use close::signature::SignatureKey;

const KEY: &str = "instance_id";
const TOKEN: &str = "token";

/// The instances table: `instance_id` (N) is the key; the index `by_account` has the keys of each account.
///
/// The attribute `secrets` has the secret settings by purpose, each encrypted. A store only reads those that its [`Vault`]
/// can decrypt.
#[derive(Debug, Clone)]
pub struct DynamoInstanceStore {
    client: Client,
    instances: String,
    vault: Vault,
}

/// The outcome of storing a new instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Yes,
    /// Its id or its token is already in use.
    IdTaken,
}

#[derive(Serialize, Deserialize)]
struct Item {
    instance_id: InstanceId,
    company_id: u64,
    account_id: u64,
    user_id: u64,
    owner: Profile,
    name: String,
    tags: Vec<String>,
    configuration: BTreeMap<String, Option<String>>,
    secrets: BTreeMap<Purpose, Sealed>,
    /// The secret settings, masked for clients, so that a list of instances need not decrypt them.
    masked: Settings,
    disabled: bool,
    created_at: DateTime<Utc>,
    token: CredentialKey,
    revision: u64,
    /// The encrypted previous key of the subscription at Close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced_webhook: Option<Sealed>,
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    replaced_until: Option<DateTime<Utc>>,
}

/// Which secrets of an instance are decrypted.
#[derive(Clone, Copy)]
enum Secrets {
    /// Those that the store's vault opens.
    Opened,
    /// Of these, those that a client may read; the others are masked.
    Shown,
}

impl DynamoInstanceStore {
    /// The store in the table `instances`.
    pub fn new(client: Client, instances: String, vault: Vault) -> Self {
        Self { client, instances, vault }
    }

    /// The instance of this id, read consistently.
    pub async fn get(&self, id: InstanceId) -> Result<Option<Instance>, InternalError> {
        const ACTION: &str = "read an instance";
        let key = number(id);
        let answer = self.client.get_item().table_name(&self.instances).key(KEY, key).consistent_read(true);
        let answer = answer.send().await;
        let Some(item) = answer.unavailable(ACTION)?.item else { return Ok(None) };
        let item: Item = serde_dynamo::from_item(item).unavailable(ACTION)?;
        self.unsealed(item, Secrets::Opened).await.map(Some)
    }

    /// Stores a new instance with its token in the table `credentials`, both or neither.
    pub async fn create(&self, instance: Instance, credentials: &str) -> Result<Created, InternalError> {
        const ACTION: &str = "write an instance";
        let proves = Credential::Element { instance_id: instance.id };
        let credential = instance.token.key.clone();
        let item = serde_dynamo::to_item(self.sealed(instance).await?).unavailable(ACTION)?;
        let credential =
            serde_dynamo::to_item(accounts::CredentialItem { credential, proves, profile: None });
        let put_instance = put_new(&self.instances, KEY, item)?;
        let put_token = put_new(credentials, accounts::KEY, credential.unavailable(ACTION)?)?;
        let write = self.client.transact_write_items().transact_items(put_instance).transact_items(put_token);
        Ok(if written(write.send().await, ACTION)? { Created::Yes } else { Created::IdTaken })
    }
}

/// A write that fails if the key is in use.
fn put_new(
    table: &str,
    key: &str,
    item: HashMap<String, AttributeValue>,
) -> Result<TransactWriteItem, InternalError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#key)")
        .expression_attribute_names("#key", key);
    Ok(TransactWriteItem::builder().put(put.build().unavailable("write an instance")?).build())
}

impl DynamoInstanceStore {
    /// The instance as it is stored.
    async fn sealed(&self, instance: Instance) -> Result<Item, InternalError> {
        let masked = instance.configuration.masked_only();
        let (configuration, groups) = instance.configuration.split();
        let mut secrets = BTreeMap::new();
        for (purpose, settings) in groups {
            secrets.insert(purpose, self.vault.seal(instance.id, purpose, &settings).await?);
        }
        if let Some(token) = &instance.token.text {
            let token = [(TOKEN.to_owned(), Some(token.expose().to_owned()))].into();
            secrets.insert(Purpose::Token, self.vault.seal(instance.id, Purpose::Token, &token).await?);
        }
        Ok(Item {
            instance_id: instance.id,
            company_id: instance.account.company_id,
            account_id: instance.account.account_id,
            user_id: instance.account.user_id,
            owner: instance.owner,
            name: instance.name,
            tags: instance.tags,
            configuration,
            secrets,
            masked,
            disabled: instance.disabled,
            created_at: instance.created_at,
            token: instance.token.key,
            revision: instance.revision,
            replaced_webhook: None,
            replaced_until: None,
        })
    }

    /// The instance in an item, with the secrets that this store can decrypt.
    async fn unsealed(&self, mut item: Item, secrets: Secrets) -> Result<Instance, InternalError> {
        let mut configuration: Configuration = item.configuration.into_iter().collect();
        let opens = |purpose| match secrets {
            Secrets::Opened => self.vault.opens(purpose),
            Secrets::Shown => self.vault.opens(purpose) && Configuration::shows(purpose),
        };
        if let Secrets::Shown = secrets {
            configuration = configuration.merged_with(item.masked.into_iter().collect());
        }
        let text = match item.secrets.remove(&Purpose::Token) {
            Some(sealed) if self.vault.opens(Purpose::Token) => {
                let mut opened = self.vault.open(item.instance_id, Purpose::Token, &sealed).await?;
                opened.remove(TOKEN).flatten().map(Secret::new)
            }
            _ => None,
        };
        for (purpose, sealed) in item.secrets {
            if !opens(purpose) {
                continue;
            }
            let settings = self.vault.open(item.instance_id, purpose, &sealed).await?;
            configuration = configuration.merged_with(settings.into_iter().collect());
        }
        let retired_key = match (item.replaced_webhook, item.replaced_until) {
            (Some(sealed), Some(until)) if opens(Purpose::Webhook) => {
                let mut settings = self.vault.open(item.instance_id, Purpose::Webhook, &sealed).await?;
                let key = settings.remove(key::SUBSCRIPTION_SIGNATURE_KEY).flatten();
                key.and_then(|key| SignatureKey::parse(&key).ok()).map(|key| RetiredKey { key, until })
            }
            _ => None,
        };
        Ok(Instance {
            id: item.instance_id,
            account: Account {
                company_id: item.company_id,
                account_id: item.account_id,
                user_id: item.user_id,
            },
            owner: item.owner,
            name: item.name,
            tags: item.tags,
            configuration,
            disabled: item.disabled,
            created_at: item.created_at,
            token: Token { key: item.token, text },
            revision: item.revision,
            retired_key,
        })
    }
}
