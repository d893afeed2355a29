use std::sync::Arc;

use dispatcher::{CallbackClient, ClientError, NameServers, Resolver, Unreachable};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use shared::callbacks::url::Reach;
use shared::platform::tls;
use tests::name_server::NameServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::{limits, post, trusting_mozilla};

/// A receiver with a certificate for `receiver.example.com`, which reports the name that each client requested.
struct Secure {
    port: u16,
    roots: RootCertStore,
    names: mpsc::UnboundedReceiver<Option<String>>,
}

impl Secure {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["receiver.example.com".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, names) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that rejects the certificate disconnects.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                seen.send(stream.get_ref().1.server_name().map(str::to_owned)).unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
            }
        });
        Self { port, roots, names }
    }
}

async fn resolver() -> Resolver {
    let names = NameServer::start().await;
    for name in ["receiver", "other"] {
        names.is_at(&format!("{name}.example.com"), &[&["127.0.0.1"]]);
    }
    Resolver::new(NameServers::At(names.address())).unwrap()
}

#[tokio::test]
async fn the_certificate_must_be_for_the_name() {
    let mut receiver = Secure::start().await;
    let (roots, resolver) = (receiver.roots.clone(), resolver().await);
    let client = CallbackClient::new(tls::client(roots).unwrap(), Reach::Any, resolver, limits());
    let url = |host: &str| format!("https://{host}:{}/", receiver.port);
    assert_eq!(client.send(post(&url("receiver.example.com"))).await.unwrap().status, 200);
    for host in ["other.example.com", "127.0.0.1"] {
        let failure = client.send(post(&url(host))).await.unwrap_err();
        assert!(matches!(failure, ClientError::Unreachable(Unreachable::Tls(_))), "{host}: {failure:?}");
    }
    assert_eq!(receiver.names.recv().await.unwrap().as_deref(), Some("receiver.example.com"));
}

#[tokio::test]
async fn an_untrusted_certificate_is_refused() {
    let receiver = Secure::start().await;
    let client = CallbackClient::new(trusting_mozilla(), Reach::Any, resolver().await, limits());
    let failure = client.send(post(&format!("https://receiver.example.com:{}/", receiver.port))).await;
    assert!(matches!(failure, Err(ClientError::Unreachable(Unreachable::Tls(_)))), "{failure:?}");
}
