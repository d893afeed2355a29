//! A caller sees its own account only.

use http::Method;
use tests::bed::Bed;

use super::{by_token, with_token};

const UNAUTHORIZED: &str = "Invalid Organization or User secret, or invalid Element token provided.";

/// Every route that names an instance.
pub(crate) const NAMED: [(Method, &str); 15] = [
    (Method::GET, ""),
    (Method::PUT, ""),
    (Method::PATCH, ""),
    (Method::DELETE, ""),
    (Method::PUT, "/enabled"),
    (Method::DELETE, "/enabled"),
    (Method::GET, "/configuration"),
    (Method::GET, "/configuration/username"),
    (Method::PATCH, "/configuration/username"),
    (Method::GET, "/events"),
    (Method::GET, "/events/some"),
    (Method::GET, "/events/dispositions"),
    (Method::GET, "/events/analytics"),
    (Method::PUT, "/events/redeliver"),
    (Method::PUT, "/events/some/redeliver"),
];

#[tokio::test]
async fn every_call_across_accounts_is_404_and_changes_nothing() {
    let bed = Bed::start().await;
    let stranger = bed.system().another_account(77).await.unwrap();
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let before = super::get(&bed, &format!("/instances/{}", instance.id())).await.json();
    for (method, path) in NAMED {
        let path = format!("/instances/{}{path}", instance.id());
        let body = r#"{"name":"stolen","configuration":{"username":"x"},"propertyValue":"x"}"#;
        let answer = bed.call_as(&stranger, method.clone(), &path, body).await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.message(), "There is no instance with this ID.", "{method} {path}");
    }
    assert_eq!(bed.call_as(&stranger, Method::GET, "/instances", "").await.status, 404);
    assert_eq!(super::get(&bed, &format!("/instances/{}", instance.id())).await.json(), before);
}

#[tokio::test]
async fn a_token_is_invalid_with_another_accounts_secrets() {
    let bed = Bed::start().await;
    let stranger = bed.system().another_account(77).await.unwrap();
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let token = instance.answer["token"].as_str().unwrap();
    let own = bed.system().authorization();
    let (own_user, own_organization) = own.split_once(", ").unwrap();
    let (other_user, other_organization) = stranger.split_once(", ").unwrap();
    let rows = [
        (format!("{own_user}, Element {token}"), 200),
        (format!("{own} Element {token}"), 200),
        (format!("{other_user}, Element {token}"), 401),
        (format!("{stranger}, Element {token}"), 401),
        (format!("{own_user}, {other_organization}, Element {token}"), 401),
        (format!("{other_user}, {own_organization}, Element {token}"), 401),
        (format!("{own}, Element x"), 401),
        (format!("Element {token}"), 401),
        (format!("{own_organization}, Element {token}"), 401),
        (own_user.to_owned(), 401),
        (format!("{own_user}, {other_organization}"), 401),
        (String::new(), 401),
        ("Bearer x".to_owned(), 401),
    ];
    for (authorization, status) in rows {
        let answer = bed.call_as(&authorization, Method::GET, "/instances", "").await;
        assert_eq!(answer.status, status, "{authorization}");
        if status == 401 {
            assert_eq!(answer.message(), UNAUTHORIZED);
            assert!(answer.json()["requestId"].is_string());
        }
    }
}

#[tokio::test]
async fn routes_by_token_want_a_token() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    for (method, path) in NAMED {
        // Without a token these are about the whole account.
        if (path.is_empty() && method == Method::GET) || path.starts_with("/events") {
            continue;
        }
        let path = format!("/instances{path}");
        let answer = bed.call_as(&bed.system().authorization(), method.clone(), &path, "{}").await;
        assert_eq!(
            (answer.status.as_u16(), answer.message()),
            (401, UNAUTHORIZED.to_owned()),
            "{method} {path}"
        );
    }
    // An id in the path needs the secrets; a token beside them is allowed.
    let path = format!("/instances/{}", instance.id());
    let answer = bed.call_as(&with_token(&bed, &instance), Method::GET, &path, "").await;
    assert_eq!(answer.status, 200);
    let answer = by_token(&bed, &instance, Method::GET, "/instances/1", &serde_json::Value::Null).await;
    assert_eq!(answer.status, 404);
}
