//! Objects of entries that Close withholds from keys that are not an administrator's, an hour after the event (Close
//! API, "Event Log"): they are asked for as they are now.

use std::collections::HashMap;

use chrono::TimeDelta;
use close::{CloseAccount, CloseError, exhausted};
use serde_json::value::RawValue;

use super::Records;
use crate::judge::{Judge, Withheld};

/// So many objects are asked for with one page; more entries are delivered with the id alone.
const MOST: usize = 10;

/// A Close that cannot show objects so often in a row is not asked for them any more: the entries go without.
const PATIENCE: u32 = 3;

/// The objects that were asked for; `None` for those that Close does not have any more, or does not show.
pub(super) struct Objects<'a> {
    account: &'a CloseAccount,
    failures: u32,
    found: HashMap<Withheld, Option<Box<RawValue>>>,
}

impl<'a> Objects<'a> {
    /// `failures` is how often in a row Close could not be asked for this resource.
    pub(super) fn of(account: &'a CloseAccount, failures: u32) -> Self {
        Self { account, failures, found: HashMap::new() }
    }

    /// Asks for the objects that a page does not have, while there is time. Returns how long to rest after it.
    ///
    /// # Errors
    /// When Close cannot be asked now; the page is then to be read again.
    pub(super) async fn find(
        &mut self,
        judge: &Judge<'_>,
        records: &Records,
        has_time: impl Fn() -> bool,
    ) -> Result<Option<TimeDelta>, CloseError> {
        let mut asked = 0;
        for withheld in records.iter().filter_map(|entry| judge.withheld(entry)) {
            if asked >= MOST || !has_time() {
                return Ok(None);
            }
            if self.found.contains_key(&withheld) {
                continue;
            }
            asked += 1;
            let (object, rest) = match self.account.get(&path(&withheld), &[]).await {
                Ok(answer) => (serde_json::from_slice(&answer.body).ok(), exhausted(answer.rate_limit)),
                // The page is taken without it, or few requests in a time would never be enough.
                Err(CloseError::RateLimited { wait }) => return Ok(Some(wait)),
                Err(CloseError::Invalid { rate_limit, .. }) => (None, exhausted(rate_limit)),
                Err(CloseError::Forbidden(_)) => (None, None),
                Err(CloseError::TooMuch(_) | CloseError::Unavailable(_)) if self.failures >= PATIENCE => {
                    return Ok(None);
                }
                Err(
                    error @ (CloseError::Unauthorized(_)
                    | CloseError::NotAllowed(_)
                    | CloseError::TooMuch(_)
                    | CloseError::Unavailable(_)),
                ) => return Err(error),
            };
            self.found.insert(withheld, object);
            if rest.is_some() {
                return Ok(rest);
            }
        }
        Ok(None)
    }

    /// The object of an entry that has none.
    pub(super) fn of_entry(&self, judge: &Judge<'_>, entry: &RawValue) -> Option<&RawValue> {
        if self.found.is_empty() {
            return None;
        }
        self.found.get(&judge.withheld(entry)?)?.as_deref()
    }
}

/// Where Close has an object.
fn path(Withheld { object_type, object_id }: &Withheld) -> String {
    let id: String = url::form_urlencoded::byte_serialize(object_id.as_bytes()).collect();
    let folder = match object_type.split_once('.') {
        Some(("task", _)) => "task".to_owned(),
        Some(("activity", kind)) => format!(
            "activity/{}",
            match kind {
                "email_thread" => "emailthread",
                "custom_activity" => "custom",
                "lead_status_change" => "status_change/lead",
                "opportunity_status_change" => "status_change/opportunity",
                kind => kind,
            }
        ),
        Some(("custom_fields", kind)) => format!("custom_field/{kind}"),
        _ => object_type.replace('.', "/"),
    };
    format!("{folder}/{id}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_place() {
        let rows = [
            ("activity.note", "activity/note/x_1/"),
            ("activity.email_thread", "activity/emailthread/x_1/"),
            ("activity.lead_status_change", "activity/status_change/lead/x_1/"),
            ("task.voicemail", "task/x_1/"),
            ("status.lead", "status/lead/x_1/"),
            ("lead", "lead/x_1/"),
        ];
        for (object_type, expected) in rows {
            let object = Withheld { object_type: object_type.to_owned(), object_id: "x_1".to_owned() };
            assert_eq!(path(&object), expected);
        }
    }
}
