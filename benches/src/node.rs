//! The peer on Node.js, with its libraries as `package-lock.json` has them.

use std::error::Error;
use std::fs;
use std::process::Command;

use crate::options::Options;

/// Where it is installed, below the root.
pub(crate) const FOLDER: &str = "target/benches/node";

/// Installs what it needs, unless that is there.
pub(crate) fn install(options: &Options) -> Result<(), Box<dyn Error>> {
    let (from, to) = (options.path("benches/node"), options.path(FOLDER));
    let lock = fs::read(from.join("package-lock.json"))?;
    let complete = to.join("complete");
    fs::create_dir_all(&to)?;
    fs::copy(from.join("index.mjs"), to.join("index.mjs"))?;
    if fs::read(&complete).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    for file in ["package.json", "package-lock.json"] {
        fs::copy(from.join(file), to.join(file))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&to);
    if !npm.status()?.success() {
        return Err("npm ci failed".into());
    }
    Ok(fs::write(complete, lock)?)
}
