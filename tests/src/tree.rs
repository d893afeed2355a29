//! The source tree, for the rules that no compiler checks.

#![expect(clippy::panic, reason = "a tree that cannot be read keeps no rule")]

pub mod imports;
pub mod text;

use std::path::{Path, PathBuf};

/// A file of the tree.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path from the root.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The members of the workspace, by their directories.
pub const MEMBERS: [&str; 12] = [
    "functions/webhook",
    "functions/dispatcher",
    "functions/poller",
    "functions/instances",
    "functions/console",
    "shared",
    "shared/close",
    "local",
    "local/sqs",
    "accounts",
    "tests",
    "benches",
];

/// A file of the tree.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn file(path: &str) -> File {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    File { path: path.into(), text }
}

/// True if there is a file or directory at a path.
#[must_use]
pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// The paths in a directory, sorted.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn names(directory: &str) -> Vec<String> {
    let entries =
        std::fs::read_dir(root().join(directory)).unwrap_or_else(|error| panic!("{directory}: {error}"));
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.map(|name| format!("{directory}/{name}")).collect();
    names.sort();
    names
}

/// The documents in `docs/`.
#[must_use]
pub fn documents() -> Vec<String> {
    let is_page = |path: &String| Path::new(path).extension() == Some("md".as_ref());
    names("docs").into_iter().filter(is_page).collect()
}

/// Every document of the tree.
#[must_use]
pub fn pages() -> Vec<String> {
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned);
    let members = MEMBERS.iter().map(|member| format!("{member}/README.md")).filter(|path| exists(path));
    top.into_iter().chain(documents()).chain(members).collect()
}

/// Every Rust file below a directory.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn sources(directory: &str) -> Vec<File> {
    let mut files = Vec::new();
    collect(&root().join(directory), &mut files);
    assert!(!files.is_empty(), "{directory} has no sources");
    files
}

fn collect(directory: &Path, files: &mut Vec<File>) {
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.push(File { path: path.strip_prefix(root()).map(Path::to_owned).unwrap_or(path), text });
        }
    }
}

/// Where the tree is.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
