//! The settable attributes of a queue, with their ranges and defaults.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::names;

/// Queue attributes by name, as text.
pub type QueueAttributes = BTreeMap<String, String>;

/// Attributes that are kept and returned, but have no effect.
const KEPT: [&str; 2] = ["RedriveAllowPolicy", "SqsManagedSseEnabled"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Seconds before a message without a delay of its own becomes visible.
    pub(super) delay: u32,
    pub(super) maximum_message_size: u32,
    /// Seconds after which a message is forgotten, counted from when it was sent.
    pub(super) retention: u32,
    /// Seconds of a long poll that does not give its own.
    pub(super) wait: u32,
    /// Seconds for which a received message is out of sight.
    pub(super) visibility_timeout: u32,
    /// When messages are given up, and where they go.
    pub(super) redrive: Option<RedrivePolicy>,
    kept: BTreeMap<&'static str, String>,
}

/// When messages are given up, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RedrivePolicy {
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
    pub(super) fn with(&self, attributes: &QueueAttributes) -> Result<Self, Error> {
        let mut settings = self.clone();
        for (name, value) in attributes {
            settings.set(name, value)?;
        }
        Ok(settings)
    }

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
                self.redrive = Some(RedrivePolicy::parse(value)?);
                return Ok(());
            }
            _ => {
                let known = KEPT.into_iter().find(|known| *known == name);
                let known = known.ok_or_else(|| Error::InvalidAttributeName(name.to_owned()))?;
                self.kept.insert(known, value.to_owned());
                return Ok(());
            }
        };
        *number = parse(name, value, &range)?;
        Ok(())
    }
}

impl RedrivePolicy {
    fn parse(json: &str) -> Result<Self, Error> {
        let policy: Self = serde_json::from_str(json).map_err(|error| invalid(json, &error.to_string()))?;
        if policy.target().is_none() {
            return Err(invalid(json, "Invalid value for deadLetterTargetArn."));
        }
        if !(1..=1_000).contains(&policy.max_receive_count) {
            return Err(invalid(json, "Invalid value for maxReceiveCount: valid values are from 1 to 1000."));
        }
        Ok(policy)
    }

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
