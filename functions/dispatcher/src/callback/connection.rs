//! Connections to receivers: look up, refuse if any address is forbidden, dial a checked one, agree on TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use shared::callbacks::url::Reach;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::error::{ClientError, Phase, Unreachable};
use super::limits::Limits;
use super::metered::{Allowance, Metered};
use super::resolver::{LookupFailure, Resolver};

/// Where a connection goes: what may share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    secure: bool,
    host: Host<String>,
    port: u16,
}

impl Origin {
    /// `None` for a URL without a host, which a callback URL has.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let port = url.port_or_known_default()?;
        Some(Self { secure: url.scheme() == "https", host: url.host()?.to_owned(), port })
    }

    /// The value of a `Host` header.
    pub(super) fn host_header(&self) -> Option<HeaderValue> {
        let default = if self.secure { 443 } else { 80 };
        let text =
            if self.port == default { self.host.to_string() } else { format!("{}:{}", self.host, self.port) };
        text.try_into().ok()
    }
}

/// Makes connections to allowed addresses only.
///
/// The address that was checked is the one that is dialled, so a name that changes its answer in between gains
/// nothing. The certificate is checked for the name.
pub(super) struct Connector {
    pub(super) reach: Reach,
    pub(super) resolver: Resolver,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) limits: Limits,
}

impl Connector {
    /// Opens a connection. `reached` records the current step, for the error of a time-out.
    pub(super) async fn open(
        &self,
        origin: &Origin,
        reached: &(impl Fn(Phase) + Sync),
    ) -> Result<Connection, ClientError> {
        let until = Instant::now() + self.limits.connect;
        reached(Phase::Resolving);
        let addresses = self.resolve(&origin.host).await?;
        reached(Phase::Connecting);
        let stream = dial(&addresses, origin.port, until).await?;
        if !origin.secure {
            return self.begin(stream).await;
        }
        reached(Phase::Securing);
        let tls = |reason: String| ClientError::from(Unreachable::Tls(reason));
        let host = origin.host.to_string();
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(|error| tls(error.to_string()))?;
        let connecting = TlsConnector::from(self.tls.clone()).connect(name, stream);
        let secured = timeout_at(until, connecting).await;
        let stream = secured
            .map_err(|_| ClientError::TimedOut(Phase::Securing))?
            .map_err(|error| tls(error.to_string()))?;
        self.begin(stream).await
    }

    /// The addresses of the host, every one of them allowed.
    async fn resolve(&self, host: &Host<String>) -> Result<Vec<IpAddr>, ClientError> {
        let addresses = match host {
            Host::Ipv4(ip) => vec![IpAddr::from(*ip)],
            Host::Ipv6(ip) => vec![IpAddr::from(*ip)],
            Host::Domain(name) => {
                let looked_up = self.resolver.addresses(name, self.limits.connect).await;
                looked_up.map_err(|failure| match failure {
                    LookupFailure::Theirs(reason) => Unreachable::Host(reason).into(),
                    LookupFailure::TooSlow => ClientError::TimedOut(Phase::Resolving),
                    LookupFailure::Ours(reason) => ClientError::OwnFault(reason),
                })?
            }
        };
        for address in &addresses {
            self.reach.check(*address).map_err(|rule| {
                // The tenant may not learn addresses of our network, so the address is only logged.
                tracing::warn!(%host, %address, %rule, "callback address refused");
                ClientError::Refused(format!("{host} is at an address that is not allowed: {rule}"))
            })?;
        }
        Ok(addresses)
    }

    async fn begin<S>(&self, stream: S) -> Result<Connection, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let allowance = Allowance::default();
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(self.limits.head)
            .max_header_size(self.limits.head)
            .max_headers(self.limits.headers)
            .handshake(TokioIo::new(Metered::new(stream, allowance.clone())))
            .await
            .map_err(|error| Unreachable::Connection(error.to_string()))?;
        // Whoever waits for the answer hears of its end.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Connection { sender, allowance })
    }
}

/// The first of the addresses that takes a connection. Each gets an equal share of the time that is left.
///
/// If none does, it is the first one's failure: the others may be of a kind that this network has no way to, as IPv6.
async fn dial(addresses: &[IpAddr], port: u16, until: Instant) -> Result<TcpStream, ClientError> {
    let mut first = None;
    for (tried, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let dialling = TcpStream::connect(SocketAddr::new(*address, port));
        let failure = match timeout_at(Instant::now() + share, dialling).await {
            Ok(Ok(stream)) => {
                // A callback is one small write; a failure only costs latency.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => Unreachable::Connection(reason(&error)).into(),
            Err(_) => ClientError::TimedOut(Phase::Connecting),
        };
        first.get_or_insert(failure);
    }
    Err(first.unwrap_or(ClientError::TimedOut(Phase::Connecting)))
}

/// The kind of a failure, without the numbers of the operating system.
fn reason(error: &io::Error) -> String {
    error.kind().to_string()
}

/// One connection, for one exchange at a time.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    allowance: Allowance,
}

impl Connection {
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until the last exchange is over for this side too; `false` if the connection ended with it.
    pub(super) async fn settle(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// True if nothing has arrived since the last request was sent.
    pub(super) fn is_silent(&self) -> bool {
        !self.allowance.is_touched()
    }

    /// Sends a request, whose answer may be `bytes` long.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        bytes: usize,
    ) -> Result<Response<Incoming>, hyper::Error> {
        self.allowance.renew(bytes);
        self.sender.send_request(request).await
    }
}
