//! Secrets and tokens as they are stored: only their hash.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Account;
use crate::events::id::hex;
use crate::instances::InstanceId;
use crate::platform::secret::Secret;

/// The kind of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// `User …`
    User,
    /// `Organization …`
    Organization,
    /// `Element …`
    Element,
}

/// The key of a credential in its table: its kind and the SHA-256 of its secret.
///
/// Secrets are 256 random bits, so a plain hash cannot be guessed. Lookup by hash compares no secret byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialKey(String);

impl CredentialKey {
    /// The key under which a secret of this kind is kept.
    pub fn of(kind: CredentialKind, secret: &Secret) -> Self {
        let kind = match kind {
            CredentialKind::User => "user",
            CredentialKind::Organization => "organization",
            CredentialKind::Element => "element",
        };
        Self(format!("{kind}#{}", hex(&Sha256::digest(secret.expose()))))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a credential proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Credential {
    /// The caller is this user.
    User(Account),
    /// The caller belongs to this organisation.
    Organization {
        /// The organisation's number.
        company_id: u64,
    },
    /// The caller holds the token of this instance.
    Element {
        /// The instance.
        instance_id: InstanceId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_kind_and_a_hash_of_the_secret() {
        let secret = Secret::new("abc");
        let user = CredentialKey::of(CredentialKind::User, &secret);
        assert_eq!(user.as_str(), "user#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_ne!(user, CredentialKey::of(CredentialKind::Organization, &secret));
    }
}
