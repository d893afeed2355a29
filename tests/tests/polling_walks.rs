//! Walks through what changed: runs of rows of one second, cursors that expire, limits, and time that runs out.

use chrono::TimeDelta;
use http::Method;
use serde_json::json;
use tests::close::{Limit, Quirks, Spelling};
use tests::polling::{Polled, Status, Worker};

#[tokio::test]
async fn a_run_of_one_second_is_crossed_however_few_requests_fit_into_a_window() {
    for resource in ["tasks", "contacts", "events", "users"] {
        let limit = Some(Limit { requests: 3, window: 4 });
        let quirks = Quirks { limit, spelling: Spelling::BodyOnly, page_cap: 1, ..Quirks::default() };
        let polled = Polled::start(&[resource], quirks).await;
        // The clock stands still: all of them have one second, by which Close's lists cannot tell them apart.
        for n in 0..10 {
            match resource {
                "tasks" => polled.close.create("task.lead", &json!({"text": n})),
                "users" => polled.close.create("user", &json!({"first_name": n})),
                _ => polled.close.create("contact", &json!({"name": n})),
            };
        }
        polled.bed.minutes(12).await;
        assert_eq!(polled.told().len(), 10, "{resource}");
        assert_eq!(polled.state().await.status, Status::Ok, "{resource}");
    }
}

#[tokio::test]
async fn cursors_that_expire_at_once_end_a_poll_until_they_do_not() {
    for resource in ["contacts", "events"] {
        let quirks = Quirks {
            request_takes: TimeDelta::seconds(2),
            search_cursor_life: TimeDelta::zero(),
            event_cursor_life: TimeDelta::zero(),
            page_cap: 2,
            ..Quirks::default()
        };
        let polled = Polled::start(&[resource], quirks).await;
        for n in 0..6 {
            polled.close.create("contact", &json!({"name": n}));
        }
        polled.bed.minutes(3).await;
        let state = polled.state().await;
        if resource == "contacts" {
            assert_eq!(state.status, Status::Failing);
            assert!(state.error.unwrap().contains("expire before they can be used"));
        } else {
            assert_eq!(state.status, Status::Ok, "events have dates of their own to go on by");
        }
        polled.rest.behave(|it| {
            (it.search_cursor_life, it.event_cursor_life) = (TimeDelta::seconds(30), TimeDelta::minutes(10));
        });
        polled.bed.minutes(70).await;
        assert_eq!(polled.told().len(), 6, "{resource}");
    }
}

#[tokio::test]
async fn a_run_longer_than_a_walk_may_be_hides_nothing_that_comes_after_it() {
    let quirks = Quirks { max_walk: 4, page_cap: 2, ..Quirks::default() };
    let polled = Polled::start(&["contacts"], quirks).await;
    for n in 0..6 {
        polled.close.create("contact", &json!({"name": n}));
    }
    polled.bed.pass(5);
    let after = polled.close.create("contact", &json!({"name": "after"}));
    polled.bed.minutes(3).await;
    let told: Vec<_> = polled.told().into_iter().map(|it| it.object_id).collect();
    assert!(told.contains(&after), "{told:?}");
    assert_eq!(told.len(), 5, "of the run as many as Close shows");
}

#[tokio::test]
async fn what_close_does_not_show_of_one_second_is_counted() {
    let configuration =
        json!({"contacts": {"url": "/contacts?where=name='never'", "idField": "id", "pageSize": "200"}});
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    polled.close.create_together("contact", &vec![json!({"name": "one of many"}); 10_300]);
    polled.bed.minutes(2).await;
    let is = polled.state().await;
    assert_eq!((is.status, is.bad_records), (Status::Ok, 1));
    let said = is.last_bad_record.unwrap();
    assert!(said.starts_with("contacts: more changed in the second from 2026-"), "{said}");
    polled.bed.minutes(1).await;
    assert_eq!(polled.state().await.bad_records, 1, "once, however often the overlap meets it");
}

#[tokio::test]
async fn a_walk_that_runs_out_of_time_goes_on_where_it_stopped() {
    let quirks = Quirks { page_cap: 2, request_takes: TimeDelta::seconds(6), ..Quirks::default() };
    let polled = Polled::start(&["events", "tasks", "contacts"], quirks).await;
    for n in 0..20 {
        polled.close.create("task.lead", &json!({"text": n}));
        polled.close.create("contact", &json!({"name": "x"}));
        polled.bed.pass(1);
    }
    polled.bed.minutes(12).await;
    let told = polled.told_in_short();
    let count = |text: &str| told.iter().filter(|told| *told == text).count();
    // Each once as itself and once as an event.
    assert_eq!((count("tasks CREATED"), count("contacts CREATED"), told.len()), (40, 40, 80));
}

#[tokio::test]
async fn what_nobody_wants_is_read_once_and_in_the_overlap_but_no_more() {
    let polled = Polled::start(&["notes"], Quirks { page_cap: 5, ..Quirks::default() }).await;
    let mut requests = Vec::new();
    for _ in 0..20 {
        for n in 0..6 {
            polled.close.create("task.lead", &json!({"text": n}));
        }
        polled.rest.take_calls();
        polled.bed.minutes(1).await;
        requests.push(polled.rest.take_calls().len());
    }
    // Six or seven minutes of six events, in pages of five.
    assert!(requests.iter().all(|requests| *requests <= 10), "{requests:?}");
    polled.close.create("activity.note", &json!({"note": "A"}));
    polled.bed.minutes(2).await;
    assert_eq!(polled.told_in_short(), ["notes CREATED"]);
}

#[tokio::test]
async fn rows_that_change_while_a_cursor_passes_them_hide_none_between() {
    let limit = Some(Limit { requests: 2, window: 4 });
    let polled = Polled::start(&["contacts"], Quirks { limit, page_cap: 2, ..Quirks::default() }).await;
    let path = format!("/instances/{}/enabled", polled.instance.id());
    polled.bed.call(Method::DELETE, &path, &json!(null)).await;
    polled.close.create_together("contact", &vec![json!({"name": "of one second"}); 6]);
    polled.bed.pass(10);
    let between = polled.close.create("contact", &json!({"name": "between"}));
    polled.bed.pass(3600);
    polled.bed.call(Method::PUT, &path, &json!(null)).await;
    polled.rest.take_calls();
    let worker = Worker::on(&polled.bed).await;
    for second in 0..240 {
        if polled.rest.calls().is_empty() {
            if second % 60 == 0 {
                worker.scheduled(&polled.bed, json!({})).await;
            }
            polled.bed.pass(1);
            worker.work_all(&polled.bed).await;
        }
    }
    // The second page has a cursor, because the first could not leave the second; now the key rests.
    let seen: Vec<_> = polled.rest.take_calls().into_iter().flat_map(|call| call.shown).collect();
    for (id, _) in polled.close.objects() {
        if id != between && seen.iter().all(|row| row["id"] != *id) {
            polled.close.update("contact", &id, "name", "changed");
        }
    }
    polled.bed.minutes(3).await;
    let told: Vec<_> = polled.told().into_iter().map(|told| told.object_id).collect();
    assert!(told.contains(&between), "{told:?}");
    assert_eq!(told.len(), 7, "{told:?}");
}
