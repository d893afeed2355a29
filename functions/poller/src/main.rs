//! The poller function on Lambda; see the crate's documentation.

use std::sync::Arc;

use lambda_runtime::{Error, run, service_fn};
use poller::Poller;
use shared::platform::clock::SystemClock;
use shared::platform::logging::Logging;
use shared::platform::random::OsRandom;
use shared::platform::settings::Variables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = Variables::of_process();
    Logging::from_variables(&variables).init(Arc::new(SystemClock));
    let poller = Poller::from_variables(&variables, Arc::new(SystemClock), Arc::new(OsRandom))
        .inspect_err(|error| tracing::error!("the poller function cannot start: {error}"))
        // An error of `main` would be a second line about the same.
        .unwrap_or_else(|_| std::process::exit(1))
        .emitting(shared::platform::metrics::to_stdout);
    run(service_fn(|event| poller.handle(event))).await
}
