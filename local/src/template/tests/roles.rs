use std::collections::BTreeMap;

use super::{parse, refusal};

/// A function whose role has one statement.
fn with(statement: &str) -> String {
    format!(
        "
Resources:
  Events: {{ Type: AWS::DynamoDB::Table, Properties: {{ AttributeDefinitions: [], BillingMode: b, KeySchema: [] }} }}
  Key: {{ Type: AWS::KMS::Key }}
  Logs: {{ Type: AWS::Logs::LogGroup }}
  Worker: {{ Type: AWS::Serverless::Function, Properties: {{ CodeUri: w, Timeout: 1, Role: !GetAtt Role.Arn }} }}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies: [{{ PolicyName: p, PolicyDocument: {{ Statement: [{{ {statement} }}] }} }}]
"
    )
}

#[test]
fn a_function_may_do_what_its_role_says_and_nothing_else() {
    let template = parse(&with(
        "Effect: Allow, Action: [dynamodb:GetItem, dynamodb:Query], \
         Resource: [!GetAtt Events.Arn, !Sub '${Events.Arn}/index/by_at']",
    ));
    let template = template.unwrap();
    let role = template.function("Worker").role.clone().unwrap();
    let (table, none) = ("arn:aws:dynamodb:us-east-1:000000000000:table/Events", BTreeMap::new());
    assert!(role.allows("dynamodb:GetItem", table, &none));
    assert!(role.allows("dynamodb:Query", &format!("{table}/index/by_at"), &none));
    assert!(!role.allows("dynamodb:PutItem", table, &none));
    assert!(!role.allows("dynamodb:GetItem", &format!("{table}2"), &none));
}

#[test]
fn a_key_opens_for_the_context_that_the_role_names() {
    let template = parse(&with(
        "Effect: Allow, Action: kms:Decrypt, Resource: !GetAtt Key.Arn, \
         Condition: { StringEquals: { 'kms:EncryptionContext:purpose': close } }",
    ));
    let template = template.unwrap();
    let role = template.function("Worker").role.clone().unwrap();
    let may = |context: &[(&str, &str)]| {
        let context = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        role.allows("kms:Decrypt", "arn:aws:kms:us-east-1:000000000000:key/Key", &context)
    };
    assert!(may(&[("purpose", "close"), ("instance_id", "1")]));
    assert!(!may(&[("purpose", "callback")]));
    assert!(!may(&[]));
}

#[test]
fn a_statement_that_would_allow_more_than_on_aws_is_refused() {
    let cases = [
        ("Effect: Deny, Action: a, Resource: r", "unknown variant `Deny`"),
        ("Effect: Allow, NotAction: a, Resource: r", "unknown field `NotAction`"),
        ("Effect: Allow, Resource: r", "missing field `Action`"),
        ("Effect: Allow, Action: a, Resource: r, Condition: { Bool: {} }", "unknown field `Bool`"),
        (
            "Effect: Allow, Action: a, Resource: r, Condition: { StringEquals: { 'aws:SourceIp': x } }",
            "a condition on aws:SourceIp is not supported here",
        ),
    ];
    for (statement, expected) in cases {
        let refusal = refusal(&with(statement));
        assert!(refusal.starts_with(&format!("Resources.Role: {expected}")), "{refusal}");
    }
}

/// A role with a statement that a condition may leave out.
fn with_condition(condition: &str, choice: &str) -> String {
    let statement =
        format!("Fn::If: [{choice}, {{ Effect: Allow, Action: a, Resource: r }}, !Ref AWS::NoValue]");
    let head = format!(
        "
Parameters: {{ Mode: {{ Type: String, Default: on }} }}
Conditions: {{ C: {condition} }}
"
    );
    head + &with(&statement)
}

#[test]
fn a_statement_is_there_if_its_condition_holds() {
    let cases = [
        ("!Equals [!Ref Mode, 'on']", true),
        ("!Equals [!Ref Mode, 'off']", false),
        ("!Not [!Equals [!Ref Mode, 'off']]", true),
    ];
    for (condition, there) in cases {
        let template = parse(&with_condition(condition, "C")).unwrap();
        let role = template.function("Worker").role.clone().unwrap();
        assert_eq!(role.allows("a", "r", &BTreeMap::new()), there, "{condition}");
        assert_eq!(role.statements.len(), usize::from(there), "{condition}");
    }
}
