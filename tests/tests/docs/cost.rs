//! docs/cost.md: its sums follow from its tables, and its tables from the system's calls.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use shared::platform::aws::Aws;
use tests::bed::Bed;
use tests::fixtures;
use tests::markdown::Document;
use tests::receiver::{Answer, Receiver};
use tests::tree;

/// Prices are for this many of some units.
const MILLION: f64 = 1e6;
/// The bytes of a write unit.
const UNIT: usize = 1024;
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
    assert_eq!(delivered[1..], ["SendMessage", "INSERT, UPDATE"]);
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

type Item = HashMap<String, AttributeValue>;

/// The write units of an item as DynamoDB bills it: names and values (Amazon DynamoDB Developer Guide, "Item sizes").
fn units(item: &Item) -> usize {
    size(item).div_ceil(UNIT)
}

fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no item has values of other types")]
fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.len() + size(map),
        _ => 1,
    }
}

/// The items of a table.
async fn items(bed: &Bed, variable: &str) -> Vec<Item> {
    let environment = bed.system().environment();
    let aws = Aws::from_variables(&environment.clone().into_iter().collect()).unwrap();
    aws.dynamodb().scan().table_name(&environment[variable]).send().await.unwrap().items.unwrap()
}

/// The units of the body and of the largest write to the log item, for an event of this many bytes that is delivered at the
/// third attempt.
async fn measured(bytes: usize) -> (usize, usize) {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let said = fixtures::noise(2000);
    receiver.answer([Answer::status(500).with_body(said.clone()), Answer::status(503).with_body(said)]);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let webhook = fixtures::lead(bytes);
    assert_eq!(webhook.len(), bytes);
    instance.receives(webhook).await;
    bed.drain().await;
    assert_eq!(receiver.count(), 3);
    let (log, bodies) = (items(&bed, "EVENTS_TABLE").await, items(&bed, "PAYLOADS_TABLE").await);
    let ([item], [body]) = (&*log, &*bodies) else { panic!("one event is one item and one body") };
    (units(body), units(item))
}

#[tokio::test]
async fn the_write_units_are_those_of_the_items_sizes() {
    let table = document().table("Write units by size");
    for (column, kilobytes) in [(1, 1), (2, 8), (3, 40)] {
        let (body, item) = measured(kilobytes * 1024).await;
        assert_eq!(item, 1, "a claim and an outcome are one unit each at {kilobytes} KB");
        let (first, third) = (3 + body, 7 + body);
        // An item with the body and 1 KB of the rest, as it was.
        let (first_before, third_before) = [(4, 12), (11, 47), (43, 207)][column - 1];
        let saved = |before: usize, now: usize| format!("{:.2}", number(&(before - now).to_string()) * 0.625);
        let expected = [
            "1".to_owned(),
            "1".to_owned(),
            body.to_string(),
            "1".to_owned(),
            first.to_string(),
            third.to_string(),
            first_before.to_string(),
            third_before.to_string(),
            saved(first_before, first),
            saved(third_before, third),
        ];
        let stated: Vec<_> = table[1..].iter().map(|row| row[column].clone()).collect();
        assert_eq!(stated, expected, "{kilobytes} KB");
    }
    let uses = document().table("What an event uses");
    let row = uses.iter().find(|row| row[0].starts_with("DynamoDB write")).unwrap();
    assert_eq!(
        row[1..],
        ["4", "4", "the claim 1, its place in the index by time 1, the body 1, the outcome 1"]
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
        // Costs without events.
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
    // The first sentence of the page.
    assert!(document().text().contains("**Five to seven dollars a million events of 1 KB**"));
    assert!(million.iter().all(|sum| (5.0..7.5).contains(sum)), "{million:?}");
}
