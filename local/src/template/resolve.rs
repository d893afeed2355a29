//! CloudFormation's intrinsic functions, as far as the template needs them.
//!
//! The name of a resource is its logical id: the template sets no names.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use sqs::{ACCOUNT, REGION};

/// The value of `AWS::StackName`.
const STACK_NAME: &str = "local";

/// Evaluates the intrinsic functions of a template.
pub(super) struct Resolver<'a> {
    document: &'a Value,
    queue_base_url: &'a str,
    overrides: &'a BTreeMap<String, String>,
}

impl<'a> Resolver<'a> {
    /// A resolver with these values over the defaults of the parameters.
    pub(super) fn new(
        document: &'a Value,
        queue_base_url: &'a str,
        overrides: &'a BTreeMap<String, String>,
    ) -> Result<Self, String> {
        match overrides.keys().find(|name| document["Parameters"].get(name).is_none()) {
            Some(unknown) => {
                Err(format!("Parameters.{unknown}: a value is given for it, but it does not exist"))
            }
            None => Ok(Self { document, queue_base_url, overrides }),
        }
    }

    /// Refuses global settings of functions that would be overlooked.
    pub(super) fn check_globals(&self, read: &[&str]) -> Result<(), String> {
        let globals = &self.document["Globals"]["Function"];
        match read.iter().find(|key| globals.get(key).is_some()) {
            Some(key) => Err(format!("Globals.Function.{key}: not supported here")),
            None => Ok(()),
        }
    }

    /// The resources of one type: their ids and their properties without intrinsic functions.
    pub(super) fn resources(&self, kind: &str) -> Result<Vec<(String, Value)>, String> {
        let resources = self.document["Resources"].as_object().into_iter().flatten();
        let of_kind = resources.filter(|(_, resource)| resource["Type"] == kind);
        let read = |(id, resource): (&String, &Value)| {
            if resource.get("Condition").is_some() {
                return Err(format!("Resources.{id}.Condition: not supported here"));
            }
            let properties = self.resolve(&resource["Properties"]);
            let properties = properties.map_err(|problem| format!("Resources.{id}: {problem}"))?;
            Ok((id.clone(), properties.unwrap_or_default()))
        };
        of_kind.map(read).collect()
    }

    pub(super) fn read<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<(String, T)>, String> {
        let read = |(id, properties)| match serde_json::from_value(properties) {
            Ok(properties) => Ok((id, properties)),
            Err(error) => Err(format!("Resources.{id}: {error}")),
        };
        self.resources(kind)?.into_iter().map(read).collect()
    }

    /// A value without intrinsic functions; `None` for `AWS::NoValue`.
    fn resolve(&self, value: &Value) -> Result<Option<Value>, String> {
        match value {
            Value::Array(items) => {
                let items = items.iter().filter_map(|item| self.resolve(item).transpose());
                items.collect::<Result<_, _>>().map(Some)
            }
            Value::Object(object) => {
                if let Some((function, argument)) = call(object) {
                    return self.call(function, argument);
                }
                let entry = |(key, item): (&String, &Value)| {
                    let item = self.resolve(item).transpose()?;
                    Some(item.map(|item| (key.clone(), item)))
                };
                object.iter().filter_map(entry).collect::<Result<Map<_, _>, _>>().map(|it| Some(it.into()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Some(value.clone())),
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Result<Option<Value>, String> {
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, argument.as_str(), parts) {
            ("Ref", Some("AWS::NoValue"), _) => Ok(None),
            ("Ref", Some(name), _) => self.reference(name).map(Some),
            ("Fn::GetAtt", Some(path), _) => self.attribute(path).map(Some),
            ("Fn::Sub", Some(text), _) => self.sub(text).map(Some),
            ("Fn::If", _, [Value::String(name), then, otherwise]) => {
                let condition = &self.document["Conditions"][name];
                let holds =
                    self.holds(condition).map_err(|problem| format!("condition {name}: {problem}"))?;
                self.resolve(if holds { then } else { otherwise })
            }
            ("Fn::FindInMap", _, [Value::String(map), first, second]) => {
                let key = |key| Ok::<_, String>(text_of(&self.resolve(key)?.unwrap_or_default()));
                let found = &self.document["Mappings"][map][key(first)?][key(second)?];
                if found.is_null() {
                    Err(format!("{map} does not have {argument}"))
                } else {
                    self.resolve(found)
                }
            }
            _ => Err(format!("{function} of {argument} is not supported here")),
        }
    }

    fn holds(&self, condition: &Value) -> Result<bool, String> {
        let text = |value| Ok::<_, String>(text_of(&self.resolve(value)?.unwrap_or_default()));
        let arguments = |function| condition[function].as_array().map(Vec::as_slice).unwrap_or_default();
        match (arguments("Fn::Not"), arguments("Fn::Equals")) {
            ([one], _) => Ok(!self.holds(one)?),
            (_, [left, right]) => Ok(text(left)? == text(right)?),
            _ => Err("only Fn::Equals and Fn::Not are supported here".to_owned()),
        }
    }

    fn reference(&self, name: &str) -> Result<Value, String> {
        match name {
            "AWS::AccountId" => return Ok(Value::from(ACCOUNT)),
            "AWS::Partition" => return Ok(Value::from("aws")),
            "AWS::Region" => return Ok(Value::from(REGION)),
            "AWS::StackName" => return Ok(Value::from(STACK_NAME)),
            _ => {}
        }
        if let Some(parameter) = self.document["Parameters"].get(name) {
            let given = self.overrides.get(name).map(|value| Value::from(value.as_str()));
            let value = given.or_else(|| parameter.get("Default").cloned());
            return value.ok_or_else(|| format!("the parameter {name} has no value"));
        }
        Ok(Value::from(match self.kind(name)? {
            "AWS::SQS::Queue" => format!("{}/{ACCOUNT}/{name}", self.queue_base_url),
            _ => name.to_owned(),
        }))
    }

    /// The value of `Fn::GetAtt`: an ARN.
    fn attribute(&self, path: &str) -> Result<Value, String> {
        let (id, attribute) = path.split_once('.').unwrap_or_default();
        let (service, rest) = match (self.kind(id)?, attribute) {
            ("AWS::DynamoDB::Table", "Arn") => ("dynamodb", format!("table/{id}")),
            ("AWS::SQS::Queue", "Arn") => ("sqs", id.to_owned()),
            ("AWS::KMS::Key", "Arn") => ("kms", format!("key/{id}")),
            ("AWS::Serverless::Function", "Arn") => ("lambda", format!("function:{id}")),
            ("AWS::Logs::LogGroup", "Arn") => ("logs", format!("log-group:{id}:*")),
            // Roles have no region.
            ("AWS::IAM::Role", "Arn") => {
                return Ok(Value::from(format!("arn:aws:iam::{ACCOUNT}:role/{id}")));
            }
            (kind, _) => return Err(format!("Fn::GetAtt {path} of {kind} is not supported here")),
        };
        Ok(Value::from(format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")))
    }

    /// Replaces each `${Name}` and `${Name.Attribute}`.
    fn sub(&self, text: &str) -> Result<Value, String> {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or("Fn::Sub has a \"${\" without its \"}\"")?;
            let value = if name.contains('.') { self.attribute(name)? } else { self.reference(name)? };
            result.push_str(before);
            result.push_str(&text_of(&value));
            rest = after;
        }
        result.push_str(rest);
        Ok(Value::String(result))
    }

    fn kind(&self, id: &str) -> Result<&'a str, String> {
        let kind = self.document["Resources"][id]["Type"].as_str();
        kind.ok_or_else(|| format!("\"{id}\" is neither a parameter nor a resource"))
    }
}

/// The intrinsic function that a mapping calls, if it is such a call: its only key, with its argument.
fn call(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = object.iter().next()?;
    (object.len() == 1 && (name == "Ref" || name.starts_with("Fn::"))).then_some((name, argument))
}

/// A value as CloudFormation writes it into a text.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
