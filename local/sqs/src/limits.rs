//! What SQS takes: the rules of messages and of the numbers in a request.

use super::error::Error;
use super::message::{MessageAttribute, NewMessage};

/// The most bytes that a message, or the messages of a batch, may have.
pub(super) const MAXIMUM_BYTES: usize = 1_048_576;

/// The most attributes that a message may have.
const ATTRIBUTES: usize = 10;

/// Refuses a message that a queue with the maximum message size `maximum`, in bytes, does not take.
pub(super) fn check_message(message: &NewMessage, maximum: usize) -> Result<(), Error> {
    if message.body.is_empty() {
        return Err(Error::MissingParameter("MessageBody"));
    }
    if size(message) > maximum {
        return Err(invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {maximum} bytes."
        )));
    }
    if !has_valid_characters(&message.body) {
        return Err(Error::InvalidMessageContents);
    }
    if message.attributes.len() > ATTRIBUTES {
        let count = message.attributes.len();
        return Err(invalid(format!(
            "Number of message attributes [{count}] exceeds the allowed maximum [{ATTRIBUTES}]."
        )));
    }
    message.attributes.iter().try_for_each(|(name, attribute)| {
        check_name(name)?;
        check_attribute(name, attribute)
    })?;
    message.delay_seconds.map_or(Ok(()), |seconds| check_delay(seconds).map(|_| ()))?;
    message.group_id.as_deref().map_or(Ok(()), check_group)
}

/// The bytes of a message that count: its body, and names, types and values of its attributes.
pub(super) fn size(message: &NewMessage) -> usize {
    let attribute = |(name, attribute): (&String, &MessageAttribute)| {
        name.len() + attribute.data_type.len() + attribute.value.len()
    };
    message.body.len() + message.attributes.iter().map(attribute).sum::<usize>()
}

/// The seconds of a delay, 0 to 900.
pub(super) fn check_delay(seconds: i32) -> Result<i64, Error> {
    within(seconds, 900, || {
        format!(
            "Value {seconds} for parameter DelaySeconds is invalid. \
             Reason: DelaySeconds must be >= 0 and <= 900."
        )
    })
}

/// The seconds of a visibility timeout, 0 to 43,200.
pub(super) fn check_visibility_timeout(seconds: i32) -> Result<i64, Error> {
    within(seconds, 43_200, || {
        format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. \
             Reason: Must be >= 0 and <= 43200, if provided."
        )
    })
}

/// The seconds of a long poll, 0 to 20.
pub(super) fn check_wait(seconds: i32) -> Result<i64, Error> {
    within(seconds, 20, || {
        format!(
            "Value {seconds} for parameter WaitTimeSeconds is invalid. \
             Reason: Must be >= 0 and <= 20, if provided."
        )
    })
}

/// How many messages to receive, 1 to `most`.
pub(super) fn check_maximum(number: i32, most: i32) -> Result<usize, Error> {
    match usize::try_from(number) {
        Ok(checked) if (1..=most).contains(&number) => Ok(checked),
        _ => Err(invalid(format!(
            "Value {number} for parameter MaxNumberOfMessages is invalid. \
             Reason: Must be between 1 and {most}, if provided."
        ))),
    }
}

fn within(seconds: i32, most: i32, reason: impl FnOnce() -> String) -> Result<i64, Error> {
    if (0..=most).contains(&seconds) { Ok(i64::from(seconds)) } else { Err(invalid(reason())) }
}

/// The characters of XML 1.0.
fn has_valid_characters(text: &str) -> bool {
    text.chars().all(|character| {
        matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
    })
}

fn check_group(id: &str) -> Result<(), Error> {
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(invalid(format!(
        "Value {id} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include \
         alphanumeric and punctuation characters. 1 to 128 in length."
    )))
}

fn check_name(name: &str) -> Result<(), Error> {
    if !(1..=256).contains(&name.len()) {
        return Err(invalid("Message (user) attribute names must be shorter than 256 Bytes".to_owned()));
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
        return Err(invalid(
            "Message (user) attributes name can only contain upper and lower score characters, digits, \
             periods, hyphens and underscores. "
                .to_owned(),
        ));
    }
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    if reserved || name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return Err(invalid(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are \
             reserved for internal use. Additionally, they cannot start or end with '.'."
                .to_owned(),
        ));
    }
    Ok(())
}

fn check_attribute(name: &str, attribute: &MessageAttribute) -> Result<(), Error> {
    let data_type = attribute.data_type.as_str();
    if data_type.len() > 256 {
        return Err(invalid("Message (user) attribute types must be shorter than 256 Bytes".to_owned()));
    }
    let (kind, text) = (data_type.split('.').next().unwrap_or_default(), &attribute.value);
    if !["String", "Number"].contains(&kind) {
        return Err(invalid(format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the following \
             supported type prefixes: Number, String."
        )));
    }
    if text.is_empty() {
        return Err(invalid(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        )));
    }
    if kind == "Number" && !text.parse::<f64>().is_ok_and(f64::is_finite) {
        return Err(invalid(format!(
            "Can't cast the value of message (user) attribute '{name}' to a number."
        )));
    }
    if has_valid_characters(text) { Ok(()) } else { Err(invalid(Error::InvalidMessageContents.to_string())) }
}

fn invalid(text: String) -> Error {
    Error::InvalidParameterValue(text)
}

#[cfg(test)]
mod tests;
