//! The id of an instance, and its spelling in a webhook URL.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// Ids stay below this, so that every client can hold one in a JSON number.
const LIMIT: u64 = 1 << 53;

const NOT_AN_ID: &str = "an instance id is an integer from 1 to 9007199254740991";

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const EITHER_ALPHABET: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, ANY_PADDING), GeneralPurpose::new(&URL_SAFE, ANY_PADDING)];

/// The id of an instance: a positive integer below 2^53.
///
/// A legacy webhook has no signature: whoever knows this number can send one. So ids are random, see
/// [`InstanceId::from_entropy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct InstanceId(u64);

impl InstanceId {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// An id from eight random bytes. All are equally likely, except 1, which also replaces zero.
    pub fn from_entropy(bytes: [u8; 8]) -> Self {
        Self((u64::from_be_bytes(bytes) % LIMIT).max(1))
    }

    /// The spelling in a webhook URL: base64 of the decimal digits, padded (`20931` is `MjA5MzE=`).
    pub fn encode(self) -> String {
        base64::engine::general_purpose::STANDARD.encode(self.0.to_string())
    }

    /// Reads a URL path segment: either base64 alphabet, padded or not, percent-encoded or not.
    ///
    /// Digits are only accepted as [`InstanceId::encode`] writes them.
    pub fn decode(segment: &str) -> Option<Self> {
        let encoded: Vec<u8> = percent_decode_str(segment).collect();
        let digits = EITHER_ALPHABET.iter().find_map(|engine| engine.decode(&encoded).ok())?;
        let digits = String::from_utf8(digits).ok()?;
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        if canonical { digits.parse().ok() } else { None }
    }
}

impl TryFrom<u64> for InstanceId {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        if (1..LIMIT).contains(&number) { Ok(Self(number)) } else { Err(NOT_AN_ID) }
    }
}

impl From<InstanceId> for u64 {
    fn from(id: InstanceId) -> Self {
        id.0
    }
}

impl FromStr for InstanceId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<u64>().map_err(|_| NOT_AN_ID)?.try_into()
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u64) -> InstanceId {
        InstanceId::try_from(number).unwrap()
    }

    #[test]
    fn the_documented_example_is_read_in_every_spelling() {
        for spelling in ["MjA5MzE=", "MjA5MzE", "MjA5MzE%3D", "MjA5MzE%3d", "%4DjA5MzE="] {
            assert_eq!(InstanceId::decode(spelling), Some(id(20_931)), "{spelling}");
        }
        assert_eq!(id(20_931).encode(), "MjA5MzE=");
    }

    #[test]
    fn anything_but_the_base64_of_an_id_is_refused() {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let refused = ["", "=", "20931", "MjA5MzE==", "Mj A5MzE=", "MjA5MzE=/", "%", "%zz", "é"];
        for segment in refused {
            assert_eq!(InstanceId::decode(segment), None, "{segment}");
        }
        for text in ["0", "-1", "+1", "007", "1.0", " 1", "9007199254740992", "99999999999999999999", "a"] {
            assert_eq!(InstanceId::decode(&encode(text)), None, "{text}");
        }
    }

    #[test]
    fn entropy_never_makes_zero_and_never_leaves_53_bits() {
        assert_eq!(InstanceId::from_entropy([0; 8]).get(), 1);
        assert_eq!(InstanceId::from_entropy([0xff; 8]).get(), LIMIT - 1);
    }

    proptest! {
        #[test]
        fn every_id_is_read_in_every_spelling(number in 1..LIMIT) {
            let padded = id(number).encode();
            let spellings = [
                padded.clone(),
                padded.trim_end_matches('=').to_owned(),
                padded.replace('=', "%3D"),
                padded.replace('+', "-").replace('/', "_"),
            ];
            for spelling in spellings {
                prop_assert_eq!(InstanceId::decode(&spelling), Some(id(number)));
            }
        }

        #[test]
        fn no_segment_panics(segment in ".*") {
            let _ = InstanceId::decode(&segment);
        }
    }
}
