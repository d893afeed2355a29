//! Lists: opportunities, tasks, users.

use chrono::SubsecRound as _;
use shared::polling::cursor::Run;
use shared::polling::record;
use shared::polling::resource::{DATE_CREATED, DATE_UPDATED, List};

use super::{Page, Walker, moment, page};
use close::CloseError;

impl Walker<'_> {
    /// A list that can be filtered and ordered by date, along that date.
    pub(super) async fn list(&mut self, list: &List) -> Result<Page, CloseError> {
        let bound = |key: &str| format!("{key}__gte");
        let changed = bound(DATE_UPDATED);
        let along = bound(list.key);
        let from = if list.key == DATE_UPDATED { self.walk.at.max(Some(self.since)) } else { self.walk.at };
        let mut parameters: Vec<(&str, String)> =
            list.fixed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        parameters.extend(self.filters.iter().cloned());
        parameters.push(("_order_by", list.key.to_owned()));
        if list.key != DATE_UPDATED {
            parameters.push((&changed, moment(self.since)));
        }
        parameters.extend(from.map(|from| (along.as_str(), moment(from))));
        let (mut page, run) = self.rows(list.path, &parameters).await?;
        let since = self.since.trunc_subsecs(0);
        let mut positions = page.records.iter().filter_map(|raw| record::position(raw, DATE_UPDATED));
        page.ignored = positions.any(|changed| changed < since);
        if !page.last {
            self.advance(&page.records, list.key, Some(run));
        }
        Ok(page)
    }

    /// The objects of a list that were created in the window, whenever they changed.
    pub(super) async fn history(&mut self, path: &str) -> Result<Page, CloseError> {
        let from = self.walk.at.max(Some(self.since)).unwrap_or(self.since);
        let parameters = [("_order_by", DATE_CREATED.to_owned()), ("date_created__gte", moment(from))];
        let (page, run) = self.rows(path, &parameters).await?;
        if !page.last {
            self.advance(&page.records, DATE_CREATED, Some(run));
        }
        Ok(page)
    }

    /// A list without any filter, from the first row to the last.
    pub(super) async fn whole_list(&mut self, path: &str) -> Result<Page, CloseError> {
        let (page, run) = self.rows(path, &[]).await?;
        self.walk.run = Some(run);
        Ok(page)
    }

    /// The next rows of a run, and how far it was crossed with them.
    ///
    /// The last row that was read is asked for again. When another one is there instead, rows before it came or
    /// went, and the number alone would pass over some: the run begins anew, once.
    async fn rows(&mut self, path: &str, parameters: &[(&str, String)]) -> Result<(Page, Run), CloseError> {
        let (mut rows, mut last) = match &self.walk.run {
            Some(Run::Rows { rows, last }) => (*rows, last.clone().filter(|_| !self.begun_anew)),
            Some(Run::Cursor { .. }) | None => (0, None),
        };
        loop {
            let skip = rows.saturating_sub(usize::from(last.is_some()));
            let mut asked = parameters.to_vec();
            asked.push(("_limit", self.page_size.to_string()));
            if skip > 0 {
                asked.push(("_skip", skip.to_string()));
            }
            let answer = self.account.get(path, &asked).await?;
            let mut body = page::read(&answer.body)?;
            let first = body.data.first().and_then(|raw| record::own_id(raw));
            if last.is_some() && first != last {
                (rows, last, self.begun_anew) = (0, None, true);
                continue;
            }
            let is_last = !body.has_more || body.data.is_empty();
            // A page of one row would bring nothing else, were that row asked for again.
            let end = body.data.last().filter(|_| body.data.len() > 1);
            let run =
                Run::Rows { rows: skip + body.data.len(), last: end.and_then(|raw| record::own_id(raw)) };
            if last.is_some() {
                body.data.remove(0);
            }
            let page = Page {
                records: body.data,
                last: is_last,
                ignored: false,
                cut: None,
                rate_limit: answer.rate_limit,
            };
            return Ok((page, run));
        }
    }
}
