use lambda_http::Context;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The event of a request, as the HTTP API writes it.
fn event(path: &str, query: &str, host: &str, body: Option<&str>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "host": "client.example.com", "x-forwarded-proto": "https" },
        "requestContext": {
            "accountId": "000000000000", "apiId": "a1", "domainName": host, "domainPrefix": "a1",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "" },
            "requestId": "r1", "routeKey": "$default", "stage": "$default", "time": "", "timeEpoch": 0
        },
        "body": body,
        "isBase64Encoded": false
    })
}

/// A service's answer to an event, as JSON; `Err` for something that is not an event.
async fn called<S>(service: S, event: Value) -> Result<Value, serde_json::Error>
where
    S: Service<Request, Response = Response<String>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let payload: LambdaRequest = serde_json::from_value(event)?;
    let mut context = Context::default();
    context.request_id = "r1".to_owned();
    let Ok(answer) = handler(service).call(LambdaEvent::new(payload, context)).await;
    serde_json::to_value(answer)
}

/// Says which URL it was called by.
async fn says_url(request: Request) -> Result<Response<String>, Infallible> {
    Ok(Response::new(request.uri().to_string()))
}

#[tokio::test]
async fn the_url_has_the_host_of_the_api_and_not_of_the_client() {
    for (path, query, url) in [
        (
            "/elements/api-v2/instances",
            "a=1&a=2",
            "https://api.example.com/elements/api-v2/instances?a=1&a=2",
        ),
        // Decoded by the HTTP API from %3F, %23 and %20.
        ("/a?b#c d", "", "https://api.example.com/a%3Fb%23c%20d"),
        ("/é", "x=<y> \"z\"#é", "https://api.example.com/%C3%A9?x=%3Cy%3E%20%22z%22%23%C3%A9"),
        ("", "", "https://api.example.com/"),
        ("no slash", "", "https://api.example.com/no%20slash"),
    ] {
        let answer = called(service_fn(says_url), event(path, query, "api.example.com", None)).await;
        assert_eq!(answer.unwrap()["body"], url, "{path} {query}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_not_the_end() {
    let panics = |request: Request| async move {
        assert!(request.uri().path() != "/panics", "this request is one too many");
        says_url(request).await
    };
    let service = service_fn(panics);
    let answer = called(service, event("/panics", "", "api.example.com", None)).await.unwrap();
    assert_eq!(answer["statusCode"], 500);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({ "requestId": "r1", "message": "The request could not be handled." }));
    let answer = called(service, event("/fine", "", "api.example.com", None)).await.unwrap();
    assert_eq!(answer["statusCode"], 200);
}

proptest! {
    #[test]
    fn no_path_query_or_host_is_too_odd(
        path in any::<String>(), query in any::<String>(), host in any::<String>(), body in any::<Option<String>>()
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(called(service_fn(says_url), event(&path, &query, &host, body.as_deref())));
        prop_assert_eq!(&answer.unwrap()["statusCode"], 200);
    }
}
