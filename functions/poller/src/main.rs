//! The poller function on Lambda; see the crate's documentation.

use std::sync::Arc;

use lambda_runtime::{Error, run, service_fn, tracing};
use poller::Poller;
use shared::platform::clock::SystemClock;
use shared::platform::random::OsRandom;
use shared::platform::settings::Variables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let poller = Poller::from_variables(&Variables::of_process(), Arc::new(SystemClock), Arc::new(OsRandom))
        .inspect_err(|error| tracing::error!("the poller function cannot start: {error}"))
        // An error of `main` would be a second line about the same.
        .unwrap_or_else(|_| std::process::exit(1))
        .emitting(shared::platform::metrics::to_stdout);
    run(service_fn(|event| poller.handle(event))).await
}
