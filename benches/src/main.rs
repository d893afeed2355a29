//! What the functions take, beside a function that does nothing and one on Node.js; see `docs/performance.md`.

mod aws;
mod capacity;
mod events;
mod gate;
mod growth;
mod http;
mod lambda;
mod measure;
mod node;
mod options;
mod passage;
mod plot;
mod process;
mod receiver;
mod subjects;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use options::{Command, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.command {
        Command::Table => table::run(&options),
        Command::Growth => growth::run(&options),
        Command::Capacity => capacity::run(&options),
        Command::Passage => passage::run(&options),
        Command::Gate { record } => gate::run(&options, *record),
    };
    let failed = |error: Box<dyn std::error::Error>| {
        options::complain(&*error);
        ExitCode::FAILURE
    };
    outcome.map_or_else(failed, |()| ExitCode::SUCCESS)
}
