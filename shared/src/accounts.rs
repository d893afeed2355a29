//! Who may call: the users of organisations, and how they authenticate.

mod authorization;
mod credential;
mod directory;
mod profile;
mod store;

pub use authorization::Authorization;
pub use credential::{Credential, CredentialKey, CredentialKind};
pub use directory::{DirectoryEntry, DynamoDirectory};
pub use profile::Profile;
pub(crate) use store::{CredentialItem, KEY};
pub use store::{DynamoCredentialStore, Holder, User};

use serde::{Deserialize, Serialize};

/// A user of an organisation, by the numbers that a callback carries.
///
/// Instances belong to an account: a caller sees only those of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// `companyId` of a callback: the organisation.
    pub company_id: u64,
    /// `accountId` of a callback: the owner of the instances.
    pub account_id: u64,
    /// `userId` of a callback.
    pub user_id: u64,
}
