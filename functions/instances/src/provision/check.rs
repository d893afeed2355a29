//! Checks that a configuration can be used in this deployment.

use close::ObjectFilter;
use shared::instances::{Configuration, EventSettings, EventSource, key};
use shared::platform::slip;
use shared::polling::settings::{self, PollerSettings};

use super::{Fault, Rules};
use crate::catalogue;
use crate::subscription;

/// The prefix of the events contract's keys. An unknown key with it is refused: it is probably misspelled.
const EVENTS: &str = "event.";
/// The platform keeps at most this many bytes of a text area; a longer value is refused.
const MAX_VALUE: usize = 64 * 1024;
/// All settings together: encrypted and with names and tags they have to fit an item of 400 KB.
const MAX_TOTAL: usize = 128 * 1024;
/// The longest key of the contract has 49 bytes.
const MAX_KEY: usize = 255;

/// Reports everything in a configuration that is missing or cannot be used.
pub(super) fn check(configuration: &Configuration, rules: &Rules, faults: &mut Vec<Fault>) {
    if configuration.get(key::USERNAME).is_none() {
        faults.push(Fault::missing(format!("configuration.{}", key::USERNAME)));
    }
    if let Some(base_url) = configuration.get(key::BASE_URL)
        && let Err(reason) = rules.close_api_hosts.check(base_url)
    {
        faults.push(wrong(key::BASE_URL, &reason));
    }
    keys(configuration, faults);
    match EventSettings::read(configuration, rules.reach) {
        Ok(events) => {
            if events.source == EventSource::Polling && configuration.is_automatic() {
                let reason = "is automatic, which goes with webhooks and not with polling";
                faults.push(Fault::wrong(entry(key::SUBSCRIPTION_PROVISIONING), reason));
            }
            if configuration.is_automatic() && subscription::wanted(configuration).is_empty() {
                faults.push(wrong(key::OBJECTS, "names nothing that a subscription at Close can be of"));
            }
        }
        Err(found) => faults.extend(found.into_iter().map(|fault| wrong(fault.key, &fault.reason))),
    }
    poller(configuration, faults);
}

/// Reports invalid poller settings, and any beside webhooks.
fn poller(configuration: &Configuration, faults: &mut Vec<Fault>) {
    // An invalid source is reported elsewhere.
    let Ok(source) = EventSource::of(configuration) else { return };
    let is_webhook = configuration.get(key::VENDOR_TYPE).is_some() || configuration.is_automatic();
    if source == EventSource::Webhook && is_webhook {
        let reason = "goes with event.vendor.type polling, and not with webhook; leave one of them out";
        faults.extend(settings::present(configuration).map(|key| Fault::wrong(entry(key), reason)));
        return;
    }
    match PollerSettings::read(configuration) {
        Ok(settings) if source == EventSource::Polling => {
            let objects = ObjectFilter::parse(configuration.get(key::OBJECTS).unwrap_or_default());
            let fault = settings.objects_fault(&objects);
            faults.extend(fault.map(|reason| Fault::wrong(entry(key::OBJECTS), reason)));
        }
        Ok(_) => {}
        // These messages have examples of their own.
        Err(found) => {
            faults.extend(found.into_iter().map(|fault| Fault::wrong(entry(fault.key), fault.reason)));
        }
    }
}

/// Reports a missing callback URL if events are enabled.
///
/// A change may enable events before it says where they go, as clients do that set one setting after the other.
pub(super) fn callback(configuration: &Configuration, faults: &mut Vec<Fault>) {
    if configuration.is(key::ENABLED, "true") && configuration.get(key::CALLBACK_URL).is_none() {
        faults.push(Fault::missing(format!("configuration.{}", key::CALLBACK_URL)));
    }
}

/// Checks the keys that no other check reads.
fn keys(configuration: &Configuration, faults: &mut Vec<Fault>) {
    let size = |(key, value): (&str, Option<&str>)| key.len() + value.map_or(0, str::len);
    let bytes: usize = configuration.entries().map(size).sum();
    if bytes > MAX_TOTAL {
        let problem = format!("has {bytes} bytes of settings; at most {MAX_TOTAL} are kept");
        faults.push(Fault::wrong("configuration", problem));
    }
    for (key, value) in configuration.entries() {
        if key.trim().is_empty() || key.len() > MAX_KEY {
            let problem = format!("has a setting whose key is empty or longer than {MAX_KEY} bytes");
            faults.push(Fault::wrong("configuration", problem));
            continue;
        }
        if value.is_some_and(|value| value.len() > MAX_VALUE) {
            faults.push(Fault::wrong(entry(key), format!("is longer than {MAX_VALUE} bytes")));
        }
        if key.starts_with(EVENTS) && catalogue::find(key).is_none() {
            faults.push(unknown(key));
        }
    }
    if let Some(kind) = configuration.get("event.notification.type")
        && !kind.eq_ignore_ascii_case("webhook")
    {
        faults
            .push(wrong("event.notification.type", "is not \"webhook\", the one way that notifications go"));
    }
    if let Some(how) = configuration.get(key::SUBSCRIPTION_PROVISIONING)
        && !["automatic", "manual"].iter().any(|known| how.eq_ignore_ascii_case(known))
    {
        faults.push(wrong(key::SUBSCRIPTION_PROVISIONING, "is neither \"manual\" nor \"automatic\""));
    }
}

fn unknown(key: &str) -> Fault {
    let meant = slip::nearest(key, catalogue::SETTINGS.iter().map(|setting| setting.key));
    let meant = meant.map(|key| format!(" (did you mean {key}?)")).unwrap_or_default();
    let shown: String = key.chars().take(100).collect();
    Fault::wrong(entry(&shown), format!("is not a setting of the events contract{meant}"))
}

/// A fault of a setting's value, with a valid example.
fn wrong(key: &str, reason: &str) -> Fault {
    let example = catalogue::find(key).map_or("", |setting| setting.example);
    let example = if example.is_empty() { String::new() } else { format!(" (for example {example})") };
    Fault::wrong(entry(key), format!("{reason}{example}"))
}

fn entry(key: &str) -> String {
    format!("configuration.{key}")
}
