//! The edge of a process: AWS, the clock, randomness, the environment, secrets, metrics, deadlines, errors to callers.

pub mod api_error;
pub mod aws;
pub mod clock;
pub mod deadline;
pub mod metrics;
pub mod random;
pub mod secret;
pub mod settings;
pub mod tls;
