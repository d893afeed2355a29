//! `POST /instances` and `GET /instances/{id}`, as the old pages print them.

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::receiver::Receiver;

fn cloud_elements() -> Value {
    json!({
        "element": {"key": "closeio"},
        "configuration": {"username": "CLOSE_IO_API_KEY", "password": "CLOSE_IO_PASSWORD"},
        "tags": ["sales"],
        "name": "Test",
    })
}

fn sap(callback_url: &str) -> Value {
    json!({
        "connector": {"key": "closeio"},
        "configuration": {
            "username": "CLOSE_IO_API_KEY",
            "password": "",
            "event.notification.enabled": "true",
            "event.notification.callback.url": callback_url,
            "event.vendor.type": "webhook",
        },
        "tags": [""],
        "name": "Test",
    })
}

#[tokio::test]
async fn the_answer_has_every_field_of_the_old_pages() {
    let bed = Bed::start().await;
    let answer = bed.call(Method::POST, "/instances", &cloud_elements()).await;
    assert_eq!(answer.status, 200);
    let mut body = answer.json();
    assert_eq!(body["token"].as_str().unwrap().len(), 44, "base64 of 32 bytes");
    body["webhookUrl"] =
        body["webhookUrl"].as_str().unwrap().replace(bed.system().url(), "http://host").into();
    insta::assert_json_snapshot!(body);
}

#[tokio::test]
async fn an_instance_of_saps_page_delivers() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let created = bed.call(Method::POST, "/instances", &sap(&receiver.url())).await.json();
    assert_eq!((&created["eventsEnabled"], &created["tags"]), (&json!(true), &json!(["Test"])));
    let url = created["webhookUrl"].as_str().unwrap();
    let body = r#"{"model":"lead","event":"create","data":{"id":"lead_1"}}"#;
    tests::client::Client::default().send(Method::POST, url, &[], body).await.unwrap();
    bed.drain().await;
    let message = receiver.received()[0].message();
    assert_eq!(message["message"]["instanceId"], created["id"]);
    assert_eq!(message["message"]["instanceTags"], json!(["Test"]));
}

#[tokio::test]
async fn an_instance_is_shown_without_its_secrets() {
    let bed = Bed::start().await;
    let created = bed.call(Method::POST, "/instances", &cloud_elements()).await.json();
    let shown = bed.call(Method::GET, &format!("/instances/{}", created["id"]), &Value::Null).await.json();
    assert_eq!(shown["configuration"]["password"], "********");
    assert_eq!(shown["configuration"]["username"], "CLOSE_IO_API_KEY");
    assert_eq!(shown, created, "its token too, which clients use again");
}

#[tokio::test]
async fn ids_are_not_to_be_guessed() {
    let bed = Bed::start().await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(
            bed.call(Method::POST, "/instances", &cloud_elements()).await.json()["id"].as_u64().unwrap(),
        );
    }
    assert!(ids.iter().all(|id| (1..1 << 53).contains(id)));
    let large = ids.iter().filter(|id| **id > 1 << 45).count();
    assert!(large >= 15, "ids use the whole range: {ids:?}");
    assert!(ids.windows(2).all(|pair| pair[0].abs_diff(pair[1]) > 1000));
}

#[tokio::test]
async fn one_answer_names_everything_that_is_missing() {
    let bed = Bed::start().await;
    let answer = bed
        .call(Method::POST, "/instances", &json!({"configuration": {"event.notification.enabled": "true"}}))
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.message(),
        "Required entries are missing: element.key, name, configuration.username, \
         configuration.event.notification.callback.url."
    );
}

#[tokio::test]
async fn an_invalid_setting_is_refused_with_its_place() {
    let bed =
        Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &[("CALLBACK_ALLOW_PRIVATE", "false")]).await;
    let mut body = sap("http://169.254.169.254/latest/meta-data");
    body["configuration"]["base.url"] = json!("https://evil.example/api/v1");
    let answer = bed.call(Method::POST, "/instances", &body).await;
    assert_eq!(answer.status, 400);
    let message = answer.message();
    assert!(message.contains("configuration.base.url names a host that is not one of "), "{message}");
    assert!(message.contains("configuration.event.notification.callback.url is not usable: "), "{message}");

    let too_large = "x".repeat(256 * 1024 + 1);
    let answer = bed.call_as(&bed.system().authorization(), Method::POST, "/instances", too_large).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_forbidden_callback_url_is_refused_with_the_broken_rule() {
    let variables = [("CALLBACK_ALLOW_PRIVATE", "false")];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    for (url, rule) in [
        ("http://hooks.example.com/", "its scheme must be https"),
        ("https://user:password@hooks.example.com/", "it must not contain a user name or password"),
        ("https://hooks.example.com:22/", "port 22 is not allowed: only 443 and 1024 to 65535 are"),
        ("https://localhost/", "localhost is not allowed: not a name on the public internet"),
        ("https://0x7f.1/", "127.0.0.1 is not allowed: loopback address"),
        ("https://169.254.169.254/latest/", "169.254.169.254 is not allowed: link-local address"),
        ("https://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1 is not allowed: IPv4-mapped address"),
        ("https://[64:ff9b::a9fe:a9fe]/", "64:ff9b::a9fe:a9fe is not allowed: NAT64 address"),
    ] {
        let answer = bed.call(Method::POST, "/instances", &sap(url)).await;
        assert_eq!(answer.status, 400, "{url}");
        let message = answer.message();
        let says = format!("configuration.event.notification.callback.url is not usable: {rule}");
        assert!(message.contains(&says), "{url}: {message}");
        assert!(!message.contains("user:password"), "{message}");
    }
}

#[tokio::test]
async fn calls_without_valid_secrets_are_refused() {
    let bed = Bed::start().await;
    let other = bed.system().another_account(2).await.unwrap();
    let own = bed.system().authorization();
    let (user, organization) = own.split_once(", ").unwrap();
    let (_, foreign_organization) = other.split_once(", ").unwrap();
    let swapped =
        format!("{}, {}", organization.replace("Organization", "User"), user.replace("User", "Organization"));
    let refused = [
        "",
        "Bearer x",
        user,
        organization,
        &format!("{user}, {foreign_organization}"),
        &swapped,
        "User a, Organization b",
    ];
    for authorization in refused {
        for (method, path) in [(Method::POST, "/instances"), (Method::GET, "/instances/1")] {
            let answer = bed.call_as(authorization, method, path, cloud_elements().to_string()).await;
            assert_eq!(answer.status, 401, "{authorization}");
            assert_eq!(
                answer.message(),
                "Invalid Organization or User secret, or invalid Element token provided."
            );
        }
    }
    let spelled_otherwise = own.replace(", ", " ");
    let answer =
        bed.call_as(&spelled_otherwise, Method::POST, "/instances", cloud_elements().to_string()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_account_sees_only_its_own_instances() {
    let bed = Bed::start().await;
    let created = bed.call(Method::POST, "/instances", &cloud_elements()).await.json();
    let path = format!("/instances/{}", created["id"]);
    let other = bed.system().another_account(2).await.unwrap();
    let foreign = bed.call_as(&other, Method::GET, &path, "").await;
    let nobodys = bed.call(Method::GET, "/instances/1", &Value::Null).await;
    let no_id = bed.call(Method::GET, "/instances/abc", &Value::Null).await;
    for answer in [foreign, nobodys, no_id] {
        assert_eq!((answer.status.as_u16(), &*answer.message()), (404, "There is no instance with this ID."));
    }
    assert_eq!(bed.call(Method::GET, &path, &Value::Null).await.status, 200);
}

#[tokio::test]
async fn other_methods_are_answered_with_the_allowed_ones() {
    let bed = Bed::start().await;
    let answer = bed.call(Method::POST, "/instances/1", &Value::Null).await;
    let allowed = answer.headers["allow"].to_str().unwrap();
    assert_eq!((answer.status.as_u16(), allowed), (405, "GET,HEAD,PUT,PATCH,DELETE"));
    assert!(answer.json()["requestId"].is_string());
}
