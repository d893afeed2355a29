use super::*;

const START: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

fn unwell(state: State, probe_at: Option<i64>) -> Health {
    let probe_at = probe_at.map(|seconds| START + TimeDelta::seconds(seconds));
    Health::Unwell(Illness { state, since: START, probe_at, reason: "why".to_owned() })
}

fn failure(convincing: bool) -> Evidence {
    Evidence { gone: false, convincing, since: START, reason: "why".to_owned() }
}

fn after(health: &Health, minutes: i64) -> Option<Health> {
    health.after_failure(&failure(true), CircuitPolicy::default(), START + TimeDelta::minutes(minutes))
}

#[test]
fn only_a_convincing_failure_is_worth_a_write() {
    let policy = CircuitPolicy::default();
    assert_eq!(Health::Healthy.after_failure(&failure(false), policy, START), None);
    assert_eq!(after(&Health::Healthy, 0), Some(unwell(State::Failing, None)));
    assert_eq!(after(&unwell(State::Failing, None), 59), None, "nothing has changed");
    assert_eq!(after(&unwell(State::Open, Some(0)), 60), None, "nothing has changed");
}

#[test]
fn it_opens_after_an_hour_and_is_disabled_after_five_days() {
    assert_eq!(after(&unwell(State::Failing, None), 60), Some(unwell(State::Open, Some(65 * 60))));
    assert_eq!(after(&unwell(State::Open, Some(0)), 5 * 24 * 60 - 1), None);
    assert_eq!(after(&unwell(State::Open, Some(0)), 5 * 24 * 60), Some(unwell(State::Disabled, None)));
    assert_eq!(after(&unwell(State::Disabled, None), 10 * 24 * 60), None);
}

#[test]
fn the_policy_is_the_instances_own() {
    let failing = unwell(State::Failing, None);
    let later = |minutes| START + TimeDelta::minutes(minutes);
    let soon = CircuitPolicy::of_minutes(1).unwrap();
    assert_eq!(
        failing.after_failure(&failure(false), soon, later(1)),
        Some(unwell(State::Open, Some(6 * 60)))
    );
    let never = CircuitPolicy::of_minutes(0).unwrap();
    assert_eq!(failing.after_failure(&failure(true), never, later(7199)), None);
    let disabled = Some(unwell(State::Disabled, None));
    assert_eq!(failing.after_failure(&failure(true), never, later(7200)), disabled);
    assert_eq!(CircuitPolicy::of_minutes(7201), Err(InvalidCircuit));
}

#[test]
fn a_receiver_that_is_gone_is_disabled_at_once() {
    let gone = Evidence { gone: true, ..failure(false) };
    for health in [Health::Healthy, unwell(State::Failing, None), unwell(State::Open, Some(0))] {
        let after = health.after_failure(&gone, CircuitPolicy::default(), START);
        assert_eq!(after, Some(unwell(State::Disabled, None)), "{health:?}");
    }
}

#[test]
fn the_first_success_heals_all_but_what_is_disabled() {
    assert_eq!(Health::Healthy.after_success(), None);
    assert_eq!(unwell(State::Failing, None).after_success(), Some(Health::Healthy));
    assert_eq!(unwell(State::Open, Some(0)).after_success(), Some(Health::Healthy));
    assert_eq!(unwell(State::Disabled, None).after_success(), None);
}

#[test]
fn an_open_callback_is_only_probed() {
    let due = START + TimeDelta::seconds(300);
    let open = unwell(State::Open, Some(300));
    assert_eq!(open.admits(START), Admission::Wait(due));
    assert_eq!(open.wait(START), Some(Duration::from_secs(300)));
    assert_eq!(open.admits(due), Admission::Probe(due));
    assert_eq!(Health::Healthy.admits(due), Admission::Deliver);
    assert_eq!(unwell(State::Failing, None).admits(due), Admission::Deliver);
    let disabled = unwell(State::Disabled, None).admits(due);
    assert_eq!(disabled, Admission::Fail("the callback is disabled: why".to_owned()));
}
