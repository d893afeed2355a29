//! Recorded payloads, in `fixtures/`: shapes as Close sends them, values made up.

#![expect(clippy::panic, reason = "without fixtures there is nothing to test")]

use std::path::PathBuf;

/// The bytes of a fixture, such as `close/legacy.lead.create.json`.
///
/// # Panics
/// When there is none of this name.
#[must_use]
pub fn read(name: &str) -> Vec<u8> {
    let path = directory().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of Close's webhooks among them, `prefix` first: `close/legacy` or `close/webhook`.
///
/// # Panics
/// When the directory cannot be read.
#[must_use]
#[expect(clippy::expect_used, reason = "without fixtures there is nothing to test")]
pub fn named(prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(directory().join("close")).expect("the fixtures are in the tree");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> =
        names.map(|name| format!("close/{name}")).filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"))
}
