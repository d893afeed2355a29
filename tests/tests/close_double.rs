//! The double of Close's API behaves like Close, quirks included.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta};
use http::Method;
use serde_json::{Value, json};
use shared::platform::clock::ManualClock;
use tests::client::{Answer, Client};
use tests::close::{Close, Limit, Quirks, Rest, Spelling};

struct Scene {
    close: Close,
    clock: ManualClock,
    rest: Rest,
}

impl Scene {
    async fn set(quirks: Quirks) -> Self {
        let clock = ManualClock::starting_at(DateTime::from_timestamp(1_795_255_200, 0).unwrap());
        let close = Close::new(1, Arc::new(clock.clone()));
        let rest = close.serve(&clock, quirks).await;
        Self { close, clock, rest }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let authorization = format!("Basic {}", STANDARD.encode("api_key:"));
        let url = format!("{}/{path}", self.rest.url());
        let headers = [("authorization", authorization.as_str())];
        Client::default().send(method, &url, &headers, body.to_string()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    async fn rows(&self, path: &str) -> usize {
        self.get(path).await.json()["data"].as_array().unwrap().len()
    }

    async fn search(&self, limit: usize, cursor: &Value) -> Answer {
        let mut body = json!({"query": {"type": "and", "queries": [{"type": "object_type", "object_type": "lead"}]}, "_limit": limit});
        if !cursor.is_null() {
            body["cursor"] = cursor.clone();
        }
        self.call(Method::POST, "data/search/", &body).await
    }
}

#[tokio::test]
async fn unknown_parameters_are_silently_ignored_and_tasks_are_leads_tasks() {
    let scene = Scene::set(Quirks::default()).await;
    scene.close.create("contact", &json!({}));
    scene.close.create("task.lead", &json!({}));
    scene.close.create("task.incoming_email", &json!({}));
    assert_eq!(scene.rows("contact/?date_updated__gte=2099-01-01&_sort=x").await, 1);
    assert_eq!(scene.rows("activity/?date_updated__gte=2099-01-01").await, 0);
    assert_eq!((scene.rows("task/").await, scene.rows("task/?_type=all").await), (1, 2));
    assert_eq!(scene.rows("task/?_type=all&date_updated__gte=2099-01-01").await, 0);
    assert!(scene.get("task/").await.json()["total_results"].is_u64());
    assert!(scene.get("contact/").await.json()["total_results"].is_null());
}

#[tokio::test]
async fn the_event_feed_refuses_what_close_refuses_and_its_cursors_forget_the_date() {
    let scene =
        Scene::set(Quirks { page_cap: 2, event_cursor_life: TimeDelta::seconds(60), ..Quirks::default() })
            .await;
    for _ in 0..5 {
        scene.close.create_lead("A");
        scene.clock.advance(TimeDelta::seconds(10));
    }
    for refused in ["_limit=51", "object_type=lead", "action=created", "_cursor=nonsense"] {
        assert_eq!(scene.get(&format!("event/?{refused}")).await.status, 400, "{refused}");
    }
    assert_eq!(scene.rows("event/?object_type=lead&action=created").await, 2);
    let newest = scene.close.events()[3].date_updated.clone();
    let page = scene.get(&format!("event/?date_updated__gte={newest}")).await.json();
    let dates: Vec<_> =
        page["data"].as_array().unwrap().iter().map(|it| it["date_updated"].to_string()).collect();
    assert!(dates.len() == 2 && dates[0] > dates[1], "newest first");
    let all = scene.get("event/").await.json();
    let older =
        format!("event/?date_updated__gte=2099-01-01&_cursor={}", all["cursor_next"].as_str().unwrap());
    let older = older.replace('|', "%7C").replace('+', "%2B");
    assert_eq!(scene.rows(&older).await, 2, "a cursor goes on beyond the date");
    scene.clock.advance(TimeDelta::seconds(61));
    assert_eq!(scene.get(&older).await.status, 400);
}

#[tokio::test]
async fn a_search_gives_bare_ids_for_thirty_seconds_and_ten_thousand_objects() {
    let scene = Scene::set(Quirks { max_walk: 3, ..Quirks::default() }).await;
    for _ in 0..5 {
        scene.close.create_lead("A");
    }
    let page = scene.search(2, &Value::Null).await.json();
    assert_eq!(page["data"][0].as_object().unwrap().len(), 2, "__object_type and id");
    let next = scene.search(2, &page["cursor"]).await.json();
    assert_eq!((next["data"].as_array().unwrap().len(), &next["cursor"]), (1, &Value::Null), "the walk ends");
    let page = scene.search(2, &Value::Null).await.json();
    scene.clock.advance(TimeDelta::seconds(31));
    let expired = scene.search(2, &page["cursor"]).await;
    assert_eq!((expired.status.as_u16(), expired.json()["error"].as_str()), (400, Some("Expired cursor")));
}

#[tokio::test]
async fn the_search_index_lags() {
    let scene = Scene::set(Quirks { index_lag: TimeDelta::seconds(100), ..Quirks::default() }).await;
    for _ in 0..20 {
        scene.close.create_lead("A");
    }
    let shown = async || scene.search(100, &Value::Null).await.json()["data"].as_array().unwrap().len();
    assert!(shown().await < 10);
    scene.clock.advance(TimeDelta::seconds(50));
    assert!((3..18).contains(&shown().await));
    scene.clock.advance(TimeDelta::seconds(51));
    assert_eq!(shown().await, 20);
    assert_eq!(scene.rows("lead/").await, 20);
}

#[tokio::test]
async fn rate_limits_have_every_spelling_and_keys_are_checked() {
    let limit = Some(Limit { requests: 1, window: 10 });
    let scene = Scene::set(Quirks { limit, max_skip: 10, ..Quirks::default() }).await;
    assert_eq!(scene.get("user/").await.headers["ratelimit"], "limit=1; remaining=0; reset=10");
    let refused = scene.get("user/").await;
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (429, &"10".parse().unwrap()));
    assert!(refused.json()["rate_reset"].is_string());
    scene.rest.behave(|quirks| quirks.spelling = Spelling::Commas);
    let refused = scene.get("user/").await;
    assert_eq!(refused.headers["ratelimit"], "limit=1, remaining=0, reset=10");
    assert!(refused.json()["error"]["rate_reset"].is_number());
    scene.rest.behave(|quirks| quirks.spelling = Spelling::BodyOnly);
    assert!(scene.get("user/").await.headers.get("retry-after").is_none());
    scene.clock.advance(TimeDelta::seconds(10));
    assert!(scene.get("user/?_skip=11").await.json()["error"].as_str().unwrap().contains("max_skip = 10"));
    scene.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    assert_eq!(scene.get("me/").await.status, 401);
}

#[tokio::test]
async fn each_quirk_can_be_switched_off() {
    let scene = Scene::set(Quirks::default()).await;
    let contact = scene.close.create("contact", &json!({}));
    scene.close.update("contact", &contact, "title", "A");
    scene.close.update_again("contact", &contact, "title", "B");
    let events = async || scene.get("event/").await.json()["data"].as_array().unwrap().clone();
    let naive = events().await;
    assert_eq!(naive.len(), 2);
    assert!(!naive[0]["date_updated"].as_str().unwrap().ends_with("+00:00"));
    let refused = async |path: &str| {
        (scene.get(path).await.status == 400).then_some(()).map_or("taken", |()| "refused")
    };
    assert_eq!(refused("contact/?_sort=x").await, "taken");
    assert_eq!(refused("task/?_order_by=date_updated").await, "taken");
    assert_eq!(refused("event/?_sort=x").await, "taken");
    assert_eq!(refused("event/?action=created&request_id=x").await, "refused");

    scene.rest.behave(|quirks| {
        (quirks.ignores_unknown, quirks.refuses_combinations) = (false, false);
        (quirks.consolidates, quirks.naive_dates) = (false, false);
    });
    assert_eq!(refused("contact/?_sort=x").await, "refused");
    assert_eq!(refused("task/?_order_by=date_updated").await, "refused");
    assert_eq!(refused("event/?_sort=x").await, "refused");
    assert_eq!(refused("event/?action=created&request_id=x").await, "taken");
    scene.close.update_again("contact", &contact, "title", "C");
    let zoned = events().await;
    assert_eq!(zoned.len(), 3, "an event of its own");
    assert_eq!(zoned[1]["date_updated"], format!("{}+00:00", naive[0]["date_updated"].as_str().unwrap()));
}
