//! `GET /instances`.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use http::Method;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use shared::platform::aws::Aws;
use shared::platform::settings::Variables;
use tests::bed::{Bed, SeededRandom};
use tests::close::{Close, Quirks};
use tests::wire::Wire;
use tower::ServiceExt as _;

use super::get;

async fn named(bed: &Bed, name: &str, tags: &[&str]) -> u64 {
    let body = json!({
        "element": {"key": "closeio"}, "name": name, "tags": tags, "configuration": {"username": "api_key"},
    });
    let answer = bed.call(Method::POST, "/instances", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    answer.json()["id"].as_u64().unwrap()
}

fn ids(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|instance| instance["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn instances_are_found_by_text_and_tags_or_404() {
    let bed = Bed::start().await;
    assert_eq!(get(&bed, "/instances").await.status, 404);
    let north = named(&bed, "North", &["sales", "eu"]).await;
    let south = named(&bed, "South <b>office</b>", &["sales"]).await;
    let untagged = named(&bed, "QA Box", &[]).await;
    let mut all = vec![north, south, untagged];
    all.sort_unstable();

    let answer = get(&bed, "/instances").await;
    assert_eq!((answer.status.as_u16(), ids(&answer.json())), (200, all));
    assert_eq!(answer.headers["elements-returned-count"], "3");
    assert!(!answer.headers.contains_key("elements-next-page-token"));
    let rows: [(&str, &[u64]); 7] = [
        ("searchText=north", &[north]),
        ("searchText=OFFICE", &[south]),
        ("searchText=eu", &[north]),
        ("tags[]=sales&tags[]=eu", &[north]),
        ("tags%5B%5D=eu", &[north]),
        ("tags[]=QA%20Box", &[untagged]),
        ("searchText=qa&tags[]=QA+Box", &[untagged]),
    ];
    for (query, found) in rows {
        let answer = get(&bed, &format!("/instances?{query}")).await;
        assert_eq!(ids(&answer.json()), found, "{query}");
    }
    for query in ["searchText=west", "tags[]=sale", "searchText=north&tags[]=us"] {
        let answer = get(&bed, &format!("/instances?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.message()), (404, "No instances found.".to_owned()));
    }
}

#[tokio::test]
async fn a_list_is_walked_page_by_page() {
    let bed = Bed::start().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(named(&bed, &format!("Box {number}"), &[]).await);
    }
    made.sort_unstable();
    let (mut seen, mut path) = (Vec::new(), "/instances?pageSize=2&searchText=box".to_owned());
    loop {
        let answer = get(&bed, &path).await;
        assert_eq!(answer.status, 200);
        seen.extend(ids(&answer.json()));
        let Some(next) = answer.headers.get("elements-next-page-token") else { break };
        path = format!("/instances?pageSize=2&searchText=box&nextPage={}", next.to_str().unwrap());
    }
    assert_eq!(seen, made);
    assert_eq!(get(&bed, "/instances?pageSize=none").await.status, 400);
    assert_eq!(get(&bed, "/instances?nextPage=none").await.status, 400);
}

/// What Lambda answers with at most (AWS Lambda quotas), the body as a JSON string.
const LAMBDA_CARRIES: usize = 6 * 1024 * 1024;

#[tokio::test]
async fn a_page_of_large_instances_ends_before_lambda_cannot_carry_it() {
    let bed = Bed::start().await;
    // Quotes take the most room, since they are escaped, and escaped again.
    let quotes = "\"".repeat(60_000);
    for _ in 0..40 {
        bed.provision("https://example.com/hook", &[("note", &quotes), ("other.note", &quotes)]).await;
    }
    let (mut seen, mut path, mut pages) = (0, "/instances".to_owned(), 0);
    loop {
        let answer = get(&bed, &path).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
        let carried = serde_json::to_string(std::str::from_utf8(&answer.body).unwrap()).unwrap().len();
        assert!(carried < LAMBDA_CARRIES, "{carried} bytes on page {pages}");
        seen += ids(&answer.json()).len();
        pages += 1;
        let Some(next) = answer.headers.get("elements-next-page-token") else { break };
        path = format!("/instances?nextPage={}", next.to_str().unwrap());
    }
    assert_eq!(seen, 40);
    assert!((3..=10).contains(&pages), "{pages} pages");
}

/// Secrets that cannot be opened would make a list fail that opened them.
#[tokio::test]
async fn a_list_does_not_decrypt_masked_secrets() {
    let bed = Bed::start().await;
    let secrets =
        [("event.notification.signature.key", "hush"), ("event.notification.basic.password", "hush")];
    let instance = bed.provision("https://example.com/hook", &secrets).await;
    let aws = Aws::from_variables(&bed.system().environment().clone().into_iter().collect()).unwrap();
    let broken = aws
        .dynamodb()
        .update_item()
        .table_name(&bed.system().environment()["INSTANCES_TABLE"])
        .key("instance_id", AttributeValue::N(instance.id().to_string()))
        .update_expression("SET secrets.callback.#key = :nonsense")
        .expression_attribute_names("#key", "key")
        .expression_attribute_values(":nonsense", AttributeValue::S("AAAA".to_owned()));
    broken.send().await.unwrap();
    assert_eq!(get(&bed, &format!("/instances/{}", instance.id())).await.status, 503, "it cannot be opened");
    let list = get(&bed, "/instances").await;
    assert_eq!(list.status, 200, "{}", list.message());
    let configuration = &list.json()[0]["configuration"];
    for (key, _) in secrets {
        assert_eq!(configuration[key], "********", "{key}");
    }
    assert_eq!(configuration["username"], "api_key");
}

/// Writes instances of other accounts straight into the table: through the API they would take minutes.
async fn crowd(bed: &Bed, size: u64) {
    let variables = bed.system().environment().clone().into_iter().collect();
    let client = Aws::from_variables(&variables).unwrap().dynamodb();
    let number = |number: u64| AttributeValue::N(number.to_string());
    let ids: Vec<u64> = (1..=size).collect();
    for chunk in ids.chunks(25) {
        let puts = chunk.iter().map(|id| {
            let put = PutRequest::builder()
                .item("instance_id", number(*id))
                .item("account_id", number(1_000_000 + id % 1000))
                .item("company_id", number(2));
            WriteRequest::builder().put_request(put.build().unwrap()).build()
        });
        let table = &bed.system().environment()["INSTANCES_TABLE"];
        client.batch_write_item().request_items(table, puts.collect()).send().await.unwrap();
    }
}

/// The items of the crowd cannot be read as instances: a list that looked at one of them would fail.
#[tokio::test]
async fn a_crowd_of_other_accounts_is_not_looked_at() {
    let bed = Bed::start().await;
    crowd(&bed, 2_000).await;
    for number in 0..10 {
        named(&bed, &format!("Box {number}"), &[]).await;
    }
    let answer = get(&bed, "/instances").await;
    assert_eq!((answer.status.as_u16(), ids(&answer.json()).len()), (200, 10), "{}", answer.message());
}

#[tokio::test]
async fn a_list_is_one_query_and_one_batch_read_per_table() {
    let bed = Bed::start().await;
    let wire = Wire::to(bed.system().dynamodb_url()).await;
    let mut variables: Variables = bed.system().environment().clone().into_iter().collect();
    variables.extend([("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), wire.url().to_owned())]);
    let (clock, random) = (Arc::new(bed.clock().clone()), Arc::new(SeededRandom::default()));
    let router = instances::Instances::from_variables(&variables, clock, random).unwrap().router();
    let list = async || {
        let request = http::Request::get("/elements/api-v2/instances");
        let request = request.header("authorization", bed.system().authorization());
        let answer =
            router.clone().oneshot(request.body(Full::<bytes::Bytes>::default()).unwrap()).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (ids(&serde_json::from_slice(&body).unwrap()).len(), wire.take_calls())
    };
    let calls = |batches| BTreeMap::from([("BatchGetItem".to_owned(), batches), ("Query".to_owned(), 1)]);
    for number in 0..9 {
        named(&bed, &format!("Box {number}"), &[]).await;
    }
    // The caller's secrets and the instances: these calls do not fail.
    assert_eq!(list().await, (9, calls(2)));
    let close = Close::new(1, Arc::new(bed.clock().clone())).serve(bed.clock(), Quirks::default()).await;
    let polled = [("event.vendor.type", "polling"), ("base.url", close.url())];
    bed.provision("https://example.com/hook", &polled).await;
    crowd(&bed, 2_000).await;
    // And the states of callbacks and of pollers.
    assert_eq!(list().await, (10, calls(4)));
}
