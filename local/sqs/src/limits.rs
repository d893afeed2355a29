//! The limits of SQS: the rules of messages and of the numbers in a request.

use super::error::Error;
use super::message::NewMessage;

/// The most bytes that a message, or the messages of a batch, may have.
pub(super) const MAXIMUM_BYTES: usize = 1_048_576;

const ATTRIBUTES: usize = 10;

/// Refuses a message that breaks a rule, or has more bytes than `maximum`.
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
    message.attributes.iter().try_for_each(|(name, value)| check_attribute(name, value))?;
    message.delay_seconds.map_or(Ok(()), |seconds| check_delay(seconds).map(|_| ()))?;
    message.group_id.as_deref().map_or(Ok(()), check_group)
}

/// The size of a message: its body, and the names, types and values of its attributes.
pub(super) fn size(message: &NewMessage) -> usize {
    let attribute = |(name, value): (&String, &String)| name.len() + "String".len() + value.len();
    message.body.len() + message.attributes.iter().map(attribute).sum::<usize>()
}

pub(super) fn check_delay(seconds: i32) -> Result<i64, Error> {
    within(seconds, 900, || {
        format!(
            "Value {seconds} for parameter DelaySeconds is invalid. \
             Reason: DelaySeconds must be >= 0 and <= 900."
        )
    })
}

pub(super) fn check_visibility_timeout(seconds: i32) -> Result<i64, Error> {
    within(seconds, 43_200, || {
        format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. \
             Reason: Must be >= 0 and <= 43200, if provided."
        )
    })
}

pub(super) fn check_wait(seconds: i32) -> Result<i64, Error> {
    within(seconds, 20, || {
        format!(
            "Value {seconds} for parameter WaitTimeSeconds is invalid. \
             Reason: Must be >= 0 and <= 20, if provided."
        )
    })
}

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

fn check_attribute(name: &str, value: &str) -> Result<(), Error> {
    if name.is_empty() || value.is_empty() {
        return Err(invalid(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type 'String'."
        )));
    }
    if has_valid_characters(value) { Ok(()) } else { Err(invalid(Error::InvalidMessageContents.to_string())) }
}

fn invalid(text: String) -> Error {
    Error::InvalidParameterValue(text)
}

#[cfg(test)]
mod tests;
