//! The rows of messages.

use rusqlite::{Connection, Result, Row, params};

use super::restored;
use crate::message::{Message, NewMessage, QueueCounts, Sent};
use crate::receipt::Receipt;

pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) message: Message,
}

/// The columns that [`read`] reads, of messages that [`all`] and [`visible`] choose.
macro_rules! select {
    ($chosen:literal) => {
        concat!(
            "SELECT m.seq, m.sent, m.visible_at, m.receive_count, m.first_received, m.source,
                    c.id, c.body, c.body_md5, c.attributes, c.group_id, c.trace_header
             FROM message m JOIN content c ON c.seq = m.seq ",
            $chosen
        )
    };
}

fn read(row: &Row<'_>) -> Result<Stored> {
    let attributes: Option<String> = row.get(9)?;
    let attributes = attributes.map(|json| serde_json::from_str(&json)).transpose();
    let attributes = attributes.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(9, rusqlite::types::Type::Text, error.into())
    })?;
    let message = Message {
        id: row.get(6)?,
        body: row.get(7)?,
        md5_of_body: row.get(8)?,
        attributes: attributes.unwrap_or_default(),
        group_id: row.get(10)?,
        trace_header: row.get(11)?,
        sent: restored(row.get(1)?),
        first_received: row.get::<_, Option<i64>>(4)?.map(restored),
        receive_count: row.get(3)?,
        dead_letter_source: row.get(5)?,
        visible_at: restored(row.get(2)?),
    };
    Ok(Stored { seq: row.get(0)?, message })
}

pub(crate) fn insert(
    connection: &Connection,
    queue: i64,
    (now, visible_at): (i64, i64),
    message: &NewMessage,
    sent: &Sent,
) -> Result<()> {
    let attributes = (!message.attributes.is_empty()).then(|| serde_json::to_string(&message.attributes));
    let attributes =
        attributes.transpose().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached("INSERT INTO message (queue, sent, visible_at) VALUES (?1, ?2, ?3)")?
        .execute((queue, now, visible_at))?;
    connection
        .prepare_cached(
            "INSERT INTO content (seq, id, body, body_md5, attributes, group_id, trace_header)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            connection.last_insert_rowid(),
            sent.id,
            message.body,
            sent.md5_of_body,
            attributes,
            message.group_id,
            message.trace_header,
        ])?;
    Ok(())
}

/// Calls `take` with the visible messages of `queue`, the longest visible first, until it returns `false`.
pub(crate) fn visible(
    connection: &Connection,
    queue: i64,
    now: i64,
    mut take: impl FnMut(Stored) -> bool,
) -> Result<()> {
    let mut statement = connection
        .prepare_cached(select!("WHERE m.queue = ?1 AND m.visible_at <= ?2 ORDER BY m.visible_at"))?;
    let mut rows = statement.query((queue, now))?;
    while let Some(row) = rows.next()? {
        if !take(read(row)?) {
            break;
        }
    }
    Ok(())
}

/// All messages of `queue`, in the order in which they become or became visible.
pub(crate) fn all(connection: &Connection, queue: i64) -> Result<Vec<Message>> {
    let mut statement = connection.prepare_cached(select!("WHERE m.queue = ?1 ORDER BY m.visible_at"))?;
    let messages = statement.query_map((queue,), read)?;
    messages.map(|stored| Ok(stored?.message)).collect()
}

/// Counts a receive and takes the message out of sight until `visible_at`.
pub(crate) fn lease(connection: &Connection, receipt: &Receipt, now: i64, visible_at: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET visible_at = ?2, receive_count = receive_count + 1,
                    first_received = coalesce(first_received, ?3), receipt = ?4
             WHERE seq = ?1",
        )?
        .execute((receipt.message, visible_at, now, receipt.nonce))?;
    Ok(())
}

/// Moves a message to the dead-letter queue `queue`: it keeps its id and the time at which it was sent.
pub(crate) fn give_up(connection: &Connection, seq: i64, queue: i64, source: &str, now: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET queue = ?2, source = ?3, visible_at = ?4, receive_count = 0,
                    first_received = NULL, receipt = NULL
             WHERE seq = ?1",
        )?
        .execute((seq, queue, source, now))?;
    Ok(())
}

/// Moves a message to `queue` as a new one, sent now and with the new id `id`.
pub(crate) fn redrive(
    connection: &Connection,
    seq: i64,
    queue: i64,
    id: &str,
    (now, visible_at): (i64, i64),
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET queue = ?2, sent = ?3, visible_at = ?4, source = NULL, receive_count = 0,
                    first_received = NULL, receipt = NULL
             WHERE seq = ?1",
        )?
        .execute((seq, queue, now, visible_at))?;
    connection.prepare_cached("UPDATE content SET id = ?2 WHERE seq = ?1")?.execute((seq, id))?;
    Ok(())
}

/// Deletes the message if `receipt` is of its latest receive.
pub(crate) fn delete(connection: &Connection, receipt: &Receipt) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM message WHERE seq = ?1 AND queue = ?2 AND receipt = ?3")?
        .execute((receipt.message, receipt.queue, receipt.nonce))?;
    Ok(())
}

/// Forgets the messages of `queue` that were sent at `oldest` or before.
pub(crate) fn expire(connection: &Connection, queue: i64, oldest: i64) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM message WHERE queue = ?1 AND sent <= ?2")?
        .execute((queue, oldest))?;
    Ok(())
}

pub(crate) fn counts(connection: &Connection, queue: i64, now: i64) -> Result<QueueCounts> {
    connection
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE visible_at <= ?2),
                    count(*) FILTER (WHERE visible_at > ?2 AND first_received IS NULL),
                    count(*) FILTER (WHERE visible_at > ?2 AND first_received IS NOT NULL)
             FROM message WHERE queue = ?1",
        )?
        .query_row((queue, now), |row| {
            Ok(QueueCounts { visible: row.get(0)?, delayed: row.get(1)?, in_flight: row.get(2)? })
        })
}

pub(crate) fn next_visible(connection: &Connection, queue: i64, now: i64) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT min(visible_at) FROM message WHERE queue = ?1 AND visible_at > ?2")?
        .query_row((queue, now), |row| row.get(0))
}
