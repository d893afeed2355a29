//! The `event.*` settings of an instance, read and checked.

use chrono::DateTime;

use super::configuration::{Configuration, key};
use crate::callbacks::headers::CallbackHeaders;
use crate::callbacks::health::CircuitPolicy;
use crate::callbacks::retry::RetrySchedule;
use crate::callbacks::signatures::{CallbackSigning, Ed25519Key, SigningKey};
use crate::callbacks::url::{CallbackUrl, Reach};
use crate::platform::secret::Secret;
use close::ObjectFilter;
use close::signature::SignatureKey;

/// How an instance's events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSource {
    /// Close posts them.
    Webhook,
    /// They are fetched from Close.
    Polling,
}

impl EventSource {
    /// How events come: as the settings say; otherwise by polling if they are to be delivered.
    pub fn of(configuration: &Configuration) -> Result<Self, ConfigurationFault> {
        let fault = |reason| ConfigurationFault { key: key::VENDOR_TYPE, reason };
        let has_callback = || configuration.get(key::CALLBACK_URL).is_some();
        match configuration.get(key::VENDOR_TYPE) {
            Some(text) => source(text).map_err(fault),
            None if Self::is_unstated(configuration)
                && configuration.is(key::ENABLED, "true")
                && has_callback() =>
            {
                Ok(Self::Polling)
            }
            None => Ok(Self::Webhook),
        }
    }

    /// True if the settings do not say how events come: they are polled while they are to be delivered.
    pub fn is_unstated(configuration: &Configuration) -> bool {
        let has = |key| configuration.get(key).is_some();
        // A subscription at Close sends webhooks.
        let has_subscription = configuration.is_automatic() || has(key::SUBSCRIPTION_SIGNATURE_KEY);
        !has(key::VENDOR_TYPE) && !has_subscription
    }

    /// The word for it in `event.vendor.type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Polling => "polling",
        }
    }
}

/// The events part of a configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSettings {
    /// True if events are delivered.
    pub enabled: bool,
    /// How they come.
    pub source: EventSource,
    /// Where they go.
    pub callback_url: Option<CallbackUrl>,
    /// Which object types are wanted.
    pub objects: ObjectFilter,
    /// How often an event is attempted.
    pub retry: RetrySchedule,
    /// When events wait for a receiver that fails.
    pub circuit: CircuitPolicy,
    /// The keys that callbacks are signed with.
    pub signing: CallbackSigning,
    /// The credentials for the receiver.
    pub basic: Option<BasicAuth>,
    /// Further headers of callbacks.
    pub headers: CallbackHeaders,
    /// The key that Close signs webhooks with.
    pub subscription_key: Option<SignatureKey>,
}

/// User name and password for the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicAuth {
    /// The user name.
    pub username: String,
    /// The password; it may be empty.
    pub password: Secret,
}

/// A setting that cannot be used. The text names the setting and what is wrong with its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {reason}")]
pub struct ConfigurationFault {
    /// The setting.
    pub key: &'static str,
    /// What is wrong; it follows the name of the setting.
    pub reason: String,
}

impl EventSettings {
    /// Reads the settings; addresses that `reach` does not cover are faults.
    ///
    /// A missing setting is not a fault here: provisioning reports it by name.
    ///
    /// The error names every setting that cannot be used.
    pub fn read(configuration: &Configuration, reach: Reach) -> Result<Self, Vec<ConfigurationFault>> {
        let mut reader = Reader { configuration, faults: Vec::new() };
        let settings = Self {
            enabled: reader.value(key::ENABLED, boolean).unwrap_or(false),
            source: reader.source(),
            callback_url: reader.value(key::CALLBACK_URL, |text| {
                CallbackUrl::parse(text, reach).map_err(|error| format!("is not usable: {error}"))
            }),
            objects: reader.value(key::OBJECTS, |text| Ok(ObjectFilter::parse(text))).unwrap_or_default(),
            retry: reader.retry(),
            circuit: reader.value(key::CIRCUIT_MINUTES, circuit).unwrap_or_default(),
            signing: reader.signing(),
            basic: reader.basic(),
            headers: reader.value(key::CALLBACK_HEADERS, CallbackHeaders::parse).unwrap_or_default(),
            subscription_key: reader.value(key::SUBSCRIPTION_SIGNATURE_KEY, |text| {
                SignatureKey::parse(text).map_err(|error| format!("is not usable: {error}"))
            }),
        };
        if reader.faults.is_empty() { Ok(settings) } else { Err(reader.faults) }
    }

    /// Why no events are to be delivered; `None` if they are.
    pub fn why_unwanted(&self) -> Option<&'static str> {
        if !self.enabled {
            Some("event.notification.enabled is not true")
        } else if self.callback_url.is_none() {
            Some("event.notification.callback.url is not set")
        } else {
            None
        }
    }
}

struct Reader<'a> {
    configuration: &'a Configuration,
    faults: Vec<ConfigurationFault>,
}

impl Reader<'_> {
    fn value<T>(&mut self, key: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(self.configuration.get(key)?) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.faults.push(ConfigurationFault { key, reason });
                None
            }
        }
    }

    fn source(&mut self) -> EventSource {
        EventSource::of(self.configuration).unwrap_or_else(|fault| {
            self.faults.push(fault);
            EventSource::Webhook
        })
    }

    fn retry(&mut self) -> RetrySchedule {
        let RetrySchedule { attempts, interval } = RetrySchedule::default();
        let seconds = interval.as_secs();
        let given = self.value(key::RETRY_ATTEMPTS, |text| {
            Ok(RetrySchedule::new(text.parse().unwrap_or(0), seconds)?.attempts)
        });
        let attempts = given.unwrap_or(attempts);
        let given = self.value(key::RETRY_INTERVAL, |text| {
            Ok(RetrySchedule::new(attempts, text.parse().unwrap_or(0))?.interval)
        });
        RetrySchedule { attempts, interval: given.unwrap_or(interval) }
    }

    fn signing(&mut self) -> CallbackSigning {
        CallbackSigning {
            current: self.value(key::SIGNATURE_KEY, SigningKey::parse),
            previous: self.value(key::PREVIOUS_SIGNATURE_KEY, SigningKey::parse),
            previous_until: self.value(key::PREVIOUS_SIGNATURE_UNTIL, |text| {
                let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
                time.map_err(|_| "is not a time like 2026-11-21T10:00:00Z".to_owned())
            }),
            ed25519: self.value(key::ED25519_SIGNATURE_KEY, |text| Ok(Ed25519Key::parse(text)?)),
        }
    }

    fn basic(&mut self) -> Option<BasicAuth> {
        let password = Secret::new(self.configuration.get(key::BASIC_PASSWORD).unwrap_or_default());
        self.value(key::BASIC_USERNAME, |username| {
            // RFC 7617: the first colon ends the user name.
            if username.contains(':') {
                return Err("has a colon, which ends a user name in Basic authentication".to_owned());
            }
            Ok(BasicAuth { username: username.to_owned(), password })
        })
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(r#"is neither "true" nor "false""#.to_owned()),
    }
}

fn source(text: &str) -> Result<EventSource, String> {
    match text.to_ascii_lowercase().as_str() {
        "webhook" | "webhooks" => Ok(EventSource::Webhook),
        "polling" => Ok(EventSource::Polling),
        _ => Err(r#"is neither "webhook" nor "polling""#.to_owned()),
    }
}

fn circuit(text: &str) -> Result<CircuitPolicy, String> {
    Ok(CircuitPolicy::of_minutes(text.parse().unwrap_or(u32::MAX))?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<EventSettings, Vec<String>> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())));
        EventSettings::read(&pairs.collect(), Reach::Public)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_settings_there_are_no_events() {
        let settings = read(&[("event.notification.callback.url", " ")]).unwrap();
        assert!(!settings.enabled);
        assert_eq!(settings.callback_url, None);
        assert_eq!((settings.retry.attempts, settings.retry.interval), (3, Duration::from_secs(300)));
    }

    #[test]
    fn both_spellings_of_the_vendor_type_are_a_webhook() {
        for spelling in ["webhook", "webhooks", "WEBHOOK"] {
            assert_eq!(read(&[("event.vendor.type", spelling)]).unwrap().source, EventSource::Webhook);
        }
        assert_eq!(read(&[("event.vendor.type", "polling")]).unwrap().source, EventSource::Polling);
    }

    #[test]
    fn events_are_polled_by_default_if_they_are_to_be_delivered() {
        let [enabled, callback] = [
            ("event.notification.enabled", "true"),
            ("event.notification.callback.url", "https://example.com/hook"),
        ];
        let rows: [(&[(&str, &str)], EventSource); 6] = [
            (&[enabled, callback], EventSource::Polling),
            (&[enabled, callback, ("event.vendor.type", "webhook")], EventSource::Webhook),
            (
                &[enabled, callback, ("event.notification.subscription.provisioning", "automatic")],
                EventSource::Webhook,
            ),
            (&[enabled], EventSource::Webhook),
            (&[callback], EventSource::Webhook),
            (&[], EventSource::Webhook),
        ];
        for (settings, source) in rows {
            assert_eq!(read(settings).unwrap().source, source, "{settings:?}");
        }
    }

    #[test]
    fn the_schedule_is_taken_as_given() {
        let pairs =
            [("event.notification.retry.attempts", "10"), ("event.notification.retry.interval", "900")];
        let retry = read(&pairs).unwrap().retry;
        assert_eq!((retry.attempts, retry.interval), (10, Duration::from_secs(900)));
    }

    #[test]
    fn every_fault_is_named() {
        let faults = read(&[
            ("event.notification.enabled", "yes"),
            ("event.vendor.type", "push"),
            ("event.notification.callback.url", "http://example.com/"),
            ("event.notification.retry.attempts", "11"),
            ("event.notification.retry.interval", "0"),
            ("event.notification.circuit.minutes", "soon"),
            ("event.notification.signature.key", "a\u{7}"),
            ("event.notification.signature.previous.key", "whsec_"),
            ("event.notification.signature.previous.until", "tomorrow"),
            ("event.notification.signature.ed25519.key", "whsk_"),
            ("event.notification.basic.username", "a:b"),
            ("event.notification.callback.headers", "Host: x"),
            ("event.notification.subscription.signature.key", "abc"),
        ])
        .unwrap_err();
        let named: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
        assert_eq!(
            named,
            [
                "event.notification.enabled",
                "event.vendor.type",
                "event.notification.callback.url",
                "event.notification.retry.attempts",
                "event.notification.retry.interval",
                "event.notification.circuit.minutes",
                "event.notification.signature.key",
                "event.notification.signature.previous.key",
                "event.notification.signature.previous.until",
                "event.notification.signature.ed25519.key",
                "event.notification.basic.username",
                "event.notification.callback.headers",
                "event.notification.subscription.signature.key",
            ]
        );
        assert_eq!(faults[0], r#"event.notification.enabled is neither "true" nor "false""#);
        assert_eq!(
            faults[3],
            "event.notification.retry.attempts is not a number of attempts from 1 to 10 (default 3)"
        );
    }
}
