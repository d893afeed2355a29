use super::*;

const START: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

fn evidence(weight: Weight) -> Evidence {
    Evidence { weight, since: START, reason: "why".to_owned() }
}

fn unwell(state: State, windows: u32) -> Health {
    let probe_at = (state == State::Open).then_some(START);
    let reason = "why".to_owned();
    Health::Unwell(Illness { state, since: START, windows, last_window: -1, probe_at, reason })
}

/// What attempts at these minutes come to, and the writes that it takes: `F` fails, `x` is the last failure of its
/// event, `X` is one of many, `G` a 410, `s` succeeds.
fn history(minutes: impl IntoIterator<Item = (i64, char)>) -> (Option<State>, usize) {
    let (mut health, mut writes) = (Health::Healthy, 0);
    for (minute, what) in minutes {
        let now = START + TimeDelta::minutes(minute);
        let failed = |weight| health.after_failure(&evidence(weight), CircuitPolicy::default(), now);
        let after = match what {
            's' => health.after_success(),
            'F' => failed(Weight::Slight),
            'x' => failed(Weight::Convincing),
            'X' => failed(Weight::Overwhelming),
            _ => failed(Weight::Gone),
        };
        if let Some(after) = after {
            (health, writes) = (after, writes + 1);
        }
    }
    (health.state(), writes)
}

#[test]
fn a_callback_is_judged_by_evidence_and_not_by_the_calendar() {
    use State::{Disabled, Failing, Open, Recovering};
    const DAY: i64 = 24 * 60;
    let hour = |what| (0..12).map(move |window| (window * 5, what));
    let open = || hour('x').collect::<Vec<_>>();
    let then = |more: &[(i64, char)]| [open(), more.to_vec()].concat();
    let rows = [
        ("one failure is bad luck", vec![(0, 'F')], (None, 0)),
        ("an event that failed", vec![(0, 'x')], (Some(Failing), 1)),
        ("a success forgets it", vec![(0, 'x'), (9, 's')], (None, 2)),
        ("many in one window say no more than one", (0..90).map(|_| (1, 'X')).collect(), (Some(Failing), 1)),
        ("eleven windows", open()[..11].to_vec(), (Some(Failing), 11)),
        ("an hour of windows", open(), (Some(Open), 12)),
        ("the same over days", (0..12).map(|day| (day * DAY, 'x')).collect(), (Some(Open), 12)),
        (
            "Monday once and Saturday twice",
            vec![(0, 'x'), (5 * DAY, 'x'), (5 * DAY + 60, 'x')],
            (Some(Failing), 3),
        ),
        ("Monday once and a year later", vec![(0, 'x'), (365 * DAY, 'x')], (Some(Failing), 2)),
        ("a success of an attempt under way", then(&[(60, 's')]), (Some(Recovering), 13)),
        ("and again", then(&[(60, 's'), (61, 's')]), (Some(Recovering), 13)),
        ("a failure while recovering", then(&[(60, 's'), (61, 'x')]), (Some(Recovering), 14)),
        ("made up for", then(&[(60, 's'), (61, 'x'), (62, 's')]), (Some(Recovering), 15)),
        ("in two windows", then(&[(60, 's'), (61, 'x'), (66, 'x')]), (Some(Open), 15)),
        ("many while recovering", then(&[(60, 's'), (61, 'X')]), (Some(Open), 14)),
        ("a 410", vec![(0, 'G')], (Some(Disabled), 1)),
        ("a success after a 410", vec![(0, 'G'), (1, 's')], (Some(Disabled), 1)),
        ("five days of probes", (0..1440).map(|window| (window * 5, 'x')).collect(), (Some(Disabled), 1440)),
        ("but for one", (0..1439).map(|window| (window * 5, 'x')).collect(), (Some(Open), 1439)),
    ];
    for (what, attempts, expected) in rows {
        assert_eq!(history(attempts), expected, "{what}");
    }
}

#[test]
fn each_instance_has_its_own_policy() {
    let after = |minutes, windows| {
        let policy = CircuitPolicy::of_minutes(minutes).unwrap();
        let health = unwell(State::Failing, windows).after_failure(&evidence(Weight::Slight), policy, START);
        health.and_then(|health| health.state())
    };
    assert_eq!(
        (after(1, 1), after(30, 4), after(30, 5)),
        (Some(State::Open), Some(State::Failing), Some(State::Open))
    );
    assert_eq!((after(0, 1438), after(0, 1439)), (Some(State::Failing), Some(State::Disabled)));
    assert!(CircuitPolicy::of_minutes(7201).is_err());
}

#[test]
fn a_failed_probe_does_not_move_the_next_one() {
    let open = unwell(State::Open, 12);
    let after = open.after_failure(&evidence(Weight::Slight), CircuitPolicy::default(), START);
    let Some(Health::Unwell(illness)) = after else { panic!("it is still unwell") };
    assert_eq!((illness.probe_at, illness.windows), (Some(START), 13));
}

#[test]
fn events_wait_only_for_an_open_callback() {
    assert_eq!(Health::Healthy.admits(), Admission::Deliver);
    assert_eq!(unwell(State::Failing, 1).admits(), Admission::Deliver);
    assert_eq!(unwell(State::Recovering, 0).admits(), Admission::Deliver);
    assert_eq!(unwell(State::Open, 12).admits(), Admission::Wait);
    let disabled = unwell(State::Disabled, 1).admits();
    assert_eq!(disabled, Admission::Fail("the callback is disabled: why".to_owned()));
}
