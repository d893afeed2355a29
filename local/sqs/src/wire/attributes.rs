//! Message attributes as they travel.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::message::{AttributeValue, MessageAttribute, MessageAttributes};

/// Attributes by name.
pub(super) type WireAttributes = BTreeMap<String, WireAttribute>;

/// An attribute as it travels: bytes are in Base64.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireAttribute {
    data_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    #[serde(skip_serializing)]
    string_list_values: Vec<String>,
    #[serde(skip_serializing)]
    binary_list_values: Vec<String>,
}

/// The attributes that a sender gives.
pub(super) fn read(attributes: WireAttributes) -> Result<MessageAttributes, Error> {
    attributes.into_iter().map(|(name, attribute)| Ok((name.clone(), read_one(&name, attribute)?))).collect()
}

/// The trace header among the system attributes that a sender gives; there can be no other.
pub(super) fn read_trace_header(attributes: WireAttributes) -> Result<Option<String>, Error> {
    let mut header = None;
    for (name, attribute) in attributes {
        match attribute.string_value {
            Some(value) if name == "AWSTraceHeader" && attribute.data_type.as_deref() == Some("String") => {
                header = Some(value);
            }
            _ => {
                return Err(Error::InvalidParameterValue(format!(
                    "Message system attribute name '{name}' is invalid."
                )));
            }
        }
    }
    Ok(header)
}

/// Attributes for a receiver.
pub(super) fn write(attributes: &MessageAttributes) -> WireAttributes {
    attributes.iter().map(|(name, attribute)| (name.clone(), write_one(attribute))).collect()
}

fn read_one(name: &str, attribute: WireAttribute) -> Result<MessageAttribute, Error> {
    if !attribute.string_list_values.is_empty() || !attribute.binary_list_values.is_empty() {
        return Err(Error::InvalidParameterValue(
            "Message attribute list values in SendMessage operation are not supported.".to_owned(),
        ));
    }
    let data_type = attribute.data_type.filter(|data_type| !data_type.is_empty()).ok_or_else(|| {
        Error::InvalidParameterValue(format!(
            "The message attribute '{name}' must contain non-empty message attribute type."
        ))
    })?;
    let value = match (attribute.string_value, attribute.binary_value) {
        (Some(text), None) => AttributeValue::String(text),
        (None, Some(encoded)) => AttributeValue::Binary(
            STANDARD.decode(encoded).map_err(|error| Error::Serialization(error.to_string()))?,
        ),
        (Some(_), Some(_)) => {
            return Err(Error::InvalidParameterValue(format!(
                "Message (user) attribute '{name}' has multiple values."
            )));
        }
        (None, None) => {
            return Err(Error::InvalidParameterValue(format!(
                "Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'."
            )));
        }
    };
    Ok(MessageAttribute { data_type, value })
}

fn write_one(attribute: &MessageAttribute) -> WireAttribute {
    let (string_value, binary_value) = match &attribute.value {
        AttributeValue::String(text) => (Some(text.clone()), None),
        AttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
    };
    WireAttribute {
        data_type: Some(attribute.data_type.clone()),
        string_value,
        binary_value,
        ..WireAttribute::default()
    }
}
