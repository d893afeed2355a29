//! Connections to receivers: resolve, refuse if any address is forbidden, connect to a checked one.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use shared::callback_url::Reach;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tower::Service;

/// Over the look-up and all addresses together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes TCP connections to allowed addresses only.
///
/// The address that was checked is the one that is dialled, so a name that changes its answer in between gains
/// nothing. TLS comes on top and checks the certificate for the name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuardedConnector {
    reach: Reach,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("the host name cannot be resolved: {0}")]
    Resolve(io::Error),
    #[error("{0}")]
    Forbidden(String),
    #[error("the connection failed: {0}")]
    Dial(io::Error),
    #[error("connecting took too long")]
    TimedOut,
}

impl GuardedConnector {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { reach }
    }

    async fn connect(self, uri: Uri) -> Result<TcpStream, ConnectError> {
        let addresses = self.resolve(&uri).await?;
        let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // A callback is one small write; a failure only costs latency.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failure = error,
            }
        }
        Err(ConnectError::Dial(failure))
    }

    /// The addresses of the host, every one of them allowed.
    async fn resolve(self, uri: &Uri) -> Result<Vec<SocketAddr>, ConnectError> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let default_port = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let port = uri.port_u16().unwrap_or(default_port);
        let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => lookup_host((host, port)).await.map_err(ConnectError::Resolve)?.collect(),
        };
        for address in &addresses {
            self.reach.check(address.ip()).map_err(|rule| {
                ConnectError::Forbidden(format!("{} is not allowed: {rule}", address.ip()))
            })?;
        }
        Ok(addresses)
    }
}

impl Service<Uri> for GuardedConnector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = *self;
        Box::pin(async move {
            let connected = timeout(CONNECT_TIMEOUT, connector.connect(uri)).await;
            connected.map_err(|_| ConnectError::TimedOut)?.map(TokioIo::new)
        })
    }
}
