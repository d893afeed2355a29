//! The template that is deployed, held against the code that it deploys.

#![expect(clippy::panic, reason = "a template without its queues keeps no rule")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use local::template::{Function, Queue, Surroundings, Template};
use tests::tree;

#[expect(clippy::unwrap_used, reason = "the template is in the tree")]
fn template() -> Template {
    let surroundings = Surroundings {
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
        queue_base_url: "http://127.0.0.1:1".to_owned(),
    };
    Template::read(Path::new("../template.yaml"), &surroundings, &BTreeMap::new()).unwrap()
}

fn queue<'a>(template: &'a Template, name: &str) -> &'a Queue {
    template.queues.iter().find(|queue| queue.name == name).unwrap_or_else(|| panic!("no queue {name}"))
}

fn seconds(queue: &Queue, attribute: &str) -> u64 {
    queue.attributes[attribute].parse().unwrap_or_else(|_| panic!("{attribute} of {}", queue.name))
}

/// Each pair of a queue and the function that works it.
fn consumers(template: &Template) -> Vec<(&Queue, &Function)> {
    let mut pairs = Vec::new();
    for function in &template.functions {
        pairs.extend(function.queues.iter().map(|source| (queue(template, &source.queue), function)));
    }
    assert!(!pairs.is_empty(), "no queue is worked");
    pairs
}

/// The variables that a function's code asks for, the ones that Lambda itself sets aside.
fn variables_in_code(binary: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in tree::sources(&format!("functions/{binary}/src")) {
        // What `shared` reads for whoever uses it.
        if file.text.contains("Metrics::from_variables(") {
            names.insert("METRICS_NAMESPACE".to_owned());
        }
        for asking in ["required(\"", ".or(\"", ".or::<u16>(\""] {
            for rest in file.text.split(asking).skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                if name.chars().all(|c| c.is_ascii_uppercase() || c == '_') && !name.starts_with("AWS_") {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    names
}

#[test]
fn every_function_of_the_workspace_is_deployed() {
    let deployed: BTreeSet<_> =
        template().functions.iter().map(|function| format!("functions/{}", function.binary)).collect();
    let members: BTreeSet<_> = tree::MEMBERS
        .iter()
        .filter(|member| member.starts_with("functions/"))
        .map(|member| (*member).to_owned())
        .collect();
    assert_eq!(deployed, members);
}

#[test]
fn a_function_has_the_variables_that_it_reads_and_no_others() {
    for function in &template().functions {
        let given: BTreeSet<_> = function.environment.keys().cloned().collect();
        assert_eq!(given, variables_in_code(&function.binary), "{}", function.binary);
        let readme = tree::file(&format!("functions/{}/README.md", function.binary)).text;
        for name in given {
            assert!(
                readme.contains(&format!("| `{name}` |")),
                "{name} is not in {}'s README",
                function.binary
            );
        }
    }
}

#[test]
fn a_message_stays_out_of_sight_for_six_time_outs() {
    for (queue, function) in consumers(&template()) {
        let window: u64 =
            function.queues.iter().map(|source| source.batching_window.as_secs()).max().unwrap_or(0);
        assert!(
            seconds(queue, "VisibilityTimeout") >= 6 * function.timeout.as_secs() + window,
            "{}",
            queue.name
        );
    }
}

#[test]
fn a_batch_reports_its_failures_one_by_one() {
    for function in &template().functions {
        assert!(
            function.queues.iter().all(|source| source.report_batch_item_failures),
            "{}",
            function.binary
        );
    }
}

#[test]
fn what_fails_is_kept_longer_than_what_waits() {
    let template = template();
    for (queue, _) in consumers(&template) {
        let dead_letters = queue.dead_letter_queue.as_deref().unwrap_or_else(|| panic!("{}", queue.name));
        let dead_letters = self::queue(&template, dead_letters);
        let period = "MessageRetentionPeriod";
        assert!(seconds(dead_letters, period) > seconds(queue, period));
        let policy: serde_json::Value = queue.attributes["RedrivePolicy"].parse().unwrap();
        let receives = policy["maxReceiveCount"].to_string().replace('"', "");
        assert!(receives.parse::<u32>().unwrap() >= 5, "throttles and crashes count as receives too");
    }
}

#[test]
fn queues_take_messages_as_large_as_sqs_does() {
    for queue in &template().queues {
        assert_eq!(seconds(queue, "MaximumMessageSize"), 1_048_576, "{}", queue.name);
    }
}

#[test]
fn items_that_expire_have_a_time_to_live() {
    let expiring: BTreeSet<_> = template()
        .tables
        .iter()
        .filter(|table| table.ttl_attribute.as_deref() == Some("expires_at"))
        .map(|table| table.name.clone())
        .collect();
    let names = ["EndpointsTable", "EventsTable", "PayloadsTable", "PollersTable"];
    assert_eq!(expiring, names.map(str::to_owned).into());
}

#[test]
fn no_policy_allows_more_than_it_names() {
    let text = tree::file("template.yaml").text;
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let wild = lines.filter(|line| line.contains('*') && !line.starts_with("AllowedPattern:"));
    assert_eq!(wild.collect::<Vec<_>>(), Vec::<&str>::new());
    for managed in ["AdministratorAccess", "FullAccess", "AWSLambdaBasicExecutionRole"] {
        assert!(!text.contains(managed), "{managed}");
    }
}
