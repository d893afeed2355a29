//! What names in the template stand for: parameters, pseudo parameters and resources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parameters::Parameters;

/// The type of a table in a template.
pub(super) const TABLE: &str = "AWS::DynamoDB::Table";
/// The type of a queue in a template.
pub(super) const QUEUE: &str = "AWS::SQS::Queue";
/// The type of a function in a template.
pub(super) const FUNCTION: &str = "AWS::Serverless::Function";

/// The type of a role in a template.
pub(super) const ROLE: &str = "AWS::IAM::Role";
/// The type of a log group in a template.
const LOG_GROUP: &str = "AWS::Logs::LogGroup";

/// The type of an encryption key in a template. Its id is its logical id here.
pub(super) const KEY: &str = "AWS::KMS::Key";

/// The name that `AWS::StackName` gives to the system on one machine.
const STACK_NAME: &str = "local";

/// What the pseudo parameters, names and ARNs of a template stand for here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`, twelve digits.
    pub account_id: String,
    /// Where SQS answers, without a slash at the end; a queue's URL is this, the account and the name.
    pub queue_base_url: String,
}

/// Everything that `Ref` and `Fn::GetAtt` can reach.
pub(super) struct Scope<'a> {
    surroundings: &'a Surroundings,
    parameters: Parameters<'a>,
    conditions: Option<&'a Value>,
    /// By logical id. Not there while the names themselves are worked out, so that no name needs another.
    resources: Option<BTreeMap<&'a str, Resource<'a>>>,
}

/// A resource as others refer to it.
pub(super) struct Resource<'a> {
    /// Its type.
    pub(super) kind: &'a str,
    /// Its name, or its logical id.
    pub(super) name: String,
}

impl<'a> Scope<'a> {
    /// The scope of a document whose resources have no names yet: in it, names can be worked out.
    pub(super) fn without_resources(
        document: &'a Value,
        surroundings: &'a Surroundings,
        parameters: Parameters<'a>,
    ) -> Self {
        Self { surroundings, parameters, conditions: document.get("Conditions"), resources: None }
    }

    /// The same with the resources, by logical id.
    pub(super) fn with_resources(self, resources: BTreeMap<&'a str, Resource<'a>>) -> Self {
        Self { resources: Some(resources), ..self }
    }

    /// The condition of this name.
    pub(super) fn condition(&self, name: &str) -> Option<&'a Value> {
        self.conditions?.get(name)
    }

    /// The value of `Ref`.
    pub(super) fn reference(&self, name: &str) -> Result<Value, String> {
        if let Some(value) = self.pseudo_parameter(name) {
            return Ok(Value::from(value));
        }
        if let Some(value) = self.parameters.value(name) {
            return value;
        }
        let resource = self.resource("Ref", name)?;
        match resource.kind {
            TABLE | FUNCTION | KEY => Ok(Value::from(resource.name.as_str())),
            QUEUE => Ok(Value::from(self.queue_url(&resource.name))),
            other => Err(format!("Ref to \"{name}\": {other} does not exist on one machine")),
        }
    }

    /// The value of `Fn::GetAtt`.
    pub(super) fn attribute(&self, id: &str, attribute: &str) -> Result<Value, String> {
        let resource = self.resource("Fn::GetAtt", id)?;
        let name = &resource.name;
        Ok(Value::from(match (resource.kind, attribute) {
            (TABLE, "Arn") => self.arn("dynamodb", &format!("table/{name}")),
            (QUEUE, "Arn") => self.arn("sqs", name),
            (KEY, "Arn") => self.arn("kms", &format!("key/{name}")),
            (FUNCTION, "Arn") => self.arn("lambda", &format!("function:{name}")),
            (LOG_GROUP, "Arn") => self.arn("logs", &format!("log-group:{name}:*")),
            // Roles are of no region.
            (ROLE, "Arn") => format!("arn:aws:iam::{}:role/{name}", self.surroundings.account_id),
            (QUEUE, "QueueName") => name.clone(),
            (QUEUE, "QueueUrl") => self.queue_url(name),
            (kind, _) => {
                return Err(format!("Fn::GetAtt \"{id}.{attribute}\" of {kind} is not supported here"));
            }
        }))
    }

    /// The name of a table, queue or function.
    pub(super) fn name(&self, id: &str) -> String {
        let resource = self.resources.as_ref().and_then(|resources| resources.get(id));
        resource.map_or(id, |resource| resource.name.as_str()).to_owned()
    }

    /// The name of the queue with this ARN, if it is one of the template's.
    pub(super) fn queue_of(&self, arn: &str) -> Option<String> {
        let mut queues = self.resources.iter().flatten().filter(|(_, resource)| resource.kind == QUEUE);
        queues.find(|(_, queue)| self.arn("sqs", &queue.name) == arn).map(|(_, queue)| queue.name.clone())
    }

    fn resource(&self, function: &str, id: &str) -> Result<&Resource<'a>, String> {
        let Some(resources) = &self.resources else {
            return Err(format!("{function} to \"{id}\": a name may refer to parameters only"));
        };
        let unknown = || format!("{function} to \"{id}\", which is neither a parameter nor a resource");
        resources.get(id).ok_or_else(unknown)
    }

    fn pseudo_parameter(&self, name: &str) -> Option<&str> {
        match name {
            "AWS::AccountId" => Some(&self.surroundings.account_id),
            "AWS::Partition" => Some("aws"),
            "AWS::Region" => Some(&self.surroundings.region),
            "AWS::StackName" => Some(STACK_NAME),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            _ => None,
        }
    }

    fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.surroundings.queue_base_url, self.surroundings.account_id)
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.surroundings.region, self.surroundings.account_id)
    }
}
