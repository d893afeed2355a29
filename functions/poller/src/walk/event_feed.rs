//! The event feed: everything that happened, the newest first.

use shared::polling::cursor::Run;
use shared::polling::record;
use shared::polling::resource::DATE_UPDATED;

use super::{Page, Walker, moment, page};
use close::CloseError;

const PATH: &str = "event/";

impl Walker<'_> {
    /// A page of the event feed. Its filters combine with a date in few ways, so all of it is read.
    pub(super) async fn event_feed(&mut self) -> Result<Page, CloseError> {
        let answer = match self.account.get(PATH, &self.parameters()).await {
            // An expired cursor: the walk goes on by date, and meets again what has the same date.
            Err(CloseError::Invalid { status: 400, rate_limit, .. }) if self.run.is_some() => {
                return self.begin_anew(rate_limit);
            }
            answer => answer?,
        };
        let body = page::read(&answer.body)?;
        let dates = body.data.iter().filter_map(|raw| record::position(raw, DATE_UPDATED));
        let newest = dates.clone().max();
        // The cursor goes on beyond the window: Close does not apply the date to it.
        let beyond = newest.is_some_and(|newest| newest < self.since);
        let next = body.cursor_next.filter(|_| !body.data.is_empty() && !beyond);
        let last = next.is_none();
        if let Some(cursor) = next {
            let at = dates.min().into_iter().chain(self.at).min();
            self.begun_anew &= at == self.at;
            self.at = at;
            self.run = Some(Run::Cursor { cursor, rows: body.data.len() });
        }
        Ok(Page { records: body.data, last, ignored: false, cut: None, rate_limit: answer.rate_limit })
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters =
            vec![("_limit", self.page_size.to_string()), ("date_updated__gte", moment(self.since))];
        match &self.run {
            Some(Run::Cursor { cursor, .. }) => parameters.push(("_cursor", cursor.clone())),
            None | Some(Run::Rows { .. }) => {
                parameters.extend(self.at.map(|at| ("date_updated__lte", moment(at))));
            }
        }
        parameters
    }
}
