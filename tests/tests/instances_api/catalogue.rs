//! The catalogue's routes: the element, and its instances by its key or number.

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;

use super::{by_token, get};

const NAMES: [&str; 2] = ["closeio", "146"];

fn body(name: &str) -> Value {
    json!({"name": name, "configuration": {"username": "api_key", "password": "p"}})
}

#[tokio::test]
async fn the_element_is_shown_with_the_defaults_of_its_settings() {
    let bed = Bed::start().await;
    for name in NAMES {
        let element = get(&bed, &format!("/elements/{name}")).await;
        assert_eq!(element.status, 200, "{}", element.message());
        let element = element.json();
        assert_eq!(
            (&element["id"], &element["key"], &element["hub"]),
            (&json!(146), &json!("closeio"), &json!("crm"))
        );
        let settings = element["configuration"].as_array().unwrap();
        let find = |key: &str| settings.iter().find(|setting| setting["key"] == key).unwrap();
        assert_eq!(find("username")["required"], true);
        assert_eq!(find("event.poller.refresh_interval")["defaultValue"], "15");
        // Clients read the polled resources from this text.
        let polled = find("event.poller.configuration")["defaultValue"].as_str().unwrap();
        let polled: Value = serde_json::from_str(polled).unwrap();
        assert!(polled["contacts"]["url"].is_string());

        let metadata = get(&bed, &format!("/elements/{name}/metadata")).await.json();
        assert_eq!(metadata["events"]["supported"], true);
        assert_eq!(metadata["events"]["methods"], json!(["polling", "webhook"]));
        assert_eq!(metadata["events"]["polling"]["contacts"]["eventTypes"], json!(["CREATED", "UPDATED"]));
        assert_eq!(
            metadata["events"]["webhook"]["contacts"]["eventTypes"],
            json!(["CREATED", "UPDATED", "DELETED"])
        );
        assert_eq!(metadata["configuration"], element["configuration"]);
    }
    for path in ["/elements/pipedrive", "/elements/999999999999/metadata", "/elements/sfdc/instances"] {
        let answer = get(&bed, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.message(), "There is no such element; the one here is closeio (146).");
    }
    assert_eq!(bed.call_as("User x, Organization y", Method::GET, "/elements/closeio", "").await.status, 401);
}

#[tokio::test]
async fn an_instance_can_be_managed_under_the_element_by_key_and_number() {
    let bed = Bed::start().await;
    for name in NAMES {
        let all = format!("/elements/{name}/instances");
        assert_eq!(get(&bed, &all).await.status, 404, "nothing found is 404 here too");
        let made = bed.call(Method::POST, &all, &body("One")).await;
        assert_eq!(made.status, 200, "{}", made.message());
        let one = format!("{all}/{}", made.json()["id"]);
        let shown = get(&bed, &one).await;
        assert_eq!((shown.status.as_u16(), shown.json()), (200, made.json()));
        assert_eq!(shown.json()["configuration"]["password"], "********");
        assert_eq!(get(&bed, &format!("/instances/{}", made.json()["id"])).await.json(), made.json());

        let list = get(&bed, &format!("{all}?searchText=one")).await;
        assert_eq!((list.status.as_u16(), list.json()), (200, json!([made.json()])));
        assert_eq!(list.headers["elements-total-count"], "1");
        let put = bed.call(Method::PUT, &one, &body("Two")).await;
        assert_eq!((put.status.as_u16(), &put.json()["name"]), (200, &json!("Two")));
        let patched = bed.call(Method::PATCH, &one, &json!({"tags": ["a"]})).await;
        assert_eq!((patched.status.as_u16(), &patched.json()["tags"]), (200, &json!(["a"])));
        assert_eq!(bed.call(Method::DELETE, &one, &Value::Null).await.status, 200);
        assert_eq!(get(&bed, &one).await.status, 404);
    }
    let other = json!({"element": {"key": "sfdc"}, "name": "x", "configuration": {"username": "k"}});
    assert_eq!(bed.call(Method::POST, "/elements/closeio/instances", &other).await.status, 400);
}

#[tokio::test]
async fn the_elements_instances_are_a_list_even_with_a_token() {
    let bed = Bed::start().await;
    let instance = bed.provision("https://example.com/hook", &[]).await;
    bed.provision("https://example.com/hook", &[]).await;
    let path = "/elements/closeio/instances";
    let list = by_token(&bed, &instance, Method::GET, path, &Value::Null).await.json();
    assert_eq!(list.as_array().unwrap().len(), 2, "the account's, which its secrets prove");
    let (user, _) =
        bed.system().authorization().split_once(", ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let alone = format!("{user}, Element {}", instance.answer["token"].as_str().unwrap());
    let list = bed.call_as(&alone, Method::GET, path, "").await.json();
    assert_eq!(list.as_array().unwrap().len(), 1, "a token alone sees its own");
    assert_eq!(list[0]["id"], instance.id());
}

#[tokio::test]
async fn instances_are_counted() {
    let bed = Bed::start().await;
    let count = async || get(&bed, "/instances/count").await.json();
    assert_eq!(count().await, json!({"totalInstances": 0, "elementInstances": {"closeio": 0}}));
    for name in NAMES {
        bed.call(Method::POST, &format!("/elements/{name}/instances"), &body(name)).await;
    }
    assert_eq!(count().await, json!({"totalInstances": 2, "elementInstances": {"closeio": 2}}));
    let page = get(&bed, "/instances?pageSize=1").await;
    assert_eq!(
        (&page.headers["elements-returned-count"], &page.headers["elements-total-count"]),
        (&http::HeaderValue::from_static("1"), &http::HeaderValue::from_static("2"))
    );
}

#[tokio::test]
async fn an_element_has_a_number_and_another_is_refused() {
    let bed = Bed::start().await;
    for element in [json!({"id": 146}), json!({"id": "146"}), json!({"id": 146, "key": "closeio"})] {
        let mut body = body("By number");
        body["element"] = element;
        let answer = bed.call(Method::POST, "/instances", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
    }
    let instance = bed.provision("https://example.com/hook", &[]).await;
    let path = format!("/instances/{}", instance.id());
    for (element, message) in [
        (json!({"id": 5}), r#"element.id is 5; this system provisions "closeio" only."#),
        (
            json!({"id": 146, "key": "sfdc"}),
            r#"element.key is "sfdc"; this system provisions "closeio" only."#,
        ),
        (json!({}), "Required entries are missing: element.key."),
    ] {
        let answer = bed.call(Method::PATCH, &path, &json!({"element": element, "name": "New"})).await;
        assert_eq!((answer.status.as_u16(), &*answer.message()), (400, message));
    }
    assert_eq!(get(&bed, &path).await.json()["name"], "Test", "nothing of it was changed");
    assert_eq!(bed.call(Method::PATCH, &path, &json!({"element": {"id": 146}})).await.status, 200);
}
