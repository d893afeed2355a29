//! Looks for less of a plan that is still wrong.

use std::time::{Duration, Instant};

use super::plan::Plan;
use crate::close::Quirks;

/// The smallest plan that is found in some time, of those that `is_wrong` says so of.
pub fn shrink(plan: &Plan, most: Duration, mut is_wrong: impl FnMut(&Plan) -> bool) -> Plan {
    let began_at = Instant::now();
    let mut least = plan.clone();
    loop {
        let mut smaller = None;
        for candidate in candidates(&least) {
            if began_at.elapsed() > most {
                return least;
            }
            if is_wrong(&candidate) {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(plan) => least = plan,
            None => return least,
        }
    }
}

/// Plans with a little less, those with the least first.
fn candidates(plan: &Plan) -> Vec<Plan> {
    let mut candidates = Vec::new();
    let mut add = |change: &dyn Fn(&mut Plan)| {
        let mut smaller = plan.clone();
        change(&mut smaller);
        candidates.push(smaller);
    };
    for size in [plan.steps.len() / 2, plan.steps.len() / 4, 1] {
        for from in (0..plan.steps.len()).step_by(size.max(1)).filter(|_| size > 0) {
            add(&|it| drop(it.steps.drain(from..it.steps.len().min(from + size))));
        }
    }
    for size in [plan.past.len(), plan.past.len() / 3, 1] {
        for from in (0..plan.past.len()).step_by(size.max(1)).filter(|_| size > 0) {
            add(&|it| drop(it.past.drain(from..it.past.len().min(from + size))));
        }
    }
    if plan.instances.len() > 1 {
        add(&|it| it.instances.truncate(1));
    }
    for at in 0..plan.instances.len() {
        let instance = &plan.instances[at];
        for resource in (0..instance.resources.len()).filter(|_| instance.resources.len() > 1) {
            add(&|it| drop(it.instances[at].resources.remove(resource)));
        }
        if instance.objects.is_some() {
            add(&|it| it.instances[at].objects = None);
        }
        if instance.since.is_some() && plan.past.is_empty() {
            add(&|it| it.instances[at].since = None);
        }
        if !instance.says_polling {
            add(&|it| it.instances[at].says_polling = true);
        }
        for number in 0..instance.resources.len() {
            let resource = &instance.resources[number];
            if !resource.clauses.is_empty() {
                add(&|it| {
                    it.instances[at].resources[number].clauses.clear();
                    it.instances[at].resources[number].keeps = None;
                });
            }
            if !resource.settings.is_empty() {
                add(&|it| it.instances[at].resources[number].settings.clear());
            }
        }
    }
    if plan.without_rights {
        add(&|it| {
            it.without_rights = false;
            it.instances.iter_mut().for_each(|instance| instance.is_withheld = false);
        });
    }
    let (is, usual) = (&plan.quirks, Quirks::default());
    if format!("{is:?}") != format!("{usual:?}") {
        add(&|it| it.quirks = Quirks::default());
        add(&|it| it.quirks.failing_percent = 0);
        add(&|it| it.quirks.limit = None);
        add(&|it| it.quirks.page_cap = 200);
        add(&|it| it.quirks.request_takes = chrono::TimeDelta::zero());
        add(&|it| {
            (it.quirks.index_lag, it.quirks.event_lag) =
                (chrono::TimeDelta::zero(), chrono::TimeDelta::zero());
        });
    }
    // One that is the same would be found smaller for ever.
    candidates.retain(|it| it.described() != plan.described());
    candidates
}
