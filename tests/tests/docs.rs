//! The documents, checked against the system.

#[cfg(test)]
mod docs {
    mod callbacks;
    mod commands;
    mod cost;
    mod events;
    mod migrating;
    mod pages;
    mod polling;
}
