//! How polling goes, as `GET /instances/{id}` shows it.

#![expect(clippy::panic, reason = "a story cannot go on without its instance")]

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bed::Bed;

/// How polling goes, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// The last poll did what it should.
    Ok,
    /// Close asked to wait.
    RateLimited,
    /// Close could not be asked; it is asked again.
    Failing,
    /// Close refuses the key, or what it may see.
    Refused,
    /// Any other word.
    #[default]
    #[serde(other)]
    Other,
}

/// The `pollingState` of an instance.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// In a word.
    pub status: Status,
    /// What is wrong now.
    #[serde(default)]
    pub error: Option<String>,
    /// Failed polls in a row.
    #[serde(default)]
    pub failures: u32,
    /// Records that could not be told, ever.
    #[serde(default)]
    pub bad_records: u64,
    /// What was wrong with the last of them.
    #[serde(default)]
    pub last_bad_record: Option<String>,
    /// Changes that only an audit found.
    #[serde(default)]
    pub audit_finds: u64,
    /// All of it as it is shown.
    #[serde(skip)]
    pub shown: Value,
}

impl State {
    /// The state of an instance; of one that is not polled, an empty one.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn of(bed: &Bed, instance: u64) -> Self {
        let answer = bed.call(http::Method::GET, &format!("/instances/{instance}"), &json!(null)).await;
        let shown = answer.json()["pollingState"].clone();
        if shown.is_null() {
            return Self::default();
        }
        let state = Self::deserialize(&shown);
        let state = state.unwrap_or_else(|error| panic!("{error} in {}", answer.json()));
        Self { shown, ..state }
    }
}
