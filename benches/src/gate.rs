//! What must not grow unseen: instructions of init and of an event, and the size of the programs.
//!
//! Times differ from run to run on a machine that does other things; instructions hardly do. Valgrind counts them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use shared::instances::InstanceId;

use crate::aws::Aws;
use crate::lambda::Function;
use crate::options::{Options, print};
use crate::receiver::{Pace, Receiver};
use crate::subjects::{self, Subject};

/// The figures of record, below the root.
const RECORD: &str = "benches/gate.json";
/// Per cent by which a figure may grow.
const TOLERANCE: f64 = 5.0;
/// Calls after which a function does what it always does, and those that are counted.
const BEFORE: usize = 20;
const COUNTED: usize = 60;

type Figures = BTreeMap<String, u64>;

/// Compares, or writes down.
pub(crate) fn run(options: &Options, record: bool) -> Result<(), Box<dyn Error>> {
    let figures = figures(options)?;
    let path = options.path(RECORD);
    if record {
        return Ok(fs::write(path, serde_json::to_string_pretty(&figures)? + "\n")?);
    }
    let recorded = fs::read(&path).map_err(|error| format!("{RECORD}: {error}; --record writes it"))?;
    let recorded: Figures = serde_json::from_slice(&recorded)?;
    let mut beyond = Vec::new();
    for (name, now) in &figures {
        let before = recorded.get(name).copied().unwrap_or_default();
        let change = change(before, *now);
        print(&format!("{name}: {now}, recorded {before} ({change:+.1} %)"));
        if change > TOLERANCE {
            beyond.push(name.as_str());
        }
    }
    if beyond.is_empty() {
        return Ok(());
    }
    let advice = format!("`benches gate --record` writes {RECORD} anew, if that is meant");
    Err(format!("more than {TOLERANCE} % above the figures of record: {}; {advice}", beyond.join(", "))
        .into())
}

/// Per cent of what was before.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn change(before: u64, now: u64) -> f64 {
    (now as f64 / before.max(1) as f64 - 1.0) * 100.0
}

fn figures(options: &Options) -> Result<Figures, Box<dyn Error>> {
    let aws = Aws::start(&options.root, Duration::ZERO)?;
    let receiver = Receiver::start(Pace::of(0))?;
    let instances = aws.provision(&receiver.url, 1)?;
    let mut figures = Figures::new();
    for (name, subject) in
        [("webhook", subjects::webhook(1024)), ("dispatcher", subjects::dispatcher(10, 1024))]
    {
        let count = |calls| instructions(&subject, calls, &aws, &instances, options);
        let (init, before, after) = (count(0)?, count(BEFORE)?, count(BEFORE + COUNTED)?);
        figures.insert(format!("{name}: instructions of init"), init);
        let events = u64::try_from(COUNTED * subject.batch())?;
        figures.insert(format!("{name}: instructions of an event"), (after - before) / events);
    }
    for name in ["webhook", "dispatcher", "poller", "instances", "console"] {
        figures.insert(format!("{name}: bytes"), fs::metadata(options.program(name))?.len());
    }
    Ok(figures)
}

/// The instructions of a process that answers so many calls.
fn instructions(
    subject: &Subject,
    calls: usize,
    aws: &Aws,
    instances: &[InstanceId],
    options: &Options,
) -> Result<u64, Box<dyn Error>> {
    let log = options.path("target/benches/instructions");
    fs::create_dir_all(options.path("target/benches"))?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display())).arg(subject.command(options).get_program());
    command.stderr(Stdio::null());
    let variables = [aws.variables(), &[("WEBHOOK_RATE_PER_INSTANCE".to_owned(), "0".to_owned())]].concat();
    let function = Function::start(command, &variables)?;
    for number in 0..calls {
        // Of another run, the delivery log has the same events as delivered already.
        function.call(&subject.call(calls * 1_000_000 + number, aws, instances)?)?;
    }
    function.stop()?;
    let text = fs::read_to_string(&log)?;
    let line = text.lines().find_map(|line| line.split_once("I   refs:").or(line.split_once("I refs:")));
    let count = line.ok_or_else(|| format!("valgrind counted nothing: {text}"))?.1;
    Ok(count.trim().replace(',', "").parse()?)
}
