//! The console in a real browser, over the whole system at work. Skipped, with a word, where there is no Chromium.

#![expect(clippy::unwrap_used, reason = "the system under test answers")]

#[cfg(test)]
mod console_browser {
    mod events;
    mod hostile;
    mod instances;
    mod redelivery;
    mod sign_in;
    mod stage;
    mod views;
}
