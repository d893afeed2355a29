//! Which settings are secret, and for what.

use super::configuration::key;
use super::vault::Purpose;

/// The settings that are encrypted, each with its purpose.
const SECRETS: &[(&str, Purpose)] = &[
    (key::USERNAME, Purpose::Close),
    (key::PASSWORD, Purpose::Close),
    (key::SIGNATURE_KEY, Purpose::Callback),
    (key::PREVIOUS_SIGNATURE_KEY, Purpose::Callback),
    (key::ED25519_SIGNATURE_KEY, Purpose::Callback),
    (key::CALLBACK_HEADERS, Purpose::Callback),
    (key::BASIC_PASSWORD, Purpose::Callback),
    (key::SUBSCRIPTION_SIGNATURE_KEY, Purpose::Webhook),
];

/// The only secret that the platform shows unmasked.
pub(super) const SHOWN_SECRET: &str = key::USERNAME;

/// What a setting is encrypted for; `None` if it is not secret.
pub(super) fn purpose_of(key: &str) -> Option<Purpose> {
    SECRETS.iter().find(|(secret, _)| *secret == key).map(|(_, purpose)| *purpose)
}
