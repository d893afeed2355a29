//! Small templates, each with one thing to read or to refuse.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::super::{QueueSource, Route, RouteMethod, Schedule};
use super::{QUEUES, Template, document, parse, refusal};

/// A function with one more property, between a table and two queues.
fn with(property: &str) -> String {
    format!(
        "
Parameters: {{ Days: {{ Type: Number, Default: 30 }}, Needed: {{ Type: String }} }}
Conditions: {{ Same: !Equals [a, a], Other: !Not [!Equals [!Ref Days, '30']], Odd: !Or [] }}
Mappings: {{ Sums: {{ '30': {{ x: 31 }} }} }}
Resources:
  Events: {{ Type: AWS::DynamoDB::Table, Properties: {{ AttributeDefinitions: [], BillingMode: b, KeySchema: [] }} }}
  Jobs: {{ Type: AWS::SQS::Queue, Properties: {{ DelaySeconds: 5, Tags: [{{ Key: k, Value: v }}],
          RedrivePolicy: {{ deadLetterTargetArn: !GetAtt Lost.Arn, maxReceiveCount: 5 }} }} }}
  Lost: {{ Type: AWS::SQS::Queue, Properties: {{ RedrivePolicy: {{ deadLetterTargetArn: !GetAtt Zero.Arn }} }} }}
  Zero: {{ Type: AWS::SQS::Queue, Properties: {{}} }}
  Api: {{ Type: AWS::Serverless::HttpApi, Properties: !ImportValue anything }}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/worker/
      Timeout: 9
      {property}
"
    )
}

fn variable(expression: &str) -> Result<String, String> {
    let template = parse(&with(&format!("Environment: {{ Variables: {{ V: {expression} }} }}")))?;
    Ok(template.function("Worker").environment["V"].clone())
}

#[test]
fn intrinsic_functions_are_evaluated() {
    let cases = [
        ("plain", "plain"),
        ("12", "12"),
        ("0.5", "0.5"),
        ("true", "true"),
        ("'007'", "007"),
        ("!Ref Days", "30"),
        ("{Ref: Days}", "30"),
        ("!Ref Events", "Events"),
        ("!Ref Jobs", "http://127.0.0.1:9324/000000000000/Jobs"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Ref AWS::StackName", "local"),
        ("!GetAtt Events.Arn", "arn:aws:dynamodb:us-east-1:000000000000:table/Events"),
        ("{Fn::GetAtt: Jobs.Arn}", "arn:aws:sqs:us-east-1:000000000000:Jobs"),
        ("!GetAtt Worker.Arn", "arn:aws:lambda:us-east-1:000000000000:function:Worker"),
        ("!Sub '${Days} days in ${AWS::Region}'", "30 days in us-east-1"),
        ("!Sub '${Events.Arn}/x'", "arn:aws:dynamodb:us-east-1:000000000000:table/Events/x"),
        ("!If [Same, then, !Ref Nothing]", "then"),
        ("!If [Other, !Ref Nothing, otherwise]", "otherwise"),
        ("!FindInMap [Sums, !Ref Days, x]", "31"),
    ];
    for (expression, expected) in cases {
        assert_eq!(variable(expression).as_deref(), Ok(expected), "{expression}");
    }
}

#[test]
fn an_intrinsic_without_a_value_is_refused() {
    let cases = [
        ("!Ref Foo", "\"Foo\" is neither a parameter nor a resource"),
        ("!Ref Needed", "the parameter Needed has no value"),
        ("!Ref [Days]", "Ref of [\"Days\"] is not supported here"),
        ("!GetAtt Foo.Arn", "\"Foo\" is neither a parameter nor a resource"),
        ("!GetAtt Events.Size", "Fn::GetAtt Events.Size of AWS::DynamoDB::Table is not supported here"),
        ("!Sub 'a ${Foo}'", "\"Foo\" is neither a parameter nor a resource"),
        ("!Sub 'a ${Days'", "Fn::Sub has a \"${\" without its \"}\""),
        ("!If [Odd, a, b]", "condition Odd: only Fn::Equals and Fn::Not are supported here"),
        ("!If [None, a, b]", "condition None: only Fn::Equals and Fn::Not are supported here"),
        ("!FindInMap [Sums, 7, x]", "Sums does not have [\"Sums\",7,\"x\"]"),
        ("!ImportValue x", "Fn::ImportValue of \"x\" is not supported here"),
    ];
    for (expression, expected) in cases {
        assert_eq!(variable(expression), Err(format!("Resources.Worker: {expected}")), "{expression}");
    }
}

#[test]
fn a_given_value_replaces_the_default() {
    let document = document::parse(&with("Environment: { Variables: { V: !Ref Days } }")).unwrap();
    let read = |name: &str| {
        let given = BTreeMap::from([(name.to_owned(), "7".to_owned())]);
        Template::of(&document, QUEUES, &given)
    };
    assert_eq!(read("Days").unwrap().function("Worker").environment["V"], "7");
    assert_eq!(read("Dyas").unwrap_err(), "Parameters.Dyas: a value is given for it, but it does not exist");
}

#[test]
fn a_queue_has_its_attributes_as_text_and_comes_after_its_dead_letter_queue() {
    let template = parse(&with("")).unwrap();
    let names: Vec<&str> = template.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["Zero", "Lost", "Jobs"]);
    let queue = template.queue("Jobs");
    assert_eq!(queue.dead_letter_queue.as_deref(), Some("Lost"));
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Lost","maxReceiveCount":5}"#;
    let expected = [("DelaySeconds", "5"), ("RedrivePolicy", policy)];
    assert_eq!(queue.attributes, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
}

#[test]
fn events_are_what_calls_a_function() {
    let template = parse(&with(
        "Events:
        A: { Type: HttpApi, Properties: { ApiId: !Ref Api, Path: '/a/{id}', Method: ANY, PayloadFormatVersion: '2.0' } }
        B: { Type: HttpApi, Properties: { ApiId: !Ref Api, Path: /b, Method: POST, PayloadFormatVersion: '2.0' } }
        C: { Type: HttpApi, Properties: { ApiId: !Ref Api, PayloadFormatVersion: '2.0' } }
        D: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(2 hours), Input: '{\"tick\": 1}' } }
        E: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn, BatchSize: 10, MaximumBatchingWindowInSeconds: 1,
             FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: { MaximumConcurrency: 2 } } }",
    ));
    let template = template.unwrap();
    let function = template.function("Worker");
    assert_eq!((function.binary.as_str(), function.timeout), ("worker", Duration::from_secs(9)));
    let route = |method, path: &str| Route { method, path: path.to_owned() };
    let routes = [
        route(RouteMethod::Any, "/a/{id}"),
        route(RouteMethod::Only(Method::POST), "/b"),
        route(RouteMethod::Any, "$default"),
    ];
    assert_eq!(function.routes, routes);
    let (expression, every) = ("rate(2 hours)".to_owned(), Duration::from_hours(2));
    assert_eq!(function.schedules, [Schedule { expression, every, input: json!({ "tick": 1 }) }]);
    assert_eq!(
        function.queues,
        [QueueSource {
            queue: "Jobs".to_owned(),
            batch_size: 10,
            batching_window: Duration::from_secs(1),
            maximum_concurrency: 2,
        }]
    );
}

#[test]
fn a_template_that_would_differ_from_aws_is_refused() {
    let event = |event: &str| with(&format!("Events: {{ E: {event} }}"));
    let http =
        |properties: &str| event(&format!("{{ Type: HttpApi, Properties: {{ ApiId: a, {properties} }} }}"));
    let schedule = |rate: &str| {
        event(&format!("{{ Type: ScheduleV2, Properties: {{ ScheduleExpression: {rate}, Input: '{{}}' }} }}"))
    };
    let cases = [
        (with("Timeout2: 1").replace("Timeout:", "Time:"), "missing field `Timeout`"),
        (with("RecursiveLoop: Sometimes"), "unknown variant `Sometimes`, expected `Allow` or `Terminate`"),
        (
            with("Role: arn:aws:iam::1:role/Other"),
            "Role: arn:aws:iam::1:role/Other is not a role of this template",
        ),
        (event("{ Type: S3, Properties: {} }"), "unknown variant `S3`"),
        (http("PayloadFormatVersion: '1.0'"), "unknown variant `1.0`, expected `2.0`"),
        (http("PayloadFormatVersion: '2.0', Path: /a"), "Events.E: Path and Method belong together"),
        (http("PayloadFormatVersion: '2.0', Auth: {}"), "unknown field `Auth`"),
        (event("{ Type: SQS, Properties: { FilterCriteria: {} } }"), "unknown field `FilterCriteria`"),
        (schedule("cron(0 3)"), "Events.E: expected a rate such as rate(5 minutes), found \"cron(0 3)\""),
        (
            schedule("rate(0 minutes)"),
            "Events.E: expected a rate such as rate(5 minutes), found \"rate(0 minutes)\"",
        ),
    ];
    for (text, expected) in cases {
        let refusal = refusal(&text);
        assert!(refusal.starts_with(&format!("Resources.Worker: {expected}")), "{refusal}");
    }
    let disabled = refusal(&schedule("rate(1 day), State: DISABLED"));
    assert_eq!(disabled, "Resources.Worker: Events.E: State: DISABLED is not supported here");
    let globals = refusal(&(with("") + "Globals: { Function: { Timeout: 1 } }"));
    assert_eq!(globals, "Globals.Function.Timeout: not supported here");
    let conditional = refusal("Resources: { A: { Type: AWS::SQS::Queue, Condition: C } }");
    assert_eq!(conditional, "Resources.A.Condition: not supported here");
}

#[test]
fn a_text_that_is_not_a_template_is_refused() {
    let cases = [
        ("", "expected one mapping with Resources"),
        ("a: 1\n---\nb: 2", "expected one mapping with Resources"),
        ("a: !!int foo", "a value does not fit its tag"),
        ("a: {[1]: 2}", "expected a name as a key, found [1]"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), expected, "{text}");
    }
    let broken = refusal("Resources:\n  A: [1, 2\n  B: 3\n");
    assert!(broken.contains("line 3"), "{broken}");
    let missing = Template::read(Path::new("/nowhere/t.yaml"), QUEUES, &BTreeMap::new());
    assert_eq!(missing.unwrap_err().to_string(), "/nowhere/t.yaml: No such file or directory (os error 2)");
}
