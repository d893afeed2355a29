//! From a host name to its addresses, and whose fault it is when there are none.

use std::net::{AddrParseError, IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use tokio::time::timeout;

/// One query, of which there are two if the first gets no answer.
const QUERY_TIMEOUT: Duration = Duration::from_millis(1400);
/// Names kept in memory, for as long as their records allow.
const CACHE: u64 = 1024;
/// A name that is there whatever a receiver's is.
const OTHER: &str = "api.close.com.";

/// Looks up host names at the system's name servers.
///
/// Names are absolute: the search list of this network does not apply.
#[derive(Clone)]
pub struct Resolver(TokioResolver);

/// Why a name gave no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LookupFailure {
    /// The name servers work, and have no address for it.
    Theirs(String),
    /// The name servers work, but could not find out in time.
    TooSlow,
    /// The name servers do not work.
    Ours(String),
}

/// Who is asked for addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameServers {
    /// Those of `/etc/resolv.conf`; without that file, the one on this machine, as its manual says.
    OfSystem,
    /// The one at this address.
    At(SocketAddr),
}

impl FromStr for NameServers {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        text.parse().map(Self::At)
    }
}

impl Resolver {
    /// A resolver that asks these.
    pub fn new(servers: NameServers) -> std::io::Result<Self> {
        let server = match (servers, TokioResolver::builder_tokio()) {
            (NameServers::OfSystem, Ok(builder)) => return Self::build(builder),
            (NameServers::OfSystem, Err(_)) => (std::net::Ipv4Addr::LOCALHOST, 53).into(),
            (NameServers::At(server), _) => server,
        };
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = server.port();
            connection
        });
        let server = NameServerConfig::new(server.ip(), true, connections.into());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        Self::build(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
    }

    fn build(builder: ResolverBuilder<TokioRuntimeProvider>) -> std::io::Result<Self> {
        let mut options = ResolverOpts::default();
        options.timeout = QUERY_TIMEOUT;
        options.attempts = 1;
        options.cache_size = CACHE;
        // Both families are asked, since a single forbidden address refuses the name.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let resolver = builder.with_options(options).build().map_err(std::io::Error::other)?;
        Ok(Self(resolver))
    }

    /// All addresses of `host`, at least one; says within a given time whether there are any.
    ///
    /// Of that time, six tenths are for the look-up and three for finding out why it failed.
    pub(super) async fn addresses(&self, host: &str, within: Duration) -> Result<Vec<IpAddr>, LookupFailure> {
        let unusable = |_| LookupFailure::Theirs("it is not a host name".to_owned());
        let mut name = Name::from_ascii(host).map_err(unusable)?;
        name.set_fqdn(true);
        let failure = match timeout(within * 6 / 10, self.0.lookup_ip(name)).await {
            Ok(Ok(found)) => return Ok(found.iter().collect()),
            Ok(Err(error)) if error.is_no_records_found() => {
                return Err(LookupFailure::Theirs(described(&error)));
            }
            Ok(Err(NetError::Timeout)) | Err(_) => None,
            Ok(Err(error)) => Some(described(&error)),
        };
        // A name server that fails for this name alone passes on a failure of the name's own servers.
        let works = self.works(within * 3 / 10).await;
        Err(match failure {
            Some(reason) if works => LookupFailure::Theirs(reason),
            None if works => LookupFailure::TooSlow,
            Some(reason) => LookupFailure::Ours(reason),
            None => LookupFailure::Ours("no name server answers".to_owned()),
        })
    }

    /// True if the name servers resolve something else: the root, which every one of them knows, or Close's host. Some answer for
    /// the root with a failure, as for a name whose own servers fail.
    async fn works(&self, within: Duration) -> bool {
        let (root, other) = tokio::join!(
            self.resolves(Name::root(), RecordType::NS, within),
            self.resolves(Name::from_ascii(OTHER).unwrap_or_default(), RecordType::A, within),
        );
        root || other
    }

    async fn resolves(&self, name: Name, kind: RecordType, within: Duration) -> bool {
        self.0.clear_lookup_cache(name.clone(), kind);
        match timeout(within, self.0.lookup(name, kind)).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => error.is_no_records_found(),
            Err(_) => false,
        }
    }
}

fn described(error: &NetError) -> String {
    if error.is_nx_domain() {
        "there is no such name".to_owned()
    } else if error.is_no_records_found() {
        "the name has no address".to_owned()
    } else {
        format!("the name servers say: {error}")
    }
}
