use std::collections::BTreeMap;

use super::{Template, surroundings};

/// What a variable of a function becomes that is written as `expression`, or why it becomes nothing.
fn variable(expression: &str) -> Result<String, String> {
    variable_with(expression, &BTreeMap::new())
}

fn variable_with(expression: &str, overrides: &BTreeMap<String, String>) -> Result<String, String> {
    let text = format!(
        "
Parameters:
  Days: {{ Type: Number, Default: 30, MinValue: 1, MaxValue: 365 }}
  Switch: {{ Type: String, Default: 'false', AllowedValues: ['false', 'true'] }}
  Hosts: {{ Type: CommaDelimitedList, Default: 'a.example, b.example' }}
  Needed: {{ Type: String }}
Resources:
  Events: {{ Type: AWS::DynamoDB::Table, Properties: {{ KeySchema: [] }} }}
  Named: {{ Type: AWS::DynamoDB::Table, Properties: {{ TableName: !Sub '${{AWS::StackName}}-named', KeySchema: [] }} }}
  Jobs: {{ Type: AWS::SQS::Queue }}
  Api: {{ Type: AWS::Serverless::HttpApi }}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/worker
      Environment: {{ Variables: {{ V: {expression} }} }}
"
    );
    match Template::parse(&text, &surroundings(), overrides) {
        Ok(template) => Ok(template.function("Worker").environment["V"].clone()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn an_intrinsic_stands_for_its_value_here() {
    let cases = [
        ("plain", "plain"),
        ("12", "12"),
        ("0.5", "0.5"),
        ("true", "true"),
        ("'007'", "007"),
        ("!Ref Days", "30"),
        ("{Ref: Days}", "30"),
        ("!Ref Switch", "false"),
        ("!Ref Events", "Events"),
        ("!Ref Named", "local-named"),
        ("!Ref Jobs", "http://127.0.0.1:9324/000000000000/Jobs"),
        ("!Ref Worker", "Worker"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::StackName", "local"),
        ("!GetAtt Events.Arn", "arn:aws:dynamodb:us-east-1:000000000000:table/Events"),
        ("{Fn::GetAtt: [Jobs, Arn]}", "arn:aws:sqs:us-east-1:000000000000:Jobs"),
        ("{Fn::GetAtt: Jobs.QueueName}", "Jobs"),
        ("!GetAtt Jobs.QueueUrl", "http://127.0.0.1:9324/000000000000/Jobs"),
        ("!GetAtt [Worker, Arn]", "arn:aws:lambda:us-east-1:000000000000:function:Worker"),
        ("!Sub '${Days} days in ${AWS::Region}'", "30 days in us-east-1"),
        ("!Sub 'x-${Jobs.QueueName}'", "x-Jobs"),
        ("!Sub '${!Days} and $Days and ${ Days }'", "${Days} and $Days and 30"),
        ("!Sub ['${a}-${Days}', {a: !Ref Named}]", "local-named-30"),
        ("{Fn::Sub: ['${Days}', {Days: own}]}", "own"),
        ("!Join ['-', [a, !Ref Days, true]]", "a-30-true"),
        ("{Fn::Join: ['', [a, {Ref: Switch}]]}", "afalse"),
        ("!Join [';', !Ref Hosts]", "a.example;b.example"),
    ];
    for (expression, expected) in cases {
        assert_eq!(variable(expression).as_deref(), Ok(expected), "{expression}");
    }
}

#[test]
fn an_intrinsic_without_a_value_is_refused_where_it_stands() {
    let cases = [
        ("!Ref Foo", "Ref to \"Foo\", which is neither a parameter nor a resource"),
        ("!Ref Needed", "Ref to \"Needed\", a parameter without a default: give it a value"),
        ("!Ref Api", "Ref to \"Api\": AWS::Serverless::HttpApi does not exist on one machine"),
        ("!Ref [Days]", "Ref takes a name"),
        ("!GetAtt Foo.Arn", "Fn::GetAtt to \"Foo\", which is neither a parameter nor a resource"),
        ("!GetAtt Events.Size", "Fn::GetAtt \"Events.Size\" of AWS::DynamoDB::Table is not supported here"),
        ("!GetAtt Events", "Fn::GetAtt takes a resource and an attribute"),
        ("!Sub 'a ${Foo}'", "Ref to \"Foo\", which is neither a parameter nor a resource"),
        ("!Sub 'a ${Days'", "Fn::Sub has a \"${\" without its \"}\""),
        ("!Sub '${Hosts}'", "\"${Hosts}\" in Fn::Sub is not a text"),
        ("!Sub [a]", "Fn::Sub takes a text, or a text and a mapping"),
        ("!Join [a, b]", "Fn::Join takes a delimiter and a list of texts"),
        ("!ImportValue x", "Fn::ImportValue is not supported here"),
        ("!If [A, b, c]", "Fn::If is not supported here"),
        ("!Ref Hosts", "expected text, found [\"a.example\",\"b.example\"]"),
        ("[1]", "expected text, found [1]"),
    ];
    for (expression, expected) in cases {
        let expected =
            format!("template.yaml: Resources.Worker.Properties.Environment.Variables.V: {expected}");
        assert_eq!(variable(expression), Err(expected), "{expression}");
    }
}

#[test]
fn a_given_value_replaces_the_default() {
    let given = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    assert_eq!(variable_with("!Ref Days", &given("Days", "7")).as_deref(), Ok("7"));
    assert_eq!(variable_with("!Ref Needed", &given("Needed", "x")).as_deref(), Ok("x"));
    let refused = [
        ("Days", "0", "\"0\" is not an allowed value"),
        ("Days", "366", "\"366\" is not an allowed value"),
        ("Days", "many", "\"many\" is not an allowed value"),
        ("Switch", "yes", "\"yes\" is not an allowed value"),
        ("Dyas", "7", "\"7\" is given for it, but it does not exist"),
    ];
    for (name, value, problem) in refused {
        let expected = format!("template.yaml: Parameters.{name}: {problem}");
        assert_eq!(variable_with("!Ref Days", &given(name, value)), Err(expected));
    }
}
