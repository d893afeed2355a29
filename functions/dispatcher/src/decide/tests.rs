use shared::callbacks::health::{Illness, State};

use super::*;
use crate::callback::{Phase, Unreachable};

const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;
const FIVE_MINUTES: Decision = Decision::RetryAfter(Duration::from_secs(300));

fn rejected(status: u16, retry_after: Option<u64>) -> AttemptResult {
    let retry_after = retry_after.map(Duration::from_secs);
    AttemptResult::Rejected { status, retry_after, excerpt: String::new() }
}

fn decision(attempt: u32, result: &AttemptResult) -> Decision {
    decide(attempt, result, &RetrySchedule::default(), &Health::Healthy, NOW)
}

fn open(probe_in: u64) -> Health {
    let probe_at = Some(NOW + Duration::from_secs(probe_in));
    Health::Unwell(Illness { state: State::Open, since: NOW, probe_at, reason: String::new() })
}

/// Every way in which an attempt can fail and another one may help.
fn transient() -> Vec<AttemptResult> {
    let phases = [Phase::Resolving, Phase::Connecting, Phase::Securing, Phase::Waiting];
    let timed_out = phases.map(|phase| AttemptResult::TimedOut { phase });
    let why = String::new;
    let unreachable = [
        Unreachable::Host(why()),
        Unreachable::Connection(why()),
        Unreachable::Tls(why()),
        Unreachable::Answer(why()),
    ];
    let unreachable = unreachable.map(|reason| AttemptResult::Unreachable { reason });
    let statuses = [300, 301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 413, 425, 429, 500, 502, 503, 504];
    let statuses = statuses.map(|status| rejected(status, None));
    timed_out.into_iter().chain(unreachable).chain(statuses).collect()
}

#[test]
fn only_2xx_is_a_success() {
    for status in 200..300 {
        assert_eq!(decision(1, &AttemptResult::Accepted { status }), Decision::Done);
        assert_eq!(decision(3, &AttemptResult::Accepted { status }), Decision::Done);
    }
    for status in (100..200).chain(300..600).filter(|status| *status != 410) {
        assert_eq!(decision(1, &rejected(status, None)), FIVE_MINUTES, "{status}");
    }
}

#[test]
fn what_may_pass_is_tried_three_times() {
    for failure in transient() {
        let decisions = [1, 2, 3, 4].map(|attempt| decision(attempt, &failure));
        assert_eq!(
            decisions,
            [FIVE_MINUTES, FIVE_MINUTES, Decision::GiveUp, Decision::GiveUp],
            "{failure:?}"
        );
    }
}

#[test]
fn what_cannot_pass_is_given_up_at_once() {
    let refused = AttemptResult::Refused { reason: "loopback".to_owned() };
    for failure in [rejected(410, None), rejected(410, Some(60)), refused] {
        for health in [Health::Healthy, open(60)] {
            let decision = decide(1, &failure, &RetrySchedule::default(), &health, NOW);
            assert_eq!(decision, Decision::GiveUp, "{failure:?}");
        }
    }
}

#[test]
fn a_fault_of_ours_costs_no_attempt_however_often_it_happens() {
    let fault = AttemptResult::OwnFault { reason: "no name server answers".to_owned() };
    for attempt in 1..=10 {
        assert_eq!(decision(attempt, &fault), Decision::SameAfter(OWN_FAULT_WAIT), "{attempt}");
    }
}

#[test]
fn an_instance_may_have_a_schedule_of_its_own() {
    let schedule = RetrySchedule::new(2, 10).unwrap();
    for failure in transient() {
        let decisions = [1, 2].map(|attempt| decide(attempt, &failure, &schedule, &Health::Healthy, NOW));
        assert_eq!(decisions, [Decision::RetryAfter(Duration::from_secs(10)), Decision::GiveUp]);
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
        let expected = Decision::RetryAfter(Duration::from_secs(waits));
        assert_eq!(decision(1, &rejected(status, Some(asked))), expected, "{status} asking for {asked} s");
    }
    assert_eq!(decision(3, &rejected(429, Some(600))), Decision::GiveUp, "it buys no further attempt");
}

#[test]
fn after_a_failed_probe_an_event_waits_for_the_next_one() {
    let schedule = RetrySchedule::new(3, 10).unwrap();
    for failure in transient() {
        for (probe_in, waits) in [(0, 10), (200, 200), (2000, 900)] {
            let decision = decide(1, &failure, &schedule, &open(probe_in), NOW);
            assert_eq!(decision, Decision::RetryAfter(Duration::from_secs(waits)), "{failure:?}");
        }
        assert_eq!(decide(3, &failure, &schedule, &open(200), NOW), Decision::GiveUp);
    }
    let accepted = AttemptResult::Accepted { status: 200 };
    assert_eq!(decide(1, &accepted, &schedule, &open(200), NOW), Decision::Done);
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
