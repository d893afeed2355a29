//! Polling when Close, or the function itself, fails: nothing is lost, nobody else waits, and the owner can see why.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;
use tests::close::{Fault, Limit, Quirks, Spelling};
use tests::polling::{Polled, Status, Way, Worker};
use tests::wire::Dead;

#[tokio::test]
async fn a_refused_key_is_asked_again_every_hour_and_says_so() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    polled.bed.minutes(2).await;
    let refused = polled.state().await;
    assert_eq!(refused.status, Status::Refused);
    assert!(refused.error.unwrap().starts_with("Close answered 401: The server could not verify"));
    let path = format!("/instances/{}", polled.instance.id());
    let shown = polled.bed.call(Method::GET, &path, &json!(null)).await.json();
    assert_eq!(shown["pollingState"]["status"], "refused");
    polled.rest.take_calls();
    polled.bed.minutes(30).await;
    assert!(polled.rest.take_calls().is_empty(), "nobody asks for an hour");
    polled.bed.minutes(90).await;
    assert_eq!(polled.rest.take_calls().len(), 2);
}

#[tokio::test]
async fn a_host_that_is_no_longer_allowed_is_not_asked_and_the_instance_says_so() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let worker = Worker::with(&polled.bed, &[("CLOSE_API_HOSTS", "api.close.com")]).await;
    worker.scheduled(&polled.bed, json!({})).await;
    polled.bed.pass(60);
    worker.work_all(&polled.bed).await;
    assert!(polled.rest.take_calls().is_empty());
    let path = format!("/instances/{}", polled.instance.id());
    let shown = polled.bed.call(Method::GET, &path, &json!(null)).await.json();
    assert_eq!(shown["pollingState"]["status"], "refused");
    let error = "base.url names a host that is not one of api.close.com";
    assert_eq!(shown["pollingState"]["error"], error);
    polled.bed.minutes(10).await;
    assert!(polled.rest.take_calls().is_empty(), "nor does another function ask for an hour");
}

#[tokio::test]
async fn the_metrics_say_what_a_batch_came_to_and_how_late_it_was() {
    let configuration = json!({"deals": {"url": "/opportunities", "idField": "custom.id"}});
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    let worker = Worker::on(&polled.bed).await;
    let said = |metrics: &[(&str, i64)]| -> BTreeMap<String, i64> {
        metrics.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    let minute = async || {
        worker.scheduled(&polled.bed, json!({})).await;
        polled.bed.pass(60);
        worker.work_all(&polled.bed).await;
        worker.take_metrics()
    };
    polled.close.create("opportunity", &json!({"custom": {"id": [1]}}));
    assert_eq!(minute().await, said(&[("PollLateness", 0), ("Polls", 1), ("RecordsSkipped", 1)]));
    polled.rest.behave(|quirks| quirks.limit = Some(Limit { requests: 0, window: 60 }));
    assert_eq!(minute().await, said(&[("PollLateness", 0), ("Polls", 1), ("RateLimited", 1)]));
    polled.rest.behave(|quirks| quirks.limit = None);
    let recovered = minute().await;
    assert_eq!((recovered["Polls"], recovered.get("RateLimited")), (1, None));
    polled.rest.behave(|quirks| quirks.faults = [Fault::Status(503)].into());
    let failed = minute().await;
    assert_eq!((failed["Polls"], failed["PollsFailed"]), (1, 1));
    // The queue stands still, and the tick goes on to say how late everything is.
    polled.bed.pass(1800);
    worker.scheduled(&polled.bed, json!({})).await;
    let late = worker.take_metrics()["PollLateness"];
    assert!((1_700_000..1_860_001).contains(&late), "{late}");
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    worker.work_all(&polled.bed).await;
    assert_eq!(worker.take_metrics(), said(&[("Polls", 1), ("PollersRefused", 1)]));
}

#[tokio::test]
async fn faults_of_close_back_off_and_lose_nothing() {
    let polled = Polled::start(&["contacts", "events"], Quirks::default()).await;
    polled.close.create("contact", &json!({"name": "A"}));
    let faults = [Fault::Status(503), Fault::Reset, Fault::CutOff, Fault::Status(504), Fault::Status(502)];
    // Two of them end a poll.
    polled.rest.behave(|quirks| quirks.faults = faults.repeat(2).into());
    polled.bed.minutes(3).await;
    let failing = polled.state().await;
    assert_eq!(failing.status, Status::Failing);
    assert!(failing.failures >= 2 && failing.error.unwrap().contains("s: Close could not be read"));
    polled.bed.minutes(15).await;
    let mut told = polled.told_in_short();
    told.sort();
    assert_eq!(told, ["contacts CREATED", "contacts CREATED"]);
    let state = polled.state().await;
    assert_eq!((state.status, state.failures, state.error), (Status::Ok, 0, None));
}

#[tokio::test]
async fn the_rate_limit_is_obeyed_in_every_spelling() {
    for spelling in [Spelling::Commas, Spelling::Semicolons, Spelling::BodyOnly] {
        let limit = Some(Limit { requests: 2, window: 7 });
        let quirks = Quirks { limit, spelling, page_cap: 1, ..Quirks::default() };
        let polled = Polled::start(&["opportunities", "users"], quirks).await;
        for n in 0..12 {
            polled.close.create("opportunity", &json!({"value": n}));
            polled.bed.pass(1);
        }
        polled.bed.minutes(12).await;
        assert_eq!(polled.told().len(), 12, "{spelling:?}");
        let refused = polled.rest.take_calls().iter().filter(|call| call.status == 429).count();
        // With the header nothing is asked that would be refused; without it every window ends with one 429.
        let most = if spelling == Spelling::BodyOnly { usize::MAX } else { 0 };
        assert!(refused <= most, "{spelling:?}: {refused}");
        assert_eq!(polled.state().await.status, Status::Ok);
    }
}

#[tokio::test]
async fn a_resource_that_close_cannot_show_leaves_the_others_their_interval() {
    let polled = Polled::start(&["opportunities", "tasks", "users"], Quirks::default()).await;
    polled.bed.minutes(2).await;
    polled.rest.behave(|quirks| quirks.away = [("opportunity/".to_owned(), 503)].into());
    let withheld = polled.close.create("opportunity", &json!({"value": 1}));
    polled.rest.take_calls();
    for n in 1..=30 {
        let task = polled.close.create("task.lead", &json!({"text": n}));
        polled.bed.minutes(2).await;
        assert!(
            polled.told().iter().any(|told| told.object_id == task),
            "in minute {n}: {:?}",
            polled.state().await
        );
    }
    let is = polled.state().await;
    assert_eq!(is.status, Status::Failing);
    assert!(is.error.unwrap().contains("503"));
    let calls = polled.rest.take_calls();
    let asked = |path: &str| calls.iter().filter(|call| call.path == path).count();
    // What answers is asked once in its minute, and what does not at first after 30 seconds as well.
    assert!((58..=61).contains(&asked("user/")), "{}", asked("user/"));
    assert!((58..=63).contains(&asked("opportunity/")), "{}", asked("opportunity/"));

    polled.rest.behave(|quirks| quirks.away.clear());
    polled.bed.minutes(2).await;
    assert_eq!(polled.state().await.status, Status::Ok);
    assert!(polled.told().iter().any(|told| told.object_id == withheld));
}

#[tokio::test]
async fn a_resource_that_is_refused_makes_no_outage_longer() {
    let polled = Polled::start(&["opportunities", "tasks", "users"], Quirks::default()).await;
    polled.rest.behave(|quirks| quirks.away = [("opportunity/".to_owned(), 402)].into());
    polled.bed.minutes(20).await;
    let is = polled.state().await;
    assert_eq!((is.status, is.failures), (Status::Failing, 1));
    polled.rest.behave(|quirks| quirks.faults = [Fault::Status(503), Fault::Status(503)].into());
    let task = polled.close.create("task.lead", &json!({"text": "A"}));
    polled.bed.minutes(4).await;
    assert!(polled.told().iter().any(|told| told.object_id == task), "{:?}", polled.state().await);
}

#[tokio::test]
async fn each_resource_has_its_turn_however_few_requests_fit_into_a_window() {
    for spelling in [Spelling::Commas, Spelling::Semicolons, Spelling::BodyOnly] {
        let limit = Some(Limit { requests: 2, window: 4 });
        let quirks = Quirks { limit, spelling, page_cap: 1, ..Quirks::default() };
        let polled = Polled::start(&["accounts", "contacts", "tasks", "events"], quirks).await;
        for _ in 0..5 {
            polled.close.create_lead("A");
        }
        polled.close.create("task.lead", &json!({"text": "B"}));
        polled.bed.minutes(3).await;
        let told = polled.told_in_short();
        let count = |text: &str| told.iter().filter(|told| *told == text).count();
        assert_eq!(
            (count("accounts CREATED"), count("tasks CREATED"), told.len()),
            (10, 2, 12),
            "{spelling:?}"
        );
        polled.bed.minutes(8).await;
        polled.rest.take_calls();
        polled.bed.minutes(3).await;
        let calls = polled.rest.take_calls();
        let answered = calls.iter().filter(|call| call.status == 200).count();
        assert_eq!(
            (answered, polled.told().len()),
            (12, 12),
            "and none another in the same interval: {spelling:?}"
        );
    }
}

#[tokio::test]
async fn a_bad_record_is_counted_and_stops_nothing() {
    let configuration = json!({"deals": {"url": "/opportunities", "idField": "custom.id"}});
    let polled = Polled::with(&configuration, Quirks { page_cap: 2, ..Quirks::default() }, &[]).await;
    for n in 0..6 {
        let custom = if n % 2 == 0 { json!({"custom": {"id": n}}) } else { json!({"custom": {"id": [n]}}) };
        polled.close.create("opportunity", &custom);
    }
    polled.bed.minutes(12).await;
    let mut ids: Vec<_> = polled.told().into_iter().map(|told| told.object_id).collect();
    ids.sort();
    assert_eq!(ids, ["0", "2", "4"]);
    let state = polled.state().await;
    assert_eq!((state.status, state.bad_records), (Status::Ok, 3));
    assert_eq!(state.last_bad_record.unwrap(), "deals: a record has no usable \"custom.id\"");
}

/// Kills the function at each of these, and says how often it was killed at all.
async fn kill_at(ways: impl Iterator<Item = Way>) -> usize {
    let mut killed = 0;
    for way in ways {
        let polled = Polled::start(&["contacts", "events"], Quirks::default()).await;
        let worker = Worker::on(&polled.bed).await;
        for n in 0..12 {
            polled.close.create("contact", &json!({"name": n}));
        }
        worker.scheduled(&polled.bed, json!({})).await;
        polled.bed.pass(60);
        let batch = worker.receive(&polled.bed).await;
        killed += usize::from(worker.work_until_killed(&polled.bed, &batch, way).await);
        polled.bed.minutes(8).await;
        let mut told = polled.told();
        assert_eq!(told.len(), 24, "{way:?}");
        told.sort();
        told.dedup();
        assert_eq!(told.len(), 12, "{way:?}: each as a contact and as an event");
    }
    killed
}

#[tokio::test]
async fn a_function_killed_at_any_call_to_the_tables_loses_nothing_and_repeats_nothing() {
    let ways = (1..=4).flat_map(|n| [Way::DynamoDb(Dead::Before(n)), Way::DynamoDb(Dead::After(n))]);
    assert_eq!(kill_at(ways).await, 8, "the claim, what is under the key, the instance, and its cursors");
}

#[tokio::test]
async fn a_function_killed_at_any_call_to_the_queues_loses_nothing_and_repeats_nothing() {
    let ways = (1..=4).flat_map(|n| [Way::Sqs(Dead::Before(n)), Way::Sqs(Dead::After(n))]);
    assert_eq!(kill_at(ways).await, 8, "two batches for each resource");
}

#[tokio::test]
async fn two_polls_of_an_instance_never_run_together() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let (one, other) = (Worker::on(&polled.bed).await, Worker::on(&polled.bed).await);
    polled.close.create("contact", &json!({"name": "A"}));
    one.scheduled(&polled.bed, json!({})).await;
    other.scheduled(&polled.bed, json!({})).await;
    polled.bed.pass(60);
    let (first, second) = (one.receive(&polled.bed).await, other.receive(&polled.bed).await);
    let batch: Vec<_> = first.into_iter().chain(second).collect();
    assert_eq!(batch.len(), 2);
    tokio::join!(one.work(&polled.bed, &batch[..1]), other.work(&polled.bed, &batch[1..]));
    assert_eq!(polled.rest.take_calls().len(), 1);
    polled.bed.dispatch().await;
    assert_eq!(polled.told().len(), 1);
}

#[tokio::test]
async fn a_poll_that_may_still_run_keeps_the_next_one_waiting() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let (one, other) = (Worker::on(&polled.bed).await, Worker::on(&polled.bed).await);
    one.scheduled(&polled.bed, json!({})).await;
    // The message waited, so that the next poll is due before this one's lease has run out.
    polled.bed.pass(100);
    let batch = one.receive(&polled.bed).await;
    assert!(one.work_until_killed(&polled.bed, &batch, Way::DynamoDb(Dead::After(2))).await);
    other.scheduled(&polled.bed, json!({})).await;
    polled.bed.pass(50);
    other.work_all(&polled.bed).await;
    assert!(polled.rest.take_calls().is_empty(), "the lease holds for 55 seconds");
    polled.bed.pass(10);
    other.work_all(&polled.bed).await;
    assert_eq!(polled.rest.take_calls().len(), 1, "and then the next poll comes by itself");
}

#[tokio::test]
async fn a_dead_letter_of_the_poll_queue_loses_nothing_and_its_redrive_tells_nothing_twice() {
    for dies in [Dead::Before(1), Dead::After(1)] {
        let polled = Polled::start(&["contacts"], Quirks::default()).await;
        let (bed, worker) = (&polled.bed, Worker::on(&polled.bed).await);
        let queue = bed.poll_queue_name();
        polled.close.create("contact", &json!({"name": "A"}));
        bed.pass(60);
        worker.scheduled(bed, json!({})).await;
        bed.pass(60);
        for _ in 0..5 {
            let batch = worker.receive(bed).await;
            assert_eq!(batch.len(), 1);
            assert!(worker.work_until_killed(bed, &batch, Way::DynamoDb(dies)).await);
            bed.pass(300);
        }
        let sqs = bed.system().sqs();
        assert_eq!((worker.receive(bed).await.len(), polled.told().len()), (0, 0));
        let letters = sqs.peek(bed.dead_letter_queue_of(queue)).unwrap();
        assert_eq!(letters.len(), 1, "{dies:?}");

        bed.minutes(12).await;
        assert_eq!(polled.told_in_short(), ["contacts CREATED"], "the tick finds it again: {dies:?}");
        // SQS moved it there, so SQS knows where to move it back to.
        sqs.start_move(&sqs.queue_arn(bed.dead_letter_queue_of(queue)).unwrap(), None).unwrap();
        bed.minutes(12).await;
        assert_eq!(polled.told().len(), 1, "{dies:?}");
        assert_eq!(sqs.peek(bed.dead_letter_queue_of(queue)).unwrap().len(), 0);
        assert_eq!(polled.state().await.status, Status::Ok);
    }
}
