//! Signatures of callbacks.
//!
//! Every callback with a key has the platform's `Elements-Webhook-Signature`, which only covers the body. A key
//! that is a Standard Webhooks secret (`whsec_…`) adds that scheme's three headers, whose signature also covers id and
//! time (Standard Webhooks specification 1.0.0, "Signature scheme").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::platform::secret::{MASK, Secret};

/// The platform's length of a text field.
const MAX_CHARS: usize = 128;
const STANDARD_PREFIX: &str = "whsec_";
/// Its length in bytes, by that specification.
const STANDARD_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

const NOT_A_STANDARD_SECRET: &str = "begins with whsec_, which base64 of 24 to 64 bytes must follow";
const NOT_AN_ED25519_KEY: &str =
    "is not whsk_ and base64 of an Ed25519 key (a seed of 32 bytes, or seed and public key)";

/// The key of an instance's callbacks (`event.notification.signature.key`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey(Secret);

impl SigningKey {
    /// Checks the text of a key.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > MAX_CHARS || text.chars().any(char::is_control) {
            return Err(format!("is not a printable text of at most {MAX_CHARS} characters"));
        }
        // Leading blanks are part of a plain key. Before `whsec_` they would silently turn the secret into a plain key.
        if text.trim_start().starts_with(STANDARD_PREFIX) && !text.starts_with(STANDARD_PREFIX) {
            return Err(NOT_A_STANDARD_SECRET.to_owned());
        }
        let key = Self(Secret::new(text));
        match key.standard_bytes() {
            Some(bytes) if !STANDARD_BYTES.contains(&bytes.len()) => Err(NOT_A_STANDARD_SECRET.to_owned()),
            _ => Ok(key),
        }
    }

    /// The platform's signature of `body`.
    fn elements(&self, body: &str) -> String {
        format!("sha256={}", base64_mac(self.0.expose().as_bytes(), &[body]))
    }

    /// The Standard Webhooks signature of `signed`; `None` for a key without the prefix `whsec_`.
    fn standard(&self, signed: &[&str]) -> Option<String> {
        Some(format!("v1,{}", base64_mac(&self.standard_bytes()?, signed)))
    }

    /// The bytes of a Standard Webhooks secret; empty when what follows the prefix is not base64.
    fn standard_bytes(&self) -> Option<Vec<u8>> {
        let encoded = self.0.expose().strip_prefix(STANDARD_PREFIX)?;
        Some(STANDARD.decode(encoded).unwrap_or_default())
    }
}

/// A key for asymmetric signatures, which receivers check with its public half.
#[derive(Clone)]
pub struct Ed25519Key(Box<ed25519_dalek::SigningKey>);

impl Ed25519Key {
    /// Reads a `whsk_` key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.strip_prefix("whsk_").ok_or(NOT_AN_ED25519_KEY)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NOT_AN_ED25519_KEY)?;
        let key = match (<[u8; 32]>::try_from(&*bytes), <[u8; 64]>::try_from(&*bytes)) {
            (Ok(seed), _) => ed25519_dalek::SigningKey::from_bytes(&seed),
            (_, Ok(pair)) => {
                ed25519_dalek::SigningKey::from_keypair_bytes(&pair).map_err(|_| NOT_AN_ED25519_KEY)?
            }
            _ => return Err(NOT_AN_ED25519_KEY),
        };
        Ok(Self(Box::new(key)))
    }

    fn standard(&self, signed: &[&str]) -> String {
        format!("v1a,{}", STANDARD.encode(self.0.sign(signed.concat().as_bytes()).to_bytes()))
    }
}

impl PartialEq for Ed25519Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.verifying_key() == other.0.verifying_key()
    }
}

impl Eq for Ed25519Key {}

impl std::fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

/// Everything that signs an instance's callbacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallbackSigning {
    /// The key.
    pub current: Option<SigningKey>,
    /// The previous key: both sign while receivers change over.
    pub previous: Option<SigningKey>,
    /// When the previous key stops signing; without this, it signs as long as it is set.
    pub previous_until: Option<DateTime<Utc>>,
    /// The key of `v1a` signatures.
    pub ed25519: Option<Ed25519Key>,
}

impl CallbackSigning {
    /// The headers that sign `body` as the callback `id`, sent at `now`.
    ///
    /// The platform's header only has room for the current key's signature. The Standard Webhooks header has one of each
    /// key, and a receiver needs one that it can check.
    pub fn headers(&self, id: &str, now: DateTime<Utc>, body: &str) -> Vec<(&'static str, String)> {
        let elements = self.current.iter().map(|key| ("elements-webhook-signature", key.elements(body)));
        let mut headers: Vec<_> = elements.collect();
        let timestamp = now.timestamp().to_string();
        let signed = [id, ".", &timestamp, ".", body];
        let previous = self.previous.as_ref().filter(|_| self.previous_until.is_none_or(|until| now < until));
        let keys = self.current.iter().chain(previous);
        let signatures = keys.filter_map(|key| key.standard(&signed));
        let signatures: Vec<_> =
            signatures.chain(self.ed25519.iter().map(|key| key.standard(&signed))).collect();
        if !signatures.is_empty() {
            headers.push(("webhook-id", id.to_owned()));
            headers.push(("webhook-signature", signatures.join(" ")));
            headers.push(("webhook-timestamp", timestamp));
        }
        headers
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn base64_mac(key: &[u8], parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
