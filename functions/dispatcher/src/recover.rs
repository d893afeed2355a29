//! Every minute: the events that wait for their callbacks. The oldest of an open callback is sent as a probe; those of
//! one that recovers follow, oldest first, at a rate.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use shared::callbacks::health::{Health, Recovery, State, Turn};
use shared::callbacks::url::CallbackUrl;
use shared::events::log::{LogEntry, Place, Span, Waiting};
use shared::events::message::QueuedDelivery;
use shared::platform::aws::InternalError;
use tokio::time::Instant;

use crate::Dispatcher;
use crate::call::Call;
use crate::plan::recipient;

/// Callbacks that one call looks after, and those of them together.
const MOST: usize = 2_500;
const TOGETHER: usize = 10;
/// The schedule's pace.
const PACE: TimeDelta = TimeDelta::minutes(1);
/// After the last event that waits was released: those whose messages are on their way are in the index still.
const NEXT_ROUND: TimeDelta = TimeDelta::minutes(3);

impl Dispatcher {
    /// Looks after the callbacks that are due; says how many events were released.
    pub(crate) async fn recover(&self, call: &Call) -> Result<usize, InternalError> {
        let due = self.endpoints.due_recoveries(self.clock.now(), MOST).await?;
        let turns = futures_util::stream::iter(due).map(|recovery| async move {
            // What is left is longest due next time.
            if Instant::now() > call.write_by() {
                return 0;
            }
            let instance = recovery.instance_id;
            self.look_after(recovery).await.unwrap_or_else(|error| {
                tracing::warn!(%instance, %error, "recovery put off");
                0
            })
        });
        let released = turns.buffer_unordered(TOGETHER).collect::<Vec<_>>().await;
        Ok(released.into_iter().sum())
    }

    async fn look_after(&self, recovery: Recovery) -> Result<usize, InternalError> {
        let now = self.clock.now();
        if !self.endpoints.take_recovery(&recovery, now + PACE).await? {
            return Ok(0);
        }
        let (url, health) = self.health_of(&recovery).await?;
        match Turn::of(&health, now) {
            Turn::Probe(due) => {
                if recovery.released.is_some() {
                    // The next release begins anew with the oldest.
                    self.endpoints.advance_recovery(recovery.instance_id, None, now + PACE).await?;
                }
                let probed = self.probe(&recovery, due, now).await?;
                Ok(probed + self.release_expired(&recovery, now).await?)
            }
            Turn::Wait => self.release_expired(&recovery, now).await,
            Turn::Release => self.release(&recovery, url.as_ref(), &health, now).await,
        }
    }

    /// The health of the callback whose events wait. One that is gone or switched off is as good as healthy: its events
    /// end when they are tried.
    async fn health_of(&self, recovery: &Recovery) -> Result<(Option<CallbackUrl>, Health), InternalError> {
        let instance = self.instances.fresh(recovery.instance_id).await?;
        let Ok((_, url)) = recipient(instance.as_ref()) else { return Ok((None, Health::Healthy)) };
        let health = self.endpoints.get(recovery.instance_id, &url).await?;
        Ok((Some(url), health))
    }

    /// Sends the oldest event that waits.
    async fn probe(
        &self,
        recovery: &Recovery,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<usize, InternalError> {
        let instance = recovery.instance_id;
        let all = Span { from: DateTime::UNIX_EPOCH, to: now };
        let oldest = self.history.waiting(instance, all, None, 1).await?.events;
        let Some(mut delivery) = oldest.first().and_then(|entry| entry.released(self.retention)) else {
            self.end(recovery, now).await?;
            return Ok(0);
        };
        if !self.endpoints.take_probe(instance, due, now).await? {
            return Ok(0);
        }
        delivery.handling.probe = true;
        self.retries.send(&delivery, Duration::ZERO).await?;
        tracing::info!(%instance, event = %delivery.event_id, "probe sent");
        Ok(1)
    }

    /// Releases what has waited for as long as it may; it fails when it is tried. What was redelivered is older than
    /// its wait.
    async fn release_expired(&self, recovery: &Recovery, now: DateTime<Utc>) -> Result<usize, InternalError> {
        let expired = Span { from: DateTime::UNIX_EPOCH, to: now - self.log.longest_wait() };
        let mut after = None;
        loop {
            let instance = recovery.instance_id;
            let Waiting { mut events, next } =
                self.history.waiting(instance, expired, after.as_ref(), self.recovery_rate).await?;
            let is_over = |delivery| self.is_too_old(&delivery);
            events.retain(|entry| entry.released(self.retention).is_some_and(is_over));
            if !events.is_empty() || next.is_none() {
                return self.send(&events).await;
            }
            after = next;
        }
    }

    /// Releases the next events, as many as the rate allows.
    async fn release(
        &self,
        recovery: &Recovery,
        url: Option<&CallbackUrl>,
        health: &Health,
        now: DateTime<Utc>,
    ) -> Result<usize, InternalError> {
        let instance = recovery.instance_id;
        let all = Span { from: DateTime::UNIX_EPOCH, to: now };
        let after = recovery.released.as_ref();
        let waiting = self.history.waiting(instance, all, after, self.recovery_rate).await?;
        let released = self.send(&waiting.events).await?;
        if released > 0 {
            tracing::info!(%instance, released, "waiting events released");
        }
        let last = waiting.next.or_else(|| waiting.events.last().map(LogEntry::place));
        match (last, after) {
            (Some(last), _) => self.endpoints.advance_recovery(instance, Some(&last), now + PACE).await?,
            // The end. What waits anew before it was released in vain, and follows in another round.
            (None, Some(_)) => {
                self.endpoints.advance_recovery(instance, None::<&Place>, now + NEXT_ROUND).await?;
            }
            (None, None) => {
                if self.end(recovery, now).await?
                    && let (Some(url), Some(State::Recovering)) = (url, health.state())
                {
                    self.endpoints.change(instance, url, (health, &Health::Healthy)).await?;
                    tracing::info!(%instance, "callback recovered");
                }
            }
        }
        Ok(released)
    }

    /// Ends a recovery for which nothing waits, unless an event may be about to.
    async fn end(&self, recovery: &Recovery, now: DateTime<Utc>) -> Result<bool, InternalError> {
        Ok(recovery.is_settled(now) && self.endpoints.end_recovery(recovery).await?)
    }

    /// Sends events that wait, evenly over the minute. Each waits in the log until it is claimed.
    async fn send(&self, entries: &[LogEntry]) -> Result<usize, InternalError> {
        let deliveries: Vec<QueuedDelivery<'_>> =
            entries.iter().filter_map(|entry| entry.released(self.retention)).collect();
        self.retries.send_spread(&deliveries, PACE.to_std().unwrap_or_default()).await?;
        Ok(deliveries.len())
    }
}
