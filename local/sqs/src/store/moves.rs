//! The rows of move tasks.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Result, Row, params};

use super::{micros, restored};
use crate::moves::{MoveStatus, MoveTask};

const COLUMNS: &str =
    "id, source, source_arn, destination_arn, rate, status, moved, to_move, started, failure";

impl ToSql for MoveStatus {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for MoveStatus {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        Self::ALL.into_iter().find(|status| status.name() == name).ok_or(FromSqlError::InvalidType)
    }
}

fn read(row: &Row<'_>) -> Result<MoveTask> {
    Ok(MoveTask {
        id: row.get(0)?,
        source: row.get(1)?,
        source_arn: row.get(2)?,
        destination_arn: row.get(3)?,
        rate: row.get(4)?,
        status: row.get(5)?,
        moved: row.get(6)?,
        to_move: row.get(7)?,
        started: restored(row.get(8)?),
        failure: row.get(9)?,
    })
}

/// Writes a task, be it new or not.
pub(crate) fn write(connection: &Connection, task: &MoveTask) -> Result<()> {
    connection.execute(
        &format!(
            "INSERT OR REPLACE INTO move_task ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        ),
        params![
            task.id,
            task.source,
            task.source_arn,
            task.destination_arn,
            task.rate,
            task.status,
            task.moved,
            task.to_move,
            micros(task.started),
            task.failure,
        ],
    )?;
    Ok(())
}

/// The tasks that run.
pub(crate) fn running(connection: &Connection) -> Result<Vec<MoveTask>> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM move_task WHERE status = ?1 ORDER BY started"))?;
    statement.query_map((MoveStatus::Running,), read)?.collect()
}

/// The tasks out of the queue with the number `source`, the latest first, at most `most`.
pub(crate) fn of_source(connection: &Connection, source: i64, most: u32) -> Result<Vec<MoveTask>> {
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM move_task WHERE source = ?1 ORDER BY started DESC, rowid DESC LIMIT ?2"
    ))?;
    statement.query_map((source, most), read)?.collect()
}
