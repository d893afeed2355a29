//! One instance of a history, and what is expected of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::expected::{Shown, Watch};
use super::heard::Ears;
use super::plan::{InstancePlan, ResourcePlan, Spelling};
use super::step::Patch;
use crate::receiver::Hook;

/// An instance that polls.
pub(super) struct Polled {
    pub(super) plan: InstancePlan,
    pub(super) id: u64,
    pub(super) hook: Hook,
    pub(super) watches: Vec<Watch>,
    pub(super) ears: Ears,
    pub(super) shown: Shown,
}

impl Polled {
    /// Changes what is expected; the settings beside the resources that a patch is then made of. `None` if it would change
    /// nothing, or leave nothing to poll, which is refused.
    pub(super) fn patched(&mut self, patch: &Patch, base: &str, now: DateTime<Utc>) -> Option<Value> {
        let before = (self.plan.clone(), self.watches.clone());
        let configuration = self.patch(patch, base, now);
        let is_useful = self.watches.iter().any(|watch| watch.alive && !watch.is_useless());
        if configuration.is_none() || !is_useful {
            (self.plan, self.watches) = before;
        }
        configuration.filter(|_| is_useful)
    }

    /// Nothing is polled any more; or everything is, from now on.
    pub(super) fn begin_anew(&mut self, now: DateTime<Utc>) {
        let mut watches = Vec::new();
        for gone in self.watches.iter_mut().filter(|watch| watch.alive) {
            gone.alive = false;
            gone.is_only = false;
            let anew = Watch::new(&self.plan, &gone.resource, now, now);
            watches.push(Watch { allowed_from: gone.allowed_from, is_only: false, ..anew });
        }
        self.watches.append(&mut watches);
        self.plan.since = None;
    }

    /// Polling has begun now.
    pub(super) fn begun_at(&mut self, now: DateTime<Utc>) {
        for watch in self.watches.iter_mut().filter(|watch| watch.alive) {
            (watch.required_from, watch.begun_at) = (now, now);
        }
    }

    fn patch(&mut self, patch: &Patch, base: &str, now: DateTime<Utc>) -> Option<Value> {
        let alive = |watch: &&mut Watch| watch.alive;
        let mut configuration = json!({});
        match patch {
            Patch::Add(resource) if self.plan.resources.iter().any(|other| other.name == resource.name) => {
                return None;
            }
            Patch::Add(resource) => {
                self.plan.resources.push(resource.clone());
                // Of the time before, what `event.poller.since` asks for may be told.
                let mut watch = Watch::new(&self.plan, resource, now, now);
                if self.plan.since.is_some() {
                    let before = self.watches.iter().map(|other| other.allowed_from);
                    watch.allowed_from = before.min().unwrap_or(now);
                }
                watch.is_only = self.watches.iter().all(|other| other.resource.name != resource.name);
                self.watches.push(watch);
            }
            Patch::Remove(at) if self.plan.resources.len() < 2 || *at >= self.plan.resources.len() => {
                return None;
            }
            Patch::Remove(at) => {
                let gone = self.plan.resources.remove(*at);
                let gone = self.watches.iter_mut().filter(alive).find(|watch| watch.resource == gone);
                if let Some(watch) = gone {
                    watch.alive = false;
                }
            }
            Patch::Url(at, resource) => {
                let at = at % self.plan.resources.len();
                let before = self.plan.resources[at].clone();
                if before.kind().found != resource.kind().found {
                    return None;
                }
                let resource = ResourcePlan { name: before.name.clone(), ..resource.clone() };
                self.plan.resources[at] = resource.clone();
                let gone = self.watches.iter_mut().filter(alive).find(|watch| watch.resource == before);
                let gone = gone?;
                gone.alive = false;
                let allowed_from = gone.allowed_from;
                let watch =
                    Watch { allowed_from, is_only: false, ..Watch::new(&self.plan, &resource, now, now) };
                self.watches.push(watch);
            }
            Patch::Since(hours) => {
                let since = now - TimeDelta::hours(*hours);
                self.plan.since = Some((*hours, Spelling::Utc));
                configuration["event.poller.since"] = json!(Spelling::Utc.spell(since));
                for watch in self.watches.iter_mut().filter(alive) {
                    watch.required_from = watch.required_from.min(since + TimeDelta::seconds(1));
                    watch.allowed_from = watch.allowed_from.min(since);
                    watch.is_only = false;
                }
            }
            Patch::Settings(at, settings) => {
                let at = at % self.plan.resources.len();
                let resource = &mut self.plan.resources[at];
                let watches = self.watches.iter_mut().filter(alive);
                for watch in watches.filter(|watch| watch.resource == *resource) {
                    watch.resource.settings.extend(settings.clone());
                }
                resource.settings.extend(settings.clone());
            }
            Patch::Objects(objects) => {
                self.plan.objects.clone_from(objects);
                for watch in self.watches.iter_mut().filter(alive) {
                    watch.objects.push((now, objects.clone()));
                    watch.is_only = false;
                }
                configuration["event.objects"] = json!(objects.as_deref().unwrap_or_default().join(","));
            }
            Patch::Key(key) => {
                self.plan.key = key;
                configuration["username"] = json!(key);
            }
            Patch::Host => configuration["base.url"] = json!(base.replace("127.0.0.1", "localhost")),
            Patch::Interval(minutes) => {
                self.plan.interval = *minutes;
                configuration["event.poller.refresh_interval"] = json!(minutes.to_string());
            }
        }
        Some(configuration)
    }
}
