//! docs/cost.md: its sums from its tables, and its tables from what the system asks of AWS.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use shared::platform::aws::Aws;
use tests::bed::Bed;
use tests::markdown::Document;
use tests::receiver::Receiver;
use tests::tree;

/// Prices are for this many of some units.
const MILLION: f64 = 1e6;
/// The bytes of a write unit.
const UNIT: usize = 1024;
/// What the claim writes; the outcome adds the rest.
const CLAIMED: [&str; 10] = [
    "attempt",
    "claimed_at",
    "claimed_by",
    "claimed_until",
    "delivery_status",
    "event_id",
    "expires_at",
    "instance_id",
    "received_at",
    "round",
];

fn document() -> Document {
    Document::read("docs/cost.md")
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("{cell} is no number"))
}

/// The price of one of each item.
fn prices() -> Vec<(String, f64)> {
    let price = |row: &Vec<String>| {
        let per = if row[1].starts_with("million") { MILLION } else { 1.0 };
        (row[0].clone(), number(&row[2]) / per)
    };
    document().table("Prices")[1..].iter().map(price).collect()
}

/// What an event uses of each item, alone and in tens.
fn uses() -> HashMap<String, [f64; 2]> {
    let row = |row: &Vec<String>| (row[0].clone(), [number(&row[1]), number(&row[2])]);
    document().table("What an event uses")[1..].iter().map(row).collect()
}

#[test]
fn the_calls_are_those_that_were_counted() {
    let source = tree::file("tests/tests/calls_per_event.rs").text;
    let table = source.split_once("const TABLE: &str = \"\\\n").and_then(|(_, rest)| rest.split_once("\";"));
    let (table, _) = table.unwrap_or_else(|| panic!("the table of calls is not where it was"));
    assert!(document().text().contains(table), "docs/cost.md has not the table\n{table}");
}

#[test]
fn the_requests_of_an_event_follow_from_its_calls() {
    let calls = document().table("Calls");
    let delivered = calls.iter().find(|row| row[0] == "an event, delivered").unwrap();
    assert_eq!(delivered[1..], ["SendMessage", "2 UpdateItem"]);
    let uses = uses();
    for (column, batch) in [(0, 1.0), (1, 10.0)] {
        let near = |item: &str, expected: f64| {
            let stated = uses[item][column];
            assert!((stated - expected).abs() < expected * 1e-6, "{item} is {stated}, not {expected}");
        };
        near("HTTP API request", 1.0);
        near("Lambda request", 1.0 + 1.0 / batch);
        near("SQS request", 1.0 + 2.0 / batch);
        // A quarter of a GB for the webhook's 10 ms and the dispatcher's share of its batch.
        let dispatcher = if column == 0 { 0.220 } else { 0.420 };
        near("Lambda time, arm64", 0.25 * (0.010 + dispatcher / batch));
    }
}

#[test]
fn the_metrics_are_those_that_the_functions_write() {
    let mut names = BTreeSet::new();
    for file in tree::sources("functions") {
        for asking in [".count(\"", ".values(\"", ".planned(\""] {
            let rest = file.text.split(asking).skip(1);
            names.extend(rest.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()));
        }
    }
    let count = names.len();
    let stated = format!("the functions write {count} of their own, 0.30 dollars each a month");
    assert!(document().text().contains(&stated), "{stated}: {names:?}");
    let sum = number(&count.to_string()) * 0.30;
    assert!(document().text().contains(&format!("{sum:.2} dollars at most")), "{sum}");
}

#[test]
fn the_memory_is_that_of_the_template() {
    let template = tree::file("template.yaml").text;
    for function in ["WebhookFunction", "DispatcherFunction"] {
        let (_, rest) = template.split_once(&format!("  {function}:\n")).unwrap();
        let (_, memory) = rest.split_once("MemorySize: ").unwrap();
        assert!(memory.starts_with("256\n"), "{function}");
    }
}

/// The size of an item as DynamoDB bills it: names and values (Amazon DynamoDB Developer Guide, "Item sizes").
fn size(item: &Map<String, Value>) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Number(number) => number.to_string().len().div_ceil(2) + 1,
        Value::Array(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        Value::Object(map) => 3 + map.len() + size(map),
        Value::Bool(_) | Value::Null => 1,
    }
}

#[tokio::test]
async fn the_write_units_are_those_of_the_items_sizes() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let empty = json!({"model": "lead", "event": "create", "data": {"id": "lead_1", "note": ""}}).to_string();
    let webhook = empty.replace("\"\"", &format!("\"{}\"", "x".repeat(1024 - empty.len())));
    assert_eq!(webhook.len(), 1024);
    instance.receives(webhook).await;
    bed.drain().await;
    let environment = bed.system().environment();
    let aws = Aws::from_variables(&environment.clone().into_iter().collect()).unwrap();
    let items =
        aws.dynamodb().scan().table_name(&environment["EVENTS_TABLE"]).send().await.unwrap().items.unwrap();
    let [item] = &*items else { panic!("one event is one item: {}", items.len()) };
    let item: Map<String, Value> = serde_dynamo::from_item(item.clone()).unwrap();
    let mut claimed = item.clone();
    claimed.retain(|name, _| CLAIMED.contains(&&**name));
    assert_eq!(claimed.len(), CLAIMED.len());
    let (claim, outcome) = (size(&claimed).div_ceil(UNIT), size(&item).div_ceil(UNIT));
    let index = tree::file("template.yaml").text;
    assert!(index.contains("IndexName: by_received_at"));
    let row = document()
        .table("What an event uses")
        .into_iter()
        .find(|row| row[0].starts_with("DynamoDB write"))
        .unwrap();
    assert_eq!(
        row[3],
        format!("the claim {claim}, its place in the index by time 1, the outcome with the event {outcome}")
    );
    let units = claim + 1 + outcome;
    assert_eq!(row[1..3], [units.to_string(), units.to_string()]);
    assert!(
        size(&item) < 2 * UNIT - 100,
        "2 KB hold it with its index, plus the 100 bytes that AWS adds: {}",
        size(&item)
    );
}

#[test]
fn the_months_follow_from_prices_and_uses() {
    let (prices, uses) = (prices(), uses());
    let table = document().table("A month");
    let columns: Vec<(f64, usize)> = table[0][1..]
        .iter()
        .map(|heading| {
            let (events, how) = heading.split_once(", ").unwrap();
            let (count, unit) = events.split_once(' ').unwrap();
            let unit = match unit {
                "thousand" => 1e3,
                "million" => MILLION,
                "billion" => 1e9,
                other => panic!("{other}"),
            };
            (number(count) * unit, usize::from(how == "in tens"))
        })
        .collect();
    assert_eq!(columns, [(1e4, 0), (1e6, 0), (1e9, 1)]);
    let of = |item: &str, price: f64, (events, column): (f64, usize)| match uses.get(item) {
        Some(uses) => uses[column] * price * events,
        // What is there even without events.
        None => price,
    };
    let mut expected = vec![table[0].clone()];
    for (item, price) in &prices {
        let cells = columns.iter().map(|column| format!("{:.2}", of(item, *price, *column)));
        expected.push(std::iter::once(item.clone()).chain(cells).collect());
    }
    let sum =
        |column: &(f64, usize)| prices.iter().map(|(item, price)| of(item, *price, *column)).sum::<f64>();
    let sums = columns.iter().map(|column| format!("{:.2}", sum(column)));
    expected.push(std::iter::once("**sum**".to_owned()).chain(sums).collect());
    let million: Vec<f64> = columns.iter().map(|column| (sum(column) - 1.0) * MILLION / column.0).collect();
    let cells = million.iter().map(|sum| format!("{sum:.2}"));
    expected.push(std::iter::once("**for a million, without the key**".to_owned()).chain(cells).collect());
    assert_eq!(table, expected);
    // What the page begins with.
    assert!(document().text().contains("**Five to seven dollars a million events of 1 KB**"));
    assert!(million.iter().all(|sum| (5.0..7.5).contains(sum)), "{million:?}");
}
