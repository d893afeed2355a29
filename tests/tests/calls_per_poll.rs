//! The calls of a turn of an API key to AWS and Close, and the sizes of its items, from which docs/cost.md works out prices.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fmt::Write as _;

use serde_json::{Value, json};
use shared::platform::aws::Aws;
use tests::bed::Bed;
use tests::close::{Close, Quirks, Rest};
use tests::polling::Worker;
use tests::receiver::Receiver;
use tests::tree;

const TABLE: &str = "\
| a turn, with four resources each | AWS | Close |
|---|---|---|
| the first of a function | Decrypt, GetItem, Query, UpdateItem | 4 |
| idle | GetItem, Query, UpdateItem | 4 |
| with a change | GetItem, Query, SendMessageBatch, 2 UpdateItem | 4 |
| idle, with three instances of the key | 3 GetItem, Query, UpdateItem | 12 |
";

async fn provision(bed: &Bed, rest: &Rest, receiver: &Receiver) {
    let settings =
        [("event.vendor.type", "polling"), ("event.poller.refresh_interval", "1"), ("base.url", rest.url())];
    bed.provision(&receiver.url(), &settings).await;
}

/// A turn and its calls.
async fn turn(bed: &Bed, worker: &Worker, rest: &Rest) -> String {
    worker.scheduled(bed, json!({})).await;
    bed.pass(60);
    let _ = worker.take_calls();
    rest.take_calls();
    worker.work_all(bed).await;
    let calls = worker.take_calls().into_iter();
    let named = |(name, count): (String, usize)| if count == 1 { name } else { format!("{count} {name}") };
    format!("{} | {}", calls.map(named).collect::<Vec<_>>().join(", "), rest.take_calls().len())
}

#[tokio::test]
async fn a_turn_makes_the_calls_of_the_table_and_its_items_are_small() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, std::sync::Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    provision(&bed, &rest, &receiver).await;
    bed.minutes(3).await;
    let worker = Worker::on(&bed).await;
    let mut rows = vec![("the first of a function", turn(&bed, &worker, &rest).await)];
    rows.push(("idle", turn(&bed, &worker, &rest).await));
    close.create("opportunity", &json!({"note": "A"}));
    rows.push(("with a change", turn(&bed, &worker, &rest).await));
    bed.minutes(10).await;
    for size in sizes(&bed).await {
        assert!(size <= 1024, "an item of {size} bytes is more than a write unit");
    }
    provision(&bed, &rest, &receiver).await;
    provision(&bed, &rest, &receiver).await;
    bed.minutes(3).await;
    turn(&bed, &worker, &rest).await;
    rows.push(("idle, with three instances of the key", turn(&bed, &worker, &rest).await));
    let mut table = "| a turn, with four resources each | AWS | Close |\n|---|---|---|\n".to_owned();
    for (name, calls) in rows {
        writeln!(table, "| {name} | {calls} |").unwrap();
    }
    assert_eq!(table, TABLE);
}

/// What a key asks for in an idle turn does not grow with their number.
#[tokio::test]
async fn many_keys_ask_for_no_more_than_one_does_each() {
    const KEYS: usize = 30;
    let (bed, receiver) = (Bed::start().await, Receiver::counting().await);
    let close = Close::new(1, std::sync::Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    for n in 0..KEYS {
        let key = format!("api_{n}");
        let settings = [
            ("event.vendor.type", "polling"),
            ("event.poller.refresh_interval", "1"),
            ("base.url", rest.url()),
            ("username", key.as_str()),
        ];
        bed.provision(&receiver.url(), &settings).await;
    }
    let worker = Worker::on(&bed).await;
    let minute = async || {
        worker.scheduled(&bed, json!({})).await;
        // Each turn in its second.
        for _ in 0..60 {
            bed.pass(1);
            worker.work_all(&bed).await;
        }
        (worker.take_calls(), rest.take_calls().len())
    };
    minute().await;
    let (calls, requests) = minute().await;
    let expected = minute_of(KEYS).map(|(name, count)| (name.to_owned(), count));
    assert_eq!(calls, expected.into());
    assert_eq!(requests, 4 * KEYS);
}

/// What so many idle keys ask of AWS in a minute.
fn minute_of(keys: usize) -> [(&'static str, usize); 4] {
    let shards = usize::try_from(shared::polling::store::SHARDS).unwrap();
    [
        ("GetItem", keys),
        // The tick asks each shard of the index.
        ("Query", keys + shards),
        ("SendMessageBatch", keys.div_ceil(10)),
        ("UpdateItem", keys),
    ]
}

#[test]
fn the_document_has_the_calls_of_many_keys() {
    let mut table =
        "| a minute of idle keys | 100 keys | 1000 keys | 10000 keys |\n|---|---|---|---|\n".to_owned();
    let sizes = [100, 1000, 10_000];
    let mut row = |name: &str, counts: [usize; 3]| {
        let counts = counts.map(|count| count.to_string()).join(" | ");
        writeln!(table, "| {name} | {counts} |").unwrap();
    };
    row("requests to Close", sizes.map(|keys| 4 * keys));
    for place in 0..4 {
        row(minute_of(1)[place].0, sizes.map(|keys| minute_of(keys)[place].1));
    }
    // An item of less than a kilobyte, and its entry in the index: one out, and one in.
    row("write units", sizes.map(|keys| 3 * minute_of(keys)[3].1));
    row("Decrypt", [0; 3]);
    let text = tree::file("docs/cost.md").text;
    assert!(text.contains(&table), "docs/cost.md does not have the table\n{table}");
}

/// The sizes of the items of the pollers table, as JSON, which is no smaller than what DynamoDB counts.
async fn sizes(bed: &Bed) -> Vec<usize> {
    let environment = bed.system().environment();
    let client = Aws::from_variables(&environment.clone().into_iter().collect()).unwrap().dynamodb();
    let scan = client.scan().table_name(&environment["POLLERS_TABLE"]).send().await.unwrap();
    let item = |item: &std::collections::HashMap<_, _>| {
        serde_dynamo::from_item::<_, Value>(item.clone()).unwrap().to_string().len()
    };
    scan.items().iter().map(item).collect()
}

#[test]
fn the_document_has_the_table_and_its_prices_follow_from_it() {
    let text = tree::file("docs/cost.md").text;
    assert!(text.contains(TABLE), "docs/cost.md does not have the table\n{TABLE}");
    // Write units, read units, SQS requests, Lambda requests and GB-seconds of an idle turn, with prices a million.
    let turn = [(3.0, 0.625), (2.0, 0.125), (0.3, 0.40), (0.1, 0.20), (0.055, 13.3334)];
    let price: f64 = turn.iter().map(|(count, price)| count * price / 1e6).sum();
    for (minutes, turns) in [(15, 2_920.0), (1, 43_800.0)] {
        let row = format!("| 10,000 keys, every {minutes} min | {:.0} |", 10_000.0 * turns * price);
        assert!(text.contains(&row), "docs/cost.md does not have {row}");
    }
}
