//! Message attributes as they travel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::message::MessageAttributes;

pub(super) type WireAttributes = BTreeMap<String, WireAttribute>;

/// An attribute as it travels. Everybody here sends text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireAttribute {
    #[serde(default)]
    data_type: String,
    string_value: Option<String>,
}

pub(super) fn read(attributes: WireAttributes) -> Result<MessageAttributes, Error> {
    let text = |(name, attribute)| match attribute {
        WireAttribute { data_type, string_value: Some(value) } if data_type == "String" => Ok((name, value)),
        WireAttribute { .. } => {
            Err(Error::InvalidParameterValue(format!("Message (user) attribute '{name}' is not a String.")))
        }
    };
    attributes.into_iter().map(text).collect()
}

pub(super) fn write(attributes: MessageAttributes) -> WireAttributes {
    let write = |value| WireAttribute { data_type: "String".to_owned(), string_value: Some(value) };
    attributes.into_iter().map(|(name, value)| (name, write(value))).collect()
}
