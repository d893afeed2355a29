//! The HTTP client of callbacks against real servers on loopback.

mod hostile_receivers;
mod name_resolution;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use dispatcher::Limits;
use http::Request;
use http_body_util::Full;
use rustls::ClientConfig;
use shared::platform::settings::Variables;
use shared::platform::tls::of_process;

/// The limits of deployments, except for time.
fn limits() -> Limits {
    let (deadline, connect) = (Duration::from_millis(800), Duration::from_millis(500));
    Limits { deadline, connect, ..Limits::default() }
}

fn trusting_mozilla() -> ClientConfig {
    of_process(&Variables::default()).unwrap()
}

fn post(url: &str) -> Request<Full<Bytes>> {
    Request::post(url).body(Full::new(Bytes::from_static(b"{}"))).unwrap()
}
