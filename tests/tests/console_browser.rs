//! The console in a real browser, over the whole system at work. Skipped, with a word, where there is no Chromium.

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
