use chrono::TimeDelta;
use shared::callbacks::health::Illness;

use super::*;
use crate::callback::{Phase, Unreachable};

const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

/// A decision without its reason.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Done,
    RetryIn(i64),
    SameIn(i64),
    Wait,
    GiveUp,
}
use Next::{Done, GiveUp, RetryIn, SameIn, Wait};

fn rejected(status: u16, retry_after: Option<u64>) -> AttemptResult {
    let retry_after = retry_after.map(Duration::from_secs);
    AttemptResult::Rejected { status, retry_after, excerpt: String::new() }
}

fn next(attempt: u32, faults: u32, result: &AttemptResult, schedule: RetrySchedule, health: &Health) -> Next {
    let made = Made { attempt, faults, result, address: Address::OfNow, now: NOW };
    let decision = decide(&made, &schedule, health);
    assert_eq!(decision.reason().map(str::to_owned), result.error(), "the reason is the attempt's");
    match decision {
        Decision::Deliver => Done,
        Decision::Retry { due, .. } => RetryIn((due - NOW).num_seconds()),
        Decision::Again { due, .. } => SameIn((due - NOW).num_seconds()),
        Decision::Wait { .. } => Wait,
        Decision::Fail { .. } => GiveUp,
        Decision::Drop { .. } => panic!("what is tried is wanted"),
    }
}

fn decision(attempt: u32, result: &AttemptResult) -> Next {
    next(attempt, 0, result, RetrySchedule::default(), &Health::Healthy)
}

fn unwell(state: State) -> Health {
    let probe_at = Some(NOW + TimeDelta::seconds(60));
    Health::Unwell(Illness { state, since: NOW, windows: 1, last_window: 0, probe_at, reason: String::new() })
}

/// Every way in which an attempt can fail and another one may help.
fn transient() -> Vec<AttemptResult> {
    let phases = [Phase::Resolving, Phase::Connecting, Phase::Securing, Phase::Waiting];
    let timed_out = phases.map(|phase| AttemptResult::Unanswered(ClientError::TimedOut(phase)));
    let why = String::new;
    let unreachable = [
        Unreachable::Host(why()),
        Unreachable::Connection(why()),
        Unreachable::Tls(why()),
        Unreachable::Answer(why()),
    ];
    let unreachable = unreachable.map(|reason| AttemptResult::Unanswered(reason.into()));
    let statuses = [300, 301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 413, 425, 429, 500, 502, 503, 504];
    let statuses = statuses.map(|status| rejected(status, None));
    timed_out.into_iter().chain(unreachable).chain(statuses).collect()
}

#[test]
fn only_2xx_is_a_success() {
    for status in 200..300 {
        assert_eq!(decision(1, &AttemptResult::Accepted { status }), Done);
        assert_eq!(decision(3, &AttemptResult::Accepted { status }), Done);
    }
    for status in (100..200).chain(300..600).filter(|status| *status != 410) {
        assert_eq!(decision(1, &rejected(status, None)), RetryIn(300), "{status}");
    }
}

#[test]
fn a_transient_failure_is_tried_three_times() {
    for failure in transient() {
        let decisions = [1, 2, 3, 4].map(|attempt| decision(attempt, &failure));
        assert_eq!(decisions, [RetryIn(300), RetryIn(300), GiveUp, GiveUp], "{failure:?}");
    }
}

#[test]
fn a_permanent_failure_is_given_up_at_once() {
    let refused = AttemptResult::Unanswered(ClientError::Refused("loopback".to_owned()));
    for failure in [rejected(410, None), rejected(410, Some(60)), refused] {
        for health in [Health::Healthy, unwell(State::Open)] {
            let next = next(1, 0, &failure, RetrySchedule::default(), &health);
            assert_eq!(next, GiveUp, "{failure:?}");
        }
    }
}

#[test]
fn an_answer_of_a_previous_receiver_is_not_final() {
    let refused = AttemptResult::Unanswered(ClientError::Refused("loopback".to_owned()));
    let decided = |result: &AttemptResult| {
        let made = Made { attempt: 3, faults: 0, result, address: Address::Replaced, now: NOW };
        decide(&made, &RetrySchedule::default(), &Health::Healthy).due()
    };
    assert_eq!([decided(&rejected(410, None)), decided(&refused)], [Some(NOW); 2], "at once, elsewhere");
    assert_eq!(decided(&rejected(500, None)), None);
}

#[test]
fn a_fault_of_ours_costs_no_attempt_and_backs_off() {
    let fault = AttemptResult::Unanswered(ClientError::OwnFault("no name server answers".to_owned()));
    for attempt in 1..=10 {
        let waits = [0, 1, 2, 3, 4, 5, 99]
            .map(|faults| next(attempt, faults, &fault, RetrySchedule::default(), &Health::Healthy));
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900].map(SameIn), "{attempt}");
    }
}

#[test]
fn an_instance_may_have_a_schedule_of_its_own() {
    let schedule = RetrySchedule::new(2, 10).unwrap();
    for failure in transient() {
        let decisions = [1, 2].map(|attempt| next(attempt, 0, &failure, schedule, &Health::Healthy));
        assert_eq!(decisions, [RetryIn(10), GiveUp]);
    }
}

#[test]
fn retry_after_is_heard_from_429_and_503_within_bounds() {
    let rows = [
        (429, 600, 600),
        (503, 600, 600),
        (429, 1, 300),
        (503, 86_400, 900),
        (500, 600, 300),
        (404, 600, 300),
        (408, 600, 300),
        (425, 600, 300),
        (302, 600, 300),
    ];
    for (status, asked, waits) in rows {
        assert_eq!(
            decision(1, &rejected(status, Some(asked))),
            RetryIn(waits),
            "{status} asking for {asked} s"
        );
    }
    assert_eq!(decision(3, &rejected(429, Some(600))), GiveUp, "it buys no further attempt");
}

#[test]
fn after_a_failed_probe_an_event_waits_again_whatever_its_number() {
    for failure in transient() {
        let after = |attempt, state| next(attempt, 0, &failure, RetrySchedule::default(), &unwell(state));
        assert_eq!((after(1, State::Open), after(3, State::Open)), (Wait, Wait), "{failure:?}");
        assert_eq!(after(1, State::Failing), RetryIn(300), "{failure:?}");
        assert_eq!(after(1, State::Recovering), RetryIn(300), "{failure:?}");
    }
    let accepted = AttemptResult::Accepted { status: 200 };
    assert_eq!(next(1, 0, &accepted, RetrySchedule::default(), &unwell(State::Open)), Done);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = "1994-11-06T08:49:37Z".parse().unwrap();
    let rows = [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("99999999999999999999999", Some(u64::MAX)),
        ("Sun, 06 Nov 1994 08:51:37 GMT", Some(120)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("Sunday, 06-Nov-94 08:51:37 GMT", Some(120)),
        ("Sun Nov  6 08:51:37 1994", Some(120)),
        ("-1", None),
        ("soon", None),
        ("", None),
    ];
    for (header, seconds) in rows {
        assert_eq!(retry_after(header, now), seconds.map(Duration::from_secs), "{header:?}");
    }
}
