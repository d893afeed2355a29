//! The hosts that an instance may call as Close.

use std::str::FromStr;

use url::{Host, Url};

/// An allow-list of hosts, so that an instance's API key goes nowhere else (`CLOSE_API_HOSTS`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseApiHosts(Vec<String>);

impl CloseApiHosts {
    /// Checks a `base.url`: by `https` to a listed host; by `http` only to a listed host of this machine.
    ///
    /// The error follows the name of the setting.
    pub fn check(&self, base_url: &str) -> Result<(), String> {
        let url = Url::parse(base_url).map_err(|error| format!("is not a URL ({error})"))?;
        let host = url.host_str().unwrap_or_default();
        if !self.0.iter().any(|allowed| allowed == host) {
            return Err(format!("names a host that is not one of {}", self.0.join(", ")));
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err("is not an https URL".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name or password".to_owned());
        }
        Ok(())
    }
}

impl Default for CloseApiHosts {
    fn default() -> Self {
        Self(["api.close.com", "app.close.io"].map(str::to_owned).to_vec())
    }
}

impl FromStr for CloseApiHosts {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        let hosts = list.split(',').map(str::trim).filter(|host| !host.is_empty());
        let hosts = hosts.map(|host| Host::parse(host).map(|host| host.to_string()));
        let hosts: Result<Vec<_>, _> = hosts.collect();
        match hosts {
            Ok(hosts) if !hosts.is_empty() => Ok(Self(hosts)),
            _ => Err(format!("{list:?} is not a comma list of host names")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_by_https_are_called() {
        let hosts: CloseApiHosts = "api.close.com, 127.0.0.1,[::1]".parse().unwrap();
        for allowed in [
            "https://api.close.com/api/v1",
            "https://API.close.com:443/",
            "http://127.0.0.1:8080/api/v1",
            "http://[::1]:1/",
        ] {
            assert_eq!(hosts.check(allowed), Ok(()), "{allowed}");
        }
        for refused in [
            "http://api.close.com/",
            "https://api.close.com.evil.example/",
            "https://evil.example/api.close.com",
            "https://user:key@api.close.com/",
            "https://127.0.0.2/",
            "ftp://127.0.0.1/",
            "api.close.com",
            "",
        ] {
            assert!(hosts.check(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_variable_is_a_comma_list() {
        assert!(" , ".parse::<CloseApiHosts>().is_err());
        assert!("a b".parse::<CloseApiHosts>().is_err());
    }
}
