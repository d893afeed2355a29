//! The outcomes of events, as in `docs/reliability.md`.

use std::fmt::Write as _;

use shared::platform::settings::Variables;
use tests::faults::Fault;
use tests::tree;

use super::flow::Flow;
use super::scene::name;

const PAGE: &str = "docs/reliability.md";

/// One run of a flow.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The fault.
    pub(crate) what: String,
    /// The calls that the functions made.
    pub(crate) calls: Vec<String>,
    /// The final status of the event in the log.
    pub(crate) outcome: String,
    /// Requests of the flow's own and after it.
    pub(crate) requests: usize,
    /// Broken promises.
    pub(crate) violations: Vec<String>,
}

/// A call of a flow, under every fault.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) flow: Flow,
    pub(crate) call: String,
    pub(crate) cases: Vec<Case>,
}

impl Row {
    /// What was broken, one line each.
    pub(crate) fn violations(&self) -> Vec<String> {
        let of = |case: &Case| {
            let (flow, call, what) = (self.flow.name(), &self.call, &case.what);
            case.violations.iter().map(|it| format!("{flow}, {call}, {what}: {it}")).collect::<Vec<_>>()
        };
        self.cases.iter().flat_map(of).collect()
    }
}

/// The tables: the receiver's requests and the event's final status.
pub(crate) fn table(rows: &[Row]) -> String {
    let cases: usize = rows.iter().map(|row| row.cases.len()).sum();
    let mut text = format!("{} flows, {cases} runs.\n\n| flow | call |", Flow::ALL.len());
    for fault in Fault::ALL {
        let _ = write!(text, " {} |", name(fault));
    }
    text.push_str("\n|---|---|");
    text.push_str(&"---|".repeat(Fault::ALL.len()));
    text.push('\n');
    let (posts, calls): (Vec<&Row>, Vec<&Row>) =
        rows.iter().filter(|row| row.call != "none").partition(|row| row.call.starts_with("POST"));
    for row in &calls {
        // Queues are named after the stack.
        let _ = write!(text, "| {} | `{}` |", row.flow.name(), row.call.replace("local-", ""));
        for case in &row.cases {
            let _ = write!(text, " {} {} |", case.outcome, case.requests);
        }
        text.push('\n');
    }
    text.push_str(
        "\n| flow | callback answered 500 | reset | no answer | death after it |\n|---|---|---|---|---|\n",
    );
    for row in posts {
        let _ = write!(text, "| {} |", row.flow.name());
        for case in &row.cases {
            let _ = write!(text, " {} {} |", case.outcome, case.requests);
        }
        text.push('\n');
    }
    text
}

/// Compares a part of the page with the results; writes it with `UPDATE_DOCS=1`.
#[expect(clippy::unwrap_used, reason = "the page is in the tree and has its parts")]
pub(crate) fn hold(part: &str, expected: &str) {
    let page = tree::file(PAGE).text;
    let (begin, end) = (format!("<!-- begin {part} -->\n"), format!("<!-- end {part} -->"));
    let (head, rest) = page.split_once(&begin).unwrap();
    let (found, tail) = rest.split_once(&end).unwrap();
    if Variables::of_process().text("UPDATE_DOCS").is_some() {
        let page = format!("{head}{begin}{expected}{end}{tail}");
        std::fs::write(format!("{}/../{PAGE}", env!("CARGO_MANIFEST_DIR")), page).unwrap();
    } else {
        assert_eq!(found, expected, "{PAGE}: UPDATE_DOCS=1 cargo test -p tests crash_points:: writes it");
    }
}
