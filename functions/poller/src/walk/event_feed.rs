//! The event feed: everything that happened, the newest first.

use shared::polling::cursor::{Run, Walk};
use shared::polling::record;
use shared::polling::resource::DATE_UPDATED;

use super::{Page, Walker, moment, page};
use close::CloseError;

const PATH: &str = "event/";

impl Walker<'_> {
    /// A page of the event feed, of the part that is walked. Its filters combine with a date in few ways, so all of it is
    /// read.
    pub(super) async fn event_feed(&mut self) -> Result<Page, CloseError> {
        let answer = match self.account.get(PATH, &self.parameters()).await {
            // An expired cursor: the walk goes on by date, and meets again what has the same date.
            Err(CloseError::Invalid { status: 400, rate_limit, .. }) if self.walk.run.is_some() => {
                return self.begin_anew(rate_limit);
            }
            answer => answer?,
        };
        let mut body = page::read(&answer.body)?;
        let from = self.walk.from(self.since);
        let dates = body.data.iter().filter_map(|raw| record::position(raw, DATE_UPDATED));
        let newest = dates.clone().max();
        // The cursor goes on beyond the window: Close does not apply the date to it.
        let beyond = newest.is_some_and(|newest| newest < from);
        let next = body.cursor_next.filter(|_| !body.data.is_empty() && !beyond);
        let last = next.is_none();
        if let Some(cursor) = next {
            let at = dates.min().into_iter().chain(self.walk.at).min();
            self.begun_anew &= at == self.walk.at;
            self.walk.at = at;
            self.walk.run = Some(Run::Cursor { cursor, rows: body.data.len() });
        }
        body.data.retain(|raw| record::position(raw, DATE_UPDATED).is_none_or(|at| at >= from));
        Ok(Page { records: body.data, last, ignored: false, cut: None, rate_limit: answer.rate_limit })
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let Walk { at, run, .. } = &self.walk;
        let from = moment(self.walk.from(self.since));
        let mut parameters = vec![("_limit", self.page_size.to_string()), ("date_updated__gte", from)];
        match (run, at, self.walk.until()) {
            (Some(Run::Cursor { cursor, .. }), ..) => parameters.push(("_cursor", cursor.clone())),
            (_, Some(at), _) => parameters.push(("date_updated__lte", moment(*at))),
            (_, None, Some(until)) => parameters.push(("date_updated__lt", moment(until))),
            (_, None, None) => {}
        }
        parameters
    }
}
