use std::collections::BTreeMap;
use std::path::Path;

use super::{Template, refusal, surroundings};

#[test]
fn a_file_that_is_missing_is_named() {
    let error = Template::read(Path::new("/nowhere/t.yaml"), &surroundings(), &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "/nowhere/t.yaml: No such file or directory (os error 2)");
}

#[test]
fn a_text_that_is_not_a_template_is_refused() {
    let cases = [
        ("", "the document: expected one mapping with Resources"),
        ("- a", "the document: expected one mapping with Resources"),
        ("a: 1\n---\nb: 2", "the document: expected one mapping with Resources"),
        ("a: !!int foo", "the document: a value does not fit its tag"),
        ("a: {[1]: 2}", "the document: expected a name as a key, found [1]"),
        ("Parameters: {}", "Resources: missing"),
        ("Resources: []", "Resources: expected a mapping, found []"),
        ("Resources: {A: {Properties: {}}}", "Resources.A.Type: missing"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), format!("template.yaml: {expected}"), "{text}");
    }
}

#[test]
fn broken_yaml_is_reported_with_line_and_column() {
    let error = refusal("Resources:\n  A: [1, 2\n  B: 3\n");
    assert!(error.starts_with("template.yaml:3:"), "{error}");
    let error = refusal("a: 1\nb: 2\na: 3\n");
    assert!(error.starts_with("template.yaml:3:1: "), "{error}");
}

/// A function with one property, or one event, beside what it needs.
fn function_with(property: &str) -> String {
    format!(
        "
Resources:
  Jobs: {{ Type: AWS::SQS::Queue }}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/worker
      {property}
"
    )
}

fn event(kind: &str, properties: &str) -> String {
    function_with(&format!("Events: {{ E: {{ Type: {kind}, Properties: {properties} }} }}"))
}

#[test]
fn what_is_wrong_in_a_function_is_refused_where_it_stands() {
    let cases = [
        ("Timeout: soon", "Timeout: expected seconds, found \"soon\""),
        ("Timeout: -1", "Timeout: expected seconds, found -1"),
        ("MemorySize: !Ref Foo", "MemorySize: Ref to \"Foo\", which is neither a parameter nor a resource"),
        ("Environment: 1", "Environment: expected a mapping, found 1"),
        ("Environment: !If [A, b, c]", "Environment: expected a mapping, found Fn::If"),
        ("Events: { E: { Type: HttpApi } }", "Events.E.Properties: missing"),
    ];
    for (property, expected) in cases {
        let expected = format!("template.yaml: Resources.Worker.Properties.{expected}");
        assert_eq!(refusal(&function_with(property)), expected);
    }
}

#[test]
fn an_event_that_would_not_happen_here_as_in_aws_is_refused() {
    let arn = "Queue: !GetAtt Jobs.Arn";
    let cases = [
        ("S3", "{ Bucket: b }".to_owned(), "Type: events of type S3 are not supported here"),
        ("HttpApi", "{ Path: /a }".to_owned(), "Properties.Method: missing"),
        ("HttpApi", "{ Method: GET }".to_owned(), "Properties.Path: missing"),
        (
            "HttpApi",
            "{ Path: a, Method: GET }".to_owned(),
            "Properties.Path: expected a path that starts with \"/\"",
        ),
        (
            "HttpApi",
            "{ Path: /a, Method: FETCH }".to_owned(),
            "Properties.Method: expected an HTTP method or ANY, found \"FETCH\"",
        ),
        (
            "HttpApi",
            "{ Path: /a, Method: GET, PayloadFormatVersion: '1.0' }".to_owned(),
            "Properties.PayloadFormatVersion: only 2.0 is supported here",
        ),
        (
            "HttpApi",
            "{ Path: /a, Method: GET, Auth: { Authorizer: A } }".to_owned(),
            "Properties.Auth: not supported here",
        ),
        (
            "SQS",
            "{ Queue: 'arn:aws:sqs:us-east-1:1:Other' }".to_owned(),
            "Properties.Queue: expected the ARN of a queue of this template, found \"arn:aws:sqs:us-east-1:1:Other\"",
        ),
        (
            "SQS",
            format!("{{ {arn}, BatchSize: many }}"),
            "Properties.BatchSize: expected a number of messages, found \"many\"",
        ),
        (
            "SQS",
            format!("{{ {arn}, FilterCriteria: {{}} }}"),
            "Properties.FilterCriteria: not supported here",
        ),
        (
            "ScheduleV2",
            "{ ScheduleExpression: cron(0 3 * * ? *) }".to_owned(),
            "Properties.ScheduleExpression: only rate(…) runs on one machine, found \"cron(0 3 * * ? *)\"",
        ),
        (
            "Schedule",
            "{ Schedule: rate(0 minutes) }".to_owned(),
            "Properties.Schedule: expected a rate such as rate(5 minutes), found \"rate(0 minutes)\"",
        ),
        (
            "Schedule",
            "{ Schedule: rate(1 minute), Input: '{' }".to_owned(),
            "Properties.Input: expected JSON: EOF while parsing an object at line 1 column 1",
        ),
    ];
    for (kind, properties, expected) in cases {
        let expected = format!("template.yaml: Resources.Worker.Properties.Events.E.{expected}");
        assert_eq!(refusal(&event(kind, &properties)), expected);
    }
}

#[test]
fn a_resource_that_cannot_be_built_is_refused() {
    let cases = [
        ("A: { Type: AWS::Serverless::Function }", "Resources.A.Properties.CodeUri: missing"),
        (
            "A: { Type: AWS::Serverless::Function, Properties: { CodeUri: . } }",
            "Resources.A.Properties.CodeUri: expected a path that ends with the name of a binary, found \".\"",
        ),
        ("A: { Type: AWS::DynamoDB::Table }", "Resources.A.Properties.KeySchema: missing"),
        (
            "A: { Type: AWS::SQS::Queue, Condition: C }",
            "Resources.A.Condition: conditions are not supported here",
        ),
        (
            "A: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref B } }",
            "Resources.A.Properties.QueueName: Ref to \"B\": a name may refer to parameters only",
        ),
        (
            "A: { Type: AWS::SQS::Queue, Properties: { RedrivePolicy: \
             { deadLetterTargetArn: !GetAtt A.Arn, maxReceiveCount: 5 } } }",
            "Resources: the dead letters of A go round in a circle",
        ),
        (
            "A: { Type: AWS::SQS::Queue, Properties: { RedrivePolicy: { maxReceiveCount: 5 } } }",
            "Resources.A.Properties.RedrivePolicy.deadLetterTargetArn: missing",
        ),
    ];
    for (resource, expected) in cases {
        assert_eq!(refusal(&format!("Resources:\n  {resource}")), format!("template.yaml: {expected}"));
    }
}
