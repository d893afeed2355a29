//! Random histories of an organisation, polled by settings of every documented kind while Close, the poller and the
//! instances' owners do what they do: each change arrives exactly once, and Close is asked as often as it need be.

#![expect(clippy::print_stderr, reason = "a search of hours says what it finds at once")]

use std::time::{Duration, Instant};

use shared::platform::settings::Variables;
use tests::polling::history::{Plan, run, shrink};

/// How long a failing history is looked through for what of it fails.
const SHRINKING: Duration = Duration::from_secs(90);

/// Those that found a defect which the first ones do not: a row that changes while a cursor passes it.
const FOUND: [u64; 1] = [50_013];

fn problems(runtime: &tokio::runtime::Runtime, plan: &Plan) -> Vec<String> {
    runtime.block_on(run(plan))
}

/// What kind of problem it is, so that another is not taken for a smaller one.
fn kind(problem: &str) -> String {
    problem
        .chars()
        .filter(|c| c.is_alphabetic() || *c == ' ')
        .collect::<String>()
        .split(' ')
        .rev()
        .take(3)
        .collect()
}

fn described(plan: &Plan, problems: &[String]) -> String {
    let shown =
        problems.iter().take(12).map(|problem| format!("  ! {problem}")).collect::<Vec<_>>().join("\n");
    let more = problems.len().saturating_sub(12);
    format!("{}{shown}\n  ({more} more)", plan.described())
}

#[test]
fn each_change_arrives_exactly_once_under_every_setting() {
    let variables = Variables::of_process();
    let count: u64 = variables.or("POLLING_HISTORIES", 24).unwrap();
    // A change is judged by histories that others passed.
    let first: u64 = variables.or("POLLING_SEED", 1).unwrap();
    let goes_on = variables.or("POLLING_GO_ON", false).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut failed, began_at) = (Vec::new(), Instant::now());
    let found_before = FOUND.into_iter().filter(|_| count > 1);
    for seed in (first..first + count).chain(found_before) {
        let plan = Plan::of(seed);
        let found = problems(&runtime, &plan);
        if found.is_empty() {
            continue;
        }
        let replay =
            format!("POLLING_SEED={seed} POLLING_HISTORIES=1 cargo test -p tests polling_histories::");
        if goes_on {
            let seconds = began_at.elapsed().as_secs();
            eprintln!("{seed} fails after {seconds} s: {}", found[0]);
            failed.push(format!("{replay}\n{}", described(&plan, &found)));
            continue;
        }
        let wrong = kind(&found[0]);
        let least = shrink(&plan, SHRINKING, |plan| {
            problems(&runtime, plan).first().is_some_and(|problem| kind(problem) == wrong)
        });
        let least = described(&least, &problems(&runtime, &least));
        panic!("{replay}\nall of it:\n{}\nas much as fails:\n{least}", described(&plan, &found));
    }
    assert!(failed.is_empty(), "{} of {count} failed:\n{}", failed.len(), failed.join("\n\n"));
}
