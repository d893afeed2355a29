//! The attributes of a queue that can be set, their ranges and their defaults.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::names;

/// Queue attributes by name, as text.
pub type QueueAttributes = BTreeMap<String, String>;

/// The attributes that are kept and returned, and change nothing here.
const KEPT: [&str; 5] = [
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// How a queue is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Seconds before a message without a delay of its own becomes visible.
    pub(super) delay: u32,
    /// The most bytes that a message may have.
    pub(super) maximum_message_size: u32,
    /// Seconds after which a message is forgotten, counted from when it was sent.
    pub(super) retention: u32,
    /// Seconds of a long poll that does not say.
    pub(super) wait: u32,
    /// Seconds for which a received message is out of sight.
    pub(super) visibility_timeout: u32,
    /// When messages are given up, and where they go.
    pub(super) redrive: Option<RedrivePolicy>,
    /// The attributes in [`KEPT`] that have a value.
    kept: BTreeMap<&'static str, String>,
}

/// When messages are given up, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedrivePolicy {
    /// The ARN of the dead-letter queue.
    pub(super) dead_letter_target_arn: String,
    /// How often a message is received before it goes there, 1 to 1,000.
    pub(super) max_receive_count: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delay: 0,
            maximum_message_size: 1_048_576,
            retention: 345_600,
            wait: 0,
            visibility_timeout: 30,
            redrive: None,
            kept: [("SqsManagedSseEnabled", "true".to_owned())].into(),
        }
    }
}

impl Settings {
    /// These settings with `attributes` over them.
    pub(super) fn with(&self, attributes: &QueueAttributes) -> Result<Self, Error> {
        let mut settings = self.clone();
        for (name, value) in attributes {
            settings.set(name, value)?;
        }
        Ok(settings)
    }

    /// The attributes that are set, by name.
    pub(super) fn to_attributes(&self) -> BTreeMap<&'static str, String> {
        let mut attributes = self.kept.clone();
        attributes.insert("DelaySeconds", self.delay.to_string());
        attributes.insert("MaximumMessageSize", self.maximum_message_size.to_string());
        attributes.insert("MessageRetentionPeriod", self.retention.to_string());
        attributes.insert("ReceiveMessageWaitTimeSeconds", self.wait.to_string());
        attributes.insert("VisibilityTimeout", self.visibility_timeout.to_string());
        if let Some(policy) = &self.redrive {
            attributes.insert("RedrivePolicy", policy.to_json());
        }
        attributes
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let (number, range) = match name {
            "DelaySeconds" => (&mut self.delay, 0..=900),
            "MaximumMessageSize" => (&mut self.maximum_message_size, 1_024..=1_048_576),
            "MessageRetentionPeriod" => (&mut self.retention, 60..=1_209_600),
            "ReceiveMessageWaitTimeSeconds" => (&mut self.wait, 0..=20),
            "VisibilityTimeout" => (&mut self.visibility_timeout, 0..=43_200),
            "RedrivePolicy" => {
                self.redrive = (!value.is_empty()).then(|| RedrivePolicy::parse(value)).transpose()?;
                return Ok(());
            }
            _ => return self.keep(name, value),
        };
        *number = parse(name, value, &range)?;
        Ok(())
    }

    fn keep(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let known = KEPT.into_iter().find(|known| *known == name);
        let known = known.ok_or_else(|| Error::InvalidAttributeName(name.to_owned()))?;
        if value.is_empty() {
            self.kept.remove(known);
        } else {
            self.kept.insert(known, value.to_owned());
        }
        Ok(())
    }
}

impl RedrivePolicy {
    fn parse(json: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Fields {
            dead_letter_target_arn: Option<String>,
            max_receive_count: Option<Count>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Count {
            Number(i64),
            Text(String),
        }
        let invalid = |reason: &str| invalid(json, reason);
        let missing =
            |name| invalid(&format!("Redrive policy does not contain mandatory attribute: {name}."));
        let fields: Fields =
            serde_json::from_str(json).map_err(|_| invalid("Redrive policy is not a valid JSON map."))?;
        let target = fields.dead_letter_target_arn.ok_or_else(|| missing("deadLetterTargetArn"))?;
        let count = match fields.max_receive_count.ok_or_else(|| missing("maxReceiveCount"))? {
            Count::Number(number) => number.to_string(),
            Count::Text(text) => text,
        };
        if names::in_arn(&target).is_none() {
            return Err(invalid("Invalid value for deadLetterTargetArn."));
        }
        let max_receive_count = count.parse().ok().filter(|count| (1..=1_000).contains(count));
        let max_receive_count = max_receive_count.ok_or_else(|| {
            invalid(&format!(
                "Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
            ))
        })?;
        Ok(Self { dead_letter_target_arn: target, max_receive_count })
    }

    /// The name of the dead-letter queue.
    pub(super) fn target(&self) -> Option<&str> {
        names::in_arn(&self.dead_letter_target_arn)
    }

    /// The refusal of a policy whose dead-letter queue does not exist.
    pub(super) fn without_target(&self) -> Error {
        invalid(&self.to_json(), "Dead letter target does not exist.")
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn parse(name: &str, value: &str, range: &RangeInclusive<u32>) -> Result<u32, Error> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| Error::InvalidAttributeValue(name.to_owned()))
}

fn invalid(policy: &str, reason: &str) -> Error {
    Error::InvalidParameterValue(format!(
        "Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}"
    ))
}

#[cfg(test)]
mod tests;
