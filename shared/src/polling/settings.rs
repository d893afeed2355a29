//! The polling part of an instance's settings.

use chrono::{DateTime, TimeDelta, Utc};

use super::configuration::{self, EntryFault, ResourceConfiguration};
use crate::instances::{Configuration, ConfigurationFault};
use close::date;

/// Minutes from one poll to the next.
pub const REFRESH_INTERVAL: &str = "event.poller.refresh_interval";
/// What is polled.
pub const CONFIGURATION: &str = "event.poller.configuration";
/// What is polled, in the form of before.
pub const URLS: &str = "event.poller.urls";
/// From when on changes are told; ours.
pub const SINCE: &str = "event.poller.since";

/// The platform's default, in minutes.
const DEFAULT_INTERVAL: u32 = 15;
/// The platform's word for never.
const MAX_INTERVAL: u32 = 999_999_999;

/// The polling part of a configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollerSettings {
    /// From one poll to the next.
    pub interval: TimeDelta,
    /// What changed from here on is told, if not from provisioning on.
    pub since: Option<DateTime<Utc>>,
    /// What is polled, in order.
    pub resources: Vec<ResourceConfiguration>,
}

impl PollerSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Every setting that cannot be used, with its place and an example.
    pub fn read(configuration: &Configuration) -> Result<Self, Vec<ConfigurationFault>> {
        let mut faults = Vec::new();
        let interval = match configuration.get(REFRESH_INTERVAL) {
            None => Some(DEFAULT_INTERVAL),
            Some(text) => text.parse().ok().filter(|minutes| (1..=MAX_INTERVAL).contains(minutes)),
        };
        if interval.is_none() {
            let reason = "is not a whole number of minutes from 1; an example: 15".to_owned();
            faults.push(ConfigurationFault { key: REFRESH_INTERVAL, reason });
        }
        let since = configuration.get(SINCE).map(|text| {
            date::parse(text).ok_or_else(|| "is not a time; an example: 2026-01-31T00:00:00Z".to_owned())
        });
        let since = since.transpose().unwrap_or_else(|reason| {
            faults.push(ConfigurationFault { key: SINCE, reason });
            None
        });
        let (key, resources) = resources(configuration);
        let resources = resources.unwrap_or_else(|wrong| {
            faults
                .extend(wrong.into_iter().map(|fault| ConfigurationFault { key, reason: fault.to_string() }));
            Vec::new()
        });
        let interval = TimeDelta::minutes(interval.unwrap_or(DEFAULT_INTERVAL).into());
        if faults.is_empty() { Ok(Self { interval, since, resources }) } else { Err(faults) }
    }

    /// From when on changes are told, when polling began at `registered_at`.
    #[must_use]
    pub fn begins_at(&self, registered_at: DateTime<Utc>) -> DateTime<Utc> {
        self.since.unwrap_or(registered_at)
    }
}

type Resources = Result<Vec<ResourceConfiguration>, Vec<EntryFault>>;

/// The resources, and the setting that they come from.
fn resources(configuration: &Configuration) -> (&'static str, Resources) {
    if let Some(text) = configuration.get(CONFIGURATION) {
        return (CONFIGURATION, configuration::read(text));
    }
    match configuration.get(URLS) {
        Some(text) => (URLS, configuration::read_legacy(text)),
        None => (CONFIGURATION, Ok(configuration::default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<PollerSettings, Vec<String>> {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())));
        PollerSettings::read(&settings.collect())
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_said_means_the_usual_every_fifteen_minutes_from_now_on() {
        let settings = read(&[(CONFIGURATION, "")]).unwrap();
        assert_eq!((settings.interval, settings.resources.len()), (TimeDelta::minutes(15), 4));
        assert_eq!(settings.begins_at(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH);
        let settings =
            read(&[(SINCE, "2026-01-31"), (REFRESH_INTERVAL, "999999999"), (URLS, "users|/users")]).unwrap();
        assert_eq!(settings.begins_at(DateTime::UNIX_EPOCH).to_rfc3339(), "2026-01-31T00:00:00+00:00");
        assert_eq!(settings.resources[0].name, "users");
    }

    #[test]
    fn every_fault_names_its_setting_and_shows_an_example() {
        for interval in ["0", "-5", "1.5", "soon", "1000000000"] {
            let told = read(&[(REFRESH_INTERVAL, interval)]).unwrap_err();
            assert_eq!(
                told,
                ["event.poller.refresh_interval is not a whole number of minutes from 1; an example: 15"]
            );
        }
        let told = read(&[(CONFIGURATION, "{"), (SINCE, "soon"), (REFRESH_INTERVAL, "0")]).unwrap_err();
        assert_eq!(told.len(), 3);
        assert!(told[1].starts_with("event.poller.since is not a time; an example"));
        assert!(told[2].starts_with(
            "event.poller.configuration is not a JSON object (a syntax error at line 1 column 1"
        ));
        assert!(
            read(&[(URLS, "x")]).unwrap_err()[0].starts_with("event.poller.urls has a line without a url")
        );
    }
}
