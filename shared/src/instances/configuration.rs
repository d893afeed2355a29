//! The flat settings of an instance, as the wire contract has them: names to strings or null.

use std::collections::BTreeMap;
use std::fmt;

use super::secrets::{SHOWN_SECRET, purpose_of};
use super::vault::Purpose;
use crate::platform::secret::MASK;

/// The names of the settings that this system acts on (SAP Open Connectors, "Events").
pub mod key {
    /// The Close API key.
    pub const USERNAME: &str = "username";
    /// Close does not need it; it is accepted and kept secret.
    pub const PASSWORD: &str = "password";
    /// Where Close's API is.
    pub const BASE_URL: &str = "base.url";
    /// Delivers events if `true`.
    pub const ENABLED: &str = "event.notification.enabled";
    /// `webhook`, `webhooks` or `polling`.
    pub const VENDOR_TYPE: &str = "event.vendor.type";
    /// Where events are delivered.
    pub const CALLBACK_URL: &str = "event.notification.callback.url";
    /// The key of `Elements-Webhook-Signature`.
    pub const SIGNATURE_KEY: &str = "event.notification.signature.key";
    /// Further headers of a callback.
    pub const CALLBACK_HEADERS: &str = "event.notification.callback.headers";
    /// The user name of Basic authentication at the receiver.
    pub const BASIC_USERNAME: &str = "event.notification.basic.username";
    /// The password that goes with it.
    pub const BASIC_PASSWORD: &str = "event.notification.basic.password";
    /// How many attempts an event gets; ours.
    pub const RETRY_ATTEMPTS: &str = "event.notification.retry.attempts";
    /// Seconds from a failed attempt to the next; ours.
    pub const RETRY_INTERVAL: &str = "event.notification.retry.interval";
    /// The previous key, which still signs for a while; ours.
    pub const PREVIOUS_SIGNATURE_KEY: &str = "event.notification.signature.previous.key";
    /// Until when it does, as an RFC 3339 time; ours.
    pub const PREVIOUS_SIGNATURE_UNTIL: &str = "event.notification.signature.previous.until";
    /// An Ed25519 key for `v1a` signatures; ours.
    pub const ED25519_SIGNATURE_KEY: &str = "event.notification.signature.ed25519.key";
    /// Minutes in which attempts failed and none succeeded, after which events wait; ours.
    pub const CIRCUIT_MINUTES: &str = "event.notification.circuit.minutes";
    /// Who makes the subscription at Close: `manual` (the default) or `automatic`; ours.
    pub const SUBSCRIPTION_PROVISIONING: &str = "event.notification.subscription.provisioning";
    /// The id of the subscription at Close.
    pub const SUBSCRIPTION_ID: &str = "event.notification.subscription.id";
    /// The `signature_key` of the subscription at Close; ours.
    pub const SUBSCRIPTION_SIGNATURE_KEY: &str = "event.notification.subscription.signature.key";
    /// A comma list of the object types that are wanted.
    pub const OBJECTS: &str = "event.objects";
    /// The page size that the old platform shows; it has no effect here.
    pub const PAGINATION_MAX: &str = "pagination.max";
    /// Paging by offset on the old platform; it has no effect here.
    pub const PAGINATION_OFFSET: &str = "pagination.offset";
}

/// Settings whose leading and trailing blanks matter.
const VERBATIM: &[&str] =
    &[key::PASSWORD, key::BASIC_PASSWORD, key::SIGNATURE_KEY, key::PREVIOUS_SIGNATURE_KEY];

/// Settings as they are stored.
pub(super) type Settings = BTreeMap<String, Option<String>>;

/// Settings by name. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Configuration(Settings);

impl Configuration {
    /// A setting's value. Null and blank count as not set, as on the platform. Surrounding blanks are removed, except from
    /// passwords and signing keys.
    pub fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.get(key)?.as_deref().filter(|value| !value.trim().is_empty())?;
        Some(if VERBATIM.contains(&key) { value } else { value.trim() })
    }

    /// True if a setting has this value, in either case.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key).is_some_and(|it| it.eq_ignore_ascii_case(value))
    }

    /// True if this system makes the subscription at Close, and ends it.
    pub fn is_automatic(&self) -> bool {
        self.is(key::SUBSCRIPTION_PROVISIONING, "automatic")
    }

    /// A setting's stored value; `None` if it is not set.
    pub fn entry(&self, key: &str) -> Option<Option<&str>> {
        self.0.get(key).map(Option::as_deref)
    }

    /// Every setting by name, as it is kept.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(key, value)| (&**key, value.as_deref()))
    }

    /// Sets a setting, to a text or to null.
    pub fn set(&mut self, key: impl Into<String>, value: Option<String>) {
        self.0.insert(key.into(), value);
    }

    /// Removes a setting.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// True if a setting of this name is masked when it is read back.
    pub fn is_masked(key: &str) -> bool {
        purpose_of(key).is_some() && key != SHOWN_SECRET
    }

    /// The settings that a client sends back after reading these: a masked secret keeps its value.
    #[must_use]
    pub fn unmasked_from(mut self, before: &Self) -> Self {
        for (key, value) in &mut self.0 {
            if value.as_deref() == Some(MASK) && Self::is_masked(key) {
                *value = before.0.get(key).cloned().flatten();
            }
        }
        self
    }

    /// These settings with others over them.
    #[must_use]
    pub fn merged_with(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Adds a setting unless it exists.
    pub fn set_default(&mut self, key: &str, value: &str) {
        self.0.entry(key.to_owned()).or_insert_with(|| Some(value.to_owned()));
    }

    /// The settings as a client may read them: strings or null, secrets masked.
    pub fn masked(&self) -> BTreeMap<&str, Option<&str>> {
        self.0
            .iter()
            .map(|(key, value)| {
                let value = value.as_deref();
                (&**key, if Self::is_masked(key) { value.map(|_| MASK) } else { value })
            })
            .collect()
    }

    /// The secret settings as a client may read them: masked, or null.
    pub(super) fn masked_only(&self) -> Settings {
        let masked = self.masked().into_iter().filter(|(key, _)| Self::is_masked(key));
        masked.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).collect()
    }

    /// True if a client may read one of the settings that are encrypted for `purpose`.
    pub(super) fn shows(purpose: Purpose) -> bool {
        purpose_of(SHOWN_SECRET) == Some(purpose)
    }

    /// The public settings, and the secret ones by purpose.
    pub(super) fn split(self) -> (Settings, BTreeMap<Purpose, Settings>) {
        let (mut open, mut secret) = (BTreeMap::new(), BTreeMap::<Purpose, Settings>::new());
        for (key, value) in self.0 {
            match purpose_of(&key) {
                Some(purpose) => secret.entry(purpose).or_default().insert(key, value),
                None => open.insert(key, value),
            };
        }
        (open, secret)
    }
}

impl FromIterator<(String, Option<String>)> for Configuration {
    fn from_iter<I: IntoIterator<Item = (String, Option<String>)>>(settings: I) -> Self {
        Self(settings.into_iter().collect())
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrounding_blanks_count_only_in_passwords_and_keys() {
        let settings = ["username", "event.notification.basic.password", "event.notification.signature.key"];
        for (text, trimmed, verbatim) in
            [(" a b ", Some("a b"), Some(" a b ")), ("", None, None), (" ", None, None)]
        {
            let of = |key: &str| (key.to_owned(), Some(text.to_owned()));
            let configuration: Configuration = settings.map(of).into_iter().collect();
            assert_eq!(settings.map(|key| configuration.get(key)), [trimmed, verbatim, verbatim], "{text:?}");
        }
    }

    #[test]
    fn secrets_are_masked_except_the_user_name() {
        let settings = [
            ("username", Some("api_key")),
            ("password", Some("p")),
            ("event.notification.signature.key", None),
            ("event.objects", Some("accounts")),
        ];
        let configuration: Configuration =
            settings.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).into_iter().collect();
        let masked: Vec<_> = configuration.masked().into_iter().collect();
        assert_eq!(
            masked,
            [
                ("event.notification.signature.key", None),
                ("event.objects", Some("accounts")),
                ("password", Some(MASK)),
                ("username", Some("api_key")),
            ]
        );
        assert!(!format!("{configuration:?}").contains("api_key"));
        let (open, secret) = configuration.split();
        assert_eq!(
            open.keys().collect::<Vec<_>>(),
            ["event.objects"],
            "the API key is a secret where it is stored"
        );
        assert_eq!((secret[&Purpose::Close].len(), secret[&Purpose::Callback].len()), (2, 1));
    }
}
