//! The instances function's part of polling: an instance that is polled is in the poller's table.

use chrono::{DateTime, Utc};
use shared::aws::AwsError;
use shared::callback_url::Reach;
use shared::instance::{Configuration, EventSettings, EventSource, Instance, key};
use shared::instance_id::InstanceId;
use shared::polling::schedule::{KeyDigest, next_due};
use shared::polling::settings::PollerSettings;
use shared::polling::state::PollingState;
use shared::polling::store::DynamoPollerStore;
use shared::secret::Secret;

/// Has an instance polled if its settings ask for it; also again, after it was changed or stopped.
///
/// It is called before the instance is written: a poller without an instance removes itself, while an instance
/// without a poller would wait for ever.
pub(crate) async fn register(
    pollers: &DynamoPollerStore,
    id: InstanceId,
    configuration: &Configuration,
    now: DateTime<Utc>,
) -> Result<(), AwsError> {
    if !is_polled(configuration) {
        return Ok(());
    }
    // What cannot be read was refused before.
    let Ok(settings) = PollerSettings::read(configuration) else { return Ok(()) };
    let key = KeyDigest::of(&Secret::new(configuration.get(key::USERNAME).unwrap_or_default()));
    pollers.register(id, &key, now, next_due(now, settings.interval, &key)).await
}

/// How the polling of an instance goes; `None` for one that is not polled.
pub(crate) async fn state(
    pollers: &DynamoPollerStore,
    instance: &Instance,
) -> Result<Option<PollingState>, AwsError> {
    if !is_polled(&instance.configuration) {
        return Ok(None);
    }
    Ok(pollers.get(instance.id).await?.map(|poller| poller.state))
}

fn is_polled(configuration: &Configuration) -> bool {
    let events = EventSettings::read(configuration, Reach::Any);
    events.is_ok_and(|events| events.source == EventSource::Polling)
}
