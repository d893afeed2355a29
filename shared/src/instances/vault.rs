//! Secrets at rest: each is encrypted under a data key, and data keys under a KMS key.
//!
//! There is a data key for each purpose and month, and both are its encryption context in KMS. A function's role
//! allows it to decrypt for its own purpose only (`kms:EncryptionContext:purpose`), so that the webhook function
//! cannot read an API key, nor the dispatcher the key that Close signs with. A secret is bound to its instance and
//! setting as authenticated data. A process asks KMS once for each data key, however many instances there are.

mod data_key;
mod monthly;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::lock::Mutex as AsyncMutex;
use serde::{Deserialize, Serialize};

use crate::instances::InstanceId;
use crate::instances::configuration::Settings;
use crate::platform::aws::{InternalError, Kms, Unavailable};
use crate::platform::clock::SharedClock;
use crate::platform::random::SharedRandom;
use data_key::DataKey;

pub use monthly::DataKeyStore;

const ENCRYPT: &str = "encrypt a secret";
const DECRYPT: &str = "decrypt a secret";

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To call Close.
    Close,
    /// To call receivers.
    Callback,
    /// To verify Close's webhooks.
    Webhook,
    /// To show an instance's token to its account.
    Token,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: &[Self] = &[Self::Close, Self::Callback, Self::Webhook, Self::Token];

    /// The word in the encryption context.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Callback => "callback",
            Self::Webhook => "webhook",
            Self::Token => "token",
        }
    }
}

/// Secret settings of one purpose, with their encrypted data key; all in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    month: String,
    /// The data key as KMS gave it.
    key: String,
    /// By setting: a nonce of 12 bytes and what AES-256-GCM made of the value.
    settings: BTreeMap<String, Option<String>>,
}

/// Seals and opens secrets. Clones share the data keys in memory.
#[derive(Clone)]
pub struct Vault(Arc<Parts>);

/// A value that is fetched once, even for concurrent callers.
type Once<T> = Arc<AsyncMutex<Option<T>>>;

struct Parts {
    client: Kms,
    sealing: Option<Sealing>,
    purposes: &'static [Purpose],
    /// Data keys by their encrypted form.
    keys: Mutex<HashMap<String, Once<Arc<DataKey>>>>,
    /// The encrypted data keys that new secrets are sealed under.
    current: Mutex<HashMap<(Purpose, String), Once<String>>>,
}

struct Sealing {
    /// The KMS key that data keys are encrypted under.
    key_id: String,
    /// Where a month's data keys are kept for all processes.
    store: Option<DataKeyStore>,
    clock: SharedClock,
    random: SharedRandom,
}

impl Vault {
    /// A vault that opens secrets of these purposes and seals none.
    pub fn opening(client: Kms, purposes: &'static [Purpose]) -> Self {
        Self::new(client, purposes, None)
    }

    /// A vault that opens secrets of these purposes, and seals new ones under the KMS key `key_id`. It makes its own data keys,
    /// since it cannot decrypt those of other purposes.
    pub fn opening_and_sealing(
        client: Kms,
        purposes: &'static [Purpose],
        key_id: String,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Self {
        Self::new(client, purposes, Some(Sealing { key_id, store: None, clock, random }))
    }

    /// A vault that opens and seals every secret, under the KMS key `key_id`.
    pub fn sealing(
        client: Kms,
        key_id: String,
        store: DataKeyStore,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Self {
        Self::new(client, Purpose::ALL, Some(Sealing { key_id, store: Some(store), clock, random }))
    }

    fn new(client: Kms, purposes: &'static [Purpose], sealing: Option<Sealing>) -> Self {
        Self(Arc::new(Parts { client, sealing, purposes, keys: Mutex::default(), current: Mutex::default() }))
    }

    /// True if this vault opens secrets of a purpose.
    pub fn opens(&self, purpose: Purpose) -> bool {
        self.0.purposes.contains(&purpose)
    }

    /// Encrypts the settings of one purpose under the data key of the month.
    pub(super) async fn seal(
        &self,
        instance: InstanceId,
        purpose: Purpose,
        settings: &Settings,
    ) -> Result<Sealed, InternalError> {
        let sealing = self.0.sealing.as_ref();
        let sealing = sealing.ok_or_else(|| InternalError::new(ENCRYPT, "this function only decrypts"))?;
        let month = sealing.clock.now().format("%Y-%m").to_string();
        let encrypted = self.current(sealing, purpose, &month).await?;
        let key = self.data_key(purpose, &month, &encrypted).await?;
        let seal = |(name, value): (&String, &Option<String>)| {
            let seal = |text: &String| key.seal(&context(instance, name), text.as_bytes(), &*sealing.random);
            let data = value.as_ref().map(seal).transpose()?;
            Ok((name.clone(), data.map(|data| STANDARD.encode(data))))
        };
        let settings = settings.iter().map(seal).collect::<Result<_, InternalError>>()?;
        Ok(Sealed { month, key: encrypted, settings })
    }

    /// Decrypts what was sealed for this instance and purpose.
    pub(super) async fn open(
        &self,
        instance: InstanceId,
        purpose: Purpose,
        sealed: &Sealed,
    ) -> Result<Settings, InternalError> {
        let key = self.data_key(purpose, &sealed.month, &sealed.key).await?;
        let open = |(name, data): (&String, &Option<String>)| {
            let open = |data: &String| {
                let data = STANDARD.decode(data).map_err(unreadable)?;
                let text = key.open(&context(instance, name), data)?;
                String::from_utf8(text).map_err(|_| InternalError::new(DECRYPT, "it is not text"))
            };
            Ok((name.clone(), data.as_ref().map(open).transpose()?))
        };
        sealed.settings.iter().map(open).collect()
    }

    /// The encrypted data key that secrets of a purpose are sealed under this month.
    async fn current(
        &self,
        sealing: &Sealing,
        purpose: Purpose,
        month: &str,
    ) -> Result<String, InternalError> {
        let once = once(&self.0.current, (purpose, month.to_owned()));
        let mut current = once.lock().await;
        if let Some(encrypted) = &*current {
            return Ok(encrypted.clone());
        }
        let encrypted = if let Some(store) = &sealing.store {
            let kept = store.get(purpose, month).await?;
            if let Some(kept) = kept {
                kept
            } else {
                let (encrypted, _) = self.generate(sealing, purpose, month).await?;
                store.put(purpose, month, encrypted).await?
            }
        } else {
            let (encrypted, key) = self.generate(sealing, purpose, month).await?;
            *once_of_key(self, &encrypted).lock().await = Some(Arc::new(key));
            encrypted
        };
        Ok(current.insert(encrypted).clone())
    }

    /// A new data key, encrypted and in the clear.
    async fn generate(
        &self,
        sealing: &Sealing,
        purpose: Purpose,
        month: &str,
    ) -> Result<(String, DataKey), InternalError> {
        let request = self.0.client.generate_data_key().key_id(&sealing.key_id);
        let request = request.key_spec(DataKeySpec::Aes256);
        let request = request.encryption_context("purpose", purpose.as_str());
        let answer = request.encryption_context("month", month).send().await.unavailable(ENCRYPT)?;
        let (Some(plaintext), Some(encrypted)) = (answer.plaintext, answer.ciphertext_blob) else {
            return Err(InternalError::new(ENCRYPT, "KMS answered without a data key"));
        };
        Ok((STANDARD.encode(encrypted), DataKey::new(plaintext.as_ref())?))
    }

    /// A data key, from KMS the first time.
    async fn data_key(
        &self,
        purpose: Purpose,
        month: &str,
        encrypted: &str,
    ) -> Result<Arc<DataKey>, InternalError> {
        let once = once_of_key(self, encrypted);
        let mut kept = once.lock().await;
        if let Some(key) = &*kept {
            return Ok(key.clone());
        }
        let blob = Blob::new(STANDARD.decode(encrypted).map_err(unreadable)?);
        let request = self.0.client.decrypt().ciphertext_blob(blob);
        let request = request.encryption_context("purpose", purpose.as_str());
        let answer = request.encryption_context("month", month).send().await.unavailable(DECRYPT)?;
        let plaintext = answer.plaintext.unwrap_or_else(|| Blob::new([]));
        Ok(kept.insert(Arc::new(DataKey::new(plaintext.as_ref())?)).clone())
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("purposes", &self.0.purposes).finish_non_exhaustive()
    }
}

fn once_of_key(vault: &Vault, encrypted: &str) -> Once<Arc<DataKey>> {
    once(&vault.0.keys, encrypted.to_owned())
}

fn once<K: Eq + std::hash::Hash, T>(all: &Mutex<HashMap<K, Once<T>>>, key: K) -> Once<T> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(key).or_default().clone()
}

fn unreadable(_: base64::DecodeError) -> InternalError {
    InternalError::new(DECRYPT, "it is not base64")
}

/// The authenticated data of a secret.
fn context(instance: InstanceId, setting: &str) -> String {
    format!("{instance}/{setting}")
}
