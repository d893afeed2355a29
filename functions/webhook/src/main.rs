//! The webhook function on Lambda; see the crate's documentation.

use std::sync::Arc;

use lambda_http::{Error, run, service_fn, tracing};
use shared::platform::clock::SystemClock;
use shared::platform::settings::Variables;
use webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let webhook = Webhook::from_variables(&Variables::of_process(), Arc::new(SystemClock))
        .inspect_err(|error| tracing::error!("the webhook function cannot start: {error}"))
        // An error of `main` would be a second line about the same.
        .unwrap_or_else(|_| std::process::exit(1));
    run(service_fn(|request| webhook.handle(request))).await
}
