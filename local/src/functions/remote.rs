//! Functions elsewhere, behind the Lambda Invoke API.

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::InvokeError;
use crate::recursion::TRACE_HEADER;

/// A client of the Invoke API (AWS Lambda API reference, "Invoke").
pub(super) struct Remote {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Remote {
    pub(super) fn new(url: &Uri) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it calls a Lambda on this machine, not a receiver")]
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: url.to_string().trim_end_matches('/').to_owned() }
    }

    pub(super) async fn invoke(
        &self,
        function: &str,
        event: Vec<u8>,
        trace: &str,
    ) -> Result<Vec<u8>, InvokeError> {
        let failed = |error: &dyn std::fmt::Display| {
            InvokeError::Failed(format!("{function} cannot be called at {}: {error}", self.base))
        };
        let uri = format!("{}/2015-03-31/functions/{function}/invocations", self.base);
        let request = Request::post(uri).header("content-type", "application/json");
        let request = request.header(TRACE_HEADER, trace);
        let request = request.body(Full::new(event.into())).map_err(|error| failed(&error))?;
        let response = self.client.request(request).await.map_err(|error| failed(&error))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?.to_bytes();
        let function_failed = head.headers.contains_key("x-amz-function-error");
        if head.status.is_success() && !function_failed {
            return Ok(body.to_vec());
        }
        let said = String::from_utf8_lossy(&body);
        Err(InvokeError::Failed(format!("{function} answered {}: {said}", head.status)))
    }
}
