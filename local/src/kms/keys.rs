//! The keys, and encryption under them.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use shared::platform::random::{self, Random, RandomError};

const KEY_BYTES: usize = 32;
/// The first byte of a ciphertext: the version of its format.
const VERSION: u8 = 1;

/// The encryption context: names and values, in the order of the names.
pub(super) type Context = BTreeMap<String, String>;

pub(super) struct Keys(BTreeMap<String, [u8; KEY_BYTES]>);

pub(super) struct Opened {
    pub(super) key_id: String,
    pub(super) plaintext: Vec<u8>,
}

impl Keys {
    /// The keys in a file that only its owner can read, with a new one for each id that has none.
    pub(super) fn open(path: Option<&Path>, ids: &[String], random: &dyn Random) -> io::Result<Self> {
        let mut keys = path.map(read).transpose()?.unwrap_or_default();
        let before = keys.len();
        for id in ids {
            if !keys.contains_key(id) {
                keys.insert(id.clone(), random::array(random).map_err(io::Error::other)?);
            }
        }
        if let Some(path) = path.filter(|_| keys.len() > before) {
            write(path, &keys)?;
        }
        Ok(Self(keys))
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Encrypts under a key; `None` if it does not exist.
    pub(super) fn encrypt(
        &self,
        id: &str,
        context: &Context,
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Result<Option<Vec<u8>>, RandomError> {
        let Some(key) = self.0.get(id) else { return Ok(None) };
        let nonce: [u8; NONCE_LEN] = random::array(random)?;
        let mut data = plaintext.to_vec();
        let sealed = aes(key).and_then(|key| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(nonce, Aad::from(bound(id, context)), &mut data).ok()
        });
        let Ok(length) = u8::try_from(id.len()) else { return Ok(None) };
        Ok(sealed.map(|()| [&[VERSION, length][..], id.as_bytes(), &nonce, &data].concat()))
    }

    /// Decrypts a ciphertext of these keys under the same context; `None` for anything else.
    pub(super) fn decrypt(&self, context: &Context, ciphertext: &[u8]) -> Option<Opened> {
        let (id, rest) = split(ciphertext)?;
        let (nonce, data) = rest.split_at_checked(NONCE_LEN)?;
        let key = aes(self.0.get(id)?)?;
        let mut data = data.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plaintext = key.open_in_place(nonce, Aad::from(bound(id, context)), &mut data).ok()?.to_vec();
        Some(Opened { key_id: id.to_owned(), plaintext })
    }
}

/// The id of the key that a ciphertext names.
pub(crate) fn key_id(ciphertext: &[u8]) -> Option<&str> {
    split(ciphertext).map(|(id, _)| id)
}

/// A ciphertext as the id of its key and the rest.
fn split(ciphertext: &[u8]) -> Option<(&str, &[u8])> {
    let [VERSION, length, rest @ ..] = ciphertext else { return None };
    let (id, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(id).ok()?, rest))
}

fn aes(key: &[u8; KEY_BYTES]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

/// The authenticated data: key and context, unambiguously.
fn bound(id: &str, context: &Context) -> String {
    serde_json::to_string(&(id, context)).unwrap_or_default()
}

fn read(path: &Path) -> io::Result<BTreeMap<String, [u8; KEY_BYTES]>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        text => text?,
    };
    let invalid = || {
        let problem = format!("{} is not a JSON object of keys in base64", path.display());
        io::Error::new(io::ErrorKind::InvalidData, problem)
    };
    let encoded: BTreeMap<String, String> = serde_json::from_str(&text).map_err(|_| invalid())?;
    let key = |(id, key): (String, String)| Some((id, STANDARD.decode(key).ok()?.try_into().ok()?));
    encoded.into_iter().map(key).collect::<Option<_>>().ok_or_else(invalid)
}

/// Writes another file first and renames it: half a file of keys would lose every secret.
fn write(path: &Path, keys: &BTreeMap<String, [u8; KEY_BYTES]>) -> io::Result<()> {
    let encoded: BTreeMap<_, _> = keys.iter().map(|(id, key)| (id, STANDARD.encode(key))).collect();
    let beside = path.with_extension("new");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(serde_json::to_string(&encoded)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use shared::platform::random::OsRandom;

    use super::*;

    fn context(instance: &str) -> Context {
        [("instance_id".to_owned(), instance.to_owned())].into()
    }

    #[test]
    fn a_ciphertext_is_decrypted_under_its_key_and_context_even_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kms.json");
        let ids = ["a".to_owned(), "b".to_owned()];
        let keys = Keys::open(Some(&path), &ids, &OsRandom).unwrap();
        let sealed = keys.encrypt("a", &context("1"), b"text", &OsRandom).unwrap().unwrap();
        let reopened = Keys::open(Some(&path), &ids, &OsRandom).unwrap();
        let opened = reopened.decrypt(&context("1"), &sealed).unwrap();
        assert_eq!((&*opened.key_id, &*opened.plaintext), ("a", &b"text"[..]));

        assert!(reopened.decrypt(&context("2"), &sealed).is_none());
        assert!(reopened.decrypt(&Context::new(), &sealed).is_none());
        let elsewhere = Keys::open(None, &ids, &OsRandom).unwrap();
        assert!(elsewhere.decrypt(&context("1"), &sealed).is_none());
        for length in 0..sealed.len() {
            assert!(reopened.decrypt(&context("1"), &sealed[..length]).is_none());
        }
        let mut other_key = sealed.clone();
        other_key[2] = b'b';
        assert!(reopened.decrypt(&context("1"), &other_key).is_none());
        assert!(reopened.encrypt("c", &context("1"), b"text", &OsRandom).unwrap().is_none());
    }
}
