//! The console function on Lambda; see the crate's documentation.

use console::Console;
use lambda_http::{Error, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let console = Console::new();
    run(service_fn(|request| std::future::ready(Ok::<_, Error>(console.answer(&request))))).await
}
