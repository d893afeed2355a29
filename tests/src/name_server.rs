//! A name server on loopback with scripted answers.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;

/// The answer for a name.
#[derive(Debug, Clone)]
pub enum Says {
    /// These addresses, with no time to live. Each query gets the next list; the last one repeats.
    Addresses(Vec<Vec<IpAddr>>),
    /// A code without records: 0 for no addresses, 2 for a failure, 3 for an unknown name, 5 for refused.
    Code(u8),
    /// No answer.
    Silence,
}

type Names = Arc<Mutex<HashMap<String, Says>>>;

/// The server; it stops with the runtime.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    names: Names,
}

impl NameServer {
    /// At first it only knows the root, like every name server.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[expect(clippy::expect_used, reason = "without loopback there is nothing to test")]
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let names = Names::default();
        tokio::spawn(serve(socket, names.clone()));
        let server = Self { address, names };
        server.says("", Says::Code(0));
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the answer for a name; the empty name is the root.
    pub fn says(&self, name: &str, says: Says) {
        lock(&self.names).insert(name.to_owned(), says);
    }

    /// Sets the addresses of a name: one list per query; the last one repeats.
    ///
    /// # Panics
    /// When one of them is not an address.
    #[expect(clippy::expect_used, reason = "the addresses are literals in a test")]
    pub fn is_at(&self, name: &str, addresses: &[&[&str]]) {
        let parse = |address: &&str| address.parse().expect("the test knows an address");
        let lists = addresses.iter().map(|list| list.iter().map(parse).collect());
        self.says(name, Says::Addresses(lists.collect()));
    }
}

fn lock(names: &Names) -> MutexGuard<'_, HashMap<String, Says>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(socket: UdpSocket, names: Names) {
    let mut buffer = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = answer(&buffer[..length], &names) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// RFC 1035, section 4: the header, the question as it came, and the answers that point back to its name.
fn answer(query: &[u8], names: &Names) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    while let length @ 1.. = usize::from(query[at]) {
        labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).to_lowercase());
        at += length + 1;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let (code, addresses) = match lock(names).get_mut(&labels.join(".")) {
        None => (3, Vec::new()),
        Some(Says::Silence) => return None,
        Some(Says::Code(code)) => (*code, Vec::new()),
        Some(Says::Addresses(lists)) => {
            // Both families are queried together and share one answer: the A query moves on to the next.
            let now = lists[0].clone();
            if kind == 1 && lists.len() > 1 {
                lists.remove(0);
            }
            (0, now)
        }
    };
    let mut records = Vec::new();
    let mut count = 0u16;
    for address in addresses {
        let data = match address {
            IpAddr::V4(ip) if kind == 1 => ip.octets().to_vec(),
            IpAddr::V6(ip) if kind == 28 => ip.octets().to_vec(),
            IpAddr::V4(_) | IpAddr::V6(_) => continue,
        };
        count += 1;
        records.extend([0xc0, 12]);
        records.extend(kind.to_be_bytes());
        records.extend([0, 1, 0, 0, 0, 0, 0, if kind == 1 { 4 } else { 16 }]);
        records.extend(data);
    }
    let mut message = query[..2].to_vec();
    message.extend([0x81, 0x80 | code, 0, 1]);
    message.extend(count.to_be_bytes());
    message.extend([0; 4]);
    message.extend(&query[12..at + 5]);
    message.extend(records);
    Some(message)
}
