//! The element, and every setting of the wire contract with how this system treats it.

pub(crate) mod element;

use sha2::{Digest as _, Sha256};
use shared::instances::key;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// The platform's type of it.
    pub(crate) kind: &'static str,
    /// The value that is used if an instance has none.
    pub(crate) default: Option<&'static str>,
    /// A valid value, as an example.
    pub(crate) example: &'static str,
    /// Whether it has an effect, and why not.
    pub(crate) treatment: Treatment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    Used,
    /// It is kept and shown, and has no effect, for this reason.
    Ignored(&'static str),
}

use Treatment::{Ignored, Used};

const TEXT: &str = "TEXTFIELD_1000";
const SHORT: &str = "TEXTFIELD_128";
const AREA: &str = "TEXTAREA";
const PASSWORD: &str = "PASSWORD";
const BOOLEAN: &str = "BOOLEAN";
const NUMBER: &str = "NUMBER";

/// The settings in the order of the documentation.
pub(crate) const SETTINGS: &[Setting] = &[
    of(key::USERNAME, "Close API key", SHORT, "api_…", Used),
    of(key::PASSWORD, "Password", PASSWORD, "", Ignored("Close wants none beside an API key")),
    of(key::BASE_URL, "Close API URL", TEXT, "https://api.close.com/api/v1", Used).or("https://api.close.com/api/v1"),
    of(key::ENABLED, "Events enabled", BOOLEAN, "true", Used).or("false"),
    of(key::VENDOR_TYPE, "Source of events", SHORT, "webhook", Used),
    of("event.notification.type", "Notification type", SHORT, "webhook", Used).or("webhook"),
    of(key::CALLBACK_URL, "Callback URL", TEXT, "https://example.com/hook", Used),
    of(
        key::SIGNATURE_KEY,
        "Callback signature key",
        PASSWORD,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        Used,
    ),
    of(key::PREVIOUS_SIGNATURE_KEY, "Callback signature key before", PASSWORD, "", Used),
    of(key::PREVIOUS_SIGNATURE_UNTIL, "Its end", SHORT, "2026-11-22T10:00:00Z", Used),
    of(key::ED25519_SIGNATURE_KEY, "Callback signature key (ed25519)", PASSWORD, "whsk_…", Used),
    of(key::CIRCUIT_MINUTES, "Minutes of failures before events wait", NUMBER, "60", Used).or("60"),
    of(key::CALLBACK_HEADERS, "Callback headers", PASSWORD, r#"{"X-Team":"sales"}"#, Used),
    of(key::BASIC_USERNAME, "Callback user name", SHORT, "relay", Used),
    of(key::BASIC_PASSWORD, "Callback password", PASSWORD, "a password", Used),
    of(key::RETRY_ATTEMPTS, "Attempts per event", NUMBER, "3", Used).or("3"),
    of(key::RETRY_INTERVAL, "Seconds between attempts", NUMBER, "300", Used).or("300"),
    of(key::OBJECTS, "Object types wanted", TEXT, "accounts,contacts", Used),
    of(key::SUBSCRIPTION_PROVISIONING, "Subscription at Close", SHORT, "automatic", Used).or("manual"),
    of(key::SUBSCRIPTION_ID, "Id of the subscription at Close", SHORT, "", Used),
    of(
        key::SUBSCRIPTION_SIGNATURE_KEY,
        "Signature key of the subscription at Close",
        PASSWORD,
        "64 hexadecimal digits",
        Used,
    ),
    of("event.poller.refresh_interval", "Minutes between polls", NUMBER, "15", Used).or("15"),
    of(
        "event.poller.configuration",
        "Poller configuration",
        AREA,
        r#"{"contacts":{"url":"/hubs/crm/contacts?where=date_updated>'${gmtDate:yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX}'","idField":"id"}}"#,
        Used,
    ).or(POLLER_CONFIGURATION),
    of("event.poller.since", "Start of the first poll", SHORT, "2026-11-01T00:00:00Z", Used),
    of("event.poller.urls", "Poller URLs", AREA, "", Used),
    of(
        "event.notification.instance.finder",
        "Instance finder",
        TEXT,
        "",
        Ignored("the webhook URL of an instance names it"),
    ),
    of("event.metadata", "Event metadata", AREA, "", Ignored("it describes elements, and there is one")),
    of("event.helper.key", "Event helper", SHORT, "", Ignored("it names a route inside the old platform")),
    of("event.raw.enabled", "Raw events", BOOLEAN, "", Ignored("the raw event is always in the callback")),
    of(key::PAGINATION_MAX, "Page size", NUMBER, "100", Ignored("it is about the old platform's hub calls")).or("100"),
    of(
        key::PAGINATION_OFFSET,
        "Paging by offset",
        BOOLEAN,
        "true",
        Ignored("it is about the old platform's hub calls"),
    ).or("true"),
    of(
        "filter.response.nulls",
        "Filter nulls",
        BOOLEAN,
        "true",
        Ignored("it is about the old platform's hub calls"),
    ).or("true"),
];

const fn of(
    key: &'static str,
    name: &'static str,
    kind: &'static str,
    example: &'static str,
    treatment: Treatment,
) -> Setting {
    Setting { key, name, kind, default: None, example, treatment }
}

impl Setting {
    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// True if every instance needs it.
    pub(crate) fn is_required(&self) -> bool {
        self.key == key::USERNAME
    }
}

const POLLER_CONFIGURATION: &str = r#"{"accounts":{"url":"/hubs/crm/accounts","idField":"id"},"contacts":{"url":"/hubs/crm/contacts","idField":"id"},"opportunities":{"url":"/hubs/crm/opportunities","idField":"id"},"tasks":{"url":"/hubs/crm/tasks","idField":"id"}}"#;

/// The number of a setting. It follows from the key, so it never changes.
pub(crate) fn number(key: &str) -> u32 {
    let digest = Sha256::digest(key);
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> 1
}

pub(crate) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use shared::callbacks::url::Reach;
    use shared::instances::{Configuration, EventSettings};
    use shared::polling::settings::PollerSettings;

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_code() {
        let defaults = SETTINGS.iter().filter_map(|setting| Some((setting.key, setting.default?)));
        let said = defaults.map(|(key, default)| (key.to_owned(), Some(default.to_owned()))).collect();
        let nothing = Configuration::default();
        assert_eq!(PollerSettings::read(&said), PollerSettings::read(&nothing));
        assert_eq!(EventSettings::read(&said, Reach::Public), EventSettings::read(&nothing, Reach::Public));
    }

    #[test]
    fn no_number_is_given_twice() {
        let numbers: HashSet<_> = SETTINGS.iter().map(|setting| number(setting.key)).collect();
        assert_eq!(numbers.len(), SETTINGS.len());
    }

    #[test]
    fn no_key_is_listed_twice() {
        for (place, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(SETTINGS.iter().position(|other| other.key == setting.key), Some(place));
        }
    }

    /// The keys of the platform's exports and documentation.
    const CONTRACT: [&str; 19] = [
        "event.notification.enabled",
        "event.vendor.type",
        "event.notification.type",
        "event.notification.callback.url",
        "event.notification.signature.key",
        "event.notification.callback.headers",
        "event.notification.basic.username",
        "event.notification.basic.password",
        "event.notification.subscription.id",
        "event.notification.instance.finder",
        "event.poller.refresh_interval",
        "event.poller.configuration",
        "event.poller.urls",
        "event.objects",
        "event.metadata",
        "event.helper.key",
        "event.raw.enabled",
        "filter.response.nulls",
        "pagination.max",
    ];

    #[test]
    fn every_setting_of_the_contract_is_known() {
        for key in CONTRACT {
            assert!(find(key).is_some(), "{key}");
        }
    }

    /// The settings of a table of the README, each with its row.
    fn table(heading: &str) -> Vec<(&'static str, &'static str)> {
        let rest = include_str!("../README.md").split_once(heading).unwrap().1;
        let rows =
            rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let rows = rows.filter(|row| row.starts_with("| `"));
        let names = |row: &'static str| {
            let cell = row.split('|').nth(1).unwrap();
            cell.split('`').skip(1).step_by(2).map(move |name| (name, row))
        };
        rows.flat_map(names).collect()
    }

    #[test]
    fn the_documentation_lists_every_setting_with_its_treatment_and_no_other() {
        let (used, ignored) = (table("Settings that are acted on:"), table("and have no effect:"));
        for setting in SETTINGS {
            let (table, reason) = match setting.treatment {
                Used => (&used, ""),
                Ignored(reason) => (&ignored, reason),
            };
            let row = table.iter().find(|(name, _)| *name == setting.key);
            assert!(row.is_some_and(|(_, row)| row.contains(reason)), "{} in the README", setting.key);
        }
        for (name, _) in used.iter().chain(&ignored) {
            assert!(find(name).is_some(), "the README has {name}, which is no setting");
        }
        assert_eq!(used.len() + ignored.len(), SETTINGS.len());
    }
}
