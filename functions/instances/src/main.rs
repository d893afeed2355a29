//! The instances function on Lambda; see the crate's documentation.

use std::sync::Arc;

use instances::Instances;
use lambda_http::Error;
use shared::platform::clock::SystemClock;
use shared::platform::http_function;
use shared::platform::logging::Logging;
use shared::platform::random::OsRandom;
use shared::platform::settings::Variables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = Variables::of_process();
    Logging::from_variables(&variables).init(Arc::new(SystemClock));
    let instances = Instances::from_variables(&variables, Arc::new(SystemClock), Arc::new(OsRandom))
        .inspect_err(|error| tracing::error!("the instances function cannot start: {error}"))
        // Returning the error from `main` would log it a second time.
        .unwrap_or_else(|_| std::process::exit(1));
    http_function::run(instances.router()).await
}
