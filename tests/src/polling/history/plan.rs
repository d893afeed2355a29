//! What a history is made of, drawn from a seed.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::draw::Draw;
pub use super::resources::ResourcePlan;
use super::resources::{self, ALIASES, CLOSES_NAMES, Found, KINDS, Kind, PLATFORMS_NAMES};
use super::step::{self, Step};
use super::world;
use crate::close::Quirks;

/// Hours that the event feed surely keeps.
const FEED_KEEPS: i64 = 28 * 24;

/// A history before it happens.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// How Close behaves.
    pub quirks: Quirks,
    /// API keys of users who are not administrators.
    pub without_rights: bool,
    /// Changes before the first instance, in pairs of hours that pass before each.
    pub past: Vec<(i64, step::Change)>,
    /// Who polls.
    pub instances: Vec<InstancePlan>,
    /// What happens then.
    pub steps: Vec<Step>,
}

/// An instance's settings.
#[derive(Debug, Clone)]
pub struct InstancePlan {
    /// Its API key.
    pub key: &'static str,
    /// Minutes.
    pub interval: usize,
    /// Hours before it was provisioned, and how they are spelt.
    pub since: Option<(i64, Spelling)>,
    /// `event.objects`.
    pub objects: Option<Vec<&'static str>>,
    /// Whether `event.vendor.type` says `polling`, or nothing does.
    pub says_polling: bool,
    /// True if Close may withhold the objects of entries from its API key.
    pub is_withheld: bool,
    /// What it polls.
    pub resources: Vec<ResourcePlan>,
}

/// How a time is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `2026-01-31T00:00:00Z`
    Utc,
    /// `2026-01-31T01:00:00+01:00`
    Offset,
    /// `2026-01-31T00:00:00`
    Naive,
    /// Since 1970.
    Seconds,
    /// Since 1970.
    Millis,
    /// `2026-01-31`
    Day,
}

impl Spelling {
    const ALL: [Self; 6] = [Self::Utc, Self::Offset, Self::Naive, Self::Seconds, Self::Millis, Self::Day];

    /// What a time spelt so says.
    #[must_use]
    pub fn read(self, time: DateTime<Utc>) -> DateTime<Utc> {
        let millis = match self {
            Self::Millis => 1,
            Self::Utc | Self::Offset | Self::Naive | Self::Seconds => 1000,
            Self::Day => 86_400_000,
        };
        let at = time.timestamp_millis();
        DateTime::from_timestamp_millis(at - at.rem_euclid(millis)).unwrap_or(time)
    }

    /// A time spelt so.
    #[must_use]
    pub fn spell(self, time: DateTime<Utc>) -> String {
        let format = match self {
            Self::Utc => "%Y-%m-%dT%H:%M:%SZ",
            Self::Naive => "%Y-%m-%dT%H:%M:%S",
            Self::Seconds => "%s",
            Self::Day => "%Y-%m-%d",
            Self::Millis => return time.timestamp_millis().to_string(),
            Self::Offset => {
                return (time + TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%S+01:00").to_string();
            }
        };
        time.format(format).to_string()
    }
}

impl ResourcePlan {
    /// The entry.
    #[must_use]
    pub fn entry(&self) -> Value {
        let mut url = format!("/hubs/crm/{}", self.kind);
        if !self.clauses.is_empty() {
            url = format!("{url}?where={}", self.clauses.join(" AND "));
        }
        let mut entry = self.settings.clone();
        entry.insert("url".to_owned(), url.into());
        entry.entry("idField").or_insert_with(|| "id".into());
        entry.into()
    }

    pub(super) fn kind(&self) -> Kind {
        Kind::named(&self.kind)
    }
}

impl InstancePlan {
    /// True if it polls what Close's event feed has lost.
    pub(super) fn begins_before_feed(&self) -> bool {
        self.since.is_some_and(|(hours, _)| hours > FEED_KEEPS)
    }

    /// `event.poller.configuration`.
    #[must_use]
    pub fn configuration(&self) -> Value {
        self.resources.iter().map(|resource| (resource.name.clone(), resource.entry())).collect()
    }
}

impl Plan {
    /// The plan of a seed. Many have few peculiarities, so that a failure says where it comes from.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let draw = &mut Draw::from_seed(seed);
        let peculiar = draw.of(&[8_usize, 20, 50]);
        let quirks = world::quirks(draw, peculiar);
        let without_rights = draw.percent(peculiar);
        let old = draw.percent(peculiar);
        let past = if old { step::past(draw) } else { Vec::new() };
        let count = if draw.percent(peculiar) { draw.number(2, 3) } else { 1 };
        let shared = draw.percent(60);
        let instances: Vec<_> = (0..count)
            .map(|number| {
                let key = ["api_a", "api_b", "api_c"][if shared { 0 } else { number }];
                InstancePlan { is_withheld: without_rights, ..instance(draw, key, peculiar, old) }
            })
            .collect();
        let steps = step::steps(draw, &instances, peculiar);
        Self { seed, quirks, without_rights, past, instances, steps }
    }

    /// The plan in words, a line for each part of it.
    #[must_use]
    pub fn described(&self) -> String {
        let mut text = String::new();
        let quirks = format!("{:#?}", self.quirks);
        let usual = format!("{:#?}", Quirks::default());
        for line in quirks.lines().filter(|line| !usual.lines().any(|other| other == *line)) {
            let _ = writeln!(text, "  Close: {}", line.trim());
        }
        if self.without_rights {
            let _ = writeln!(text, "  Close: the API keys are no administrators'");
        }
        for (hours, change) in &self.past {
            let _ = writeln!(text, "  past: {hours} hours pass, {change:?}");
        }
        for (number, it) in self.instances.iter().enumerate() {
            let InstancePlan { key, interval, since, objects, says_polling, .. } = it;
            let _ = writeln!(
                text,
                "  instance {number}: {key}, every {interval} minutes, since {since:?}, objects {objects:?}, says polling: \
                 {says_polling}\n    {}",
                it.configuration()
            );
        }
        for step in &self.steps {
            let _ = writeln!(text, "  step: {step:?}");
        }
        text
    }
}

fn instance(draw: &mut Draw, key: &'static str, peculiar: usize, old: bool) -> InstancePlan {
    let since = (old || draw.percent(peculiar)).then(|| {
        let most = draw.of(&[1, 40, 25 * 24, 90 * 24]);
        (draw.signed(0, most), draw.of(&Spelling::ALL))
    });
    // Close's event feed has nothing older, and only activities have another source.
    let beyond = since.is_some_and(|(hours, _)| hours > FEED_KEEPS);
    let kinds: Vec<_> =
        KINDS.into_iter().filter(|kind| !beyond || kind.found == Found::Objects || kind.is_listed).collect();
    let (odd, templates) = (draw.percent(peculiar), draw.percent(peculiar));
    let mut chosen: Vec<ResourcePlan> = Vec::new();
    for kind in draw.some(&kinds, 4) {
        let resource = resources::resource(draw, kind, odd, templates);
        if chosen.iter().all(|other| other.name != resource.name) {
            chosen.push(resource);
        }
    }
    let objects = draw.percent(peculiar).then(|| {
        let mut objects = objects(draw);
        // Objects of which nothing is polled are refused.
        objects.push(draw.of(&chosen).kind().name);
        objects
    });
    InstancePlan {
        key,
        interval: if draw.percent(peculiar) { draw.of(&[2, 5, 15, 40]) } else { 1 },
        since,
        objects,
        says_polling: !draw.percent(peculiar),
        is_withheld: false,
        resources: chosen,
    }
}

/// What may be wanted, in one vocabulary or the other.
pub(super) fn objects(draw: &mut Draw) -> Vec<&'static str> {
    match draw.number(0, 9) {
        0..4 => draw.some(&CLOSES_NAMES, 4),
        4..7 => draw.some(&PLATFORMS_NAMES, 4),
        _ => draw.some(&ALIASES.map(|(name, _)| name), 4),
    }
}

/// An entry for what is added later.
pub(super) fn another(draw: &mut Draw) -> ResourcePlan {
    let kind = draw.of(&KINDS);
    resources::resource(draw, kind, false, false)
}

/// The whole of a polled instance's configuration.
pub(super) fn settings(plan: &InstancePlan, base: &str, callback: &str, now: DateTime<Utc>) -> Value {
    let mut configuration = json!({
        "username": plan.key,
        "base.url": base,
        "event.notification.enabled": "true",
        "event.notification.callback.url": callback,
        "event.poller.refresh_interval": plan.interval.to_string(),
        "event.poller.configuration": plan.configuration(),
    });
    if plan.says_polling {
        configuration["event.vendor.type"] = json!("polling");
    }
    if let Some((hours, spelling)) = plan.since {
        configuration["event.poller.since"] = json!(spelling.spell(now - TimeDelta::hours(hours)));
    }
    if let Some(objects) = &plan.objects {
        configuration["event.objects"] = json!(objects.join(","));
    }
    configuration
}
