//! Who is calling, and about which instances.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use shared::accounts::{Account, Authorization, User};
use shared::instances::Instance;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;

/// A caller whose user and organisation secrets are valid.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) User);

/// The instance that a request is about: the one that the path names, or the one whose token the caller holds.
///
/// An id in the path needs the secrets of user and organisation, or the user's and the token of that instance. The
/// answer is the same 404 for an invalid id, an unused id and an id of another account. Without an id the `Element` token
/// names the instance, and a wrong token is 401: the token of a deleted instance is invalid at once.
#[derive(Debug, Clone)]
pub(crate) struct Addressed(pub(crate) Instance);

#[derive(Debug, Clone)]
pub(crate) enum Scope {
    /// The instance that the path names, or whose token the caller presents.
    Instance(Box<Instance>),
    Account(Account),
}

/// True if the caller presents the token of an instance.
pub(crate) fn presents_token(parts: &Parts) -> bool {
    authorization(parts).element.is_some()
}

impl FromRequestParts<Instances> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Instances) -> Result<Self, Failure> {
        let user = state.0.credentials.user_of(&authorization(parts)).await?;
        Ok(user.map(Self).ok_or_else(ApiError::unauthorized)?)
    }
}

impl FromRequestParts<Instances> for Addressed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Instances) -> Result<Self, Failure> {
        let instance = match id_in_path(parts, state).await {
            Some(id) => named(&id, parts, state).await?,
            None => held(parts, state).await?,
        };
        Ok(Self(instance))
    }
}

impl FromRequestParts<Instances> for Scope {
    type Rejection = Failure;

    /// The account, if neither the path nor a token says which instance.
    async fn from_request_parts(parts: &mut Parts, state: &Instances) -> Result<Self, Failure> {
        if id_in_path(parts, state).await.is_some() || presents_token(parts) {
            let Addressed(instance) = Addressed::from_request_parts(parts, state).await?;
            return Ok(Self::Instance(Box::new(instance)));
        }
        let Caller(user) = Caller::from_request_parts(parts, state).await?;
        Ok(Self::Account(user.account))
    }
}

impl Scope {
    /// What a search is about: the account, if the caller proves it; a token alone sees its own instance.
    pub(crate) async fn of_search(parts: &mut Parts, state: &Instances) -> Result<Self, Failure> {
        let scope = Self::from_request_parts(parts, state).await?;
        Ok(match scope {
            Self::Instance(instance) if authorization(parts).organization.is_some() => {
                Self::Account(instance.account)
            }
            Self::Instance(_) | Self::Account(_) => scope,
        })
    }

    pub(crate) fn account_id(&self) -> u64 {
        match self {
            Self::Instance(instance) => instance.account.account_id,
            Self::Account(account) => account.account_id,
        }
    }
}

async fn id_in_path(parts: &mut Parts, state: &Instances) -> Option<String> {
    let path = RawPathParams::from_request_parts(parts, state).await.ok()?;
    path.iter().find_map(|(name, value)| (name == "id").then(|| value.to_owned()))
}

async fn named(id: &str, parts: &mut Parts, state: &Instances) -> Result<Instance, Failure> {
    let authorization = authorization(parts);
    if authorization.organization.is_none() && authorization.element.is_some() {
        let instance = held(parts, state).await?;
        return Ok(Some(instance).filter(|held| held.id.to_string() == id).ok_or_else(no_such_instance)?);
    }
    let Caller(User { account, .. }) = Caller::from_request_parts(parts, state).await?;
    let instance = match id.parse::<InstanceId>() {
        Ok(id) => state.0.instances.get(id).await?,
        Err(_) => None,
    };
    let instance = instance.filter(|instance| instance.account.account_id == account.account_id);
    Ok(instance.ok_or_else(no_such_instance)?)
}

async fn held(parts: &Parts, state: &Instances) -> Result<Instance, Failure> {
    let holder = state.0.credentials.holder_of(&authorization(parts)).await?;
    let holder = holder.ok_or_else(ApiError::unauthorized)?;
    let instance = state.0.instances.get(holder.instance_id).await?;
    let instance = instance.filter(|instance| instance.account.account_id == holder.account.account_id);
    Ok(instance.ok_or_else(ApiError::unauthorized)?)
}

/// The answer for every id without an instance, so that they look alike.
pub(crate) fn no_such_instance() -> ApiError {
    ApiError::not_found("There is no instance with this ID.")
}

fn authorization(parts: &Parts) -> Authorization {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    Authorization::parse(header.unwrap_or_default())
}
