//! The state that the search index and the event feed show: that of a while ago.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// The states of every object, each with the time when it was indexed.
#[derive(Debug, Default)]
pub(in crate::close) struct Index(BTreeMap<String, Vec<Indexed>>);

#[derive(Debug)]
struct Indexed {
    visible_at: DateTime<Utc>,
    object_type: String,
    /// Null if it was deleted.
    object: Value,
}

impl Index {
    /// Indexes the changes since the last call.
    pub(in crate::close) fn update(
        &mut self,
        objects: &BTreeMap<String, (String, Value)>,
        now: DateTime<Utc>,
        most: TimeDelta,
    ) {
        for (id, (object_type, object)) in objects {
            let states = self.0.entry(id.clone()).or_default();
            if states.last().is_none_or(|last| last.object != *object) {
                let visible_at = now + lag(&object.to_string(), most);
                states.push(Indexed { visible_at, object_type: object_type.clone(), object: object.clone() });
            }
        }
        for (id, states) in &mut self.0 {
            let gone = !objects.contains_key(id);
            if let Some(last) = states.last().filter(|last| gone && !last.object.is_null()) {
                let object_type = last.object_type.clone();
                let visible_at = now + lag(id, most);
                states.push(Indexed { visible_at, object_type, object: Value::Null });
            }
        }
    }

    /// The objects of a type as the index shows them now.
    pub(super) fn objects(&self, object_type: &str, now: DateTime<Utc>) -> Vec<&Value> {
        let shown = self.0.values().filter_map(|states| shown(states, now));
        shown.filter(|state| state.object_type == object_type).map(|state| &state.object).collect()
    }

    /// An object as the index shows it now.
    pub(super) fn object(&self, id: &str, now: DateTime<Utc>) -> Option<&Value> {
        shown(self.0.get(id)?, now).map(|state| &state.object)
    }
}

/// A visible state replaces earlier ones, however late they come.
fn shown(states: &[Indexed], now: DateTime<Utc>) -> Option<&Indexed> {
    states.iter().rfind(|state| state.visible_at <= now).filter(|state| !state.object.is_null())
}

/// A lag between zero and the most, the same for the same text.
pub(super) fn lag(text: &str, most: TimeDelta) -> TimeDelta {
    let most = most.num_milliseconds().unsigned_abs();
    let millis = if most == 0 { 0 } else { hash(text) % (most + 1) };
    TimeDelta::milliseconds(i64::try_from(millis).unwrap_or_default())
}

/// FNV-1a, which is enough to scatter.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
