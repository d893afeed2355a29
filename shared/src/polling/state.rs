//! How an instance's polling goes, for whoever asks why nothing comes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::subscriptions::Problem;

/// How polling goes, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// The last poll did what it should.
    #[default]
    Ok,
    /// Close asked to wait.
    RateLimited,
    /// Close could not be asked; it is tried again.
    Failing,
    /// Close refuses the API key; nothing is tried until the instance is changed or enabled again.
    Stopped,
}

/// How polling goes. The JSON form has camel case and times in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PollingState {
    /// In a word.
    pub status: Status,
    /// What went wrong last, if it is not right again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What went wrong last, put right since or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Problem>,
    /// When a poll went well last.
    #[serde(with = "chrono::serde::ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub last_success: Option<DateTime<Utc>>,
    /// Since when it is so.
    #[serde(with = "chrono::serde::ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Failed polls in a row.
    pub failures: u32,
    /// Records that could not be told, ever.
    pub bad_records: u64,
    /// What was wrong with the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_bad_record: Option<String>,
    /// Changes that only an audit found; none is expected.
    pub audit_finds: u64,
}

impl PollingState {
    /// The state after a poll that went well.
    #[must_use]
    pub fn recovered(&self, now: DateTime<Utc>) -> Self {
        match self.status {
            Status::Ok => self.clone(),
            Status::RateLimited | Status::Failing | Status::Stopped => {
                Self { status: Status::Ok, error: None, since: Some(now), failures: 0, ..self.clone() }
            }
        }
    }

    /// The state after a poll that did not.
    #[must_use]
    pub fn failed(&self, status: Status, error: String, now: DateTime<Utc>) -> Self {
        let since = if self.status == status { self.since } else { Some(now) };
        let failures = self.failures.saturating_add(1);
        let last_error = Some(Problem { at: now, message: error.clone() });
        Self { status, error: Some(error), last_error, since, failures, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_lasts_from_its_first_failure_to_the_next_success() {
        let at = |minute| DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(minute);
        let ok = PollingState { bad_records: 3, ..PollingState::default() };
        let failing = ok.failed(Status::Failing, "one".to_owned(), at(1)).failed(
            Status::Failing,
            "two".to_owned(),
            at(2),
        );
        assert_eq!(
            (failing.since, failing.failures, failing.error.as_deref()),
            (Some(at(1)), 2, Some("two"))
        );
        let limited = failing.failed(Status::RateLimited, "wait".to_owned(), at(3));
        assert_eq!((limited.since, limited.failures), (Some(at(3)), 3));
        let well = limited.recovered(at(4));
        assert_eq!(
            (well.status, well.failures, well.error.as_ref(), well.bad_records),
            (Status::Ok, 0, None, 3)
        );
        assert_eq!(well.recovered(at(5)), well);
        let json = serde_json::to_string(&limited).unwrap();
        assert_eq!(
            json,
            r#"{"status":"rateLimited","error":"wait","lastError":{"at":180000,"message":"wait"},"since":180000,"failures":3,"badRecords":3,"auditFinds":0}"#
        );
        assert_eq!(serde_json::from_str::<PollingState>("{}").unwrap(), PollingState::default());
    }
}
