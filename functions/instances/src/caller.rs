//! Who is calling.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use shared::account::{Account, Authorization};
use shared::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;

/// A caller whose user and organisation secrets hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) Account);

impl FromRequestParts<Instances> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Instances) -> Result<Self, Failure> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let authorization = Authorization::parse(header.unwrap_or_default());
        let account = state.0.credentials.account_of(&authorization).await?;
        Ok(account.map(Self).ok_or_else(ApiError::unauthorized)?)
    }
}
