//! The instances function on Lambda; see the crate's documentation.

use std::sync::Arc;

use instances::Instances;
use lambda_http::{Error, run, tracing};
use shared::platform::clock::SystemClock;
use shared::platform::random::OsRandom;
use shared::platform::settings::Variables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let variables = Variables::of_process();
    let instances = Instances::from_variables(&variables, Arc::new(SystemClock), Arc::new(OsRandom))
        .inspect_err(|error| tracing::error!("the instances function cannot start: {error}"))
        // An error of `main` would be a second line about the same.
        .unwrap_or_else(|_| std::process::exit(1));
    run(instances.router()).await
}
