//! An instance's access to Close.

use close::{Account, CloseClient, CloseError};
use shared::instances::{Instance, key};
use shared::platform::secret::Secret;
use shared::polling::schedule::KeyDigest;

/// The digest of an instance's API key.
pub(crate) fn key_digest(instance: &Instance) -> KeyDigest {
    KeyDigest::of(&Secret::new(api_key(instance)))
}

/// The account that an instance's settings give access to.
pub(crate) fn account(instance: &Instance, client: &CloseClient) -> Result<Account, CloseError> {
    Account::new(client, instance.configuration.get(key::BASE_URL), api_key(instance))
}

fn api_key(instance: &Instance) -> &str {
    instance.configuration.get(key::USERNAME).unwrap_or_default()
}
