//! The rules, each at both sides of its border.

use super::*;

fn checked(message: &NewMessage) -> Result<(), Error> {
    check_message(message, MAXIMUM_BYTES)
}

fn with_attribute(name: &str, value: &str) -> NewMessage {
    NewMessage { attributes: [(name.to_owned(), value.to_owned())].into(), ..NewMessage::new("body") }
}

#[track_caller]
fn assert_refused(message: &NewMessage, words: &str) {
    match checked(message) {
        Err(Error::InvalidParameterValue(text)) => assert!(text.contains(words), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_has_at_least_one_byte_and_at_most_one_mebibyte() {
    assert_eq!(checked(&NewMessage::new("")), Err(Error::MissingParameter("MessageBody")));
    assert_eq!(checked(&NewMessage::new("a".repeat(1_048_576))), Ok(()));
    assert_refused(&NewMessage::new("a".repeat(1_048_577)), "shorter than 1048576 bytes");
    assert_refused(&NewMessage::new("ä".repeat(524_289)), "shorter than 1048576 bytes");
}

#[test]
fn a_queue_can_take_less_than_one_mebibyte() {
    let message = NewMessage::new("a".repeat(1_024));
    assert_eq!(check_message(&message, 1_024), Ok(()));
    assert!(check_message(&message, 1_023).is_err());
}

#[test]
fn names_types_and_values_of_attributes_count_to_the_size() {
    let message = with_attribute("name", "value");
    assert_eq!(size(&message), "body".len() + "name".len() + "String".len() + "value".len());
    assert_eq!(check_message(&message, 19), Ok(()));
    assert!(check_message(&message, 18).is_err());
}

#[test]
fn a_body_has_the_characters_of_xml_only() {
    let valid = "\t\n\r \u{7F}\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}";
    assert_eq!(checked(&NewMessage::new(valid)), Ok(()));
    for refused in ["\0", "\u{8}", "\u{B}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
        assert_eq!(checked(&NewMessage::new(refused)), Err(Error::InvalidMessageContents), "{refused:?}");
    }
}

#[test]
fn a_message_has_at_most_ten_attributes() {
    let attributes = |count: usize| {
        let attributes = (0..count).map(|number| (format!("name{number}"), "value".to_owned())).collect();
        NewMessage { attributes, ..NewMessage::new("body") }
    };
    assert_eq!(checked(&attributes(10)), Ok(()));
    assert_refused(&attributes(11), "[11] exceeds the allowed maximum [10]");
}

#[test]
fn an_attribute_has_a_name_and_a_value() {
    assert_eq!(checked(&with_attribute("name", "value")), Ok(()));
    assert_refused(&with_attribute("", "value"), "non-empty value");
    assert_refused(&with_attribute("name", ""), "non-empty value");
    assert_refused(&with_attribute("name", "\0"), "Invalid characters found");
}

#[test]
fn a_group_has_1_to_128_letters_digits_and_punctuation_marks() {
    let in_group = |id: &str| NewMessage { group_id: Some(id.to_owned()), ..NewMessage::new("body") };
    let marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    for id in ["a", marks, &"a".repeat(128)] {
        assert_eq!(checked(&in_group(id)), Ok(()), "{id}");
    }
    for id in ["", "a b", "ä", &"a".repeat(129)] {
        assert_refused(&in_group(id), "MessageGroupId can only include");
    }
}

#[test]
fn numbers_have_their_ranges() {
    let delayed = |seconds| NewMessage { delay_seconds: Some(seconds), ..NewMessage::new("body") };
    assert_eq!(checked(&delayed(0)), Ok(()));
    assert_eq!(checked(&delayed(900)), Ok(()));
    assert_refused(&delayed(901), "Value 901 for parameter DelaySeconds is invalid");
    assert_refused(&delayed(-1), "Value -1 for parameter DelaySeconds is invalid");
    assert_eq!(check_visibility_timeout(0), Ok(0));
    assert_eq!(check_visibility_timeout(43_200), Ok(43_200));
    assert!(check_visibility_timeout(43_201).is_err());
    assert!(check_visibility_timeout(-1).is_err());
    assert_eq!(check_wait(0), Ok(0));
    assert_eq!(check_wait(20), Ok(20));
    assert!(check_wait(21).is_err());
    assert!(check_wait(-1).is_err());
    assert_eq!(check_maximum(1, 10), Ok(1));
    assert_eq!(check_maximum(10, 10), Ok(10));
    assert!(check_maximum(0, 10).is_err());
    assert!(check_maximum(11, 10).is_err());
}
