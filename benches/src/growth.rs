//! How the cost of an event grows: with its size, the batch, the number of instances, and AWS's and the receiver's distance.

use std::error::Error;
use std::time::Duration;

use crate::aws::Aws;
use crate::measure::{Surroundings, Warm, percentile};
use crate::node;
use crate::options::{Options, print};
use crate::plot::{Plot, Series};
use crate::receiver::{Pace, Receiver};
use crate::subjects::{self, Subject};

/// Bytes that are sent for one figure, so that large events are fewer.
const MOST_BYTES: usize = 50_000_000;

const SIZES: [usize; 4] = [1, 8, 40, 500];
const BATCHES: [usize; 4] = [1, 2, 5, 10];
const INSTANCES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const DELAYS: [u64; 3] = [0, 50, 200];

/// What is near: AWS and receivers that answer at once.
struct Near {
    aws: Aws,
    instances: Vec<shared::instances::InstanceId>,
    /// Events so far; no two have the same number.
    given: usize,
}

/// Prints the tables and draws the plots.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    node::install(options)?;
    let aws = Aws::start(&options.root, Duration::ZERO)?;
    let receiver = Receiver::start(Pace::of(0))?;
    let instances = aws.provision(&receiver.url, INSTANCES[INSTANCES.len() - 1])?;
    let mut near = Near { aws, instances, given: 0 };
    by_size(&mut near, options)?;
    by_batch(&mut near, options)?;
    by_instances(&mut near, options)?;
    by_distance(options)
}

impl Near {
    fn warm(&mut self, subject: &Subject, of: usize, options: &Options) -> Result<Warm, Box<dyn Error>> {
        let variables = vec![("WEBHOOK_RATE_PER_INSTANCE".to_owned(), "0".to_owned())];
        let surroundings = Surroundings { aws: &self.aws, instances: &self.instances[..of], variables };
        self.given += 10_000_000;
        surroundings.warm(subject, self.given, options)
    }
}

fn by_size(near: &mut Near, options: &Options) -> Result<(), Box<dyn Error>> {
    let rows = [
        ("webhook", subjects::webhook as fn(usize) -> Subject),
        ("dispatcher, in tens", |bytes| subjects::dispatcher(10, bytes)),
        ("webhook in Node.js", subjects::in_node),
    ];
    let mut plot = Plot::new("CPU of an event by its size", "KB", "µs", &SIZES);
    for (name, subject) in rows {
        let mut values = Vec::new();
        for kilobytes in SIZES {
            let bytes = kilobytes * 1024;
            let events = options.events.min(MOST_BYTES / bytes);
            let warm = near.warm(&subject(bytes), 1, &options.with_events(events))?;
            values.push(micros(warm.cpu));
        }
        plot.add(Series { name, values });
    }
    show(&plot, "size", options)
}

fn by_batch(near: &mut Near, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut plot = Plot::new("CPU of a delivery by the size of the batch", "messages", "µs", &BATCHES);
    for (name, of) in [("of one instance", 1), ("of instances of their own", 1_000)] {
        let one = |batch| Ok(micros(near.warm(&subjects::dispatcher(batch, 1024), of, options)?.cpu));
        let values = BATCHES.into_iter().map(one).collect::<Result<_, Box<dyn Error>>>()?;
        plot.add(Series { name, values });
    }
    show(&plot, "batch", options)
}

fn by_instances(near: &mut Near, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut plot =
        Plot::new("CPU of an event by the instances that take turns", "instances", "µs", &INSTANCES);
    for (name, subject) in
        [("webhook", subjects::webhook(1024)), ("dispatcher, in tens", subjects::dispatcher(10, 1024))]
    {
        let one = |of| Ok(micros(near.warm(&subject, of, options)?.cpu));
        let values = INSTANCES.into_iter().map(one).collect::<Result<_, Box<dyn Error>>>()?;
        plot.add(Series { name, values });
    }
    show(&plot, "instances", options)
}

/// How long a call takes from its event to its answer, which is what Lambda bills.
fn by_distance(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut plot = Plot::new("Time of a call by the receiver's time", "ms to answer", "ms", &DELAYS);
    for (name, batch, distance) in [
        ("one message, AWS at hand", 1, 0),
        ("one message, AWS 5 ms away", 1, 5),
        ("ten of one instance, AWS at hand", 10, 0),
        ("ten of one instance, AWS 5 ms away", 10, 5),
    ] {
        let aws = Aws::start(&options.root, Duration::from_millis(distance))?;
        let mut values = Vec::new();
        for delay in DELAYS {
            let receiver = Receiver::start(Pace::of(delay))?;
            let instances = aws.provision(&receiver.url, 1)?;
            let surroundings = Surroundings { aws: &aws, instances: &instances, variables: Vec::new() };
            let warm =
                surroundings.warm(&subjects::dispatcher(batch, 1024), 0, &options.with_events(20 * batch))?;
            values.push(percentile(&warm.calls, 50).as_secs_f64() * 1e3);
        }
        plot.add(Series { name, values });
    }
    show(&plot, "receivers", options)
}

fn show(plot: &Plot, name: &str, options: &Options) -> Result<(), Box<dyn Error>> {
    print(&plot.table());
    let folder = options.path("docs/performance");
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(name).with_extension("svg"), plot.svg())?)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
