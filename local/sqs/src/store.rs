//! The SQLite database: what is acknowledged is in it, and survives the end of the process.
//!
//! Times are microseconds since 1970. A message is two rows: `content`, which never changes and may be
//! large, and `message`, its place in a queue, which each receive rewrites.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

pub(super) mod messages;

/// Where the queues are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In memory, for as long as the process runs.
    Memory,
    /// In a SQLite database at this path, made if it is missing, and held by one process at a time.
    File(PathBuf),
}

/// The storage could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("failed to open the queues at {place}")]
pub struct OpenError {
    /// The path of the database, or `memory`.
    place: String,
    /// What SQLite says.
    source: rusqlite::Error,
}

/// Durable against the end of the process; a loss of power may cost the last moments. The exclusive lock
/// keeps a second process out, whose changes the first would not see.
const DURABILITY: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32768;
";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS queue (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE IF NOT EXISTS content (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        body_md5 TEXT NOT NULL,
        attributes TEXT,
        group_id TEXT,
        trace_header TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS message (
        seq INTEGER PRIMARY KEY,
        queue INTEGER NOT NULL,
        sent INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        receive_count INTEGER NOT NULL DEFAULT 0,
        first_received INTEGER,
        receipt BLOB,
        source TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS message_by_visibility ON message (queue, visible_at, first_received);
    CREATE INDEX IF NOT EXISTS message_by_age ON message (queue, sent);
    CREATE TRIGGER IF NOT EXISTS forget_content AFTER DELETE ON message BEGIN
        DELETE FROM content WHERE seq = OLD.seq;
    END;
";

/// Opens the database and makes the tables that are missing.
pub(super) fn open(storage: &Storage) -> Result<Connection, OpenError> {
    let opened = match storage {
        Storage::Memory => Connection::open_in_memory(),
        Storage::File(path) => Connection::open(path).and_then(|connection| {
            connection.execute_batch(DURABILITY)?;
            Ok(connection)
        }),
    };
    let prepared = opened.and_then(|connection| {
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(SCHEMA)?;
        Ok(connection)
    });
    prepared.map_err(|source| OpenError {
        place: match storage {
            Storage::Memory => "memory".to_owned(),
            Storage::File(path) => path.display().to_string(),
        },
        source,
    })
}

/// The number under which the database knows the queue `name`.
pub(super) fn number_of(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.execute("INSERT OR IGNORE INTO queue (name) VALUES (?1)", (name,))?;
    connection.query_row("SELECT id FROM queue WHERE name = ?1", (name,), |row| row.get(0))
}

/// A time as it is stored.
pub(super) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// A time as it was before it was stored.
pub(super) fn restored(stored: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::microseconds(stored)
}

/// Seconds as they are stored.
pub(super) fn seconds(seconds: impl Into<i64>) -> i64 {
    seconds.into() * 1_000_000
}
