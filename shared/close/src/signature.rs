//! The signature of a webhook subscription (Close API documentation, "Webhook signatures").
//!
//! `close-sig-hash` is the lowercase hexadecimal HMAC-SHA256 of `close-sig-timestamp` followed by the raw
//! body, under the 32 bytes that the subscription's `signature_key` spells in hexadecimal.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header with the digest.
pub const HASH_HEADER: &str = "close-sig-hash";
/// The header with the time of signing, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "close-sig-timestamp";

const KEY_BYTES: usize = 32;

const NOT_A_KEY: &str =
    "a signature key is 64 hexadecimal digits, as Close's answer to the creation of a subscription has them";

/// The key that Close made for one subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureKey([u8; KEY_BYTES]);

impl fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureKey(********)")
    }
}

/// Why a webhook is not accepted as Close's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// One of the two headers is absent.
    #[error("the {0} header is missing")]
    Missing(&'static str),
    /// The digest is not 64 hexadecimal digits.
    #[error("the close-sig-hash header is not a hexadecimal HMAC-SHA256")]
    NotADigest,
    /// The digest is of another body, time or key.
    #[error("the close-sig-hash header does not fit the body")]
    Mismatch,
}

impl SignatureKey {
    /// Checks that the text spells 32 bytes.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        bytes_of(text).map(Self).ok_or(NOT_A_KEY)
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.0).expect("HMAC takes a key of any length")
    }
}

/// Checks that `body` was signed with `key`, in constant time.
///
/// The age of the timestamp does not matter: Close retries for 72 hours, so an old webhook is authentic, and a
/// replayed one has the id of the event that it repeats.
pub fn verify(
    key: &SignatureKey,
    hash: Option<&str>,
    timestamp: Option<&str>,
    body: &[u8],
) -> Result<(), SignatureError> {
    let hash = hash.ok_or(SignatureError::Missing(HASH_HEADER))?;
    let timestamp = timestamp.ok_or(SignatureError::Missing(TIMESTAMP_HEADER))?;
    let digest = bytes_of::<32>(hash).ok_or(SignatureError::NotADigest)?;
    let mac = key.mac().chain_update(timestamp.as_bytes()).chain_update(body);
    mac.verify_slice(&digest).map_err(|_| SignatureError::Mismatch)
}

fn bytes_of<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let nibble = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(nibble(pair[0])? * 16 + nibble(pair[1])?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "b9260244ef33625f9b4b26a27db08758cdd39478b852c73f2d33ab042eb8abb4";
    const TIMESTAMP: &str = "1557751596";
    const BODY: &str = r#"{"event": {"id": "ev_4YUAT9G7PQNYEX0V7HpiZa", "date_created": "2019-01-01T13:33:00.842000", "data": {"object_type": "activity.note", "action": "created", "note": "test content"}}, "subscription_id": "whsub_mBTylJxRXaBOXcuQmgUdmL"}"#;
    const HASH: &str = "e6cf27a55de463dc46d8b5c16d2afe74d766e8f0c9892422c93573521cd377ed";
    const HASH_BY_THE_KEYS_CHARACTERS: &str =
        "59913793034b5fd9c60cdc5599ce5461eb6900e7d8517946eafcf18aaf82568e";

    fn check(hash: Option<&str>, timestamp: Option<&str>, body: &str) -> Result<(), SignatureError> {
        verify(&SignatureKey::parse(KEY).unwrap(), hash, timestamp, body.as_bytes())
    }

    #[test]
    fn the_known_answer_is_accepted() {
        assert_eq!(check(Some(HASH), Some(TIMESTAMP), BODY), Ok(()));
    }

    #[test]
    fn every_other_delivery_is_refused() {
        let rows = [
            (None, Some(TIMESTAMP), BODY, SignatureError::Missing(HASH_HEADER)),
            (Some(HASH), None, BODY, SignatureError::Missing(TIMESTAMP_HEADER)),
            (Some("e6cf"), Some(TIMESTAMP), BODY, SignatureError::NotADigest),
            (Some(HASH), Some("1557751597"), BODY, SignatureError::Mismatch),
            (Some(HASH), Some(TIMESTAMP), "{}", SignatureError::Mismatch),
            (Some(HASH_BY_THE_KEYS_CHARACTERS), Some(TIMESTAMP), BODY, SignatureError::Mismatch),
        ];
        for (hash, timestamp, body, error) in rows {
            assert_eq!(check(hash, timestamp, body), Err(error));
        }
    }

    #[test]
    fn a_key_is_exactly_64_hexadecimal_digits() {
        for text in ["", "b926", &KEY[1..], &format!("{KEY}00"), &KEY.replace('b', "g"), &"é".repeat(32)] {
            assert_eq!(SignatureKey::parse(text), Err(NOT_A_KEY), "{text}");
        }
    }
}
