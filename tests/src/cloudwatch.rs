//! CloudWatch's evaluation of an alarm over made-up metrics.
//!
//! It covers statistics by period, metric math, missing data, M out of N periods and percentiles of few samples (Amazon
//! CloudWatch User Guide, "Using Amazon CloudWatch alarms", "Using math expressions with CloudWatch metrics").

#![expect(clippy::panic, reason = "an alarm that cannot be read keeps no rule")]

mod math;

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use math::{Series, evaluate};

/// The data points that CloudWatch looks at beyond those that it evaluates, where some are missing.
const EXTRA: usize = 2;

/// Metrics over some time, in samples by minute.
///
/// A metric is named by its namespace (`own` for the stack's), its name, and the logical id of its resource.
#[derive(Debug, Clone)]
pub struct World {
    minutes: usize,
    samples: BTreeMap<String, Vec<Vec<f64>>>,
}

impl World {
    /// A time without samples.
    #[must_use]
    pub fn of_minutes(minutes: usize) -> Self {
        Self { minutes, samples: BTreeMap::new() }
    }

    /// How long it is.
    #[must_use]
    pub fn minutes(&self) -> usize {
        self.minutes
    }

    /// Adds a sample in every `step`th minute of a range.
    pub fn add(&mut self, metric: &str, minutes: Range<usize>, step: usize, value: f64) {
        let samples = self.samples.entry(metric.to_owned()).or_insert_with(|| vec![Vec::new(); self.minutes]);
        for minute in minutes.step_by(step) {
            samples[minute].push(value);
        }
    }

    /// Removes the samples of a range of minutes.
    pub fn silence(&mut self, metric: &str, minutes: Range<usize>) {
        if let Some(samples) = self.samples.get_mut(metric) {
            samples[minutes].iter_mut().for_each(Vec::clear);
        }
    }

    /// The samples of each period.
    fn periods(&self, metric: &str, period: usize) -> Vec<Vec<f64>> {
        let minutes = self.samples.get(metric).cloned().unwrap_or_else(|| vec![Vec::new(); self.minutes]);
        minutes.chunks(period).map(<[Vec<f64>]>::concat).collect()
    }
}

/// An alarm as a template has it.
#[derive(Debug, Clone)]
pub struct Alarm<'a>(&'a Value);

impl<'a> Alarm<'a> {
    /// The alarm of these properties.
    #[must_use]
    pub fn new(properties: &'a Value) -> Self {
        Self(properties)
    }

    /// The metrics that it watches, by the names that a [`World`] gives them.
    #[must_use]
    pub fn metrics(&self) -> Vec<String> {
        match self.0["Metrics"].as_array() {
            Some(metrics) => {
                let stats = metrics.iter().map(|it| &it["MetricStat"]["Metric"]);
                stats.filter(|metric| metric.is_object()).map(name).collect()
            }
            None => vec![name(self.0)],
        }
    }

    /// The minutes in which it goes into `ALARM`, and true if it is in `ALARM` at the end.
    #[must_use]
    pub fn played(&self, world: &World) -> (Vec<usize>, bool) {
        let (points, period) = self.points(world);
        let few = self.periods_of_few_samples(world, period);
        let (mut fired, mut alarmed) = (Vec::new(), false);
        for end in 0..points.len() {
            if few.get(end).copied().unwrap_or_default() {
                continue;
            }
            let now = self.is_breached(&points[..=end]);
            if now && !alarmed {
                fired.push((end + 1) * period);
            }
            alarmed = now;
        }
        (fired, alarmed)
    }

    fn points(&self, world: &World) -> (Series, usize) {
        let Some(metrics) = self.0["Metrics"].as_array() else {
            let period = minutes(&self.0["Period"]);
            let statistic = self.0["Statistic"].as_str().or(self.0["ExtendedStatistic"].as_str());
            return (statistics(&world.periods(&name(self.0), period), statistic.unwrap_or("?")), period);
        };
        let stats = metrics.iter().filter(|it| it["MetricStat"].is_object());
        let period = stats.clone().map(|it| minutes(&it["MetricStat"]["Period"])).max().unwrap_or(1);
        let mut known = BTreeMap::new();
        for it in stats {
            let stat = &it["MetricStat"];
            assert_eq!(minutes(&stat["Period"]), period, "one period for all: {it}");
            let samples = world.periods(&name(&stat["Metric"]), period);
            known.insert(id(it), statistics(&samples, stat["Stat"].as_str().unwrap_or("?")));
        }
        let returned = |it: &&Value| it["ReturnData"] != false;
        let expressions: Vec<_> = metrics.iter().filter(|it| !it["Expression"].is_null()).collect();
        // Expressions that others use come first.
        for it in
            expressions.iter().filter(|it| !returned(it)).chain(expressions.iter().filter(|it| returned(it)))
        {
            let expression =
                it["Expression"].as_str().or(it["Expression"]["Fn::Sub"].as_str()).unwrap_or("?");
            let expression = expression.replace("${ConcurrencyQuota}", "10");
            known.insert(id(it), evaluate(&expression, &known, world.minutes.div_ceil(period)));
        }
        let one: Vec<_> = metrics.iter().filter(returned).collect();
        assert_eq!(one.len(), 1, "an alarm watches one time series: {}", self.0);
        (known.remove(&id(one[0])).unwrap_or_else(|| panic!("nothing is called {}", id(one[0]))), period)
    }

    /// The periods in which a percentile would be of too few samples, where that is to be ignored: fewer than 10 / (1 -
    /// percentile) over all that is evaluated.
    fn periods_of_few_samples(&self, world: &World, period: usize) -> Vec<bool> {
        let percentile =
            self.0["ExtendedStatistic"].as_str().and_then(|it| it.strip_prefix('p')?.parse::<f64>().ok());
        let (Some(percentile), Some("ignore")) =
            (percentile, self.0["EvaluateLowSampleCountPercentile"].as_str())
        else {
            return Vec::new();
        };
        let samples = statistics(&world.periods(&name(self.0), period), "SampleCount");
        let counted = |end: usize| -> f64 {
            samples[(end + 1).saturating_sub(self.periods())..=end].iter().copied().flatten().sum()
        };
        (0..samples.len()).map(|end| counted(end) < 10.0 / (1.0 - percentile / 100.0)).collect()
    }

    fn periods(&self) -> usize {
        number(&self.0["EvaluationPeriods"])
    }

    /// The latest data points that it evaluates. Missing ones count as the alarm says.
    fn is_breached(&self, points: &[Option<f64>]) -> bool {
        let wanted = self.periods();
        let needed =
            if self.0["DatapointsToAlarm"].is_null() { wanted } else { number(&self.0["DatapointsToAlarm"]) };
        let range = &points[points.len().saturating_sub(wanted + EXTRA)..];
        let latest: Vec<f64> = range.iter().rev().copied().flatten().take(wanted).collect();
        let breaching = latest.iter().filter(|value| self.breaches(**value)).count();
        let missing = if self.0["TreatMissingData"] == "breaching" { wanted - latest.len() } else { 0 };
        breaching + missing >= needed
    }

    fn breaches(&self, value: f64) -> bool {
        let threshold = self.0["Threshold"].as_f64().unwrap_or_else(|| panic!("no threshold: {}", self.0));
        match self.0["ComparisonOperator"].as_str() {
            Some("GreaterThanThreshold") => value > threshold,
            Some("LessThanThreshold") => value < threshold,
            other => panic!("{other:?} is not played here"),
        }
    }
}

fn id(metric: &Value) -> String {
    metric["Id"].as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

fn minutes(period: &Value) -> usize {
    number(period) / 60
}

fn name(metric: &Value) -> String {
    let namespace = metric["Namespace"].as_str().unwrap_or("own");
    let of = metric["Dimensions"].as_array().into_iter().flatten().map(|dimension| {
        let value = &dimension["Value"];
        let attribute = value["Fn::GetAtt"].as_str().or(value["Fn::GetAtt"][0].as_str());
        let resource = value["Ref"].as_str().or(attribute).unwrap_or_default();
        format!(" {}", resource.split('.').next().unwrap_or_default())
    });
    format!("{namespace} {}{}", metric["MetricName"].as_str().unwrap_or("?"), of.collect::<String>())
}

fn statistics(periods: &[Vec<f64>], statistic: &str) -> Series {
    periods.iter().map(|samples| one(samples, statistic)).collect()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of some samples"
)]
fn one(samples: &[f64], statistic: &str) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    let sum: f64 = samples.iter().sum();
    Some(match statistic {
        "Sum" => sum,
        "SampleCount" => samples.len() as f64,
        "Average" => sum / samples.len() as f64,
        "Maximum" => samples.iter().copied().fold(f64::MIN, f64::max),
        percentile => {
            let share = percentile.strip_prefix('p').and_then(|it| it.parse::<f64>().ok());
            let share = share.unwrap_or_else(|| panic!("no statistic {percentile}"));
            let mut sorted = samples.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted[((share / 100.0 * (sorted.len() - 1) as f64).round() as usize).min(sorted.len() - 1)]
        }
    })
}
