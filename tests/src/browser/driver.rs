//! The program between the stories and the browser.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How often it may fail to start.
const STARTS: usize = 5;

/// chromedriver on a free port; it ends with whoever holds this, and so do the browsers that it started.
pub(super) struct Driver {
    child: Child,
    url: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // They are in its group, and would outlive a driver that is killed alone.
        if let Some(group) = self.child.id() {
            let group = format!("-{group}");
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        }
    }
}

impl Driver {
    /// Starts it. The port that it finds free may be taken by the time it listens: then it finds another.
    pub(super) async fn start(program: &str) -> Self {
        for _ in 0..STARTS {
            if let Some(driver) = Self::try_start(program).await {
                return driver;
            }
        }
        panic!("{program} does not listen")
    }

    /// Starts it and reads from what it prints where it listens.
    async fn try_start(program: &str) -> Option<Self> {
        let mut command = Command::new(program);
        command.arg("--port=0").process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let url = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                // It must not wait for somebody to read on.
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
