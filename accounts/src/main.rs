//! The command line tool for accounts; see the crate's documentation.

use std::io::Write as _;
use std::process::ExitCode;

use accounts::Options;
use clap::Parser as _;
use shared::platform::clock::SystemClock;
use shared::platform::random::OsRandom;
use shared::platform::settings::Variables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (options, variables) = (Options::parse(), Variables::of_process());
    let (text, code) = match accounts::run(options, variables, &SystemClock, &OsRandom).await {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(failure) => (format!("error: {failure}\n"), ExitCode::FAILURE),
    };
    let written = if code == ExitCode::SUCCESS {
        std::io::stdout().write_all(text.as_bytes())
    } else {
        std::io::stderr().write_all(text.as_bytes())
    };
    // If the output cannot be written, the secret is lost: say so.
    if written.is_ok() { code } else { ExitCode::FAILURE }
}
