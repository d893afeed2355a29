//! The log of a function: JSON lines that Lambda can filter by level, and that hold no body.

use std::panic::PanicHookInfo;
use std::str::FromStr as _;

use chrono::SecondsFormat;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, registry};

use crate::platform::clock::{Clock, SharedClock};
use crate::platform::settings::Variables;

/// The crates of this system: their lines name ids and numbers, never what Close or a receiver sent.
const OURS: [&str; 6] = ["webhook", "dispatcher", "poller", "instances", "shared", "close"];

/// What is written, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging {
    level: LevelFilter,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

impl Logging {
    /// Reads `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT`, which Lambda sets as the function's logging is configured.
    pub fn from_variables(variables: &Variables) -> Self {
        let level = variables.text("AWS_LAMBDA_LOG_LEVEL").and_then(|text| LevelFilter::from_str(text).ok());
        let json = variables.text("AWS_LAMBDA_LOG_FORMAT").is_some_and(|it| it.eq_ignore_ascii_case("json"));
        Self { level: level.unwrap_or(LevelFilter::INFO), form: if json { Form::Json } else { Form::Text } }
    }

    /// Makes this the log of the process, on its standard output, with a line for each panic.
    pub fn init(self, clock: SharedClock) {
        self.subscriber(clock, std::io::stdout).init();
        std::panic::set_hook(Box::new(log_panic));
    }

    /// The same as a value, with its lines written there.
    pub fn subscriber<W>(self, clock: SharedClock, writer: W) -> impl Subscriber + Send + Sync
    where
        W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
    {
        registry().with(match self.form {
            Form::Json => self.json(clock, writer).boxed(),
            Form::Text => tracing_subscriber::fmt::layer()
                .with_timer(Rfc3339(clock))
                .with_ansi(false)
                .with_writer(writer)
                .with_filter(self.filter())
                .boxed(),
        })
    }

    fn json<S, W>(self, clock: SharedClock, writer: W) -> impl Layer<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
        W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
    {
        tracing_subscriber::fmt::layer()
            .json()
            .with_current_span(false)
            .with_span_list(false)
            .with_timer(Rfc3339(clock))
            .with_writer(writer)
            .with_filter(self.filter())
    }

    /// Below `INFO` other crates log what they send and receive, including bodies and keys.
    fn filter(self) -> Targets {
        let others = self.level.min(LevelFilter::INFO);
        Targets::new().with_default(others).with_targets(OURS.map(|name| (name, self.level)))
    }
}

/// The form in which Lambda reads a line's time. Without a time that it can read it takes the line for `INFO`, whatever its
/// level is (AWS Lambda Developer Guide, "Log-level filtering").
struct Rfc3339(SharedClock);

impl FormatTime for Rfc3339 {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        writer.write_str(&Clock::now(&*self.0).to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// Writes a line in place of the text that Rust prints, which Lambda would take for `INFO`.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    // A formatted text may quote the data being read.
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("see the location");
    tracing::event!(Level::ERROR, location, message, "panicked");
}

#[cfg(test)]
mod tests;
