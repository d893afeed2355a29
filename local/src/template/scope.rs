//! What names in the template stand for: parameters, pseudo parameters and resources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Surroundings;
use super::error::Fault;
use super::node::Node;
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

/// Everything that `Ref` and `Fn::GetAtt` can reach.
pub(super) struct Scope<'a> {
    surroundings: &'a Surroundings,
    parameters: Parameters<'a>,
    conditions: Option<&'a Value>,
    /// By logical id. Not there while the names themselves are worked out, so that no name needs another.
    resources: Option<BTreeMap<&'a str, Resource<'a>>>,
}

/// A resource as others refer to it.
struct Resource<'a> {
    kind: &'a str,
    name: String,
}

impl<'a> Scope<'a> {
    pub(super) fn read(
        document: &'a Value,
        surroundings: &'a Surroundings,
        overrides: &'a BTreeMap<String, String>,
    ) -> Result<Self, Fault> {
        let parameters = Parameters::read(document, overrides)?;
        let conditions = document.get("Conditions");
        let mut scope = Self { surroundings, parameters, conditions, resources: None };
        scope.resources = Some(scope.name_resources(document)?);
        Ok(scope)
    }

    fn name_resources(&self, document: &'a Value) -> Result<BTreeMap<&'a str, Resource<'a>>, Fault> {
        let mut resources = BTreeMap::new();
        for (id, resource) in document.get("Resources").and_then(Value::as_object).into_iter().flatten() {
            let Some(kind) = resource.get("Type").and_then(Value::as_str) else {
                return Err(Fault::new(format!("Resources.{id}.Type"), "missing"));
            };
            resources.insert(id.as_str(), Resource { kind, name: id.clone() });
        }
        let root = Node::root(document, self);
        for (kind, property) in [(TABLE, "TableName"), (QUEUE, "QueueName"), (FUNCTION, "FunctionName")] {
            for (id, properties) in root.resources(kind)? {
                if let (Some(resource), Some(name)) = (resources.get_mut(id), properties.child(property)?) {
                    resource.name = name.text()?;
                }
            }
        }
        Ok(resources)
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
