//! The command line.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Measures the functions as Lambda would run them.
#[derive(Debug, Clone, clap::Parser)]
pub(crate) struct Options {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where the programs are: NAME or NAME/bootstrap for each function, `hello` and `local`.
    #[arg(long, global = true, default_value = "target/release")]
    pub(crate) programs: PathBuf,
    /// The root of the repository.
    #[arg(long, global = true, default_value = ".")]
    pub(crate) root: PathBuf,
    /// Starts of each function.
    #[arg(long, global = true, default_value_t = 25)]
    pub(crate) starts: usize,
    /// Events for a figure of CPU or latency.
    #[arg(long, global = true, default_value_t = 2000)]
    pub(crate) events: usize,
}

/// The parts of the measurement.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Command {
    /// Init, first event, warm events, CPU and memory of each function, beside `hello` and Node.js.
    Table,
    /// How CPU and time grow with size, batch, instances and distance; draws the plots of docs/performance.md.
    Growth,
    /// Deliveries a second of one dispatcher.
    Capacity,
    /// The local system from webhook to callback.
    Passage,
    /// Counts instructions and bytes, and fails if they have grown.
    Gate {
        /// Writes the figures down instead.
        #[arg(long)]
        record: bool,
    },
}

impl Options {
    /// The path of a program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let deployed = self.programs.join(name).join("bootstrap");
        if deployed.exists() { deployed } else { self.programs.join(name) }
    }

    /// The same with another number of events.
    pub(crate) fn with_events(&self, events: usize) -> Self {
        Self { events, ..self.clone() }
    }

    /// A path within the repository.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }
}

/// Prints a line of the result.
#[expect(clippy::print_stdout, reason = "the result is what this program is for")]
pub(crate) fn print(line: &str) {
    println!("{line}");
}

/// Says why there is no result.
pub(crate) fn complain(error: &dyn Error) {
    // With no standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "error: {error}");
}
