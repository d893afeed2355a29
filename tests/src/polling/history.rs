//! Random histories: an organisation changes, instances poll it by settings of every documented kind, and Close, the
//! poller and their owners do what they do; what the receivers hear is compared with what Close showed.
//!
//! A [`Plan`] is drawn from a seed, [`run`] lets it happen and says what was wrong, and [`shrink`] looks for less of
//! it that is still wrong.

mod check;
mod draw;
mod expected;
mod happen;
mod heard;
mod plan;
mod polled;
mod requests;
mod resources;
mod run;
mod shrink;
mod step;
mod world;

pub use plan::{InstancePlan, Plan, ResourcePlan};
pub use run::run;
pub use shrink::shrink;
pub use step::{Change, Patch, Step, Trouble};
