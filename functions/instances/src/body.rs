//! Request bodies of a bounded size.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;

/// The largest body that is accepted: 256 KiB.
pub(crate) const MAX: usize = 256 * 1024;

/// A body of at most [`MAX`] bytes.
#[derive(Debug, Clone)]
pub(crate) struct Body(pub(crate) Bytes);

impl FromRequest<Instances> for Body {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &Instances) -> Result<Self, Failure> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            ApiError::new(rejection.into_response().status(), "The body could not be read.")
        })?;
        if body.len() > MAX {
            let message = format!("The body has {} bytes; at most {MAX} are taken.", body.len());
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message).into());
        }
        Ok(Self(body))
    }
}
