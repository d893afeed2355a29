//! Which alarms fire, in good nights and bad.

use std::collections::BTreeSet;

use tests::cloudwatch::{Alarm, World};

const HOUR: usize = 60;
const DAY: usize = 24 * HOUR;
const FUNCTIONS: [&str; 4] = ["WebhookFunction", "DispatcherFunction", "PollerFunction", "InstancesFunction"];
const ALL: f64 = 100.0;

/// A healthy system: this many events every `step`th minute, and ten polls a minute.
fn quiet(minutes: usize, events: f64, step: usize) -> World {
    let mut world = World::of_minutes(minutes);
    world.add("own PollLateness", 0..minutes, 1, 0.0);
    world.add("own Released", 0..minutes, 1, 0.0);
    world.add("own AuditsPlanned", 0..minutes, 60, 0.0);
    world.add("own Polls", 0..minutes, 1, 10.0);
    world.add("AWS/Lambda ConcurrentExecutions", 0..minutes, 1, 3.0);
    world.add("AWS/Lambda Errors PollerFunction", 0..minutes, 1, 0.0);
    world.add("AWS/Lambda Throttles PollerFunction", 0..minutes, 1, 0.0);
    arrive(&mut world, 0..minutes, events, step);
    deliver(&mut world, 0..minutes, events, step);
    world
}

fn arrive(world: &mut World, minutes: std::ops::Range<usize>, events: f64, step: usize) {
    world.add("AWS/ApiGateway Count Api", minutes.clone(), step, events);
    world.add("AWS/ApiGateway 5xx Api", minutes.clone(), step, 0.0);
    world.add("AWS/SQS ApproximateAgeOfOldestMessage DeliveryQueue", minutes, step, 1.0);
}

fn deliver(world: &mut World, minutes: std::ops::Range<usize>, events: f64, step: usize) {
    for metric in ["Received", "Delivered", "Attempts", "Events"] {
        world.add(&format!("own {metric}"), minutes.clone(), step, events);
    }
    world.add("own Latency", minutes, step, 300.0);
}

/// A dead-letter queue that gets a letter in each of these minutes and keeps them; SQS only measures a queue with messages.
fn letters(world: &mut World, queue: &str, arrivals: std::ops::Range<usize>) {
    for minute in arrivals.start..world.minutes() {
        let count = u32::try_from(minute.min(arrivals.end - 1) - arrivals.start + 1).unwrap();
        let at = minute..minute + 1;
        world.add(
            &format!("AWS/SQS ApproximateNumberOfMessagesVisible {queue}"),
            at.clone(),
            1,
            count.into(),
        );
        world.add(&format!("AWS/SQS ApproximateNumberOfMessagesNotVisible {queue}"), at, 1, 0.0);
    }
}

/// The alarms that fire in it.
fn fired(world: &World) -> BTreeSet<String> {
    let alarms = super::alarms();
    let fire = alarms.iter().filter(|(_, alarm)| !Alarm::new(alarm).played(world).0.is_empty());
    fire.map(|(name, _)| name.clone()).collect()
}

#[track_caller]
fn assert_fires(world: &World, expected: &[&str]) {
    assert_eq!(fired(world), expected.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn a_quiet_night_wakes_nobody() {
    assert_fires(&quiet(12 * HOUR, 1.0, 20), &[]);
    assert_fires(&quiet(12 * HOUR, 500.0, 1), &[]);
}

#[test]
fn one_retry_wakes_nobody() {
    for mut world in [quiet(6 * HOUR, 1.0, 20), quiet(6 * HOUR, 500.0, 1)] {
        world.add("own Retried", 100..101, 1, 1.0);
        world.add("own Attempts", 100..101, 1, 1.0);
        world.add("own AttemptsFailed", 100..101, 1, 1.0);
        world.add("own Latency", 105..106, 1, 301_000.0);
        assert_fires(&world, &[]);
    }
}

#[test]
fn one_error_one_throttle_and_one_5xx_wake_nobody() {
    for mut world in [quiet(6 * HOUR, 1.0, 20), quiet(6 * HOUR, 500.0, 1)] {
        world.add("AWS/ApiGateway 5xx Api", 100..101, 1, 1.0);
        for function in FUNCTIONS {
            world.add(&format!("AWS/Lambda Errors {function}"), 200..201, 1, 1.0);
            world.add(&format!("AWS/Lambda Throttles {function}"), 250..251, 1, 1.0);
        }
        world.add("AWS/DynamoDB WriteThrottleEvents EventsTable", 300..301, 1, 3.0);
        assert_fires(&world, &[]);
    }
}

#[test]
fn three_late_events_of_a_night_wake_nobody() {
    let mut world = quiet(12 * HOUR, 1.0, 30);
    world.silence("own Latency", 0..12 * HOUR);
    world.add("own Latency", 100..200, 5, 600_000.0);
    assert_fires(&world, &[]);
}

#[test]
fn late_events_fire() {
    let mut world = quiet(6 * HOUR, 50.0, 1);
    world.silence("own Latency", 100..140);
    world.add("own Latency", 100..140, 1, 90_000.0);
    world.add("own Latency", 100..140, 1, 90_000.0);
    assert_fires(&world, &["LatencyAlarm"]);
}

/// One receiver of ten: its first events fail for good within the hour, then it is open and its events wait.
#[test]
fn one_tenant_failing_for_days_fires_once() {
    let days = 3 * DAY;
    let mut world = quiet(days, 10.0, 1);
    world.add("own Attempts", 60..120, 1, 1.0);
    world.add("own AttemptsFailed", 60..120, 1, 1.0);
    world.add("own Retried", 60..120, 1, 1.0);
    world.add("own Attempts", 120..days, 5, 1.0);
    world.add("own AttemptsFailed", 120..days, 5, 1.0);
    letters(&mut world, "DeliveryDeadLetterQueue", 70..130);
    assert_fires(&world, &["DeadLettersAlarm"]);
    let alarms = super::alarms();
    let (_, alarm) = alarms.iter().find(|(name, _)| name == "DeadLettersAlarm").unwrap();
    let (fired, alarmed) = Alarm::new(alarm).played(&world);
    assert_eq!((fired.len(), alarmed), (1, false));
    assert!(fired[0] <= 80, "{fired:?}");
}

#[test]
fn old_dead_letters_do_not_fire_again() {
    let visible = "AWS/SQS ApproximateNumberOfMessagesVisible DeliveryDeadLetterQueue";
    let hidden = "AWS/SQS ApproximateNumberOfMessagesNotVisible DeliveryDeadLetterQueue";
    let mut world = quiet(DAY, 1.0, 5);
    world.add(visible, 0..600, 1, 4.0);
    world.add(hidden, 0..600, 1, 0.0);
    // Somebody receives two of them and leaves them there.
    world.add(visible, 600..602, 1, 2.0);
    world.add(hidden, 600..602, 1, 2.0);
    world.add(visible, 602..DAY, 1, 4.0);
    world.add(hidden, 602..DAY, 1, 0.0);
    let alarms = super::alarms();
    let (_, alarm) = alarms.iter().find(|(name, _)| name == "DeadLettersAlarm").unwrap();
    // They arrived before, so nothing fires.
    assert_eq!(Alarm::new(alarm).played(&world), (Vec::new(), false));
}

#[test]
fn the_first_dead_letter_of_a_new_queue_fires() {
    for (queue, alarm) in [
        ("DeliveryDeadLetterQueue", "DeadLettersAlarm"),
        ("PoisonQueue", "PoisonAlarm"),
        ("PollDeadLetterQueue", "PollDeadLettersAlarm"),
    ] {
        let mut world = quiet(6 * HOUR, 1.0, 20);
        letters(&mut world, queue, 200..201);
        assert_fires(&world, &[alarm]);
    }
}

/// For 40 minutes webhooks, deliveries and polls, which need instances, are refused or put off.
#[test]
fn an_outage_of_a_table_fires() {
    for (events, step) in [(1.0, 4), (500.0, 1)] {
        let mut world = quiet(6 * HOUR, events, step);
        own_outage(&mut world, 100..140, step, ALL, events);
        assert_fires(&world, &["ApiErrorsAlarm", "OwnFaultsAlarm", "PollFailuresAlarm"]);
    }
}

/// Keys are cached for 15 minutes; then signed webhooks and signed callbacks stop.
#[test]
fn an_outage_of_kms_fires() {
    let mut world = quiet(6 * HOUR, 100.0, 1);
    own_outage(&mut world, 115..155, 1, 50.0, 100.0);
    assert_fires(&world, &["ApiErrorsAlarm", "OwnFaultsAlarm", "PollFailuresAlarm"]);
}

fn own_outage(world: &mut World, away: std::ops::Range<usize>, step: usize, share: f64, events: f64) {
    let share = share / ALL;
    world.silence("own Delivered", away.clone());
    world.silence("own Attempts", away.clone());
    world.silence("own Latency", away.clone());
    world.silence("own Polls", away.clone());
    world.add("AWS/ApiGateway 5xx Api", away.clone(), step, (events * share).max(1.0));
    world.add("own OwnFaults", away.clone(), 1, events * share);
    world.add("own PollsFailed", away, 1, 10.0);
}

#[test]
fn an_outage_of_close_fires() {
    let mut world = quiet(6 * HOUR, 0.0, 20);
    // It backs off: fewer and fewer polls.
    for minute in [100, 101, 102, 104, 108, 115, 116, 117, 131, 140, 160] {
        world.silence("own Polls", minute..minute + 1);
        world.add("own Polls", minute..minute + 1, 1, 10.0);
        world.add("own PollsFailed", minute..minute + 1, 1, 10.0);
    }
    for gap in [103..104, 105..108, 109..115, 118..131, 132..140, 141..160] {
        world.silence("own Polls", gap);
    }
    assert_fires(&world, &["PollFailuresAlarm"]);
}

#[test]
fn one_poll_that_fails_wakes_nobody() {
    let mut world = quiet(6 * HOUR, 1.0, 20);
    world.silence("own Polls", 0..6 * HOUR);
    world.add("own Polls", 0..6 * HOUR, 15, 1.0);
    world.add("own PollsFailed", 150..151, 1, 1.0);
    assert_fires(&world, &[]);
}

/// It is tried every hour, and refused again.
#[test]
fn a_key_that_stays_refused_fires_once() {
    let mut world = quiet(2 * DAY, 1.0, 20);
    world.add("own PollersRefused", 100..2 * DAY, 61, 1.0);
    assert_fires(&world, &["PollersRefusedAlarm"]);
    let alarms = super::alarms();
    let (_, alarm) = alarms.iter().find(|(name, _)| name == "PollersRefusedAlarm").unwrap();
    assert_eq!(Alarm::new(alarm).played(&world).0.len(), 1);
}

#[test]
fn an_outage_of_the_largest_receiver_fires() {
    let mut world = quiet(6 * HOUR, 20.0, 1);
    world.add("own Attempts", 100..140, 1, 20.0);
    world.add("own AttemptsFailed", 100..140, 1, 20.0);
    assert_fires(&world, &["DeliverySuccessAlarm"]);
}

/// They fail at once, without an attempt, and are dead-lettered.
#[test]
fn events_of_a_disabled_callback_are_not_failed_attempts() {
    let mut world = quiet(6 * HOUR, 20.0, 1);
    world.add("own Failed", 100..200, 1, 200.0);
    world.add("own Received", 100..200, 1, 200.0);
    assert_fires(&world, &[]);
}

#[test]
fn a_release_that_cannot_start_fires() {
    let mut world = quiet(6 * HOUR, 10.0, 1);
    for function in FUNCTIONS {
        world.add(&format!("AWS/Lambda Errors {function}"), 100..160, 1, 5.0);
    }
    world.add("AWS/ApiGateway 5xx Api", 100..160, 1, 10.0);
    for minute in 100..160u16 {
        let age = f64::from(minute - 100) * 60.0;
        let at = usize::from(minute);
        world.add("AWS/SQS ApproximateAgeOfOldestMessage DeliveryQueue", at..at + 1, 1, age);
    }
    world.silence("own PollLateness", 100..160);
    assert_fires(&world, &["ApiErrorsAlarm", "ErrorsAlarm", "QueueAgeAlarm", "TickAlarm"]);
}

#[test]
fn a_storm_of_401_or_429_fires_but_a_scanner_does_not() {
    for metric in ["own Unauthorized", "own Limited"] {
        let mut world = quiet(6 * HOUR, 10.0, 1);
        world.add(metric, 100..115, 1, 60.0);
        assert_fires(&world, &["RefusalsAlarm"]);
        let mut world = quiet(6 * HOUR, 10.0, 1);
        world.add(metric, 100..101, 1, 400.0);
        assert_fires(&world, &[]);
    }
}

#[test]
fn a_schedule_that_is_silent_fires() {
    for (metric, alarm) in [
        ("own PollLateness", "TickAlarm"),
        ("own Released", "RecoveryAlarm"),
        ("own AuditsPlanned", "AuditsAlarm"),
    ] {
        let mut world = quiet(DAY, 1.0, 20);
        world.silence(metric, 300..DAY);
        assert_fires(&world, &[alarm]);
    }
}

#[test]
fn an_account_near_its_quota_fires() {
    let mut world = quiet(6 * HOUR, 10.0, 1);
    world.add("AWS/Lambda ConcurrentExecutions", 100..110, 1, 9.0);
    assert_fires(&world, &["ConcurrencyAlarm"]);
    let mut world = quiet(6 * HOUR, 10.0, 1);
    world.add("AWS/Lambda ConcurrentExecutions", 100..102, 1, 10.0);
    assert_fires(&world, &[]);
}

#[test]
fn lasting_throttles_fire() {
    let mut world = quiet(6 * HOUR, 10.0, 1);
    world.add("AWS/DynamoDB WriteThrottleEvents EventsTable", 100..120, 1, 30.0);
    assert_fires(&world, &["TableThrottlesAlarm"]);
    let mut world = quiet(6 * HOUR, 10.0, 1);
    world.add("AWS/Lambda Throttles WebhookFunction", 100..120, 1, 1.0);
    assert_fires(&world, &["ThrottlesAlarm"]);
}

#[test]
fn late_and_repeated_work_fires() {
    for (metric, value, alarm) in [
        ("AWS/SQS ApproximateAgeOfOldestMessage DeliveryQueue", 1000.0, "QueueAgeAlarm"),
        ("AWS/SQS ApproximateAgeOfOldestMessage RetryQueue", 2000.0, "RetryAgeAlarm"),
        ("own PollLateness", 400_000.0, "PollLatenessAlarm"),
        ("own HandedBack", 8.0, "AmplificationAlarm"),
    ] {
        let mut world = quiet(6 * HOUR, 10.0, 1);
        world.add(metric, 100..130, 1, value);
        assert_fires(&world, &[alarm]);
    }
}

#[test]
fn a_missed_change_or_pause_fires_at_once() {
    for (metric, alarm) in
        [("own AuditFound", "AuditFoundAlarm"), ("own SubscriptionsPaused", "SubscriptionsPausedAlarm")]
    {
        let mut world = quiet(6 * HOUR, 10.0, 1);
        world.add(metric, 100..101, 1, 1.0);
        assert_fires(&world, &[alarm]);
    }
}

#[test]
fn a_chain_of_retries_that_lambda_ends_fires() {
    for function in ["DispatcherFunction", "PollerFunction"] {
        let mut world = quiet(6 * HOUR, 10.0, 1);
        world.add(&format!("AWS/Lambda RecursiveInvocationsDropped {function}"), 100..101, 1, 1.0);
        assert_fires(&world, &["RecursionAlarm"]);
    }
}

#[test]
fn every_alarm_is_played() {
    let stories = tests::tree::file("tests/tests/alarms/played.rs").text;
    for (name, _) in super::alarms() {
        assert!(stories.contains(&format!("{name:?}")), "{name}");
    }
}
