//! Callback URLs, and which of them are allowed.
//!
//! This is the check when a URL is configured. The addresses of a name may change, so [`Reach::check`] checks each of
//! them when the name is resolved. A URL with an IP address is only checked here.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::callbacks::address::{self, Forbidden};

/// The length of the platform's field for a callback URL.
const MAX_CHARS: usize = 1000;

/// Names that only mean something inside a network.
const LOCAL_DOMAINS: [&str; 4] = ["localhost", "local", "internal", "arpa"];

/// Which addresses callbacks may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The internet: `https`, public addresses, and no port of another well-known service.
    Public,
    /// Anywhere, `http` too: for a receiver on the same machine (`CALLBACK_ALLOW_PRIVATE=true`).
    Any,
}

impl Reach {
    /// Checks that a callback may connect to `address`.
    pub fn check(self, address: IpAddr) -> Result<(), Forbidden> {
        match self {
            Self::Public => address::check(address),
            Self::Any => Ok(()),
        }
    }

    fn schemes(self) -> &'static str {
        match self {
            Self::Public => "https",
            Self::Any => "https or http",
        }
    }

    fn allows_scheme(self, scheme: &str) -> bool {
        scheme == "https" || (scheme == "http" && self == Self::Any)
    }

    fn allows_port(self, port: u16) -> bool {
        self == Self::Any || port == 443 || port >= 1024
    }
}

/// An allowed callback URL, normalised and without fragment.
///
/// Its query may hold a secret, so neither `Display` nor `Debug` shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CallbackUrl(Url);

/// Why a callback URL is refused. Each text fits "the callback URL is refused: {error}".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackUrlError {
    /// Longer than the platform's field.
    #[error("it is longer than {MAX_CHARS} characters")]
    TooLong,
    /// Not a URL with a host.
    #[error("it is not a URL ({0})")]
    NotAUrl(#[from] url::ParseError),
    /// Another scheme than the one given here.
    #[error("its scheme must be {0}")]
    Scheme(&'static str),
    /// `user:password@` before the host.
    #[error("it must not contain a user name or password")]
    UserInfo,
    /// No host, or a name with an empty label.
    #[error("it must have a host name or an address")]
    Host,
    /// A port of another service.
    #[error("port {0} is not allowed: only 443 and 1024 to 65535 are")]
    Port(u16),
    /// A name of a local network.
    #[error("{0} is not allowed: not a name on the public internet")]
    LocalName(String),
    /// An address that is not public.
    #[error("{address} is not allowed: {rule}")]
    Address {
        /// The address, however it was spelled.
        address: IpAddr,
        /// The rule that forbids it.
        rule: Forbidden,
    },
}

impl CallbackUrl {
    /// Reads a URL and checks it against every rule that needs no resolver.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, CallbackUrlError> {
        if text.chars().count() > MAX_CHARS {
            return Err(CallbackUrlError::TooLong);
        }
        let mut url = Url::parse(text)?;
        if !reach.allows_scheme(url.scheme()) {
            return Err(CallbackUrlError::Scheme(reach.schemes()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(CallbackUrlError::UserInfo);
        }
        if let Some(port) = url.port().filter(|port| !reach.allows_port(*port)) {
            return Err(CallbackUrlError::Port(port));
        }
        url.set_fragment(None);
        remove_trailing_dot(&mut url)?;
        check_host(&url, reach)?;
        // The normal form is stored and read again later, so it must fit too.
        if url.as_str().len() > MAX_CHARS {
            return Err(CallbackUrlError::TooLong);
        }
        Ok(Self(url))
    }

    /// The whole URL with its query: to connect and to store, not to print.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

/// `example.com.` and `example.com` are one name, but only the second is in the receiver's certificate.
fn remove_trailing_dot(url: &mut Url) -> Result<(), CallbackUrlError> {
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    let Some(name) = name.strip_suffix('.').map(str::to_owned) else { return Ok(()) };
    if name.is_empty() || name.ends_with('.') {
        return Err(CallbackUrlError::Host);
    }
    Ok(url.set_host(Some(&name))?)
}

fn check_host(url: &Url, reach: Reach) -> Result<(), CallbackUrlError> {
    match url.host().ok_or(CallbackUrlError::Host)? {
        Host::Ipv4(ip) => check_address(ip.into(), reach),
        Host::Ipv6(ip) => check_address(ip.into(), reach),
        Host::Domain(name) if name.split('.').any(str::is_empty) => Err(CallbackUrlError::Host),
        Host::Domain(name) if reach == Reach::Public && is_local(name) => {
            Err(CallbackUrlError::LocalName(name.to_owned()))
        }
        Host::Domain(_) => Ok(()),
    }
}

fn check_address(address: IpAddr, reach: Reach) -> Result<(), CallbackUrlError> {
    reach.check(address).map_err(|rule| CallbackUrlError::Address { address, rule })
}

/// A name of one label would be completed by the network's search list.
fn is_local(name: &str) -> bool {
    name.rsplit_once('.').is_none_or(|(_, last)| LOCAL_DOMAINS.contains(&last))
}

impl fmt::Display for CallbackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path_end = self.0.as_str().find('?').unwrap_or(self.0.as_str().len());
        f.write_str(&self.0.as_str()[..path_end])
    }
}

impl fmt::Debug for CallbackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallbackUrl({self})")
    }
}

#[cfg(test)]
mod tests;
