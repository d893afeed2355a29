use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::super::{QueueSource, Route, RouteMethod, Schedule};
use super::parse;

#[test]
fn a_table_becomes_the_request_that_creates_it() {
    let template = parse(
        "
Resources:
  Events:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: true
      SSESpecification: { SSEEnabled: true }
      StreamSpecification: { StreamViewType: NEW_IMAGE }
      TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
      AttributeDefinitions: [{ AttributeName: id, AttributeType: N }, { AttributeName: at, AttributeType: N }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      GlobalSecondaryIndexes:
        - IndexName: by_at
          KeySchema: [{ AttributeName: at, KeyType: HASH }]
          Projection: { ProjectionType: KEYS_ONLY }
          ContributorInsightsSpecification: { Enabled: true }
",
    );
    let template = template.unwrap();
    let table = template.table("Events");
    assert_eq!(
        table.create_request,
        json!({
            "TableName": "Events",
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
            "AttributeDefinitions": [
                { "AttributeName": "id", "AttributeType": "N" },
                { "AttributeName": "at", "AttributeType": "N" },
            ],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by_at",
                "KeySchema": [{ "AttributeName": "at", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            }],
        })
    );
    assert_eq!(table.ttl_attribute.as_deref(), Some("expires_at"));
}

#[test]
fn expiry_that_is_switched_off_is_none() {
    let template = parse(
        "Resources: { T: { Type: AWS::DynamoDB::Table, Properties: { KeySchema: [], TableName: t, \
         TimeToLiveSpecification: { Enabled: false } } } }",
    );
    assert_eq!(template.unwrap().table("t").ttl_attribute, None);
}

#[test]
fn a_queue_has_its_attributes_as_text_and_comes_after_its_dead_letter_queue() {
    let template = parse(
        "
Resources:
  A:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: 5
      SqsManagedSseEnabled: true
      Tags: [{ Key: k, Value: v }]
      RedrivePolicy: { deadLetterTargetArn: !GetAtt B.Arn, maxReceiveCount: 5 }
  B:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: { deadLetterTargetArn: { Fn::GetAtt: [C, Arn] }, maxReceiveCount: '3' }
  C:
    Type: AWS::SQS::Queue
    Properties: { QueueName: last }
",
    );
    let template = template.unwrap();
    let names: Vec<&str> = template.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["last", "B", "A"]);
    let queue = template.queue("A");
    assert_eq!(queue.dead_letter_queue.as_deref(), Some("B"));
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:B","maxReceiveCount":5}"#;
    let expected = [("DelaySeconds", "5"), ("RedrivePolicy", policy), ("SqsManagedSseEnabled", "true")];
    assert_eq!(queue.attributes, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(template.queue("B").dead_letter_queue.as_deref(), Some("last"));
}

#[test]
fn a_function_takes_from_globals_what_it_does_not_say_itself() {
    let template = parse(
        "
Globals:
  Function:
    Timeout: 9
    MemorySize: 512
    Environment: { Variables: { A: all, B: all } }
Resources:
  Own:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: target/lambda/own/, Timeout: 20, Environment: { Variables: { B: own, C: own } } }
  Common:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: common }
",
    );
    let template = template.unwrap();
    let (own, common) = (template.function("Own"), template.function("Common"));
    assert_eq!((own.binary.as_str(), own.timeout, own.memory_mb), ("own", Duration::from_secs(20), 512));
    assert_eq!(
        own.environment.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(),
        ["A=all", "B=own", "C=own"]
    );
    assert_eq!((common.binary.as_str(), common.timeout), ("common", Duration::from_secs(9)));
    assert_eq!(common.environment.len(), 2);
}

#[test]
fn a_function_that_says_nothing_gets_what_aws_gives() {
    let template = parse(
        "Resources: { Jobs: { Type: AWS::SQS::Queue }, W: { Type: AWS::Serverless::Function, Properties: { \
         CodeUri: w, Events: { E: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn } } } } } }",
    );
    let template = template.unwrap();
    let function = template.function("W");
    assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(3), 128));
    assert_eq!(
        function.queues,
        [QueueSource {
            queue: "Jobs".to_owned(),
            batch_size: 10,
            batching_window: Duration::ZERO,
            maximum_concurrency: None,
            report_batch_item_failures: false,
        }]
    );
}

#[test]
fn events_are_what_calls_a_function() {
    let template = parse(
        "
Resources:
  W:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: w
      Events:
        A: { Type: HttpApi, Properties: { Path: '/a/{id}', Method: any } }
        B: { Type: HttpApi, Properties: { Path: /b, Method: Post, ApiId: !Ref Elsewhere } }
        B2: { Type: HttpApi, Properties: { ApiId: !Ref Elsewhere } }
        C: { Type: Schedule, Properties: { Schedule: rate(1 minute), Input: '{\"tick\": 1}' } }
        D: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(2 hours) } }
        E: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(3 days), State: DISABLED } }
",
    );
    let template = template.unwrap();
    let function = template.function("W");
    let route = |method, path: &str| Route { method, path: path.to_owned() };
    let routes = [
        route(RouteMethod::Any, "/a/{id}"),
        route(RouteMethod::Only(Method::POST), "/b"),
        route(RouteMethod::Any, "$default"),
    ];
    assert_eq!(function.routes, routes);
    let schedule = |expression: &str, minutes: u64, input| Schedule {
        expression: expression.to_owned(),
        every: Duration::from_mins(minutes),
        input,
    };
    let schedules =
        [schedule("rate(1 minute)", 1, Some(json!({ "tick": 1 }))), schedule("rate(2 hours)", 120, None)];
    assert_eq!(function.schedules, schedules);
}

#[test]
fn what_is_not_needed_may_be_anything() {
    let template = parse(
        "
Conditions: { C: !Equals [a, b] }
Resources:
  Bucket: { Type: AWS::S3::Bucket, Properties: { BucketName: !ImportValue x } }
  W:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: w, Layers: [!FindInMap [a, b, c]], Tags: !Transform { Name: x } }
Outputs: { X: { Value: !Select [0, []] } }
",
    );
    assert_eq!(template.unwrap().functions.len(), 1);
}
