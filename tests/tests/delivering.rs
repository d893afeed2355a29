//! Delivery with difficult receivers, name servers and objects.

mod batches;
mod dead_letters;
mod fairness;
mod health;
mod many;
mod own_faults;
mod recovery;
mod settings;
mod waiting;

use serde_json::json;

/// A legacy webhook: version `version` of the lead `lead`.
fn lead(lead: &str, version: u32) -> String {
    let updated = format!("2026-11-21T09:{:02}:{:02}.000000+00:00", version / 60, version % 60);
    let data = json!({ "id": lead, "date_updated": updated, "version": version });
    json!({ "model": "lead", "event": "update", "data": data }).to_string()
}
