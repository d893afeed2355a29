//! The TLS of a process: one configuration for all of its clients.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::settings::{SettingError, Variables};

const FILE: &str = "SSL_CERT_FILE";

/// The trusted roots: Mozilla's, compiled in so that the start reads no file; or only those of the PEM file
/// `SSL_CERT_FILE`.
pub fn roots(variables: &Variables) -> Result<RootCertStore, SettingError> {
    let Some(path) = variables.text(FILE) else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    };
    let invalid = |reason: String| SettingError::Invalid { name: FILE, reason };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| invalid(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = certificates.collect();
    let mut roots = RootCertStore::empty();
    let (taken, _) =
        roots.add_parsable_certificates(certificates.map_err(|error| invalid(error.to_string()))?);
    if taken == 0 {
        return Err(invalid("it has no certificate".to_owned()));
    }
    Ok(roots)
}

/// The configuration of clients that trust `roots`, without application protocols.
pub fn client(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

/// The configuration of a process's clients; see [`roots`].
pub fn of_process(variables: &Variables) -> Result<ClientConfig, SettingError> {
    let invalid = |error: rustls::Error| SettingError::Invalid { name: FILE, reason: error.to_string() };
    client(roots(variables)?).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(path: &str) -> Variables {
        [(FILE.to_owned(), path.to_owned())].into_iter().collect()
    }

    #[test]
    fn mozillas_roots_are_there_without_any_file() {
        assert!(roots(&Variables::default()).unwrap().len() > 100);
        assert!(of_process(&Variables::default()).is_ok());
    }

    #[test]
    fn a_file_that_is_named_must_have_certificates() {
        let missing = roots(&with("/nowhere/roots.pem")).unwrap_err().to_string();
        assert!(missing.starts_with("environment variable SSL_CERT_FILE is not usable"), "{missing}");
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let empty = roots(&with(manifest)).unwrap_err().to_string();
        assert!(empty.ends_with("it has no certificate"), "{empty}");
    }
}
