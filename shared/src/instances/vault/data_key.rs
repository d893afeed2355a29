//! One data key: AES-256 in Galois/Counter Mode (NIST SP 800-38D).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::platform::aws::InternalError;
use crate::platform::random::{self, Random};

/// A data key in the clear. It seals far fewer texts than the 2^32 up to which random nonces are safe.
pub(super) struct DataKey(LessSafeKey);

impl DataKey {
    pub(super) fn new(bytes: &[u8]) -> Result<Self, InternalError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes);
        let key = key.map_err(|_| InternalError::new("use a data key", "it does not have 32 bytes"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// The nonce, then the ciphertext with its tag.
    pub(super) fn seal(
        &self,
        context: &str,
        text: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, InternalError> {
        const ACTION: &str = "encrypt a secret";
        let nonce: [u8; NONCE_LEN] =
            random::array(random).map_err(|error| InternalError::new(ACTION, error.to_string()))?;
        let mut data = text.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut data)
            .map_err(|_| InternalError::new(ACTION, "it is too long"))?;
        Ok([&nonce[..], &data].concat())
    }

    pub(super) fn open(&self, context: &str, mut data: Vec<u8>) -> Result<Vec<u8>, InternalError> {
        let failed = || {
            InternalError::new(
                "decrypt a secret",
                "it was changed, or belongs to another instance or setting",
            )
        };
        let (nonce, ciphertext) = data.split_at_mut_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let text = self.0.open_in_place(nonce, Aad::from(context), ciphertext).map_err(|_| failed())?;
        Ok(text.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::random::OsRandom;

    #[test]
    fn a_sealed_text_is_opened_only_in_its_context() {
        let key = DataKey::new(&[7; 32]).unwrap();
        let sealed = key.seal("1/password", b"api_key", &OsRandom).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"api_key"));
        assert_eq!(key.open("1/password", sealed.clone()).unwrap(), b"api_key");
        assert!(key.open("2/password", sealed.clone()).is_err());
        assert!(DataKey::new(&[8; 32]).unwrap().open("1/password", sealed.clone()).is_err());
        for place in [0, NONCE_LEN, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(key.open("1/password", changed).is_err(), "byte {place}");
        }
        assert!(key.open("1/password", sealed[..NONCE_LEN - 1].to_vec()).is_err());
        assert!(DataKey::new(&[7; 31]).is_err());
    }
}
