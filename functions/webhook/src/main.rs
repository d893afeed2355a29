//! The webhook function on Lambda; see the crate's documentation.

use std::sync::Arc;

use lambda_http::{Error, service_fn};
use shared::platform::clock::SystemClock;
use shared::platform::http_function;
use shared::platform::logging::Logging;
use shared::platform::settings::Variables;
use webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = Variables::of_process();
    Logging::from_variables(&variables).init(Arc::new(SystemClock));
    let webhook = Webhook::from_variables(&variables, Arc::new(SystemClock))
        .inspect_err(|error| tracing::error!("the webhook function cannot start: {error}"))
        // Returning the error from `main` would log it a second time.
        .unwrap_or_else(|_| std::process::exit(1));
    let webhook = Arc::new(webhook);
    let handle = move |request| {
        let webhook = webhook.clone();
        async move { webhook.handle(request).await }
    };
    http_function::run(service_fn(handle)).await
}
