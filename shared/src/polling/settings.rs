//! The polling part of an instance's settings.

use chrono::{DateTime, TimeDelta, Utc};

use super::configuration::{self, EntryFault, ResourceConfiguration};
use super::resource::Resource;
use crate::instances::{Configuration, ConfigurationFault};
use close::{ObjectFilter, date};

/// Minutes from one poll to the next.
const REFRESH_INTERVAL: &str = "event.poller.refresh_interval";
/// What is polled.
const CONFIGURATION: &str = "event.poller.configuration";
/// What is polled, in the older form.
const URLS: &str = "event.poller.urls";
/// Changes are delivered from then on; ours.
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
    /// What changed from here on is delivered, if not from provisioning on.
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
            moment(text).ok_or_else(|| "is not a time; an example: 2026-01-31T00:00:00Z".to_owned())
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

    /// What is wrong with `event.objects` beside these settings, if something is.
    pub fn objects_fault(&self, objects: &ObjectFilter) -> Option<String> {
        let polled =
            |objects: &ObjectFilter| self.resources.iter().any(|it| it.resource.is_wanted(&it.name, objects));
        let is_unknown = |name: &&str| Resource::named(name).is_none() && !polled(&ObjectFilter::parse(name));
        if let Some(name) = objects.names().find(is_unknown) {
            let meant =
                Resource::nearest(name).map(|it| format!(" (did you mean {it:?}?)")).unwrap_or_default();
            let known: Vec<_> = Resource::names().collect();
            return Some(format!("names the unknown type {name:?}{meant}; there are {}", known.join(", ")));
        }
        let names: Vec<_> = self.resources.iter().map(|it| &*it.name).collect();
        (!polled(objects)).then(|| format!("has nothing of what is polled, which is {}", names.join(", ")))
    }

    /// From when on changes are delivered, when polling began at `registered_at`.
    pub fn begins_at(&self, registered_at: DateTime<Utc>) -> DateTime<Utc> {
        self.since.unwrap_or(registered_at)
    }
}

type Resources = Result<Vec<ResourceConfiguration>, Vec<EntryFault>>;

/// The resources, and the setting that they come from.
fn resources(configuration: &Configuration) -> (&'static str, Resources) {
    match (configuration.get(CONFIGURATION).filter(|text| !is_blank(text)), configuration.get(URLS)) {
        (Some(_), Some(_)) => {
            let reason =
                format!("is set beside {CONFIGURATION}, which has the same to say; leave one of them out");
            (URLS, Err(vec![EntryFault(reason)]))
        }
        (Some(text), None) => (CONFIGURATION, configuration::read(text)),
        (None, Some(text)) => (URLS, configuration::read_legacy(text)),
        (None, None) => (CONFIGURATION, Ok(configuration::default())),
    }
}

/// True for the values of a poller setting that ask for nothing.
fn is_blank(text: &str) -> bool {
    matches!(text, "{}" | "null" | "\"\"")
}

/// The poller settings that ask for something: none goes with webhooks.
pub fn present(configuration: &Configuration) -> impl Iterator<Item = &'static str> {
    let asks = |key: &&'static str| configuration.get(key).is_some_and(|text| !is_blank(text));
    [REFRESH_INTERVAL, CONFIGURATION, URLS, SINCE].into_iter().filter(asks)
}

/// A time as clients write it: as Close does, with a space for the `T`, or in seconds or milliseconds since 1970.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let counted = || match (text.len(), text.parse::<i64>().ok()?) {
        (10, seconds) => DateTime::from_timestamp(seconds, 0),
        (13, millis) => DateTime::from_timestamp_millis(millis),
        _ => None,
    };
    date::parse(text).or_else(|| date::parse(&text.replacen(' ', "T", 1))).or_else(counted)
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

    #[test]
    fn the_start_is_taken_in_each_of_its_forms() {
        let forms = [
            "2026-01-31",
            "2026-01-31T00:00:00",
            "2026-01-31 00:00:00",
            "2026-01-31T00:00:00Z",
            "2026-01-31T01:00:00.000000+01:00",
            "1769817600",
            "1769817600000",
        ];
        for form in forms {
            let since = read(&[(SINCE, form)]).unwrap().since.unwrap();
            assert_eq!(since.to_rfc3339(), "2026-01-31T00:00:00+00:00", "{form}");
        }
        for wrong in ["31.01.2026", "2026", "176981760000", "now"] {
            assert!(read(&[(SINCE, wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_configurations_at_once_are_refused() {
        let both = [(CONFIGURATION, r#"{"users":{"url":"/users","idField":"id"}}"#), (URLS, "users|/users")];
        assert!(
            read(&both).unwrap_err()[0]
                .starts_with("event.poller.urls is set beside event.poller.configuration")
        );
        assert_eq!(read(&[(CONFIGURATION, "{}"), (URLS, "users|/users")]).unwrap().resources.len(), 1);
        let set = |settings: &[(&str, &str)]| {
            let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())));
            present(&settings.collect()).collect::<Vec<_>>()
        };
        assert_eq!(set(&both), [CONFIGURATION, URLS]);
        assert!(set(&[(CONFIGURATION, "{}"), (SINCE, "")]).is_empty());
    }

    #[test]
    fn object_types_that_are_not_polled_are_named() {
        let fault = |objects: &str, resources: &str| {
            let settings = read(&[(URLS, resources)]).unwrap();
            settings.objects_fault(&ObjectFilter::parse(objects)).unwrap_or_default()
        };
        let two = "contacts|/contacts\npeople|/users";
        for sound in ["", "contact,lead", "people", "users", "contacts,calls"] {
            assert_eq!(fault(sound, two), "", "{sound}");
        }
        assert!(
            fault("contatcs", two)
                .starts_with("names the unknown type \"contatcs\" (did you mean \"contacts\"?)")
        );
        assert_eq!(fault("calls,leads", two), "has nothing of what is polled, which is contacts, people");
        assert_eq!(fault("widget", "events|/events"), "", "Close may have new types");
    }
}
