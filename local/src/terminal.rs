//! Running the system in a terminal.

mod welcome;

use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::ExitCode;

use http::Uri;
use serde_json::json;
use shared::platform::settings::Variables;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::failure::Context as _;
use crate::watch::{self, Watch};
use crate::{Data, Failure, Options, Setup, System};

/// The log filter without `RUST_LOG`: each event, and what goes wrong.
const DEFAULT_FILTER: &str = "warn,dynoxide=error,webhook=debug,dispatcher=debug,instances=info,local=info";

const TERMINAL: &str = "the terminal";

enum Place {
    Here,
    /// Behind the Lambda Invoke API at this URL.
    Lambda(Uri),
    /// Under the `cargo lambda watch` that is started here.
    Watched(SocketAddrV4),
}

impl Place {
    fn url(&self) -> Option<Uri> {
        match self {
            Self::Here => None,
            Self::Lambda(url) => Some(url.clone()),
            Self::Watched(address) => Some(watch::url(*address)),
        }
    }
}

/// Runs the system until it is interrupted.
pub async fn main(options: Options) -> ExitCode {
    let environment = Variables::of_process();
    show_events(&environment);
    match run(options, environment).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Without standard error it cannot be shown.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options, environment: Variables) -> Result<(), Failure> {
    let Options { port, data, ready_file, lambda, watch, template } = options;
    let place = match (watch, lambda) {
        (true, _) => Place::Watched(watch::address(port)?),
        (false, Some(url)) => Place::Lambda(url),
        (false, None) => Place::Here,
    };
    let setup = Setup::of(template, Data::Directory(data.clone()));
    let system = System::open(Setup { port, lambda: place.url(), environment, ..setup }).await?;
    let variables = data.join("functions.env");
    write(&variables, &env_file(&system))?;
    let mut watch = None;
    if let Place::Watched(address) = &place {
        tokio::select! {
            started = Watch::start(*address, &variables) => watch = Some(started?),
            interrupt = interrupted() => return interrupt.context(TERMINAL),
        }
    }
    let running = system.run();
    let system = running.system();
    io::stdout().write_all(welcome::text(system, &place, &variables).as_bytes()).context(TERMINAL)?;
    if let Some(path) = &ready_file {
        write(path, &ready(system))?;
    }
    let ended = async {
        match &mut watch {
            Some(watch) => watch.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        interrupt = interrupted() => interrupt.context(TERMINAL)?,
        // Without functions, running calls cannot end.
        ended = ended => return Err(ended),
    }
    writeln!(io::stdout(), "stopping: what is under way is finished first").context(TERMINAL)?;
    running.stop().await;
    if let Some(watch) = watch {
        watch.stop().await;
    }
    Ok(())
}

/// Resolves on Ctrl-C or SIGTERM.
async fn interrupted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}

fn ready(system: &System) -> String {
    let ready = json!({
        "url": system.url(),
        "authorization": system.authorization(),
        "console": system.console(),
        "dynamodbUrl": system.dynamodb_url(),
        "sqsUrl": system.sqs_url(),
        "kmsUrl": system.kms_url(),
    });
    format!("{ready:#}\n")
}

/// The variables of the functions, as `cargo lambda watch --env-file` reads them.
fn env_file(system: &System) -> String {
    let lines: Vec<_> = system.environment().iter().map(|(name, value)| format!("{name}={value}")).collect();
    lines.join("\n") + "\n"
}

/// Writes a file atomically: nobody reads half of it.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let unwritten = format!("{} cannot be written", path.display());
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text).context(&unwritten)?;
    std::fs::rename(&beside, path).context(unwritten)
}

fn show_events(environment: &Variables) {
    let chosen = environment.text("RUST_LOG").and_then(|text| text.parse::<Targets>().ok());
    let filter = chosen.unwrap_or_else(|| DEFAULT_FILTER.parse().unwrap_or_default());
    let lines = tracing_subscriber::fmt::layer().compact().with_target(false);
    tracing_subscriber::registry().with(lines.with_ansi(io::stdout().is_terminal())).with(filter).init();
}
