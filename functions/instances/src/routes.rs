//! The routes, one a file.

mod create;
mod enable_callback;
mod show;

pub(crate) use create::create;
pub(crate) use enable_callback::enable_callback;
pub(crate) use show::show;
