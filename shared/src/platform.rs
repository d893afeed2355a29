//! The edge of a process: AWS, the HTTP API's events, the clock, randomness, the environment, secrets, the log, metrics, deadlines,
//! errors to callers, slips of the pen.

pub mod api_error;
pub mod aws;
pub mod clock;
pub mod deadline;
pub mod http_function;
pub mod logging;
pub mod metrics;
pub mod random;
pub mod secret;
pub mod settings;
pub mod slip;
pub mod tls;
