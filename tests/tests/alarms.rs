//! Alarms and the dashboard, checked against the functions' metrics and the runbook.

mod played;

use std::collections::BTreeSet;

use local::template::{Function, Template};
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::polling::Worker;
use tests::tree;

fn document() -> Value {
    Template::document(&tests::bed::template()).unwrap()
}

fn functions() -> Vec<Function> {
    Template::read(&tests::bed::template(), "http://127.0.0.1:1", &std::collections::BTreeMap::new())
        .unwrap()
        .functions
}

/// Every resource of a type with its properties.
fn resources(kind: &str) -> Vec<(String, Value)> {
    let document = document();
    let resources = document["Resources"].as_object().cloned().unwrap_or_default();
    let of_kind = resources.into_iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (name, resource["Properties"].clone())).collect()
}

/// Every alarm with its properties.
fn alarms() -> Vec<(String, Value)> {
    let alarms = resources("AWS::CloudWatch::Alarm");
    assert!(alarms.len() >= 10, "{}", alarms.len());
    alarms
}

/// The dashboard, with a word for each reference.
fn dashboard() -> Value {
    let text = document()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].clone();
    let text = text.as_str().unwrap_or_default();
    let text =
        text.replace("${DispatcherMaximumConcurrency}", "50").replace("${RetryMaximumConcurrency}", "20");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("the dashboard: {error}"))
}

/// The names of our own metrics in a part of the template: those in the stack's namespace.
fn own_metrics(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let namespace = object.get("Namespace").and_then(|namespace| namespace.get("Ref"));
            if let (Some(_), Some(name)) = (namespace, object.get("MetricName").and_then(Value::as_str)) {
                names.insert(name.to_owned());
            }
            for value in object.values() {
                own_metrics(value, names);
            }
        }
        Value::Array(items) => {
            if let [Value::String(namespace), Value::String(name), ..] = items.as_slice()
                && namespace == "${AWS::StackName}"
            {
                names.insert(name.clone());
            }
            for value in items {
                own_metrics(value, names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The heading's anchor, as it is linked.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_alarm_links_its_section_of_the_runbook() {
    let runbook = tree::file("docs/operations.md").text;
    let sections: Vec<_> = runbook.split("\n### ").skip(1).collect();
    let mut linked = BTreeSet::new();
    for (name, alarm) in alarms() {
        let description = alarm["AlarmDescription"]["Fn::Sub"].as_str().unwrap_or_default().to_owned();
        let (_, link) =
            description.rsplit_once("${RunbookUrl}#").unwrap_or_else(|| panic!("{name} links nothing"));
        let section =
            sections.iter().find(|section| anchor(section.lines().next().unwrap_or_default()) == link);
        let section = section.unwrap_or_else(|| panic!("{name}: no section {link}"));
        assert!(section.contains(&format!("`{name}`")), "the section {link} does not name {name}");
        for part in ["**Means**", "**Look at**", "**Do**"] {
            assert!(section.contains(part), "{link} has no {part}");
        }
        linked.insert(link.to_owned());
    }
    let of_alarms = sections.iter().filter(|section| section.contains("**Means**")).count();
    assert_eq!(linked.len(), of_alarms, "a section of no alarm");
}

#[test]
fn every_alarm_treats_missing_data_and_notifies() {
    for (name, alarm) in alarms() {
        let missing = alarm["TreatMissingData"].as_str().unwrap_or_default();
        // Only the schedules always write data.
        let of_schedule = ["TickAlarm", "RecoveryAlarm", "AuditsAlarm"].contains(&&*name);
        let expected = if of_schedule { "breaching" } else { "notBreaching" };
        assert_eq!(missing, expected, "{name}");
        assert_eq!(alarm["AlarmActions"][0]["Ref"], "AlarmTopic", "{name}");
    }
    let shown = dashboard()["widgets"][0]["properties"]["alarms"].to_string();
    for (name, _) in alarms() {
        assert!(shown.contains(&format!("${{{name}.Arn}}")), "{name} is not on the dashboard");
    }
}

#[test]
fn alarms_and_dashboard_use_metrics_that_the_functions_write() {
    let mut names = BTreeSet::new();
    for (_, alarm) in alarms() {
        own_metrics(&alarm, &mut names);
    }
    own_metrics(&dashboard(), &mut names);
    assert!(names.len() >= 10, "{names:?}");
    let sources: String = ["functions", "shared/src"]
        .iter()
        .flat_map(|place| tree::sources(place))
        .map(|file| file.text)
        // And what is counted in the access log.
        .chain(resources("AWS::Logs::MetricFilter").into_iter().map(|(_, filter)| filter.to_string()))
        .collect();
    let unknown: Vec<_> = names.iter().filter(|name| !sources.contains(&format!("\"{name}\""))).collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

/// Of all calls of the poller, only those of its own schedule keep each of these quiet.
#[tokio::test]
async fn the_alarm_of_a_schedule_watches_a_metric_of_its_own() {
    let silent: BTreeSet<_> = alarms()
        .into_iter()
        .filter(|(_, alarm)| alarm["TreatMissingData"] == "breaching")
        .map(|(name, alarm)| {
            assert_eq!(
                (&alarm["Namespace"]["Ref"], &alarm["Dimensions"]),
                (&json!("AWS::StackName"), &Value::Null)
            );
            // Only missing data breach them.
            assert_eq!(
                (&alarm["Statistic"], &alarm["Threshold"]),
                (&json!("SampleCount"), &json!(1)),
                "{name}"
            );
            assert_eq!(alarm["ComparisonOperator"], "LessThanThreshold", "{name}");
            alarm["MetricName"].as_str().unwrap_or_default().to_owned()
        })
        .collect();
    let bed = Bed::start().await;
    let worker = Worker::on(&bed).await;
    let function = functions().into_iter().find(|function| function.binary == "poller");
    let schedules = function.map(|function| function.schedules).unwrap_or_default();
    // The dispatcher's schedule writes how many events it released; a test of recovery covers that.
    let mut silent = silent;
    assert!(silent.remove("Released"));
    assert_eq!(schedules.len(), silent.len());
    let mut kept_quiet = BTreeSet::new();
    for schedule in schedules {
        worker.scheduled(&bed, schedule.input).await;
        // It writes data even if nothing is due.
        let written: BTreeSet<_> = worker.take_metrics().into_keys().collect();
        let of_it: Vec<_> = written.intersection(&silent).cloned().collect();
        assert_eq!(of_it.len(), 1, "{}: {written:?}", schedule.expression);
        kept_quiet.extend(of_it);
    }
    assert_eq!(kept_quiet, silent);
    worker.work_all(&bed).await;
    assert!(worker.take_metrics().into_keys().all(|name| !silent.contains(&name)), "a batch");
}

#[test]
fn the_runbook_has_the_price_of_the_alarms() {
    let watched: usize =
        alarms().iter().map(|(_, alarm)| tests::cloudwatch::Alarm::new(alarm).metrics().len()).sum();
    let row = format!("| alarm | metric that it watches | 0.10 | {watched} in {} alarms |", alarms().len());
    assert!(tree::file("docs/cost.md").text.contains(&row), "{row}");
    let most = |alarm: &Value| alarm["Metrics"].as_array().is_none_or(|it| it.len() <= 11);
    assert!(
        alarms().iter().all(|(_, alarm)| most(alarm)),
        "CloudWatch takes ten metrics and their expression"
    );
}

#[test]
fn alarms_of_all_functions_cover_every_function() {
    for name in ["ErrorsAlarm", "ThrottlesAlarm"] {
        let (_, alarm) = alarms().into_iter().find(|(alarm, _)| alarm == name).unwrap_or_default();
        // No event is lost or waits when the console is down.
        for function in functions().into_iter().filter(|function| function.binary != "console") {
            assert!(
                alarm.to_string().contains(&function.logical_id),
                "{name} leaves out {}",
                function.binary
            );
        }
    }
}

#[test]
fn log_queries_ask_for_fields_that_the_functions_log() {
    let dashboard = dashboard();
    let widgets = dashboard["widgets"].as_array().cloned().unwrap_or_default();
    let queries: Vec<_> =
        widgets.iter().filter_map(|widget| widget["properties"]["query"].as_str()).collect();
    assert_eq!(queries.len(), 2);
    for (query, function) in queries.iter().zip(["dispatcher", "poller"]) {
        let sources: String =
            tree::sources(&format!("functions/{function}/src")).into_iter().map(|file| file.text).collect();
        for field in query.split("fields.").skip(1) {
            let field = field.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            let logged = [format!("%{field}"), format!("{field},"), format!("{field} = ")];
            assert!(field == "message" || logged.iter().any(|form| sources.contains(form)), "{field}");
        }
    }
}
