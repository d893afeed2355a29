//! The program between the stories and the browser.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

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
    /// Starts it and reads from what it prints where it listens.
    pub(super) async fn start(program: &str) -> Self {
        let mut command = Command::new(program);
        command.arg("--port=0").process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{program}: {error}"));
        let output = child.stdout.take().unwrap_or_else(|| panic!("{program} has no output"));
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let url = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                // It must not wait for somebody to read on.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self { child, url };
            }
        }
        panic!("{program} does not listen")
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}
