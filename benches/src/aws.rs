//! The emulated AWS: the local system's DynamoDB, SQS and KMS, in this process, as far away as asked.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use local::{Data, Setup, System};
use serde_json::{Value, json};
use shared::instances::InstanceId;
use tokio::runtime::Runtime;

use crate::http::Connection;

/// The services, which keep everything in memory.
pub(crate) struct Aws {
    system: System,
    _runtime: Runtime,
    variables: Vec<(String, String)>,
}

impl Aws {
    /// Starts them; each request reaches them after `delay`.
    pub(crate) fn start(root: &std::path::Path, delay: Duration) -> Result<Self, Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let setup = Setup::of(root.join("template.yaml"), Data::Memory);
        let system = runtime.block_on(System::open(setup))?;
        let mut variables = system.environment().clone();
        if !delay.is_zero() {
            for service in ["DYNAMODB", "SQS", "KMS"] {
                let url = variables.entry(format!("AWS_ENDPOINT_URL_{service}")).or_default();
                *url = far_away(url, delay)?;
            }
        }
        Ok(Self { system, _runtime: runtime, variables: variables.into_iter().collect() })
    }

    /// The environment of a function that uses them.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// The value of `Authorization` that the API knows.
    pub(crate) fn authorization(&self) -> String {
        self.system.authorization()
    }

    /// Makes instances that deliver to `callback`.
    pub(crate) fn provision(&self, callback: &str, count: usize) -> Result<Vec<InstanceId>, Box<dyn Error>> {
        provision(self.system.url(), &self.system.authorization(), callback, count)?
            .iter()
            .map(|instance| {
                let id = instance["id"].as_u64().ok_or("an instance has an id")?;
                Ok(InstanceId::try_from(id)?)
            })
            .collect()
    }
}

/// Makes instances through the API at `url`; its answers.
pub(crate) fn provision(
    url: &str,
    authorization: &str,
    callback: &str,
    count: usize,
) -> Result<Vec<Value>, Box<dyn Error>> {
    let authority = url.trim_start_matches("http://");
    let mut connection = Connection::to(authority)?;
    let head = format!(
        "POST /elements/api-v2/instances HTTP/1.1\r\nhost: {authority}\r\nauthorization: {authorization}\r\n\
         content-type: application/json\r\n"
    );
    let body = json!({"element": {"key": "closeio"}, "name": "Bench", "configuration": {
        "username": "api_key", "event.notification.enabled": "true", "event.vendor.type": "webhook",
        "event.notification.callback.url": callback}});
    let body = body.to_string();
    let one = |_| {
        let answer = connection.ask(&head, body.as_bytes())?;
        if !answer.start.contains(" 200 ") {
            return Err(String::from_utf8_lossy(&answer.body).into());
        }
        Ok(serde_json::from_slice(&answer.body)?)
    };
    (0..count).map(one).collect()
}

/// A way to the service at `url` on which what is sent to it takes `delay`.
fn far_away(url: &str, delay: Duration) -> io::Result<String> {
    let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(&authority) else { continue };
            let (Ok(back_from), Ok(back_to)) = (far.try_clone(), near.try_clone()) else { continue };
            let _ = near.set_nodelay(true);
            thread::spawn(move || forward(near, far, delay));
            thread::spawn(move || forward(back_from, back_to, Duration::ZERO));
        }
    });
    Ok(format!("http://127.0.0.1:{port}"))
}

/// Passes on what arrives, each part after `delay`; a request of many parts comes late by one delay for each read.
fn forward(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let _ = to.set_nodelay(true);
    let mut buffer = vec![0; 1024 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        thread::sleep(delay);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
}
