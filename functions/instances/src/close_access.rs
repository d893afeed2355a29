//! An instance's access to Close, and the answers when Close refuses or fails.

use std::time::Duration;

use axum::http::StatusCode;
use close::{CloseAccount, CloseClient, CloseError};
use shared::instances::{Configuration, key};
use shared::platform::api_error::ApiError;

/// From the DNS lookup to the last byte. Two of these fit the function's time-out.
const DEADLINE: Duration = Duration::from_secs(8);

/// How this function calls Close.
#[derive(Debug, Clone)]
pub(crate) struct CloseAccess(CloseClient);

impl CloseAccess {
    pub(crate) fn new(client: CloseClient) -> Self {
        Self(client.within(DEADLINE))
    }

    /// The account that an instance's settings give access to.
    pub(crate) fn account(&self, configuration: &Configuration) -> Result<CloseAccount, CloseError> {
        let of = |key: &str| configuration.get(key);
        CloseAccount::new(&self.0, of(key::BASE_URL), of(key::USERNAME).unwrap_or_default())
    }
}

/// 400 with Close's own message when it refused, 502 when it could not be reached.
pub(crate) fn failed(error: CloseError) -> ApiError {
    let refused =
        |text: &str, message| ApiError::new(StatusCode::BAD_REQUEST, text).with_provider_message(message);
    match error {
        CloseError::Unauthorized(message) => {
            refused("Close refused the API key in configuration.username.", message)
        }
        CloseError::Forbidden(message) => refused("Close refused with 403.", message),
        CloseError::Invalid { status, message, .. } => {
            refused(&format!("Close refused with {status}."), message)
        }
        CloseError::NotAllowed(reason) => {
            ApiError::new(StatusCode::BAD_REQUEST, format!("configuration.base.url {reason}."))
        }
        CloseError::RateLimited { .. } | CloseError::TooMuch(_) | CloseError::Unavailable(_) => {
            ApiError::new(StatusCode::BAD_GATEWAY, "Close could not be asked; try again.")
                .with_provider_message(error.to_string())
        }
    }
}
