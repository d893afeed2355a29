use super::*;

fn rejected(status: u16, retry_after: Option<u64>) -> AttemptResult {
    let retry_after = retry_after.map(Duration::from_secs);
    AttemptResult::Rejected { status, retry_after, excerpt: String::new() }
}

fn decision(attempt: u32, result: &AttemptResult) -> Decision {
    decide(attempt, result, &RetrySchedule::default())
}

const FIVE_MINUTES: Decision = Decision::RetryAfter(Duration::from_secs(300));

#[test]
fn only_2xx_is_a_success() {
    for status in 200..300 {
        assert_eq!(decision(1, &AttemptResult::Accepted { status }), Decision::Done);
    }
    for status in (100..200).chain(300..600).filter(|status| *status != 410) {
        assert_eq!(decision(1, &rejected(status, None)), FIVE_MINUTES, "{status}");
    }
}

#[test]
fn a_410_ends_the_delivery() {
    assert_eq!(decision(1, &rejected(410, None)), Decision::GiveUp);
    assert_eq!(decision(1, &rejected(410, Some(60))), Decision::GiveUp);
}

#[test]
fn an_address_that_is_not_allowed_ends_the_delivery() {
    let refused = AttemptResult::Refused { reason: "loopback".to_owned() };
    assert_eq!(decision(1, &refused), Decision::GiveUp);
}

#[test]
fn everything_else_is_tried_three_times() {
    let failures = [
        rejected(500, None),
        AttemptResult::TimedOut { phase: "connecting" },
        AttemptResult::Unreachable { reason: "connection refused".to_owned() },
    ];
    for failure in failures {
        let decisions = [1, 2, 3, 4].map(|attempt| decision(attempt, &failure));
        assert_eq!(decisions, [FIVE_MINUTES, FIVE_MINUTES, Decision::GiveUp, Decision::GiveUp]);
    }
}

#[test]
fn an_instance_may_have_a_schedule_of_its_own() {
    let schedule = RetrySchedule::new(2, 10).unwrap();
    let decisions = [1, 2].map(|attempt| decide(attempt, &rejected(500, None), &schedule));
    assert_eq!(decisions, [Decision::RetryAfter(Duration::from_secs(10)), Decision::GiveUp]);
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
    ];
    for (status, asked, waits) in rows {
        let expected = Decision::RetryAfter(Duration::from_secs(waits));
        assert_eq!(decision(1, &rejected(status, Some(asked))), expected, "{status} asking for {asked} s");
    }
    assert_eq!(decision(3, &rejected(429, Some(600))), Decision::GiveUp, "it buys no further attempt");
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
        ("-1", None),
        ("soon", None),
        ("", None),
    ];
    for (header, seconds) in rows {
        assert_eq!(retry_after(header, now), seconds.map(Duration::from_secs), "{header:?}");
    }
}
