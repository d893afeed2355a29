//! API keys that are all due in the same minute, from a hundred up: how long they take, and what each costs. `cargo bench
//! -p tests --bench polling`; `POLLING_KEYS=100,1000,10000` says how many.
//!
//! The figures are of this machine and this moment. Close, the system, its tables and queues share it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::expect_used,
    reason = "a measurement shows rounded results, and ends where it cannot go on"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use futures_util::StreamExt as _;
use serde_json::json;
use shared::accounts::{Account, Profile};
use shared::instances::vault::{DataKeyStore, Vault};
use shared::instances::{DynamoInstanceStore, Instance, InstanceId, Token, key};
use shared::platform::aws::Aws;
use shared::platform::random::{self, OsRandom};
use shared::platform::secret::Secret;
use shared::polling::schedule::KeyDigest;
use shared::polling::settings::PollerSettings;
use shared::polling::state::Polling;
use shared::polling::store::DynamoPollerStore;
use tests::bed::Bed;
use tests::close::{Close, Quirks};
use tests::polling::Worker;
use tests::receiver::Receiver;

/// So many keys, unless the environment says otherwise.
const KEYS: &str = "100,1000";
/// What the template has the mapping start together, and what a batch holds.
const FUNCTIONS: usize = 2;

#[tokio::main]
async fn main() {
    #[expect(clippy::disallowed_methods, reason = "a measurement has its size from its caller")]
    let sizes = std::env::var("POLLING_KEYS").unwrap_or_else(|_| KEYS.to_owned());
    println!(
        "| keys | requests to Close | GetItem | Query | write units | SQS sends | Decrypt | s, tick | s, all | ms of processor a turn |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for keys in sizes.split(',').filter_map(|it| it.trim().parse().ok()) {
        Box::pin(measure(keys)).await;
    }
}

async fn measure(keys: usize) {
    let bed = Bed::start().await;
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let receiver = Receiver::counting().await;
    let began = Instant::now();
    let tables = Tables::of(&bed);
    let provisioned = (0..keys).map(|n| {
        let settings = [
            (key::USERNAME, format!("api_{n}")),
            (key::BASE_URL, rest.url().to_owned()),
            (key::ENABLED, "true".to_owned()),
            (key::CALLBACK_URL, receiver.url()),
            (key::VENDOR_TYPE, "polling".to_owned()),
            ("event.poller.refresh_interval", "1".to_owned()),
        ];
        tables.provision(&bed, settings)
    });
    futures_util::stream::iter(provisioned).buffer_unordered(8).collect::<()>().await;
    eprintln!("{keys} keys are provisioned after {:.0} s", began.elapsed().as_secs_f64());
    let mut workers = Vec::new();
    for _ in 0..FUNCTIONS {
        workers.push(Worker::on(&bed).await);
    }
    for round in ["first", "idle", "idle", "one contact changed"] {
        if round.starts_with("one") {
            close.create("contact", &json!({"name": "A"}));
        }
        let (began, processor) = (Instant::now(), processor_seconds());
        workers[0].scheduled(&bed, json!({})).await;
        let ticked = began.elapsed();
        bed.clock().advance(TimeDelta::seconds(60));
        rest.take_calls();
        let (one, other) = (&workers[0], &workers[1]);
        tokio::join!(one.work_all(&bed), other.work_all(&bed));
        let polled = began.elapsed();
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for (name, count) in workers.iter().flat_map(Worker::take_calls) {
            *calls.entry(name).or_default() += count;
        }
        let count = |name: &str| calls.get(name).copied().unwrap_or_default();
        let mib = resident_mib();
        let row = [
            format!("{keys}, {round}"),
            rest.take_calls().len().to_string(),
            count("GetItem").to_string(),
            count("Query").to_string(),
            // A claim is a write unit, and two of the index; another write of a part is one.
            (count("UpdateItem") + 2 * keys).to_string(),
            (count("SendMessageBatch") + count("SendMessage")).to_string(),
            count("Decrypt").to_string(),
            format!("{:.1}", ticked.as_secs_f64()),
            format!("{:.1}", polled.as_secs_f64()),
            format!("{:.1}", (processor_seconds() - processor) * 1000.0 / keys as f64),
        ];
        println!("| {} |", row.join(" | "));
        eprintln!("{round}: {mib} MiB, {calls:?}");
    }
}

/// The tables, which instances are written into as the instances function would: by its API, whose secrets are checked at
/// each call and whose key is tried at Close, ten thousand take longer than all that is measured.
struct Tables {
    instances: DynamoInstanceStore,
    pollers: DynamoPollerStore,
    credentials: String,
}

impl Tables {
    fn of(bed: &Bed) -> Self {
        let environment = bed.system().environment();
        let variables = environment.clone().into_iter().collect();
        let aws = Aws::from_variables(&variables).expect("the functions have credentials");
        let table = |variable: &str| environment[variable].clone();
        let (credentials, random) = (table("CREDENTIALS_TABLE"), Arc::new(OsRandom));
        let keys = DataKeyStore::new(aws.dynamodb(), credentials.clone());
        let clock = Arc::new(bed.clock().clone());
        let vault = Vault::sealing(aws.kms(), table("KMS_KEY_ID"), keys, clock, random);
        Self {
            instances: DynamoInstanceStore::new(aws.dynamodb(), table("INSTANCES_TABLE"), vault),
            pollers: DynamoPollerStore::new(aws.dynamodb(), table("POLLERS_TABLE")),
            credentials,
        }
    }

    async fn provision<const N: usize>(&self, bed: &Bed, settings: [(&str, String); N]) {
        let id = InstanceId::from_entropy(random::array(&OsRandom).expect("there is randomness"));
        let settings = settings.map(|(key, value)| (key.to_owned(), Some(value)));
        let instance = Instance {
            id,
            account: Account { company_id: 1, account_id: 1, user_id: 1 },
            owner: Profile::of_name("", 1),
            name: "Test".to_owned(),
            tags: Vec::new(),
            configuration: settings.into_iter().collect(),
            disabled: false,
            created_at: bed.now(),
            token: Token::of(Secret::new(id.to_string())),
            revision: 0,
            retired_key: None,
        };
        let settings = PollerSettings::read(&instance.configuration).expect("the settings are right");
        let (key, now) = (KeyDigest::of(&instance.configuration), bed.now());
        let polling = Polling::starting_at(now, &settings);
        let due_at = polling.due_at(now, &key).unwrap_or(now);
        let write = |_| Some(polling.clone());
        self.pollers.change(&key, id, write).await.expect("the table can be written");
        self.pollers.nudge(&key, due_at, settings.interval).await.expect("the table can be written");
        self.instances.create(instance, &self.credentials).await.expect("the table can be written");
    }
}

/// The memory of this process, everything in it included.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).unwrap_or_default();
    kilobytes / 1024
}

/// The processor time of this process so far; the machine may be busy with others.
fn processor_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    // User and system time are the 14th and 15th field; two are before the bracket.
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_A_SECOND
}
