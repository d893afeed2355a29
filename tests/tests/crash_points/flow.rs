//! The flows of an event through the functions.

use http::Method;
use serde_json::json;
use tests::receiver::Answer;
use tests::rig::Rig;

use super::scene::Scene;

/// A part of an event's way: what precedes it, and what is done under faults.
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
    /// An event of an open callback begins to wait.
    Park,
    /// The oldest waiting event is sent as a probe and delivered.
    Probe,
    /// A waiting event is released after a probe was delivered.
    Recovery,
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
        Self::Park,
        Self::Probe,
        Self::Recovery,
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
            Self::Park => "park",
            Self::Probe => "probe",
            Self::Recovery => "recovery",
        }
    }

    /// The settings of its instance.
    pub(crate) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::LastAttempt | Self::Redelivery => &[("event.notification.retry.attempts", "1")],
            // One failing event opens the callback.
            Self::Park | Self::Probe | Self::Recovery => {
                &[("event.notification.retry.attempts", "1"), ("event.notification.circuit.minutes", "5")]
            }
            Self::Webhook | Self::FirstAttempt | Self::RejectedAttempt | Self::Retry => &[],
        }
    }

    /// Rounds of attempts that the flow itself requests.
    pub(crate) fn rounds(self) -> usize {
        if self == Self::Redelivery { 2 } else { 1 }
    }

    /// The attempts of a round.
    pub(crate) fn attempts(self) -> usize {
        if self.settings().is_empty() { 3 } else { 1 }
    }

    /// The receiver's first answers; then 200.
    pub(crate) fn answers(self) -> Vec<Answer> {
        match self {
            Self::Webhook | Self::FirstAttempt => Vec::new(),
            Self::RejectedAttempt
            | Self::Retry
            | Self::Redelivery
            | Self::Park
            | Self::Probe
            | Self::Recovery => vec![Answer::status(500)],
            Self::LastAttempt => vec![Answer::status(500); 9],
        }
    }

    /// True if the receiver is called under faults.
    pub(crate) fn posts(self) -> bool {
        !matches!(self, Self::Webhook | Self::Park)
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
            Self::Park => {
                scene.open().await;
                scene.receive().await;
            }
            Self::Probe => {
                scene.open().await;
                scene.receive().await;
                scene.deliver().await;
                scene.pass(300);
            }
            Self::Recovery => {
                scene.open().await;
                scene.receive_another(1).await;
                scene.pass(1);
                scene.receive().await;
                scene.deliver().await;
                scene.pass(300);
                // The other one is the probe, and is delivered.
                scene.tick().await;
                scene.pass(60);
            }
        }
    }

    /// What is done under faults.
    pub(crate) async fn act(self, scene: &mut Scene<'_>, rig: &Rig<'_>) {
        match self {
            Self::Webhook => scene.accepted = rig.receive(&scene.instance, &scene.body).await == Some(200),
            Self::FirstAttempt | Self::RejectedAttempt | Self::LastAttempt | Self::Park => {
                Box::pin(rig.dispatch_until(scene.bed.queue_name(), scene.death())).await;
            }
            Self::Retry => {
                Box::pin(rig.dispatch_until(scene.bed.retry_queue_name(), scene.death())).await;
            }
            Self::Probe | Self::Recovery => {
                if rig.invoke(json!({ "recover": true })).await.is_some() {
                    // Released events are spread over a minute.
                    scene.pass(60);
                    Box::pin(rig.dispatch_until(scene.bed.retry_queue_name(), scene.death())).await;
                }
            }
            Self::Redelivery => {
                if rig.call(Method::PUT, &scene.redelivery().await).await == Some(200) {
                    Box::pin(rig.dispatch_until(scene.bed.retry_queue_name(), scene.death())).await;
                }
            }
        }
    }
}
