//! Lists: opportunities, tasks, users.

use shared::polling::resource::{DATE_UPDATED, List};

use super::{Page, Run, Walker, moment, page};
use crate::close::CloseError;

impl Walker<'_> {
    /// A list that can be filtered and ordered by date, along that date.
    pub(super) async fn list(&mut self, list: &List) -> Result<Page, CloseError> {
        let bound = |key: &str| format!("{key}__gte");
        let changed = bound(DATE_UPDATED);
        let along = bound(list.key);
        let from = if list.key == DATE_UPDATED { self.at.max(Some(self.since)) } else { self.at };
        let mut parameters: Vec<(&str, String)> =
            list.fixed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        parameters.extend(self.filters.iter().cloned());
        parameters.push(("_order_by", list.key.to_owned()));
        if list.key != DATE_UPDATED {
            parameters.push((&changed, moment(self.since)));
        }
        parameters.extend(from.map(|from| (along.as_str(), moment(from))));
        let (page, skipped) = self.rows(list.path, parameters).await?;
        if !page.last {
            self.advance(&page.records, list.key, Run::Rows(skipped + page.records.len()));
        }
        Ok(page)
    }

    /// A list without any filter, from the first row to the last.
    pub(super) async fn whole_list(&mut self, path: &str) -> Result<Page, CloseError> {
        let (page, skipped) = self.rows(path, Vec::new()).await?;
        self.run = Run::Rows(skipped + page.records.len());
        Ok(page)
    }

    async fn rows(
        &self,
        path: &str,
        mut parameters: Vec<(&str, String)>,
    ) -> Result<(Page, usize), CloseError> {
        let skip = if let Run::Rows(rows) = self.run { rows } else { 0 };
        parameters.push(("_limit", self.configuration.page_size.to_string()));
        if skip > 0 {
            parameters.push(("_skip", skip.to_string()));
        }
        let answer = self.account.get(path, &parameters).await?;
        let body = page::read(&answer.body)?;
        let last = !body.has_more || body.data.is_empty();
        Ok((Page { records: body.data, last, rate_limit: answer.rate_limit }, skip))
    }
}
