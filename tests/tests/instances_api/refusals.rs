//! Refusals and their texts.

use http::Method;
use serde_json::json;
use tests::bed::Bed;

#[tokio::test]
async fn bodies_that_cannot_be_used_are_refused_with_the_place() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let authorization = bed.system().authorization();
    let one = format!("/instances/{}", instance.id());
    let routes = [(Method::POST, "/instances"), (Method::PUT, &one), (Method::PATCH, &one)];
    for (method, path) in routes {
        for (body, part) in [
            (
                "{\"name\": \"x\",}",
                "trailing comma at line 1 column 14; JSON has no comma after the last entry",
            ),
            ("{\n \u{201c}name\u{201d}: 1}", "line 2 column 2; the quotes there are curly ones"),
            ("{'name': 1}", "line 1 column 2; JSON wants double quotes"),
            ("{\"name\": \"x\"", "EOF while parsing an object at line 1 column 12"),
            ("", "EOF while parsing a value at line 1 column 0"),
            ("[]", "the body is not a JSON object."),
            ("{\"name\": 5}", "name is not a string"),
            ("{\"name\": \"<b></b>\"}", "name"),
        ] {
            let answer = bed.call_as(&authorization, method.clone(), path, body).await;
            assert_eq!(answer.status, 400, "{method} {body}");
            assert!(answer.message().contains(part), "{method} {body}: {}", answer.message());
        }
        let large = format!("{{\"name\":\"{}\"}}", "x".repeat(256 * 1024));
        let answer = bed.call_as(&authorization, method.clone(), path, large).await;
        assert_eq!(answer.status, 413, "{method}");
        let deep = format!("{{\"name\":{}", "[".repeat(200_000));
        assert_eq!(bed.call_as(&authorization, method, path, deep).await.status, 400);
    }
}

#[tokio::test]
async fn placeholders_of_the_documentation_are_named_as_such() {
    let bed = Bed::start().await;
    let body = json!({
        "element": {"key": "closeio"},
        "configuration": {
            "username": "<INSERT_CLOSE_IO_API_KEY>",
            "password": "<INSERT_CLOSE_IO_PASSWORD>",
            "event.notification.enabled": "true",
            "event.notification.callback.url": "<INSERT_YOUR_APPS_CALLBACL_URL>",
        },
        "tags": ["<INSERT_TAGS>"],
        "name": "<INSERT_INSTANCE_NAME>",
    });
    let answer = bed.call(Method::POST, "/instances", &body).await;
    assert_eq!(answer.status, 400);
    let is = |entry: &str, placeholder: &str| {
        format!(
            "{entry} is the placeholder {placeholder} of the documentation; put your own value in its place."
        )
    };
    let expected = [
        is("configuration.event.notification.callback.url", "<INSERT_YOUR_APPS_CALLBACL_URL>"),
        is("configuration.password", "<INSERT_CLOSE_IO_PASSWORD>"),
        is("configuration.username", "<INSERT_CLOSE_IO_API_KEY>"),
        is("name", "<INSERT_INSTANCE_NAME>"),
        is("tags", "<INSERT_TAGS>"),
    ];
    assert_eq!(answer.message(), expected.join(" "));
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let path = format!("/instances/{}", instance.id());
    let answer = bed.call(Method::PATCH, &path, &json!({"name": "<INSERT_INSTANCE_NAME>"})).await;
    assert_eq!((answer.status.as_u16(), answer.message()), (400, expected[3].clone()));
}

#[tokio::test]
async fn an_unknown_connector_is_named() {
    let bed = Bed::start().await;
    let body = json!({"element": {"key": "pipedrive"}, "name": "Test", "configuration": {"username": "k"}});
    let answer = bed.call(Method::POST, "/instances", &body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.message(), r#"element.key is "pipedrive"; this system provisions "closeio" only."#);
}

#[tokio::test]
async fn unknown_routes_are_404() {
    let bed = Bed::start().await;
    let answer = bed.call(Method::DELETE, "/instances/1/configuration", &json!(null)).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    assert_eq!(bed.call(Method::GET, "/instances/1/objects", &json!(null)).await.status, 404);
}

#[tokio::test]
async fn an_unknown_setting_is_named() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let path = format!("/instances/{}", instance.id());
    let settings = json!({"configuration": {"event.notification.ordering": "strict"}});
    let answer = bed.call(Method::PATCH, &path, &settings).await;
    assert_eq!(answer.status, 400);
    let message = answer.message();
    assert!(message.starts_with("configuration.event.notification.ordering is not a setting"), "{message}");
}
