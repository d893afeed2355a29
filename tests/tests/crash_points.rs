//! The outcome of an event when any of its calls fails, and when a table, queue or key is down for hours.
//!
//! Each flow runs once to count its calls, and then once for each call and fault. Recovery is that of Lambda, SQS and
//! Close: messages return after their visibility timeout, and Close retries what was not answered with 200. Then the
//! promises are checked. `docs/reliability.md` has the outcomes.

mod flow;
mod outage;
mod report;
mod scene;

use std::thread;

use tests::bed::Bed;
use tests::faults::{Fault, Plan};
use tests::receiver::{Answer, Receiver};

use flow::Flow;
use report::{Case, Row};
use scene::{Interruption, Scene};

/// Runs a test under tokio's paused clock, on a thread of its own.
#[expect(clippy::unwrap_used, reason = "without a runtime there is nothing to test")]
fn alone<T: Send>(story: impl AsyncFnOnce() -> T + Send) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(story())
}

/// One run of a flow.
async fn run(bed: &Bed, receiver: &Receiver, flow: Flow, number: usize, what: &Interruption) -> Case {
    let mut scene = Scene::set(bed, receiver, flow, number).await;
    scene.act(what).await;
    scene.recover().await;
    scene.judge(what).await
}

/// A flow under every fault of every call of it, and of its callback.
async fn enumerate(flow: Flow) -> Vec<Row> {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let healthy = run(&bed, &receiver, flow, 0, &Interruption::Call(Plan::Healthy)).await;
    assert_eq!(healthy.violations, Vec::<String>::new(), "{flow:?} without a fault");
    let calls = healthy.calls.clone();
    let (mut rows, mut number) = (vec![Row { flow, call: "none".to_owned(), cases: vec![healthy] }], 1);
    for (index, call) in calls.iter().enumerate() {
        let mut row = Row { flow, call: call.clone(), cases: Vec::new() };
        for fault in Fault::ALL {
            let what = Interruption::Call(Plan::Call(index + 1, fault));
            row.cases.push(run(&bed, &receiver, flow, number, &what).await);
            number += 1;
        }
        rows.push(row);
    }
    if flow.posts() {
        let mut row = Row { flow, call: "POST to the callback".to_owned(), cases: Vec::new() };
        let faults = [
            Interruption::Post(Answer::status(500)),
            Interruption::Post(Answer::Reset),
            Interruption::Post(Answer::Hang),
            Interruption::DeathAfterPost,
        ];
        for what in faults {
            row.cases.push(run(&bed, &receiver, flow, number, &what).await);
            number += 1;
        }
        rows.push(row);
    }
    rows
}

#[test]
fn every_call_of_every_flow_may_fail() {
    let rows: Vec<Row> = thread::scope(|scope| {
        let flows: Vec<_> =
            Flow::ALL.iter().map(|flow| scope.spawn(|| alone(async || enumerate(*flow).await))).collect();
        flows.into_iter().flat_map(|flow| flow.join().unwrap()).collect()
    });
    let violations: Vec<String> = rows.iter().flat_map(Row::violations).collect();
    assert!(violations.is_empty(), "{} broken:\n{}", violations.len(), violations.join("\n"));
    report::hold("crash-points", &report::table(&rows));
}

#[test]
fn everything_may_be_away_for_hours() {
    let outages: Vec<_> = thread::scope(|scope| {
        let resources: Vec<_> = outage::RESOURCES
            .iter()
            .map(|resource| scope.spawn(|| alone(async || outage::of(*resource).await)))
            .collect();
        resources.into_iter().map(|resource| resource.join().unwrap()).collect()
    });
    let violations: Vec<String> = outages.iter().flat_map(outage::Outage::violations).collect();
    assert!(violations.is_empty(), "{} broken:\n{}", violations.len(), violations.join("\n"));
    report::hold("outages", &outage::table(&outages));
}
