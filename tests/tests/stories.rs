//! Stories of the system under a clock that stands still until it is advanced, and rules of the tree. They keep the cores busy.
//!
//! All are one program: each program is linked with the whole system, and its stories fill the cores by themselves.

#[cfg(test)]
mod alarms;
mod calls_per_event;
mod calls_per_poll;
mod close_double;
mod console;
mod crash_points;
mod crashes;
#[cfg(test)]
mod delivering;
mod delivery;
mod drop_in_client;
mod ingestion;
mod instances_api;
mod isolation;
#[cfg(test)]
mod joined_writes;
mod large;
#[cfg(test)]
mod log_lines;
mod normalising;
mod permissions;
mod polling;
mod polling_changes;
mod polling_conditions;
mod polling_created;
mod polling_failures;
#[cfg(test)]
mod polling_feed;
mod polling_histories;
mod polling_keys;
mod polling_load;
mod polling_permissions;
mod polling_provisioning;
mod polling_schedule;
mod polling_settings;
mod polling_since;
mod polling_upgrades;
mod polling_walks;
mod provisioning;
mod recursion;
mod stale_views;
mod template;
mod tidy;
mod tree_rules;
