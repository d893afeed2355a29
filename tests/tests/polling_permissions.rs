//! API keys that may not do everything: what they may do is polled, and what they may not is asked for again.

use chrono::TimeDelta;
use serde_json::json;
use tests::close::Quirks;
use tests::polling::{Polled, Status};

/// The longest that something refused is not asked for, and an interval.
const AN_HOUR: usize = 62;

fn ids(polled: &Polled, object_type: &str) -> Vec<String> {
    let told = polled.told().into_iter().filter(|told| told.object_type == object_type);
    told.map(|told| told.object_id).collect()
}

#[tokio::test]
async fn a_403_for_one_resource_leaves_the_others() {
    let polled = Polled::start(&["contacts", "users"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.away = [("user/".to_owned(), 403)].into());
    let mut created = Vec::new();
    for n in 0..3 {
        created.push(polled.close.create("contact", &json!({"name": n})));
        polled.bed.minutes(2).await;
    }
    assert_eq!(ids(&polled, "contacts"), created);
}

#[tokio::test]
async fn a_403_for_one_search_leaves_the_other() {
    let polled = Polled::start(&["accounts", "contacts"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.away = [("data/search/lead".to_owned(), 403)].into());
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(3).await;
    assert_eq!(ids(&polled, "contacts"), [contact]);
}

#[tokio::test]
async fn a_403_is_shown_until_it_is_over() {
    let polled = Polled::start(&["contacts", "users"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.away = [("user/".to_owned(), 403)].into());
    polled.bed.minutes(3).await;
    let refused = polled.state().await;
    assert_ne!(refused.status, Status::Ok);
    assert!(refused.shown.to_string().contains("403"), "{}", refused.shown);
    assert!(refused.shown.to_string().contains("users"), "{}", refused.shown);
    polled.rest.behave(|quirks| quirks.away.clear());
    let user = polled.close.create("user", &json!({"first_name": "Dana"}));
    polled.bed.minutes(AN_HOUR).await;
    assert_eq!((polled.state().await.status, ids(&polled, "users")), (Status::Ok, vec![user]));
}

#[tokio::test]
async fn a_403_is_asked_for_again_every_hour() {
    let polled = Polled::start(&["contacts", "users"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.away = [("user/".to_owned(), 403)].into());
    polled.bed.minutes(2).await;
    polled.rest.take_calls();
    polled.bed.minutes(240).await;
    let calls = polled.rest.take_calls();
    let asked = calls.iter().filter(|call| call.path == "user/").count();
    assert!((3..=5).contains(&asked), "{asked} times in four hours");
    let others = calls.len() - asked;
    assert!((235..=245).contains(&others), "the others keep their interval: {others} in four hours");
}

#[tokio::test]
async fn a_key_that_was_refused_for_some_minutes_is_polled_again() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    polled.bed.minutes(5).await;
    assert!(polled.state().await.shown.to_string().contains("401"));
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    polled.rest.behave(|quirks| quirks.revoked.clear());
    polled.bed.minutes(AN_HOUR).await;
    assert_eq!(ids(&polled, "contacts"), [contact]);
    assert_eq!(polled.state().await.status, Status::Ok);
}

#[tokio::test]
async fn a_refused_key_is_asked_for_again_every_hour() {
    let polled = Polled::start(&["contacts", "users", "events"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    polled.bed.minutes(2).await;
    polled.rest.take_calls();
    polled.bed.minutes(240).await;
    let asked = polled.rest.take_calls().len();
    assert!((3..=15).contains(&asked), "{asked} times in four hours");
}

#[tokio::test]
async fn a_refused_key_is_asked_at_once_when_its_instance_is_changed() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    polled.bed.minutes(3).await;
    polled.rest.behave(|quirks| quirks.revoked.clear());
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    polled.patch(&json!({"event.poller.refresh_interval": "2"})).await;
    polled.bed.minutes(5).await;
    assert_eq!(ids(&polled, "contacts"), [contact]);
}

#[tokio::test]
async fn what_is_refused_is_asked_at_once_when_its_instance_is_changed_however_long_its_interval() {
    let interval = [("event.poller.refresh_interval", "720")];
    let configuration = json!({"users": {"url": "/users", "idField": "id"}});
    let refusals: [fn(&mut Quirks); 2] = [
        |quirks| quirks.revoked = ["api_key".to_owned()].into(),
        |quirks| quirks.away = [("user/".to_owned(), 403)].into(),
    ];
    for refuse in refusals {
        let polled = Polled::with(&configuration, Quirks::default(), &interval).await;
        polled.rest.behave(refuse);
        polled.bed.clock().advance(TimeDelta::minutes(720));
        polled.bed.minutes(8).await;
        assert_eq!(polled.state().await.status, Status::Refused);
        polled.rest.behave(|quirks| {
            quirks.revoked.clear();
            quirks.away.clear();
        });
        let user = polled.close.create("user", &json!({"first_name": "Dana"}));
        polled.patch(&json!({"event.poller.refresh_interval": "700"})).await;
        polled.bed.minutes(3).await;
        assert_eq!(ids(&polled, "users"), [user]);
    }
}

#[tokio::test]
async fn a_refused_key_is_asked_for_again_every_hour_however_long_its_interval() {
    let interval = [("event.poller.refresh_interval", "720")];
    let configuration = json!({"users": {"url": "/users", "idField": "id"}});
    let polled = Polled::with(&configuration, Quirks::default(), &interval).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    polled.bed.clock().advance(TimeDelta::minutes(720));
    polled.bed.minutes(8).await;
    polled.rest.take_calls();
    polled.bed.minutes(240).await;
    let asked = polled.rest.take_calls().len();
    assert!((3..=5).contains(&asked), "{asked} times in four hours");
}

/// Polls with a key that is no administrator's, a resource of the event feed, after changes that are two hours old.
async fn old_changes(resource: &str) -> (Polled, [String; 3]) {
    let without_rights = ["api_key".to_owned()].into();
    let polled = Polled::start(&[resource], Quirks { without_rights, ..Quirks::default() }).await;
    polled.bed.minutes(10).await;
    let [kept, changed, gone] =
        [1, 2, 3].map(|n| polled.close.create("activity.note", &json!({"note": format!("note {n}")})));
    polled.bed.clock().advance(TimeDelta::seconds(60));
    polled.close.update("activity.note", &changed, "note", "changed");
    polled.close.delete("activity.note", &gone);
    // The poller was off.
    polled.bed.clock().advance(TimeDelta::hours(2));
    polled.bed.minutes(12).await;
    (polled, [kept, changed, gone])
}

#[tokio::test]
async fn activities_without_data_are_told_as_they_are_now() {
    let (polled, [kept, changed, gone]) = old_changes("activities").await;
    let mut told: Vec<_> = polled.told().into_iter().map(|told| (told.object_id, told.event_type)).collect();
    told.sort();
    let event = |id: &String, kind: &str| (id.clone(), kind.to_owned());
    let mut expected = vec![
        event(&kept, "CREATED"),
        event(&changed, "CREATED"),
        event(&changed, "UPDATED"),
        event(&gone, "CREATED"),
        event(&gone, "DELETED"),
    ];
    expected.sort();
    assert_eq!(told, expected);
    for message in polled.messages() {
        let record = &message["raw"]["activities"][0];
        if message["events"][0]["objectId"] == json!(changed) {
            assert_eq!(record["note"], "changed", "{message}");
        }
        assert_eq!(record["id"], message["events"][0]["objectId"], "a record that is gone has its id");
    }
    assert_eq!(polled.state().await.bad_records, 0);
}

#[tokio::test]
async fn events_without_data_are_told() {
    let (polled, _) = old_changes("events").await;
    assert_eq!((polled.told().len(), polled.state().await.bad_records), (5, 0));
}

#[tokio::test]
async fn an_entry_without_data_is_asked_for_once() {
    let (polled, _) = old_changes("notes").await;
    let calls = polled.rest.take_calls();
    let objects = calls.iter().filter(|call| call.path.starts_with("activity/")).count();
    assert!((2..=5).contains(&objects), "{objects} requests for three objects");
}

#[tokio::test]
async fn deletions_are_told_to_a_key_without_rights() {
    let without_rights = ["api_key".to_owned()].into();
    let polled = Polled::start(&["notes"], Quirks { without_rights, ..Quirks::default() }).await;
    let note = polled.close.create("activity.note", &json!({"note": "A"}));
    polled.bed.minutes(2).await;
    polled.close.delete("activity.note", &note);
    polled.bed.minutes(2).await;
    assert_eq!(polled.told_in_short(), ["notes CREATED", "notes DELETED"]);
}

#[tokio::test]
async fn a_refused_key_is_asked_again_when_its_owner_saves_the_same_settings() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    polled.bed.minutes(3).await;
    assert_eq!(polled.state().await.status, Status::Refused);
    polled.rest.behave(|quirks| quirks.revoked.clear());
    polled.close.create("contact", &json!({"name": "A"}));
    polled.patch(&json!({"event.poller.refresh_interval": "1"})).await;
    polled.bed.minutes(2).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);
    assert_eq!(polled.state().await.status, Status::Ok);
}
