//! The workspace's own programs, built and started as a user would start them.

#![expect(clippy::panic, reason = "a story whose program does not start cannot go on")]

mod lambda;

pub use lambda::Lambda;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Child;

/// The longest start of a program, on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path of a program of this workspace, freshly built in the profile of the tests.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(build).join(name)
}

/// `cargo test` builds the programs of a package only for that package's own tests.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace", "--bins"])
        .current_dir(root)
        .status();
    assert!(built.as_ref().is_ok_and(std::process::ExitStatus::success), "cargo build: {built:?}");
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("this test's own path: {error}"));
    // target/debug/deps/story-0123 stands two levels below the programs.
    test.ancestors().nth(2).map(Path::to_owned).unwrap_or_default()
}

/// `local`, running.
pub struct Local {
    child: Child,
    output: PathBuf,
    ready: Value,
}

impl Local {
    /// Starts it on free ports with its state in `data`, and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::within(data, arguments, &[]).await
    }

    /// The same with variables in its environment.
    ///
    /// # Panics
    /// When it does not listen.
    pub async fn within(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let ready_file = data.with_extension("ready");
        // A ready file of an earlier run would be misleading.
        let _ = std::fs::remove_file(&ready_file);
        let mut command = tokio::process::Command::from(command(data));
        command.args(["--port", "0", "--ready-file"]).arg(&ready_file).args(arguments);
        let output = data.with_extension("output");
        let file = File::create(&output).unwrap_or_else(|error| panic!("{}: {error}", output.display()));
        command.envs(variables.iter().copied()).stdout(file).kill_on_drop(true);
        let child = command.spawn().unwrap_or_else(|error| panic!("local: {error}"));
        let ready = wait_for(&ready_file).await;
        Self { child, output, ready }
    }

    /// Its terminal output so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// The value of `key` in its ready file.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn ready(&self, key: &str) -> String {
        self.ready[key].as_str().map_or_else(|| panic!("no {key} in {}", self.ready), str::to_owned)
    }

    /// Kills it as the kernel would.
    ///
    /// # Panics
    /// When it was not running.
    pub async fn kill_9(mut self) {
        self.child.kill().await.unwrap_or_else(|error| panic!("kill -9: {error}"));
    }
}

/// Runs `local` with arguments that make it end.
///
/// # Panics
/// When it cannot be run.
#[must_use]
pub fn local_fails(data: &Path, arguments: &[&str]) -> Output {
    let output = command(data).args(arguments).output();
    output.unwrap_or_else(|error| panic!("local: {error}"))
}

/// The directory of the template, where a user would start it.
fn command(data: &Path) -> Command {
    let mut command = Command::new(path("local"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).arg("--data").arg(data);
    command
}

async fn wait_for(file: &Path) -> Value {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(ready) = std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            return ready;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("local is not ready after {PATIENCE:?}");
}
