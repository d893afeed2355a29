//! Walking an instance's log with a filter, within bounds.

use chrono::{DateTime, Utc};
use shared::events::log::{DynamoDeliveryHistory, LogEntry, Order, Place, Span};
use shared::instances::InstanceId;

use super::Filter;
use super::provider_data::shown_bytes;
use crate::answer::Failure;
use crate::page::Page;

/// The most events that one walk reads; with a narrow filter the page is short, and has a next one.
pub(super) const MOST_EXAMINED: usize = 1_000;

/// The most bytes of raw events in an answer: Lambda answers with 6 MB (AWS Lambda quotas), and a raw event is JSON in
/// JSON.
pub(super) const MOST_BYTES: usize = 2 * 1024 * 1024;

/// The events that match, and the place to continue from if there are more.
pub(crate) type Found<P> = (Vec<LogEntry>, Option<P>);

/// The events that match, in this order, and the place to continue from.
pub(crate) async fn walk(
    history: &DynamoDeliveryHistory,
    instance: InstanceId,
    (span, order, filter): (Span, Order, &Filter),
    page: &Page<Place>,
    now: DateTime<Utc>,
) -> Result<Found<Place>, Failure> {
    let (mut found, mut after) = (Vec::new(), page.after.clone());
    let (mut examined, mut bytes) = (0, 0);
    loop {
        let (entries, next) = history.part(instance, (span, order), after.as_ref()).await?;
        let last = entries.len().saturating_sub(1);
        for (place, entry) in entries.into_iter().enumerate() {
            examined += 1;
            if entry.expires_at <= now.timestamp() || !filter.fits(&entry) {
                continue;
            }
            bytes += shown_bytes(&entry);
            let here = entry.place();
            found.push(entry);
            if found.len() == page.size || bytes > MOST_BYTES {
                let more = place < last || next.is_some();
                return Ok((found, more.then_some(here)));
            }
        }
        after = next;
        if after.is_none() || examined >= MOST_EXAMINED {
            return Ok((found, after));
        }
    }
}
