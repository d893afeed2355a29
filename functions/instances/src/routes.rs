//! The routes, one a file.

mod create;
mod show;

pub(crate) use create::create;
pub(crate) use show::show;
