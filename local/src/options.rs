//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// The whole system on one machine: HTTP API, functions, DynamoDB, SQS, KMS and schedule in one process on loopback.
///
/// Tables, queues and settings come from template.yaml. The variables that the functions read can be set in the
/// environment, for example `EVENT_RETENTION_DAYS=7` or `CALLBACK_ALLOW_PRIVATE=false` (`true` here by default).
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(version, about, long_about)]
pub struct Options {
    /// The port of the HTTP API on 127.0.0.1; DynamoDB, SQS and KMS take the next three. 0 takes free ones.
    #[arg(long, value_name = "N", default_value_t = 9000)]
    pub port: u16,
    /// Where tables and queues are kept; they survive a restart.
    #[arg(long, value_name = "DIR", default_value = ".local/")]
    pub data: PathBuf,
    /// Written once the system listens: JSON with "url", "authorization", "dynamodbUrl", "sqsUrl" and "kmsUrl".
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Call the functions through the Lambda Invoke API at this URL instead of running them in this process,
    /// for example the one of `cargo lambda watch`.
    #[arg(long, value_name = "URL")]
    pub lambda: Option<http::Uri>,
    /// Build the functions, run them under `cargo lambda watch`, which builds them again when their code changes, and
    /// stop it in the end. It takes the port after those of the others.
    #[arg(long, conflicts_with = "lambda")]
    pub watch: bool,
    /// The template that says what to run.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    pub template: PathBuf,
}
