//! Parts of every answer: a usable token, a request id in errors, CORS headers.

use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::client::{Answer, Client};

use super::get;

#[tokio::test]
async fn the_token_is_in_every_answer_and_valid() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let path = format!("/instances/{}", instance.id());
    let token = instance.answer["token"].clone();
    let answers = [
        get(&bed, &path).await.json(),
        get(&bed, "/instances").await.json()[0].clone(),
        bed.call(Method::PATCH, &path, &json!({"name": "New"})).await.json(),
        bed.call(Method::PUT, &path, &instance.answer).await.json(),
        bed.call(Method::DELETE, &format!("{path}/enabled"), &Value::Null).await.json(),
        bed.call(Method::PUT, &format!("{path}/enabled"), &Value::Null).await.json(),
        get(&bed, &path).await.json(),
    ];
    for answer in answers {
        assert_eq!(answer["token"], token);
    }
    let authorization = format!("{}, Element {}", bed.system().authorization(), token.as_str().unwrap());
    assert_eq!(bed.call_as(&authorization, Method::GET, "/instances", "").await.json()["id"], instance.id());
}

#[tokio::test]
async fn every_error_has_a_request_id() {
    let bed = Bed::start().await;
    let base = format!("{}/elements/api-v2", bed.system().url());
    let root = bed.system().url();
    let client = Client::default();
    let rows = [
        (Method::GET, format!("{base}/hubs/crm/contacts"), 404),
        (Method::GET, format!("{base}/nowhere"), 404),
        (Method::GET, format!("{root}/"), 404),
        (Method::POST, format!("{root}/elsewhere/entirely"), 404),
        (Method::GET, format!("{base}/events/closeio"), 404),
        (Method::GET, format!("{base}/events/closeio/MjA5MzE="), 405),
        (Method::DELETE, format!("{base}/instances/1/configuration"), 405),
        (Method::POST, format!("{base}/elements/closeio"), 405),
        (Method::GET, format!("{base}/instances"), 401),
    ];
    for (method, url, status) in rows {
        let answer = client.send(method.clone(), &url, &[], "").await.unwrap();
        assert_eq!(answer.status, status, "{method} {url}");
        let body = answer.json();
        assert!(body["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{method} {url}: {body}");
        assert!(!answer.message().is_empty(), "{method} {url}");
        assert_eq!(answer.headers.contains_key("allow"), status == 405, "{method} {url}");
    }
}

async fn from_page(bed: &Bed, origin: &str, method: Method, headers: &[(&str, &str)]) -> Answer {
    let url = format!("{}/elements/api-v2/instances", bed.system().url());
    let headers = [&[("origin", origin)], headers].concat();
    Client::default().send(method, &url, &headers, "").await.unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn pages_of_named_origins_may_call_and_read_the_list_headers() {
    let variables = [("CORS_ALLOW_ORIGINS", "https://app.example.com")];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let origin = "https://app.example.com";
    let asks =
        [("access-control-request-method", "PATCH"), ("access-control-request-headers", "authorization")];
    let permission = from_page(&bed, origin, Method::OPTIONS, &asks).await;
    assert_eq!(permission.status, 204);
    assert_eq!(text(&permission.headers, "access-control-allow-origin"), origin);
    assert!(text(&permission.headers, "access-control-allow-methods").contains("PATCH"));
    assert!(text(&permission.headers, "access-control-allow-headers").contains("Authorization"));

    bed.provision("https://example.com/hook", &[]).await;
    let authorization = bed.system().authorization();
    let list = from_page(&bed, origin, Method::GET, &[("authorization", &authorization)]).await;
    assert_eq!((list.status.as_u16(), text(&list.headers, "access-control-allow-origin")), (200, origin));
    let exposed = text(&list.headers, "access-control-expose-headers");
    for name in
        ["Elements-Returned-Count", "Elements-Total-Count", "Elements-Next-Page-Token", "Elements-Request-Id"]
    {
        assert!(exposed.contains(name), "{exposed}");
    }
    let refused = from_page(&bed, origin, Method::GET, &[]).await;
    assert_eq!(
        (refused.status.as_u16(), text(&refused.headers, "access-control-allow-origin")),
        (401, origin)
    );
    let stranger =
        from_page(&bed, "https://evil.example", Method::GET, &[("authorization", &authorization)]).await;
    assert!(!stranger.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_unless_allowed() {
    let bed = Bed::start().await;
    let asks = [("access-control-request-method", "GET")];
    let answer = from_page(&bed, "https://app.example.com", Method::OPTIONS, &asks).await;
    assert_eq!(answer.status, 405);
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}
