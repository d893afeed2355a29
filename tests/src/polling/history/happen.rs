//! Changes at Close.

use serde_json::json;

use super::step::Change;
use crate::close::{Close, Event};

/// The objects that a change may choose from.
fn living(close: &Close) -> Vec<(String, String)> {
    close.objects().into_iter().map(|(id, (object_type, _))| (object_type, id)).collect()
}

/// Lets something change.
pub(super) fn happen(close: &Close, change: &Change) {
    let living = living(close);
    let chosen = |n: &usize| (!living.is_empty()).then(|| living[n % living.len()].clone());
    let field = |kind: &str| match kind.split('.').next() {
        Some("task") => "text",
        Some("activity") => "note",
        Some("user") => "first_name",
        _ => "name",
    };
    let leads: Vec<_> = living.iter().filter(|(kind, _)| kind == "lead").collect();
    let number = close.events().len() * 1000;
    let of = |kind: &str, mark: &str, number: usize| {
        let lead = leads.first().filter(|_| !matches!(kind, "lead" | "user")).map(|(_, id)| id.clone());
        let status = if mark == "a" { "won" } else { "active" };
        let mut fields = json!({"mark": mark, "reference": {"number": number}});
        if kind == "opportunity" {
            fields["status_type"] = json!(status);
        }
        if let Some(lead) = lead {
            fields["lead_id"] = json!(lead);
        }
        fields
    };
    let value = close.events().len().to_string();
    match change {
        Change::Create(kind, mark) => drop(close.create(kind, &of(kind, mark, number))),
        Change::Burst(kind, count) => {
            let fields: Vec<_> = (0..*count).map(|n| of(kind, "a", number + n)).collect();
            close.create_together(kind, &fields);
        }
        Change::Update(n) => {
            if let Some((kind, id)) = chosen(n) {
                close.update(&kind, &id, field(&kind), value);
            }
        }
        Change::Consolidate(n) => {
            if let Some((kind, id)) = chosen(n) {
                let is_it = |event: &&Event| event.object_id == id && event.action == "updated";
                match close.events().iter().rfind(is_it) {
                    Some(event) if close.is_recent(event) => {
                        close.update_again(&kind, &id, field(&kind), value);
                    }
                    _ => close.update(&kind, &id, field(&kind), value),
                }
            }
        }
        Change::Delete(n) => {
            if let Some((kind, id)) = chosen(n) {
                close.delete(&kind, &id);
            }
        }
        Change::Merge(one, other) if leads.len() > 1 => {
            let (source, destination) = (leads[one % leads.len()], leads[other % leads.len()]);
            if source != destination {
                close.merge_leads(&source.1, &destination.1);
            }
        }
        Change::Merge(..) => {}
    }
}
