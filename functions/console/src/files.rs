//! The files of the page, which are compiled in.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

/// One file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: &'static str,
}

/// A file as it is served: plain or compressed.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
    pub(crate) compressed: Vec<u8>,
}

impl Served {
    pub(crate) fn new(name: &'static str, content_type: &'static str, text: &str) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
        // Writing to memory cannot fail.
        Self { name, content_type, text: text.to_owned(), compressed: written.unwrap_or_default() }
    }
}

/// The page; `{files}` in it stands for the path of its files.
pub(crate) const INDEX: &str = include_str!("../page/index.html");

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($name:literal, $content_type:expr) => {
        File { name: $name, content_type: $content_type, text: include_str!(concat!("../page/", $name)) }
    };
}

/// What the page loads.
pub(crate) const FILES: &[File] = &[
    file!("console.css", "text/css; charset=utf-8"),
    file!("icon.svg", "image/svg+xml"),
    file!("api.js", SCRIPT),
    file!("attention.js", SCRIPT),
    file!("chart.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("event-rows.js", SCRIPT),
    file!("form.js", SCRIPT),
    file!("format.js", SCRIPT),
    file!("instance-parts.js", SCRIPT),
    file!("json.js", SCRIPT),
    file!("main.js", SCRIPT),
    file!("samples.js", SCRIPT),
    file!("session.js", SCRIPT),
    file!("setting-field.js", SCRIPT),
    file!("settings.js", SCRIPT),
    file!("table.js", SCRIPT),
    file!("view-create.js", SCRIPT),
    file!("view-event.js", SCRIPT),
    file!("view-events.js", SCRIPT),
    file!("view-instance.js", SCRIPT),
    file!("view-instances.js", SCRIPT),
    file!("view-overview.js", SCRIPT),
    file!("view-redeliver.js", SCRIPT),
    file!("view-settings.js", SCRIPT),
    file!("view-sign-in.js", SCRIPT),
    file!("view-try.js", SCRIPT),
    file!("wait.js", SCRIPT),
];

/// A hash over everything, including the page, whose `ETag` uses it too.
pub(crate) fn version() -> String {
    let mut hash = Sha256::new_with_prefix(INDEX);
    for file in FILES {
        hash.update(file.name);
        hash.update([0]);
        hash.update(file.text);
        hash.update([0]);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    format!("{:016x}", u64::from_be_bytes(first))
}
