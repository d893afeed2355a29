//! `cargo lambda watch`, started and stopped with the system: it runs each function as a program and rebuilds it when its
//! code changes.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use http::Uri;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::failure::{Context as _, Failure};

/// Its port follows those of the system's servers.
const OFFSET: u16 = 4;

/// With everything built, it listens within a second or two.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// How long its functions may take to end.
const GRACE: Duration = Duration::from_secs(10);

const CARGO: &str = "cargo cannot be run";
const INSTALL: &str = "`pip install cargo-lambda` does that";

pub(crate) struct Watch {
    child: Child,
}

/// Its address, for a system whose first port is `first`; 0 takes a free port.
pub(crate) fn address(first: u16) -> Result<SocketAddrV4, Failure> {
    let port = if first == 0 { 0 } else { first.saturating_add(OFFSET) };
    let unusable = format!("port {port} of 127.0.0.1 cannot be used");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context(&unusable)?;
    let port = listener.local_addr().context(unusable)?.port();
    Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
}

pub(crate) fn url(address: SocketAddrV4) -> Uri {
    let uri = Uri::builder().scheme("http").authority(address.to_string()).path_and_query("/");
    // An address with a port is an authority.
    uri.build().unwrap_or_default()
}

impl Watch {
    /// Builds the functions and watches them on `address`, with the variables of the file; returns once it listens.
    ///
    /// They are built first: a call that waits for a build may time out.
    pub(crate) async fn start(address: SocketAddrV4, variables: &Path) -> Result<Self, Failure> {
        let mut version = cargo(&["lambda", "--version"]);
        let version = version.stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        if !version.context(CARGO)?.success() {
            return Err(Failure::new(format!("cargo lambda is not installed; {INSTALL}")));
        }
        let built = cargo(&["build"]).status().await.context(CARGO)?;
        if !built.success() {
            return Err(Failure::new(format!("the functions do not build: cargo ended with {built}")));
        }
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        let mut command = cargo(&["lambda", "watch", "--invoke-address", &host, "--invoke-port", &port]);
        // In its own process group: Ctrl-C only reaches the system, which lets running calls end first.
        let child = command.arg("--env-file").arg(variables).process_group(0).spawn();
        let mut watch = Self { child: child.context(CARGO)? };
        tokio::select! {
            listening = listens(address) => listening?,
            ended = watch.ended() => return Err(ended),
        }
        Ok(watch)
    }

    /// Resolves if it ends by itself.
    pub(crate) async fn ended(&mut self) -> Failure {
        Failure::new(match self.child.wait().await {
            Ok(status) => {
                format!("cargo lambda watch ended with {status}; if it is not installed, {INSTALL}")
            }
            Err(error) => format!("cargo lambda watch cannot be waited for: {error}"),
        })
    }

    pub(crate) async fn stop(mut self) {
        self.signal(Signal::INT);
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // A group that is gone needs no signal.
            let _ = kill_process_group(id, signal);
        }
    }
}

/// Cargo without the terminal's input; it is killed when dropped.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn listens(address: SocketAddrV4) -> Result<(), Failure> {
    let connects = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let listening = tokio::time::timeout(PATIENCE, connects).await;
    listening.context(format_args!("cargo lambda watch does not listen on {address}"))
}
