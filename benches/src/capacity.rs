//! Deliveries a second of one dispatcher, by what its receivers take: the table of docs/operations.md.

use std::error::Error;
use std::time::{Duration, Instant};

use shared::instances::InstanceId;

use crate::aws::Aws;
use crate::lambda::Function;
use crate::options::{Options, print};
use crate::receiver::{Pace, Receiver};
use crate::subjects;

const BATCH: usize = 10;
/// How far AWS is, within a region.
const DISTANCE: Duration = Duration::from_millis(5);

/// Prints the table.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let rows = [
        ("50 ms", Pace::of(50), 40),
        ("200 ms", Pace::of(200), 20),
        ("1 s", Pace::of(1000), 10),
        ("50 ms, but 1 % in 15 s", Pace::one_in_a_hundred_hangs(50), 40),
    ];
    print("| receivers answer in | events of many instances | events of one instance |\n|---|---|---|");
    for (name, pace, batches) in rows {
        let many = rate(pace, BATCH, batches, options)?;
        let one = rate(pace, 1, batches, options)?;
        print(&format!("| {name} | {many:.1} | {one:.1} |"));
    }
    Ok(())
}

/// Messages a second that one process works off, of so many instances in turn.
fn rate(pace: Pace, instances: usize, batches: usize, options: &Options) -> Result<f64, Box<dyn Error>> {
    let aws = Aws::start(&options.root, DISTANCE)?;
    let receiver = Receiver::start(pace)?;
    let instances: Vec<InstanceId> = aws.provision(&receiver.url, instances)?;
    let subject = subjects::dispatcher(BATCH, 1024);
    let function = Function::start(subject.command(options), aws.variables())?;
    function.call(&subject.call(0, &aws, &instances)?)?;
    let before = receiver.received();
    let began = Instant::now();
    for number in 1..=batches {
        function.call(&subject.call(number, &aws, &instances)?)?;
    }
    let took = began.elapsed().as_secs_f64();
    Ok(f64::from(u32::try_from(receiver.received() - before)?) / took)
}
