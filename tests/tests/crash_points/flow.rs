//! The ways that an event passes through the functions.

use http::Method;
use tests::receiver::Answer;
use tests::rig::Rig;

use super::scene::Scene;

/// A piece of an event's way: what precedes it, and what is done under faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Close sends a webhook.
    Webhook,
    /// The first attempt, which the receiver accepts.
    FirstAttempt,
    /// The first attempt, which the receiver rejects.
    RejectedAttempt,
    /// The second attempt, after the first was rejected.
    Retry,
    /// The last attempt, which the receiver rejects.
    LastAttempt,
    /// An event that failed is sent again, and delivered.
    Redelivery,
}

impl Flow {
    /// Every flow.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Webhook,
        Self::FirstAttempt,
        Self::RejectedAttempt,
        Self::Retry,
        Self::LastAttempt,
        Self::Redelivery,
    ];

    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::FirstAttempt => "first attempt",
            Self::RejectedAttempt => "rejected attempt",
            Self::Retry => "retry",
            Self::LastAttempt => "last attempt",
            Self::Redelivery => "redelivery",
        }
    }

    /// The settings of its instance.
    pub(crate) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::LastAttempt | Self::Redelivery => &[("event.notification.retry.attempts", "1")],
            Self::Webhook | Self::FirstAttempt | Self::RejectedAttempt | Self::Retry => &[],
        }
    }

    /// The attempts of a round.
    pub(crate) fn attempts(self) -> usize {
        if self.settings().is_empty() { 3 } else { 1 }
    }

    /// What the receiver answers, from its first request on; then 200.
    pub(crate) fn answers(self) -> Vec<Answer> {
        match self {
            Self::Webhook | Self::FirstAttempt => Vec::new(),
            Self::RejectedAttempt | Self::Retry | Self::Redelivery => vec![Answer::status(500)],
            Self::LastAttempt => vec![Answer::status(500); 9],
        }
    }

    /// True if the receiver is called under faults.
    pub(crate) fn posts(self) -> bool {
        self != Self::Webhook
    }

    /// What precedes it, without faults.
    pub(crate) async fn prepare(self, scene: &mut Scene<'_>) {
        match self {
            Self::Webhook => {}
            Self::FirstAttempt | Self::RejectedAttempt | Self::LastAttempt => scene.receive().await,
            Self::Retry => {
                scene.receive().await;
                scene.deliver().await;
                scene.pass(300);
            }
            Self::Redelivery => {
                scene.receive().await;
                scene.deliver().await;
                scene.pass(60);
            }
        }
    }

    /// What is done under faults.
    pub(crate) async fn act(self, scene: &mut Scene<'_>, rig: &Rig<'_>) {
        match self {
            Self::Webhook => scene.accepted = rig.receive(&scene.instance, &scene.body).await == Some(200),
            Self::FirstAttempt | Self::RejectedAttempt | Self::LastAttempt => {
                rig.dispatch_until(scene.bed.queue_name(), scene.death()).await;
            }
            Self::Retry => {
                rig.dispatch_until(scene.bed.retry_queue_name(), scene.death()).await;
            }
            Self::Redelivery => {
                if rig.call(Method::PUT, &scene.redelivery().await).await == Some(200) {
                    rig.dispatch_until(scene.bed.retry_queue_name(), scene.death()).await;
                }
            }
        }
    }
}
