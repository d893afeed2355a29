//! The public URL of this system.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use shared::platform::settings::{SettingError, Variables};

/// The host name for clients and Close (`PUBLIC_HOST`). Without it, the one that API Gateway was called by is used.
#[derive(Debug, Clone, Default)]
pub(crate) struct PublicHost(Option<HeaderValue>);

impl PublicHost {
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, SettingError> {
        let host: String = variables.or("PUBLIC_HOST", String::new())?;
        let unusable = |error: &dyn std::fmt::Display| SettingError::Invalid {
            name: "PUBLIC_HOST",
            reason: error.to_string(),
        };
        if host.is_empty() {
            return Ok(Self(None));
        }
        host.parse::<axum::http::uri::Authority>().map_err(|error| unusable(&error))?;
        Ok(Self(Some(HeaderValue::from_str(&host).map_err(|error| unusable(&error))?)))
    }

    /// The request with this host.
    pub(crate) fn name(self, mut request: Request) -> Request {
        if let Some(host) = self.0 {
            request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
            request.headers_mut().insert(header::HOST, host);
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(public_host: &str) -> Result<String, SettingError> {
        let variables = [("PUBLIC_HOST".to_owned(), public_host.to_owned())].into_iter().collect();
        let request = axum::http::Request::get("/").header("host", "client.example.com");
        let request = request.body(axum::body::Body::empty()).unwrap_or_default();
        let named = PublicHost::from_variables(&variables)?.name(request);
        Ok(crate::representation::base_url(named.headers()))
    }

    #[test]
    fn the_configured_host_replaces_the_requests() {
        assert_eq!(url("events.example.com").as_deref(), Ok("https://events.example.com"));
        assert_eq!(url("").as_deref(), Ok("https://client.example.com"));
        assert!(url("not a host").is_err());
    }
}
