//! The deployed template, checked against the code.

#![expect(clippy::panic, reason = "a template without its queues keeps no rule")]

mod account;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use local::template::{Function, Queue, RecursiveLoop, Template};
use tests::tree;

#[expect(clippy::unwrap_used, reason = "the template is in the tree")]
fn template_with(parameters: &BTreeMap<String, String>) -> Template {
    Template::read(Path::new("../template.yaml"), "http://127.0.0.1:1", parameters).unwrap()
}

fn template() -> Template {
    template_with(&BTreeMap::new())
}

#[expect(clippy::unwrap_used, reason = "the template is in the tree")]
fn document() -> serde_json::Value {
    Template::document(Path::new("../template.yaml")).unwrap()
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

/// The variables that a function's code reads, without those that Lambda sets.
fn variables_in_code(binary: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in tree::sources(&format!("functions/{binary}/src")) {
        // Variables that `shared` reads for its users.
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

/// Lambda ends a chain of about 16 calls through a queue, and only one metric shows it.
#[test]
fn a_function_may_send_to_its_own_queue_and_an_alarm_watches_it() {
    let (template, document) = (template(), document());
    let sends_to = |function: &Function, queue: &str| {
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
        let role = function.role.as_ref().unwrap_or_else(|| panic!("{} has no role", function.binary));
        role.allows("sqs:SendMessage", &arn, &BTreeMap::new())
    };
    let recursive: BTreeSet<_> = consumers(&template)
        .into_iter()
        .filter(|(queue, function)| sends_to(function, &queue.name))
        .map(|(_, function)| &*function.logical_id)
        .collect();
    assert_eq!(recursive, ["DispatcherFunction", "PollerFunction"].into());
    let resources = document["Resources"].as_object().cloned().unwrap_or_default();
    let watches = |resource: &serde_json::Value, id: &str| {
        resource["Properties"]["Metrics"].as_array().into_iter().flatten().any(|metric| {
            let metric = &metric["MetricStat"]["Metric"];
            metric["MetricName"] == "RecursiveInvocationsDropped"
                && metric["Namespace"] == "AWS/Lambda"
                && metric["Dimensions"][0]["Value"]["Ref"] == id
        })
    };
    for function in &template.functions {
        let id = &*function.logical_id;
        let expected = if recursive.contains(id) { RecursiveLoop::Allow } else { RecursiveLoop::Terminate };
        assert_eq!(function.recursive_loop, expected, "{id}");
        assert_eq!(resources.values().any(|it| watches(it, id)), recursive.contains(id), "{id}");
    }
}

#[test]
fn a_batch_reports_its_failures_one_by_one() {
    let document = document();
    for function in &template().functions {
        let events = &document["Resources"][&function.logical_id]["Properties"]["Events"];
        for (name, event) in events.as_object().into_iter().flatten().filter(|(_, it)| it["Type"] == "SQS") {
            let types = &event["Properties"]["FunctionResponseTypes"];
            assert_eq!(*types, serde_json::json!(["ReportBatchItemFailures"]), "{name}");
        }
    }
}

#[test]
fn dead_letters_are_kept_longer_than_deliveries() {
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
    let names = ["EventsTable", "PayloadsTable"];
    assert_eq!(expiring, names.map(str::to_owned).into());
}

#[test]
fn no_role_allows_more_than_it_names() {
    let text = tree::file("template.yaml").text;
    for managed in ["AdministratorAccess", "FullAccess", "AWSLambdaBasicExecutionRole", "ManagedPolicyArns"] {
        assert!(!text.contains(managed), "{managed}");
    }
    for function in &template().functions {
        let role = function.role.as_ref().unwrap_or_else(|| panic!("{} has no role", function.binary));
        for statement in &role.statements {
            for resource in &statement.resources {
                // CloudWatch Logs puts the streams of a group behind its ARN.
                let name = resource.strip_suffix("Logs:*").unwrap_or(resource);
                assert!(!name.contains('*'), "{resource}");
            }
            assert!(!statement.actions.iter().any(|action| action.contains('*')), "{:?}", statement.actions);
        }
    }
    // X-Ray knows no resources, and is used only on request. In the policy of a key a star is the key.
    let text = text.split("\n      KeyPolicy:").next().unwrap_or_default().to_owned()
        + text.split_once("role/${AWS::StackName}/functions/*").map_or("", |(_, rest)| rest);
    let stars: Vec<_> = text.lines().filter(|line| line.contains(r#"Resource: "*""#)).collect();
    assert_eq!(stars.len(), template().functions.len());
    for star in stars {
        assert!(star.contains("Action: [xray:PutTraceSegments, xray:PutTelemetryRecords]"), "{star}");
    }
}

#[test]
fn a_function_that_is_traced_may_record_its_calls() {
    let allowed = |tracing: &str| -> Vec<bool> {
        let parameters = BTreeMap::from([("Tracing".to_owned(), tracing.to_owned())]);
        let records = |function: &Function| {
            let role = function.role.as_ref().unwrap_or_else(|| panic!("{} has no role", function.binary));
            ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
                .iter()
                .all(|action| role.allows(action, "*", &BTreeMap::new()))
        };
        template_with(&parameters).functions.iter().map(records).collect()
    };
    assert_eq!(allowed("PassThrough"), [false; 5]);
    assert_eq!(allowed("Active"), [true; 5]);
}

#[test]
fn stacks_of_one_account_name_their_schedules_apart() {
    let document = document();
    let mut schedules = 0;
    for (name, resource) in document["Resources"].as_object().into_iter().flatten() {
        for (event, source) in resource["Properties"]["Events"].as_object().into_iter().flatten() {
            if source["Type"] == "ScheduleV2" {
                assert_eq!(source["Properties"]["OmitName"], true, "{name}{event}");
                schedules += 1;
            }
        }
    }
    assert_eq!(schedules, 3);
}

#[test]
fn a_scheduled_call_that_fails_is_not_repeated_beside_the_next() {
    let document = document();
    for function in template().functions.iter().filter(|function| !function.schedules.is_empty()) {
        let properties = &document["Resources"][&function.logical_id]["Properties"];
        let shortest = function.schedules.iter().map(|schedule| schedule.every.as_secs()).min();
        assert_eq!(properties["EventInvokeConfig"]["MaximumRetryAttempts"], 0, "{}", function.binary);
        let age = properties["EventInvokeConfig"]["MaximumEventAgeInSeconds"].as_u64();
        assert!(age.is_some() && age <= shortest, "{}", function.binary);
        for (name, event) in properties["Events"].as_object().into_iter().flatten() {
            let retries = &event["Properties"]["RetryPolicy"]["MaximumRetryAttempts"];
            assert!(event["Type"] != "ScheduleV2" || *retries == 0, "{name}");
        }
    }
}

#[test]
fn reserved_concurrency_equals_that_of_the_queues() {
    let document = document();
    let of = |path: &str| document.pointer(path).cloned().unwrap_or_else(|| panic!("{path}"));
    let dispatcher = "/Resources/DispatcherFunction/Properties";
    let limit =
        |event| of(&format!("{dispatcher}/Events/{event}/Properties/ScalingConfig/MaximumConcurrency"));
    let reserved = &of(&format!("{dispatcher}/ReservedConcurrentExecutions"))["Fn::If"][1]["Fn::FindInMap"];
    assert_eq!((&reserved[1], &reserved[2]), (&limit("Deliver"), &limit("Retry")));
    let steps =
        |name: &str| of(&format!("/Parameters/{name}/AllowedValues")).as_array().cloned().unwrap_or_default();
    for fresh in steps("DispatcherMaximumConcurrency") {
        for retries in steps("RetryMaximumConcurrency") {
            let sum = &of("/Mappings/DispatcherConcurrency")[fresh.to_string()][retries.to_string()];
            assert_eq!(
                sum.as_u64(),
                fresh.as_u64().zip(retries.as_u64()).map(|(a, b)| a + b + 1),
                "{fresh}, {retries}"
            );
        }
    }
    let allowed = of("/Parameters/PollerMaximumConcurrency/AllowedValues");
    let reserved = of("/Mappings/PollerConcurrency");
    assert_eq!(allowed.as_array().map(Vec::len), reserved.as_object().map(serde_json::Map::len));
    let template = template();
    let poller = template.functions.iter().filter(|function| function.binary == "poller");
    let schedules = poller.map(|function| function.schedules.len() as u64).sum::<u64>();
    for limit in allowed.as_array().into_iter().flatten() {
        let reserved = &reserved[limit.to_string()]["Reserved"];
        assert_eq!(reserved.as_u64(), limit.as_u64().map(|limit| limit + schedules), "{limit}");
    }
}

#[test]
fn every_parameter_is_bounded_says_how_and_has_a_default() {
    let document = document();
    let parameters = document["Parameters"].as_object().cloned().unwrap_or_default();
    let shown = document["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].to_string();
    assert!(parameters.len() > 10);
    for (name, parameter) in parameters {
        let bounds = ["AllowedValues", "AllowedPattern", "MinValue"];
        assert!(bounds.iter().any(|bound| parameter.get(bound).is_some()), "{name}");
        assert_eq!(parameter.get("MinValue").is_some(), parameter.get("MaxValue").is_some(), "{name}");
        for key in ["ConstraintDescription", "Description", "Default"] {
            assert!(parameter.get(key).is_some(), "{name} has no {key}");
        }
        assert!(shown.contains(&format!("{name:?}")), "{name} is in no group");
    }
}

#[test]
fn everything_that_has_a_price_is_tagged() {
    let document = document();
    let tagged = ["DynamoDB::Table", "SQS::Queue", "KMS::Key", "Logs::LogGroup", "SNS::Topic"];
    for (name, resource) in document["Resources"].as_object().into_iter().flatten() {
        let kind = resource["Type"].as_str().unwrap_or_default().trim_start_matches("AWS::");
        if tagged.contains(&kind) {
            assert_eq!(resource["Properties"]["Tags"][0]["Key"], "application", "{name}");
        }
    }
    assert!(document["Globals"]["Function"]["Tags"]["application"].is_object());
    assert!(document["Resources"]["Api"]["Properties"]["Tags"]["application"].is_object());
}
