//! Message attributes as they travel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::message::{MessageAttribute, MessageAttributes};

/// Attributes by name.
pub(super) type WireAttributes = BTreeMap<String, WireAttribute>;

/// An attribute as it travels. Bytes and lists are not sent by anybody here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireAttribute {
    #[serde(default)]
    data_type: String,
    string_value: Option<String>,
}

/// The attributes that a sender gives.
pub(super) fn read(attributes: WireAttributes) -> Result<MessageAttributes, Error> {
    attributes.into_iter().map(|(name, attribute)| Ok((name.clone(), read_one(&name, attribute)?))).collect()
}

/// The trace header among the system attributes that a sender gives; there can be no other.
pub(super) fn read_trace_header(mut attributes: WireAttributes) -> Result<Option<String>, Error> {
    let header = attributes.remove("AWSTraceHeader").and_then(|attribute| attribute.string_value);
    match attributes.into_keys().next() {
        None => Ok(header),
        Some(name) => {
            Err(Error::InvalidParameterValue(format!("Message system attribute name '{name}' is invalid.")))
        }
    }
}

/// Attributes for a receiver.
pub(super) fn write(attributes: &MessageAttributes) -> WireAttributes {
    let write = |attribute: &MessageAttribute| WireAttribute {
        data_type: attribute.data_type.clone(),
        string_value: Some(attribute.value.clone()),
    };
    attributes.iter().map(|(name, attribute)| (name.clone(), write(attribute))).collect()
}

fn read_one(
    name: &str,
    WireAttribute { data_type, string_value }: WireAttribute,
) -> Result<MessageAttribute, Error> {
    match string_value {
        Some(value) => Ok(MessageAttribute { data_type, value }),
        None => Err(Error::InvalidParameterValue(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'."
        ))),
    }
}
