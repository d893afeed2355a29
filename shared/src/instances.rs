//! A provisioned connection to a Close account, and the settings of its events.

mod cache;
mod configuration;
mod event_settings;
mod id;
mod secrets;
mod store;
pub mod vault;

pub use cache::{CachedInstance, InstanceCache, Verdict};
pub use configuration::{Configuration, key};
pub use event_settings::{BasicAuth, ConfigurationFault, EventSettings, EventSource};
pub use id::InstanceId;
pub use store::{Changed, Created, DynamoInstanceStore, Listing};

use chrono::{DateTime, Utc};

use crate::accounts::{Account, CredentialKey, CredentialKind, Profile};
use crate::platform::secret::Secret;
use close::signature::SignatureKey;

/// An instance as it was provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// The account that it belongs to.
    pub account: Account,
    /// The user who created it.
    pub owner: Profile,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its settings, including secrets.
    pub configuration: Configuration,
    /// True if it is switched off: its events are refused.
    pub disabled: bool,
    /// When it was provisioned.
    pub created_at: DateTime<Utc>,
    /// Its token.
    pub token: Token,
    /// Counts changes: a change is only written to the revision that it was made from.
    pub revision: u64,
    /// The previous key of the subscription at Close, if it was replaced recently.
    pub retired_key: Option<RetiredKey>,
}

/// The token of an instance: looked up by its hash, and kept encrypted to be shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its key among the credentials.
    pub key: CredentialKey,
    /// The token itself, if the vault can decrypt it.
    pub text: Option<Secret>,
}

impl Token {
    /// The token with this text.
    pub fn of(text: Secret) -> Self {
        Self { key: CredentialKey::of(CredentialKind::Element, &text), text: Some(text) }
    }
}

/// The previous key that Close signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredKey {
    /// The key.
    pub key: SignatureKey,
    /// Until when its signatures are accepted: Close retries for days.
    pub until: DateTime<Utc>,
}
