//! The rows of queues.

use std::collections::BTreeMap;

use rusqlite::types::Type;
use rusqlite::{Connection, Result};

use super::{micros, restored};
use crate::engine::Queue;
use crate::settings::Settings;

/// All queues by name.
pub(crate) fn all(connection: &Connection) -> Result<BTreeMap<String, Queue>> {
    let mut statement =
        connection.prepare("SELECT id, name, settings, created, modified, purged FROM queue")?;
    let queues = statement.query_map((), |row| {
        let attributes = read(2, &row.get::<_, String>(2)?)?;
        let settings = Settings::default().with(&attributes).map_err(|error| corrupt(2, error))?;
        let mut queue = Queue::new(row.get(0)?, settings, restored(row.get(3)?));
        queue.modified = restored(row.get(4)?);
        queue.purged = row.get::<_, Option<i64>>(5)?.map(restored);
        Ok((row.get(1)?, queue))
    })?;
    queues.collect()
}

/// Adds a queue, and returns its number.
pub(crate) fn insert(connection: &Connection, name: &str, settings: &Settings, now: i64) -> Result<i64> {
    connection.execute(
        "INSERT INTO queue (name, settings, created, modified) VALUES (?1, ?2, ?3, ?3)",
        (name, write(&settings.to_attributes())?, now),
    )?;
    Ok(connection.last_insert_rowid())
}

/// Writes what can change of a queue.
pub(crate) fn update(connection: &Connection, queue: &Queue) -> Result<()> {
    connection.execute(
        "UPDATE queue SET settings = ?2, modified = ?3, purged = ?4 WHERE id = ?1",
        (queue.id, write(&queue.settings.to_attributes())?, micros(queue.modified), queue.purged.map(micros)),
    )?;
    Ok(())
}

fn read(column: usize, json: &str) -> Result<BTreeMap<String, String>> {
    serde_json::from_str(json).map_err(|error| corrupt(column, error))
}

fn write(attributes: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(attributes).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn corrupt(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
