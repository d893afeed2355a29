//! A provisioned connection to a Close account, and how its events are wanted.

mod cache;
mod configuration;
mod event_settings;
mod headers;
mod store;

pub use cache::{CachedInstance, InstanceCache};
pub use configuration::{Configuration, key};
pub use event_settings::{BasicAuth, ConfigurationFault, EventSettings, EventSource};
pub use headers::{CallbackHeaders, InvalidHeaders};
pub use store::{Changed, Created, DynamoInstanceStore, Listing};

use chrono::{DateTime, Utc};

use crate::account::{Account, CredentialKey};
use crate::instance_id::InstanceId;

/// An instance as it was provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Whose it is.
    pub account: Account,
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
    /// The key of its token among the credentials.
    pub token: CredentialKey,
    /// How often it was changed; a change holds only for the revision that it was made from.
    pub revision: u64,
}
