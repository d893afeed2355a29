//! Searches: leads and contacts.

use std::collections::BTreeSet;

use chrono::{SubsecRound as _, TimeDelta};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::polling::cursor::{OVERLAP, Run};
use shared::polling::record;
use shared::polling::resource::DATE_UPDATED;

use super::{Page, Walker, moment, page};
use close::CloseError;

const PATH: &str = "data/search/";

/// Close ends a walk after so many objects, as if there were no more.
const LONGEST: usize = 10_000;

impl Walker<'_> {
    /// A page of a search, in the order of the last change.
    pub(super) async fn search(&mut self, object_type: &str, fields: &[&str]) -> Result<Page, CloseError> {
        let answer = match self.account.post(PATH, self.query(object_type, fields)).await {
            // The cursor lives 30 seconds.
            Err(CloseError::Invalid { status: 400, rate_limit, .. }) if self.walk.run.is_some() => {
                return self.begin_anew(rate_limit);
            }
            answer => answer?,
        };
        let body = page::read(&answer.body)?;
        let next = body.cursor.filter(|_| !body.data.is_empty());
        let after_run = self.walk.at.filter(|_| self.walk.run.is_some()).map(|at| at + TimeDelta::seconds(1));
        let last = next.is_none() && after_run.is_none();
        let before = if let Some(Run::Cursor { rows, .. }) = self.walk.run { rows } else { 0 };
        let rows = before + body.data.len();
        let mut cut = None;
        if let Some(cursor) = next {
            let run = Some(Run::Cursor { cursor, rows });
            if self.walk.run.is_some() && self.may_be_out_of_order(&body.data) {
                self.walk.run = run;
            } else {
                self.advance(&body.data, DATE_UPDATED, run);
            }
        } else if after_run.is_some() {
            // What comes after the run is asked for by date, or it would be lost with the rest of a run that is as long
            // as a walk may be.
            cut = self.walk.at.filter(|_| rows >= LONGEST);
            (self.walk.at, self.walk.run) = (after_run, None);
        }
        Ok(Page { records: body.data, last, ignored: false, cut, rate_limit: answer.rate_limit })
    }

    /// True if a row may have changed since the cursor's first page. A cursor goes through rows in the order that they
    /// had then, and shows them as they are now: rows older than such a one may follow it.
    fn may_be_out_of_order(&self, rows: &[Box<RawValue>]) -> bool {
        let settled_before = self.walk.began_at - OVERLAP;
        rows.iter().filter_map(|raw| record::position(raw, DATE_UPDATED)).any(|date| date >= settled_before)
    }

    fn query(&self, object_type: &str, fields: &[&str]) -> String {
        let field = json!({"type": "regular_field", "object_type": object_type, "field_name": DATE_UPDATED});
        let from = self.walk.at.max(Some(self.since.trunc_subsecs(0))).unwrap_or(self.since);
        let changed = json!({
            "type": "moment_range",
            "on_or_after": {"type": "fixed_utc", "value": moment(from)},
        });
        // A field that is not asked for is not shown, and no condition on it would hold.
        let mut fields: BTreeSet<&str> = fields.iter().copied().collect();
        fields.extend(self.configuration.fields());
        let mut query = json!({
            "query": {"type": "and", "queries": [
                {"type": "object_type", "object_type": object_type},
                {"type": "field_condition", "field": field, "condition": changed},
            ]},
            "_fields": {object_type: fields},
            "sort": [{"direction": "asc", "field": field}],
            "_limit": self.page_size,
        });
        if let Some(Run::Cursor { cursor, .. }) = &self.walk.run {
            query["cursor"] = Value::String(cursor.clone());
        }
        query.to_string()
    }
}
