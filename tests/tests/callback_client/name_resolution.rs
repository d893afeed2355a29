//! Host names, and the addresses that they have when a callback is made.

use dispatcher::{CallbackClient, ClientError, NameServers, Phase, Resolver, Unreachable};
use shared::callbacks::url::Reach;
use tests::hostile::{Hostile, Script};
use tests::name_server::{NameServer, Says};

use super::{limits, post, trusting_mozilla};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

fn client(reach: Reach, server: &NameServer) -> CallbackClient {
    let limits = dispatcher::Limits { connect: std::time::Duration::from_secs(5), ..limits() };
    let limits = dispatcher::Limits { deadline: std::time::Duration::from_secs(10), ..limits };
    CallbackClient::new(
        trusting_mozilla(),
        reach,
        Resolver::new(NameServers::At(server.address())).unwrap(),
        limits,
    )
}

fn port(receiver: &Hostile) -> String {
    receiver.url().split([':', '/']).nth(4).unwrap().to_owned()
}

async fn failure(server: &NameServer, url: &str) -> ClientError {
    client(Reach::Public, server).send(post(url)).await.unwrap_err()
}

#[tokio::test]
async fn a_name_with_a_forbidden_address_is_refused() {
    let server = NameServer::start().await;
    server.is_at("rebind.example.com", &[&["192.0.43.8"], &["127.0.0.1"]]);
    let resolver_first = client(Reach::Public, &server);
    // At first a public address, which a test cannot reach: the connection fails.
    let first = resolver_first.send(post("https://rebind.example.com/")).await.unwrap_err();
    assert!(!matches!(first, ClientError::Refused(_)), "{first:?}");
    let second = resolver_first.send(post("https://rebind.example.com/")).await.unwrap_err();
    let reason = "rebind.example.com is at an address that is not allowed: loopback address";
    assert_eq!(second, ClientError::Refused(reason.to_owned()));
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_dialled() {
    // Each look-up has another answer, to expose a client that looks up again to dial.
    let server = NameServer::start().await;
    let receiver = Hostile::start(Script::send(OK)).await;
    server.is_at("flip.example.com", &[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.3"]]);
    let url = format!("http://flip.example.com:{}/", port(&receiver));
    let answer = client(Reach::Any, &server).send(post(&url)).await.unwrap();
    assert_eq!((answer.status.as_u16(), receiver.connections()), (200, 1));
    let host = format!("host: flip.example.com:{}", port(&receiver));
    let request = receiver.request().to_lowercase();
    assert!(request.contains(&host), "the name stays the host: {request}");
}

#[tokio::test]
async fn one_forbidden_address_among_many_refuses_the_name() {
    let server = NameServer::start().await;
    let rows: [(&[&str], &str); 6] = [
        (&["192.0.43.8", "10.0.0.1"], "private address"),
        (&["192.0.43.8", "fd00::1"], "unique local address"),
        (&["192.0.43.8", "169.254.169.254"], "link-local address"),
        (&["::ffff:7f00:1"], "IPv4-mapped address"),
        (&["64:ff9b::a9fe:a9fe"], "NAT64 address"),
        (&["2002:7f00:1::"], "6to4 address"),
    ];
    for (row, (addresses, rule)) in rows.into_iter().enumerate() {
        let name = format!("mixed{row}.example.com");
        server.is_at(&name, &[addresses]);
        let failure = failure(&server, &format!("https://{name}/")).await;
        assert!(matches!(&failure, ClientError::Refused(reason) if reason.ends_with(rule)), "{failure:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_the_receivers_fault() {
    let server = NameServer::start().await;
    server.says("empty.example.com", Says::Code(0));
    server.says("broken.example.com", Says::Code(2));
    server.says("blocked.example.com", Says::Code(5));
    for name in ["nowhere", "empty", "broken", "blocked"] {
        let failure = failure(&server, &format!("https://{name}.example.com/")).await;
        assert!(matches!(failure, ClientError::Unreachable(Unreachable::Host(_))), "{name}: {failure:?}");
    }
    server.says("slow.example.com", Says::Silence);
    let failure = failure(&server, "https://slow.example.com/").await;
    assert_eq!(failure, ClientError::TimedOut(Phase::Resolving));
}

#[tokio::test]
async fn a_failure_is_the_receivers_fault_when_another_name_resolves() {
    let server = NameServer::start().await;
    server.says("broken.example.com", Says::Code(2));
    server.says("", Says::Code(2));
    server.is_at("api.close.com", &[&["192.0.43.8"]]);
    let failure = failure(&server, "https://broken.example.com/").await;
    assert!(matches!(failure, ClientError::Unreachable(Unreachable::Host(_))), "{failure:?}");
}

#[tokio::test]
async fn name_servers_that_do_not_work_are_our_fault() {
    for says in [Says::Code(2), Says::Code(5), Says::Silence] {
        let server = NameServer::start().await;
        server.says("fine.example.com", says.clone());
        server.says("", says.clone());
        server.says("api.close.com", says.clone());
        let failure = failure(&server, "https://fine.example.com/").await;
        assert!(matches!(failure, ClientError::OwnFault(_)), "{says:?}: {failure:?}");
    }
    let gone = CallbackClient::new(
        trusting_mozilla(),
        Reach::Public,
        Resolver::new(NameServers::At("127.0.0.1:9".parse().unwrap())).unwrap(),
        limits(),
    );
    let failure = gone.send(post("https://fine.example.com/")).await.unwrap_err();
    assert!(matches!(failure, ClientError::OwnFault(_)), "{failure:?}");
}

#[tokio::test]
async fn an_address_in_the_url_is_refused_without_a_lookup() {
    let server = NameServer::start().await;
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"] {
        let failure = failure(&server, &format!("https://{host}/")).await;
        assert!(matches!(failure, ClientError::Refused(_)), "{host}: {failure:?}");
    }
}

#[tokio::test]
async fn a_dead_address_does_not_hide_a_live_one() {
    let server = NameServer::start().await;
    let receiver = Hostile::start(Script::send(OK)).await;
    server.is_at("half.example.com", &[&["127.0.0.77", "127.0.0.1"]]);
    let url = format!("http://half.example.com:{}/", port(&receiver));
    let answer = client(Reach::Any, &server).send(post(&url)).await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_failure_of_the_first_address_is_recorded() {
    let server = NameServer::start().await;
    // Nothing listens on the first, and the other is unreachable.
    server.is_at("both.example.com", &[&["127.0.0.77", "255.255.255.255"]]);
    let failure = client(Reach::Any, &server).send(post("http://both.example.com:9/")).await.unwrap_err();
    assert_eq!(failure, ClientError::Unreachable(Unreachable::Connection("connection refused".to_owned())));
}
