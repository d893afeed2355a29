//! The route, and the limits of its requests.

use lambda_http::Request;
use lambda_http::http::{Method, StatusCode};
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

/// The path up to the encoded id.
const PREFIX: &str = "/elements/api-v2/events/closeio/";

/// The largest body that is accepted: what one synchronous invocation of Lambda can carry.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// The answer for every id without an instance, so that they look alike.
pub(crate) fn no_such_instance() -> ApiError {
    ApiError::not_found("There is no instance for this URL.")
}

/// The instance that the URL names.
pub(crate) fn instance_of(request: &Request) -> Result<InstanceId, ApiError> {
    let segment = request.uri().path().strip_prefix(PREFIX).ok_or_else(no_such_instance)?;
    if request.method() != Method::POST {
        return Err(ApiError::method_not_allowed("POST"));
    }
    InstanceId::decode(segment).ok_or_else(no_such_instance)
}

/// The body as it was sent.
pub(crate) fn body_of(request: &Request) -> Result<&[u8], ApiError> {
    let body: &[u8] = request.body();
    if body.len() > MAX_BODY {
        let message = format!("The body has {} bytes; at most {MAX_BODY} are taken.", body.len());
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(body)
}
