//! No message is lost or made, whatever happens to it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const QUEUES: [&str; 2] = ["events", "dead"];

/// Something that a sender, a receiver or an operator does.
#[derive(Debug, Clone)]
enum Step {
    Send { delay: i32 },
    Receive { queue: usize, maximum: i32, timeout: i32 },
    Delete { handle: prop::sample::Index },
    Wait { seconds: i64 },
    MoveBack,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..=20).prop_map(|delay| Step::Send { delay }),
        4 => (0..2_usize, 1..=10, 0..=20)
            .prop_map(|(queue, maximum, timeout)| Step::Receive { queue, maximum, timeout }),
        3 => any::<prop::sample::Index>().prop_map(|handle| Step::Delete { handle }),
        3 => (1..=15_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::MoveBack),
    ]
}

/// What the outside knows.
#[derive(Default)]
struct Ledger {
    /// How many messages were sent, and so the body of the next.
    sent: usize,
    /// The bodies of those whose deletion took effect.
    deleted: BTreeSet<String>,
    /// Every handle with its queue and body.
    handles: Vec<(usize, String, String)>,
    /// The latest handle of each body.
    latest: BTreeMap<String, String>,
}

/// The bodies in the queue number `queue`.
fn inside(sqs: &Sqs, queue: usize) -> Vec<String> {
    let messages = sqs.peek(QUEUES[queue]).expect("the queue exists");
    messages.into_iter().map(|message| message.body).collect()
}

async fn take_step(sqs: &Sqs, clock: &ManualClock, ledger: &mut Ledger, step: Step) {
    match step {
        Step::Send { delay } => {
            let message =
                NewMessage { delay_seconds: Some(delay), ..NewMessage::new(ledger.sent.to_string()) };
            sqs.send("events", &message).expect("it is sent");
            ledger.sent += 1;
        }
        Step::Receive { queue, maximum, timeout } => {
            let request = Receive { maximum, visibility_timeout: Some(timeout), wait_seconds: None };
            for received in sqs.receive(QUEUES[queue], &request).await.expect("the queue exists") {
                let (body, handle) = (received.message.body, received.receipt_handle);
                ledger.latest.insert(body.clone(), handle.clone());
                ledger.handles.push((queue, body, handle));
            }
        }
        Step::Delete { handle } if !ledger.handles.is_empty() => {
            let (queue, body, handle) = handle.get(&ledger.handles).clone();
            let was_received_there =
                sqs.peek(QUEUES[queue]).expect("the queue exists").iter().any(|message| {
                    message.body == body && message.receive_count > 0 && ledger.latest[&body] == handle
                });
            sqs.delete(QUEUES[queue], &handle).expect("an old handle is no error");
            if was_received_there {
                ledger.deleted.insert(body);
            }
        }
        Step::Delete { .. } => {}
        Step::Wait { seconds } => clock.advance(TimeDelta::seconds(seconds)),
        Step::MoveBack => sqs.start_move(&names::arn("dead"), None).expect("they are moved"),
    }
}

fn check(sqs: &Sqs, ledger: &Ledger) {
    let mut found: Vec<String> = ledger.deleted.iter().cloned().collect();
    found.extend(inside(sqs, 0));
    found.extend(inside(sqs, 1));
    found.sort();
    let mut expected: Vec<String> = (0..ledger.sent).map(|number| number.to_string()).collect();
    expected.sort();
    assert_eq!(found, expected);
    let total: u64 = QUEUES.iter().map(|queue| sqs.counts(queue).expect("it exists").total()).sum();
    assert_eq!(total + ledger.deleted.len() as u64, ledger.sent as u64);
}

proptest! {
    #[test]
    fn what_was_sent_is_visible_delayed_in_flight_dead_lettered_or_deleted(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let (sqs, clock) = memory();
            with_dead_letters(&sqs, 2);
            let mut ledger = Ledger::default();
            for step in steps {
                take_step(&sqs, &clock, &mut ledger, step).await;
                check(&sqs, &ledger);
            }
        });
    }
}
