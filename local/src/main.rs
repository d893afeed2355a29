//! The whole system on one machine; see the crate's documentation.

use std::process::ExitCode;

use clap::Parser as _;
use local::Options;

#[tokio::main]
async fn main() -> ExitCode {
    local::main(Options::parse()).await
}
