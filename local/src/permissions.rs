//! Checks every call of a function to DynamoDB, SQS and KMS against its role in the template.
//!
//! A function in this process signs with an access key of its own, and by it is known. A call that its role does not
//! allow is refused as IAM refuses it, so a permission that is missing in AWS is missing here. Callers with other keys
//! are administrators.

mod asked;
mod guard;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::from_fn_with_state;

use crate::template::{Function, Role};
use asked::Asked;

/// The roles of the functions, and the actions that were taken with them. Clones share it.
#[derive(Clone)]
pub struct Permissions(Arc<Parts>);

struct Parts {
    /// By access key.
    roles: BTreeMap<String, Role>,
    used: Mutex<BTreeSet<Used>>,
}

/// An action that a function took, and that its role allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// The logical id of the role.
    pub role: String,
    /// The action, such as `dynamodb:GetItem`.
    pub action: String,
    /// The ARN of the resource.
    pub resource: String,
}

/// A call that a role does not allow.
#[derive(Debug, thiserror::Error)]
#[error(
    "{role} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows \
     the {action} action"
)]
struct Denied {
    role: String,
    action: String,
    resource: String,
}

impl Permissions {
    pub(crate) fn of(functions: &[Function]) -> Self {
        let role = |function: &Function| Some((access_key(function).to_owned(), function.role.clone()?));
        let roles = functions.iter().filter_map(role).collect();
        Self(Arc::new(Parts { roles, used: Mutex::default() }))
    }

    /// The routes of a service, with these permissions checked before each request.
    pub(crate) fn around(self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self, guard::guard))
    }

    /// Everything that functions did so far with their roles.
    pub fn used(&self) -> BTreeSet<Used> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The role of who signed a request, if it is a function's.
    fn role(&self, headers: &HeaderMap) -> Option<&Role> {
        self.0.roles.get(signer(headers)?)
    }

    fn check(&self, role: &Role, asked: Vec<Asked>) -> Result<(), Denied> {
        for Asked { action, resource, context } in asked {
            let role_id = role.logical_id.clone();
            if !role.allows(&action, &resource, &context) {
                return Err(Denied { role: role_id, action, resource });
            }
            let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.insert(Used { role: role_id, action, resource });
        }
        Ok(())
    }
}

/// The access key that a request was signed with.
pub(crate) fn signer(headers: &HeaderMap) -> Option<&str> {
    let signature = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = signature.split_once("Credential=")?;
    credential.split('/').next()
}

/// The credentials that a function in this process signs with.
pub(crate) fn access_key(function: &Function) -> &str {
    &function.logical_id
}
