//! DynamoDB, embedded: dynoxide on SQLite, with the tables of the template.

mod server;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde_json::json;
use shared::platform::clock::SharedClock;

use crate::data::Data;
use crate::failure::{Context as _, Failure};
use crate::template::Table;

/// How often items past their time to live are removed; DynamoDB promises "within a few days".
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// The tables.
#[derive(Clone)]
pub(crate) struct DynamoDb(Database);

/// The time to live goes by the system's clock. A database in a file goes by the wall clock: the engine offers
/// no other there, and only the removal of expired items depends on it.
struct EngineClock(SharedClock);

impl dynoxide::storage_backend::Clock for EngineClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now().timestamp()).unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds with fractions is what the engine asks for")]
    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().timestamp_micros() as f64 / 1e6
    }
}

impl DynamoDb {
    /// Opens the database and makes the tables that it does not have yet.
    pub(crate) fn open(data: &Data, clock: SharedClock, tables: &[Table]) -> Result<Self, Failure> {
        let database = match data.file("dynamodb.sqlite") {
            None => Database::memory_with_clock(Arc::new(EngineClock(clock))),
            Some(path) => Database::new(&path.to_string_lossy()),
        };
        let database = Self(database.context("the tables cannot be opened")?);
        // The engine's way to ask for `synchronous = NORMAL`: durable against the end of the process, as the queues are; a loss of
        // power may cost the last moments. By default it waits for the disk with each write.
        database.0.disable_bulk_loading().context("the tables cannot be set up")?;
        for table in tables {
            let created = database.create(table);
            created.context(format_args!("table {} cannot be made as the template has it", table.name))?;
        }
        Ok(database)
    }

    fn create(&self, table: &Table) -> Result<(), Box<dyn Error>> {
        match self.0.create_table(serde_json::from_value(table.create_request.clone())?) {
            Err(DynoxideError::ResourceInUseException(_)) => return Ok(()),
            outcome => outcome?,
        };
        let Some(attribute) = &table.ttl_attribute else { return Ok(()) };
        let request = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
        });
        self.0.update_time_to_live(serde_json::from_value(request)?)?;
        Ok(())
    }

    /// Answers the clients of AWS that connect to `listener` with `layer` around the routes.
    pub(crate) async fn serve_within(
        self,
        listener: tokio::net::TcpListener,
        layer: impl FnOnce(axum::Router) -> axum::Router,
    ) -> std::io::Result<()> {
        server::serve(self.0, listener, layer).await
    }

    /// Removes expired items and returns their number.
    pub(crate) async fn forget_expired(&self) -> Result<usize, String> {
        let database = self.0.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        let swept = swept.map_err(|error| error.to_string())?;
        swept.map_err(|error| error.to_string())
    }

    /// Removes expired items, for as long as the future is polled.
    pub(crate) async fn sweep(self) {
        let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            ticks.tick().await;
            if let Err(error) = self.forget_expired().await {
                tracing::warn!(error, "expired items could not be removed");
            }
        }
    }
}
