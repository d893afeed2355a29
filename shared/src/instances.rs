//! A provisioned connection to a Close account, and how its events are wanted.

mod cache;
mod configuration;
mod event_settings;
mod headers;
mod id;
mod store;
pub mod vault;

pub use cache::{CachedInstance, InstanceCache};
pub use configuration::{Configuration, key};
pub use event_settings::{BasicAuth, ConfigurationFault, EventSettings, EventSource};
pub use headers::{CallbackHeaders, InvalidHeaders};
pub use id::{InstanceId, InvalidInstanceId};
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
    /// Whose it is.
    pub account: Account,
    /// The user who made it, for people.
    pub owner: Profile,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its settings, secret ones among them.
    pub configuration: Configuration,
    /// Whether it was switched off; nothing is taken for it then.
    pub disabled: bool,
    /// When it was provisioned.
    pub created_at: DateTime<Utc>,
    /// Its token.
    pub token: Token,
    /// How often it was changed; a change holds only for the revision that it was made from.
    pub revision: u64,
    /// The key of the subscription at Close before the present one, if it was replaced of late.
    pub retired_key: Option<RetiredKey>,
}

/// The token of an instance: it is looked up by its hash, and kept sealed to be shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its key among the credentials.
    pub key: CredentialKey,
    /// The token itself, for those whose vault opens it.
    pub text: Option<Secret>,
}

impl Token {
    /// The token with this text.
    #[must_use]
    pub fn of(text: Secret) -> Self {
        Self { key: CredentialKey::of(CredentialKind::Element, &text), text: Some(text) }
    }
}

/// A key that Close signed with before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredKey {
    /// The key.
    pub key: SignatureKey,
    /// Until when what it signed is taken: Close delivers again for days.
    pub until: DateTime<Utc>,
}
