//! The trust anchors of the AWS clients: Mozilla's roots, or those of `SSL_CERT_FILE`.

#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use shared::platform::aws::Aws;
use shared::platform::settings::Variables;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n\
    Content-Length: 22\r\n\r\n{\"TableNames\":[\"one\"]}";

/// A service with a self-signed certificate for `localhost`; returns its port and the certificate in PEM.
async fn service() -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(ANSWER).await;
        }
    });
    (port, made.cert.pem())
}

async fn tables(port: u16, more: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let url = format!("https://localhost:{port}");
    let given = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_ENDPOINT_URL", &*url),
    ];
    let variables: Variables =
        given.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let answer = Aws::from_variables(&variables).unwrap().dynamodb().list_tables().send().await;
    answer.map(|answer| answer.table_names.unwrap_or_default()).map_err(|error| format!("{error:?}"))
}

#[tokio::test]
async fn the_roots_of_the_named_file_are_trusted() {
    let (port, pem) = service().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let trusted = tables(port, &[("SSL_CERT_FILE", file.path().to_str().unwrap())]).await;
    assert_eq!(trusted, Ok(vec!["one".to_owned()]));
}

#[tokio::test]
async fn a_service_with_an_untrusted_certificate_is_not_called() {
    let (port, _) = service().await;
    let error = tables(port, &[]).await.unwrap_err();
    assert!(error.contains("UnknownIssuer"), "{error}");
}
