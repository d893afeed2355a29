//! The console function on Lambda; see the crate's documentation.

use std::convert::Infallible;
use std::sync::Arc;

use console::Console;
use lambda_http::{Error, service_fn};
use shared::platform::clock::SystemClock;
use shared::platform::http_function;
use shared::platform::logging::Logging;
use shared::platform::settings::Variables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Logging::from_variables(&Variables::of_process()).init(Arc::new(SystemClock));
    let console = Console::new();
    http_function::run(service_fn(move |request| {
        std::future::ready(Ok::<_, Infallible>(console.answer(&request)))
    }))
    .await
}
