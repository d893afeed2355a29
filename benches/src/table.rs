//! Init, first event, warm events, CPU and memory of each function, beside a function that does nothing.

use std::error::Error;
use std::time::Duration;

use crate::aws::Aws;
use crate::measure::{Start, Surroundings, Warm, median, percentile};
use crate::node;
use crate::options::{Options, print};
use crate::receiver::{Pace, Receiver};
use crate::subjects::{self, Subject};

/// Prints the table, with AWS near by and five milliseconds away.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    node::install(options)?;
    for delay in [0, 5] {
        let aws = Aws::start(&options.root, Duration::from_millis(delay))?;
        let receiver = Receiver::start(Pace::of(0))?;
        let instances = aws.provision(&receiver.url, 1)?;
        let variables = vec![("WEBHOOK_RATE_PER_INSTANCE".to_owned(), "0".to_owned())];
        let surroundings = Surroundings { aws: &aws, instances: &instances, variables };
        print(&format!("\nAWS {delay} ms away:\n"));
        print("| | init | its CPU | first event | its CPU | warm: median | 99 % | CPU an event | memory |");
        print("|---|---|---|---|---|---|---|---|---|");
        measure(&surroundings, options)?;
    }
    Ok(())
}

fn measure(surroundings: &Surroundings<'_>, options: &Options) -> Result<(), Box<dyn Error>> {
    let subjects = subjects::all();
    let mut starts: Vec<Vec<Start>> = subjects.iter().map(|_| Vec::new()).collect();
    // In turn, so that whatever else the machine does meets all of them.
    for round in 0..options.starts {
        for (subject, starts) in subjects.iter().zip(&mut starts) {
            starts.push(surroundings.start(subject, round, options)?);
        }
    }
    let mut floor = None;
    for (place, (subject, starts)) in subjects.iter().zip(&starts).enumerate() {
        let warm = surroundings.warm(subject, (place + 1) * 1_000_000, options)?;
        let figures = figures(starts, &warm);
        let floor = floor.get_or_insert(figures);
        print(&row(subject, figures, *floor));
    }
    Ok(())
}

type Figures = [f64; 8];

/// What the columns show: milliseconds, but microseconds of CPU an event, and MiB.
fn figures(starts: &[Start], warm: &Warm) -> Figures {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let of = |pick: fn(&Start) -> Duration| millis(median(starts.iter().map(pick)));
    #[expect(clippy::cast_precision_loss, reason = "a few MiB")]
    let memory = warm.memory as f64 / f64::from(1 << 20);
    [
        of(|it| it.init),
        of(|it| it.cpu),
        of(|it| it.first),
        of(|it| it.first_cpu),
        millis(percentile(&warm.calls, 50)),
        millis(percentile(&warm.calls, 99)),
        warm.cpu.as_secs_f64() * 1e6,
        memory,
    ]
}

fn row(subject: &Subject, figures: Figures, floor: Figures) -> String {
    const UNITS: [&str; 8] = ["ms", "ms", "ms", "ms", "ms", "ms", "µs", "MiB"];
    let cell = |column: usize| {
        let decimals = if UNITS[column] == "µs" { 0 } else { 2 };
        let ratio = figures[column] / floor[column];
        format!(" {:.decimals$} {} ({ratio:.1} ×) |", figures[column], UNITS[column])
    };
    format!("| {} |", subject.name) + &(0..UNITS.len()).map(cell).collect::<String>()
}
