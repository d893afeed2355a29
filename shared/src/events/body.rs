//! The body of an event on its way: as it came, compressed, or in the payloads table.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::events::id::hex;

/// SQS bills a message in chunks of this size, so a body that fits one gains nothing from compression.
const SQS_CHUNK: usize = 64 * 1024;
/// The largest body in a message: SQS takes 1 MiB, and the rest of the message needs room.
const MOST_IN_MESSAGE: usize = 1000 * 1024;
/// The size of a message without its body, at most in nearly all cases.
const AROUND: usize = 2 * 1024;
/// Larger than any webhook. A body that claims to inflate to more is not ours.
const MOST_INFLATED: usize = 16 * 1024 * 1024;

/// The JSON text that Close sent, in one of the forms in which a message carries it.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// As it came, byte for byte.
    Raw(&'a RawValue),
    /// Compressed.
    Deflated(Deflated),
    /// In the payloads table.
    Stored(StoredBody),
}

/// A compressed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deflated {
    pub(super) bytes: Vec<u8>,
    /// The length of the text.
    pub(super) text_length: usize,
}

/// A claim check: the place of a compressed body in the payloads table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBody {
    /// The beginning of the text's hash. It is part of the key, so the content of a key never changes.
    pub digest: String,
    /// The length of the text.
    pub bytes: usize,
    /// The length of its compressed form, to check that all of it was read.
    pub packed: usize,
}

/// A stored body that cannot be inflated to its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored body cannot be read")]
pub struct Unreadable;

/// How a message carries a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carriage {
    Raw,
    Deflated,
    Stored,
}

/// Decides how a message carries a body: as it came while that costs no more, compressed while it fits, and by claim check
/// otherwise.
pub(super) fn carriage(text: &str, packed: impl FnOnce() -> usize) -> Carriage {
    // Of the characters that JSON allows unescaped, SQS refuses only these two (API reference, SendMessage).
    let sendable = !text.contains(['\u{fffe}', '\u{ffff}']);
    if sendable && text.len() + AROUND <= SQS_CHUNK {
        return Carriage::Raw;
    }
    let encoded = packed().div_ceil(3) * 4;
    let pays = (encoded + AROUND).div_ceil(SQS_CHUNK) < (text.len() + AROUND).div_ceil(SQS_CHUNK);
    match () {
        () if sendable && !pays && text.len() + AROUND <= MOST_IN_MESSAGE => Carriage::Raw,
        () if encoded + AROUND <= MOST_IN_MESSAGE => Carriage::Deflated,
        () => Carriage::Stored,
    }
}

thread_local! {
    /// Kept, since making one takes several times as long as compressing a webhook.
    static ENCODER: RefCell<DeflateEncoder<Vec<u8>>> =
        RefCell::new(DeflateEncoder::new(Vec::new(), Compression::default()));
}

impl Deflated {
    /// Compresses a text.
    pub fn of(text: &RawValue) -> Self {
        let bytes = ENCODER.with_borrow_mut(|encoder| {
            // Writing to memory cannot fail.
            let _ = encoder.write_all(text.get().as_bytes());
            encoder.reset(Vec::new()).unwrap_or_default()
        });
        Self { bytes, text_length: text.get().len() }
    }

    /// The text, inflated.
    ///
    /// # Errors
    /// When [`Deflated::of`] did not make these bytes.
    pub fn inflate(&self) -> Result<Box<RawValue>, Unreadable> {
        if self.text_length > MOST_INFLATED {
            return Err(Unreadable);
        }
        let mut text = String::with_capacity(self.text_length);
        let most = u64::try_from(self.text_length).unwrap_or(u64::MAX).saturating_add(1);
        let read = DeflateDecoder::new(&*self.bytes).take(most).read_to_string(&mut text);
        match read {
            Ok(length) if length == self.text_length => {}
            Ok(_) | Err(_) => return Err(Unreadable),
        }
        RawValue::from_string(text).map_err(|_| Unreadable)
    }

    /// The compressed bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it is stored, if it is.
    pub fn check(&self) -> StoredBody {
        let digest = hex(&Sha256::digest(&self.bytes)[..8]);
        StoredBody { digest, bytes: self.text_length, packed: self.bytes.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_byte_for_byte_or_not_at_all() {
        let text = "{ \"b\": 1.0e2,\n \"a\":\"\\u0061é漢\" }";
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        let deflated = Deflated::of(&raw);
        assert_eq!(deflated.inflate().unwrap().get(), text);
        for (bytes, text_length) in [(vec![1, 2, 3], text.len()), (deflated.bytes.clone(), 5)] {
            assert_eq!(Deflated { bytes, text_length }.inflate().unwrap_err(), Unreadable);
        }
        let bomb = Deflated { bytes: deflated.bytes, text_length: usize::MAX };
        assert_eq!(bomb.inflate().unwrap_err(), Unreadable);
    }

    #[test]
    fn a_message_carries_a_body_in_the_cheapest_form_that_fits() {
        let kb = |kilobytes: usize| "x".repeat(kilobytes * 1024);
        let rows = [
            (kb(1), 1, Carriage::Raw),
            (kb(60), 10 * 1024, Carriage::Raw),
            (kb(200), 40 * 1024, Carriage::Deflated),
            // Random text: compression would make it larger.
            (kb(200), 200 * 1024, Carriage::Raw),
            (kb(990), 990 * 1024, Carriage::Raw),
            (kb(1020), 1020 * 1024, Carriage::Stored),
            (kb(5000), 740 * 1024, Carriage::Deflated),
            (kb(5000), 760 * 1024, Carriage::Stored),
            ("\u{fffe}".to_owned(), 5, Carriage::Deflated),
        ];
        for (text, packed, expected) in rows {
            assert_eq!(carriage(&text, || packed), expected, "{} bytes, {packed} packed", text.len());
        }
    }
}
