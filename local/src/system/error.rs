//! Why a system does not start: one line each that says what to change.

use std::io;

use shared::platform::settings::SettingError;

use crate::data::Data;
use crate::developer::AccountError;
use crate::dynamodb::TablesError;
use crate::functions::StartError;
use crate::gateway::RouteError;
use crate::kms::KeysError;
use crate::template::TemplateError;

/// Why a system does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The template cannot be read or understood.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A port cannot be used.
    #[error("port {port} of 127.0.0.1 cannot be used: {reason}")]
    Port {
        /// The port.
        port: u16,
        /// Why not.
        reason: io::Error,
    },
    /// The data directory cannot be used.
    #[error("the data directory {directory} cannot be used: {reason}")]
    Data {
        /// The directory.
        directory: String,
        /// Why not.
        reason: io::Error,
    },
    /// The tables cannot be opened.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// The keys cannot be opened.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The queues cannot be opened.
    #[error(transparent)]
    Queues(#[from] sqs::OpenError),
    /// A queue cannot be made as the template has it.
    #[error("queue {queue} cannot be made as the template has it: {reason}")]
    Queue {
        /// The queue.
        queue: String,
        /// What SQS said.
        reason: sqs::Error,
    },
    /// A function cannot be started.
    #[error(transparent)]
    Function(#[from] StartError),
    /// A variable is missing.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A route cannot be served.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The developer's account cannot be made.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl OpenError {
    pub(super) fn data(data: &Data, reason: io::Error) -> Self {
        let directory = data.file("").unwrap_or_default().display().to_string();
        Self::Data { directory, reason }
    }
}
