//! A running system.

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::System;
use crate::schedule;

/// A system that processes its queues and runs its schedule.
pub struct Running {
    system: System,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    pub(super) fn start(system: System) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for mapping in &system.mappings {
            tasks.spawn(mapping.clone().run(stopped.clone()));
        }
        for function in &system.template.functions {
            for planned in &function.schedules {
                let (planned, function) = (planned.clone(), function.clone());
                tasks.spawn(schedule::run(planned, function, system.functions.clone(), stopped.clone()));
            }
        }
        let (dynamodb, mut stopped) = (system.dynamodb.clone(), stopped);
        tasks.spawn(async move {
            tokio::select! {
                () = dynamodb.sweep() => {}
                _ = stopped.changed() => {}
            }
        });
        Self { system, stop, tasks }
    }

    /// The system.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Stops receiving from the queues, and returns once the running calls have ended.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
