//! Secrets at rest: each is encrypted under a data key of its own, and KMS keeps the key to the data keys.
//!
//! A data key serves one instance and one purpose, and both are its encryption context in KMS. A function's role
//! allows it to decrypt for its own purpose only (`kms:EncryptionContext:purpose`), so that the webhook function
//! cannot read an API key, nor the dispatcher the key that Close signs with.

mod data_key;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable};
use crate::platform::clock::SharedClock;
use crate::platform::random::SharedRandom;
use data_key::DataKey;

/// A data key that was decrypted is kept in memory this long, so that an event costs no call to KMS.
const KEPT: TimeDelta = TimeDelta::minutes(15);
/// Data keys that one process keeps; when there are more, all are forgotten.
const CAPACITY: usize = 10_000;

const DECRYPT: &str = "decrypt a secret";

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To call Close.
    Close,
    /// To call receivers.
    Callback,
    /// To know Close's webhooks.
    Webhook,
    /// To show an instance's token to its account.
    Token,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: &[Self] = &[Self::Close, Self::Callback, Self::Webhook, Self::Token];

    /// The word in the encryption context.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Callback => "callback",
            Self::Webhook => "webhook",
            Self::Token => "token",
        }
    }
}

/// Something encrypted, with its encrypted data key, both in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The data key as KMS gave it.
    key: String,
    /// A nonce of 12 bytes and what AES-256-GCM made of the text.
    data: String,
}

/// Seals and opens secrets. Clones share the data keys in memory.
#[derive(Clone)]
pub struct Vault(Arc<Parts>);

/// Data keys by what KMS made of them, each with the time until which it is kept.
type KeptKeys = HashMap<String, (DateTime<Utc>, Arc<DataKey>)>;

struct Parts {
    client: Client,
    /// What new data keys are encrypted under, and where their nonces come from.
    sealing: Option<(String, SharedRandom)>,
    purposes: &'static [Purpose],
    clock: SharedClock,
    keys: Mutex<KeptKeys>,
}

impl Vault {
    /// A vault that opens secrets of these purposes and seals none.
    #[must_use]
    pub fn opening(client: Client, purposes: &'static [Purpose], clock: SharedClock) -> Self {
        Self(Arc::new(Parts { client, sealing: None, purposes, clock, keys: Mutex::default() }))
    }

    /// A vault that opens secrets of these purposes, and seals new ones under the KMS key `key_id`.
    #[must_use]
    pub fn opening_and_sealing(
        client: Client,
        purposes: &'static [Purpose],
        key_id: String,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Self {
        let sealing = Some((key_id, random));
        Self(Arc::new(Parts { client, sealing, purposes, clock, keys: Mutex::default() }))
    }

    /// A vault that opens and seals every secret, under the KMS key `key_id`.
    #[must_use]
    pub fn sealing(client: Client, key_id: String, clock: SharedClock, random: SharedRandom) -> Self {
        Self::opening_and_sealing(client, Purpose::ALL, key_id, clock, random)
    }

    /// Whether this vault opens secrets of a purpose.
    #[must_use]
    pub fn opens(&self, purpose: Purpose) -> bool {
        self.0.purposes.contains(&purpose)
    }

    /// Encrypts `text` under a new data key.
    ///
    /// # Errors
    /// When this vault seals nothing, or KMS gave no data key.
    pub async fn seal(
        &self,
        instance: InstanceId,
        purpose: Purpose,
        text: &[u8],
    ) -> Result<Sealed, AwsError> {
        const ACTION: &str = "encrypt a secret";
        let Some((key_id, random)) = &self.0.sealing else {
            return Err(AwsError::new(ACTION, "this function only decrypts"));
        };
        let answer = self
            .0
            .client
            .generate_data_key()
            .key_id(key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("instance_id", instance.to_string())
            .encryption_context("purpose", purpose.as_str())
            .send()
            .await
            .unavailable(ACTION)?;
        let (Some(plaintext), Some(encrypted)) = (answer.plaintext, answer.ciphertext_blob) else {
            return Err(AwsError::new(ACTION, "KMS answered without a data key"));
        };
        let key = DataKey::new(plaintext.as_ref())?;
        let data = key.seal(&context(instance, purpose), text, &**random)?;
        Ok(Sealed { key: STANDARD.encode(encrypted), data: STANDARD.encode(data) })
    }

    /// Decrypts what was sealed for this instance and purpose.
    ///
    /// # Errors
    /// When KMS does not decrypt the data key, or the data was changed or belongs to another instance.
    pub async fn open(
        &self,
        instance: InstanceId,
        purpose: Purpose,
        sealed: &Sealed,
    ) -> Result<Vec<u8>, AwsError> {
        let data = STANDARD.decode(&sealed.data).map_err(unreadable)?;
        let key = match self.kept(&sealed.key) {
            Some(key) => key,
            None => self.decrypt(instance, purpose, &sealed.key).await?,
        };
        key.open(&context(instance, purpose), data)
    }

    /// The data key, from KMS.
    async fn decrypt(
        &self,
        instance: InstanceId,
        purpose: Purpose,
        encrypted: &str,
    ) -> Result<Arc<DataKey>, AwsError> {
        let blob = Blob::new(STANDARD.decode(encrypted).map_err(unreadable)?);
        let answer = self
            .0
            .client
            .decrypt()
            .ciphertext_blob(blob)
            .encryption_context("instance_id", instance.to_string())
            .encryption_context("purpose", purpose.as_str())
            .send()
            .await
            .unavailable(DECRYPT)?;
        let plaintext = answer.plaintext.unwrap_or_else(|| Blob::new([]));
        Ok(self.keep(encrypted.to_owned(), DataKey::new(plaintext.as_ref())?))
    }

    fn kept(&self, encrypted: &str) -> Option<Arc<DataKey>> {
        let keys = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, key) = keys.get(encrypted)?;
        (*until > self.0.clock.now()).then(|| key.clone())
    }

    fn keep(&self, encrypted: String, key: DataKey) -> Arc<DataKey> {
        let key = Arc::new(key);
        let mut keys = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= CAPACITY {
            keys.clear();
        }
        keys.insert(encrypted, (self.0.clock.now() + KEPT, key.clone()));
        key
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("purposes", &self.0.purposes).finish_non_exhaustive()
    }
}

fn unreadable(_: base64::DecodeError) -> AwsError {
    AwsError::new(DECRYPT, "it is not base64")
}

/// What the data is bound to, beside its key.
fn context(instance: InstanceId, purpose: Purpose) -> String {
    format!("{instance}/{}", purpose.as_str())
}
