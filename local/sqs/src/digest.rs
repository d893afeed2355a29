//! The MD5 digests by which clients check what they sent and received.

use md5::{Digest, Md5};

use super::message::{MessageAttribute, MessageAttributes};

/// The digest of a message's body, in hexadecimal.
pub(super) fn of_body(body: &str) -> String {
    hexadecimal(&Md5::digest(body))
}

/// The digest of a message's attributes, in hexadecimal; `None` if there are none.
///
/// Names in ascending order, each followed by its type, the kind of its value and its value, with the length of each part before it in four bytes, the highest first.
pub(super) fn of_attributes(attributes: &MessageAttributes) -> Option<String> {
    of_pairs(attributes.iter().map(|(name, attribute)| (name.as_str(), attribute)))
}

/// The digest of the trace header, the one system attribute that a sender can give.
pub(super) fn of_trace_header(header: &str) -> Option<String> {
    let attribute = MessageAttribute { data_type: "String".to_owned(), value: header.to_owned() };
    of_pairs(std::iter::once(("AWSTraceHeader", &attribute)))
}

fn of_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a MessageAttribute)>) -> Option<String> {
    let mut digest = Md5::new();
    let mut empty = true;
    for (name, attribute) in pairs {
        empty = false;
        part(&mut digest, name.as_bytes());
        part(&mut digest, attribute.data_type.as_bytes());
        // The kind of value: text. Bytes would have another.
        digest.update([1]);
        part(&mut digest, attribute.value.as_bytes());
    }
    (!empty).then(|| hexadecimal(&digest.finalize()))
}

/// Adds one part, its length first; no part is longer than a message, so that four bytes hold it.
fn part(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

fn hexadecimal(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> MessageAttribute {
        MessageAttribute { data_type: "String".to_owned(), value: value.to_owned() }
    }

    #[test]
    fn bodies_have_the_digests_that_sqs_sends() {
        assert_eq!(of_body("msg"), "6e2baaf3b97dbeef01c0043275f9a0e7");
        assert_eq!(of_body("test"), "098f6bcd4621d373cade4e832627b4f6");
    }

    #[test]
    fn attributes_have_the_digests_that_sqs_sends() {
        let one = MessageAttributes::from([("Foo".to_owned(), text("Bar"))]);
        assert_eq!(of_attributes(&one).as_deref(), Some("ae7155c6026991b6d54b11589678bf9c"));
        let three = MessageAttributes::from([
            ("Help.Me".to_owned(), text("Me")),
            ("Hello".to_owned(), text("There")),
            ("General".to_owned(), text("Kenobi")),
        ]);
        assert_eq!(of_attributes(&three).as_deref(), Some("4c360f3fdafd970e05fae2f149d997f5"));
    }

    #[test]
    fn no_attributes_have_no_digest() {
        assert_eq!(of_attributes(&MessageAttributes::new()), None);
    }
}
