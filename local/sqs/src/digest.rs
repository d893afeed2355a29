//! The MD5 digests by which clients check what they sent and received.

use md5::{Digest, Md5};
use shared::events::id::hex;

use super::message::MessageAttributes;

/// The digest of a message's body, in hexadecimal.
pub(super) fn of_body(body: &str) -> String {
    hex(&Md5::digest(body))
}

/// The digest of a message's attributes, in hexadecimal; `None` without attributes.
///
/// It covers the names in ascending order, each followed by its type, the kind of its value, and its value. The length of
/// each part stands before it in four bytes, the highest first.
pub(super) fn of_attributes(attributes: &MessageAttributes) -> Option<String> {
    let mut digest = Md5::new();
    for (name, value) in attributes {
        part(&mut digest, name.as_bytes());
        part(&mut digest, b"String");
        // The kind of the value: text.
        digest.update([1]);
        part(&mut digest, value.as_bytes());
    }
    (!attributes.is_empty()).then(|| hex(&digest.finalize()))
}

/// Adds one part after its length. No part is longer than a message, so four bytes hold the length.
fn part(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_digests_that_sqs_sends() {
        assert_eq!(of_body("msg"), "6e2baaf3b97dbeef01c0043275f9a0e7");
        assert_eq!(of_body("test"), "098f6bcd4621d373cade4e832627b4f6");
    }

    #[test]
    fn attributes_have_the_digests_that_sqs_sends() {
        let one = MessageAttributes::from([("Foo".to_owned(), "Bar".to_owned())]);
        assert_eq!(of_attributes(&one).as_deref(), Some("ae7155c6026991b6d54b11589678bf9c"));
        let three = [("Help.Me", "Me"), ("Hello", "There"), ("General", "Kenobi")];
        let three = three.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(of_attributes(&three.into()).as_deref(), Some("4c360f3fdafd970e05fae2f149d997f5"));
    }

    #[test]
    fn without_attributes_there_is_no_digest() {
        assert_eq!(of_attributes(&MessageAttributes::new()), None);
    }
}
