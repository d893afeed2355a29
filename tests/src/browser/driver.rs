//! chromedriver, between the tests and the browser.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Attempts to start it.
const STARTS: usize = 5;

/// chromedriver on a free port. Dropping this ends it and its browsers.
pub(super) struct Driver {
    child: Child,
    url: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browsers are in its process group, and would outlive a driver that is killed alone.
        if let Some(group) = self.child.id() {
            let group = format!("-{group}");
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        }
    }
}

impl Driver {
    /// Starts it, with another port if the free port is taken before it listens.
    pub(super) async fn start(program: &str) -> Self {
        for _ in 0..STARTS {
            if let Some(driver) = Self::try_start(program).await {
                return driver;
            }
        }
        panic!("{program} does not listen")
    }

    /// Starts it and reads its address from its output.
    async fn try_start(program: &str) -> Option<Self> {
        let mut command = Command::new(program);
        command.arg("--port=0").process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let url = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                // It must not block on a full pipe.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Some(Self { child, url });
            }
        }
        None
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}
