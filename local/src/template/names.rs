//! The names of a template's resources, which all other references stand on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Fault;
use super::node::Node;
use super::parameters::Parameters;
use super::scope::{FUNCTION, QUEUE, Resource, Scope, Surroundings, TABLE};

/// Everything that `Ref` and `Fn::GetAtt` can reach in a document.
pub(super) fn scope<'a>(
    document: &'a Value,
    surroundings: &'a Surroundings,
    overrides: &'a BTreeMap<String, String>,
) -> Result<Scope<'a>, Fault> {
    let parameters = Parameters::read(document, overrides)?;
    let scope = Scope::without_resources(document, surroundings, parameters);
    let resources = resources(document, &scope)?;
    Ok(scope.with_resources(resources))
}

/// The resources with the names that their properties give them; a name may refer to parameters only.
fn resources<'a>(document: &'a Value, scope: &Scope<'a>) -> Result<BTreeMap<&'a str, Resource<'a>>, Fault> {
    let mut resources = BTreeMap::new();
    for (id, resource) in document.get("Resources").and_then(Value::as_object).into_iter().flatten() {
        let Some(kind) = resource.get("Type").and_then(Value::as_str) else {
            return Err(Fault::new(format!("Resources.{id}.Type"), "missing"));
        };
        resources.insert(id.as_str(), Resource { kind, name: id.clone() });
    }
    let root = Node::root(document, scope);
    for (kind, property) in [(TABLE, "TableName"), (QUEUE, "QueueName"), (FUNCTION, "FunctionName")] {
        for (id, properties) in root.resources(kind)? {
            if let (Some(resource), Some(name)) = (resources.get_mut(id), properties.child(property)?) {
                resource.name = name.text()?;
            }
        }
    }
    Ok(resources)
}
