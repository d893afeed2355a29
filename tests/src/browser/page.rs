//! A page as a person uses it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Browser, eventually, pictures};

/// The page in the browser's tab.
pub struct Page<'a> {
    browser: &'a Browser,
}

/// Finds the buttons, links and choices of a page by their text.
const PRESS: &str = r"
    const fits = (it) => it.textContent.trim() === arguments[0] && it.offsetParent !== null;
    const found = [...document.querySelectorAll('button, a, summary, label.choice span')].find(fits);
    if (!found) return false;
    found.click();
    return true;";

/// Finds fields by their labels, and fires their events.
const FILL: &str = r"
    const label = [...document.querySelectorAll('label')].find((it) => it.textContent.trim() === arguments[0]);
    const field = label && document.getElementById(label.htmlFor);
    if (!field || field.offsetParent === null) return false;
    field.value = arguments[1];
    for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));
    return true;";

impl<'a> Page<'a> {
    pub(super) fn of(browser: &'a Browser) -> Self {
        Self { browser }
    }

    /// Runs a script in the page and returns its result.
    pub async fn script(&self, script: &str, arguments: Value) -> Value {
        self.browser.call("execute/sync", &json!({ "script": script, "args": arguments })).await
    }

    /// The visible text.
    pub async fn text(&self) -> String {
        let text = self.script("return document.body.innerText", json!([])).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until this text is shown.
    pub async fn shows(&self, text: &str) {
        eventually(text, async || {
            let shown = self.text().await;
            if shown.contains(text) { Ok(()) } else { Err(shown) }
        })
        .await;
    }

    /// Waits until this text is no longer shown.
    pub async fn hides(&self, text: &str) {
        eventually(text, async || {
            let shown = self.text().await;
            if shown.contains(text) { Err(shown) } else { Ok(()) }
        })
        .await;
    }

    /// Presses the button or follows the link with this text, once it is there.
    pub async fn press(&self, label: &str) {
        self.once(PRESS, json!([label]), label).await;
    }

    /// Puts a text into the field with this label, once it is there.
    pub async fn fill(&self, label: &str, text: &str) {
        self.once(FILL, json!([label, text]), label).await;
    }

    /// Opens a view of the console.
    pub async fn view(&self, path: &str) {
        self.script("location.hash = arguments[0]", json!([path])).await;
    }

    /// Waits until a script returns true.
    pub async fn until(&self, script: &str) {
        self.once(script, json!([]), script).await;
    }

    async fn once(&self, script: &str, arguments: Value, what: &str) {
        eventually(what, async || {
            if self.script(script, arguments.clone()).await == true { Ok(()) } else { Err(self.text().await) }
        })
        .await;
    }

    /// Presses keys of the keyboard, one after the other, wherever the focus is.
    pub async fn types(&self, keys: &str) {
        let pressed = keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| (kind, key)));
        let actions: Vec<_> =
            pressed.map(|(kind, key)| json!({ "type": kind, "value": key.to_string() })).collect();
        self.browser
            .call("actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] }))
            .await;
    }

    /// The address that the tab shows.
    pub async fn address(&self) -> String {
        self.browser.ask("url").await.as_str().unwrap_or_default().to_owned()
    }

    /// The URL of every request since the last call of this.
    pub async fn requests(&self) -> Vec<String> {
        let log = self.browser.call("se/log", &json!({ "type": "performance" })).await;
        let sent = |entry: &Value| -> Option<String> {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            (message["method"] == "Network.requestWillBeSent").then_some(())?;
            Some(message["params"]["request"]["url"].as_str()?.to_owned())
        };
        log.as_array().into_iter().flatten().filter_map(sent).collect()
    }

    /// The errors in the browser's log since the last call of this, except answers of the API other than 200.
    pub async fn errors(&self) -> Vec<String> {
        let log = self.browser.call("se/log", &json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        let told = entries.iter().filter(|entry| entry["source"] != "network" && entry["level"] == "SEVERE");
        told.map(|entry| entry["message"].to_string()).collect()
    }

    /// Takes the browser offline or online.
    pub async fn offline(&self, is_offline: bool) {
        let speed =
            json!({ "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.browser.devtools("Network.enable", &json!({})).await;
        self.browser.devtools("Network.emulateNetworkConditions", &speed).await;
    }

    /// Sets the time zone.
    pub async fn zone(&self, name: &str) {
        self.browser.devtools("Emulation.setTimezoneOverride", &json!({ "timezoneId": name })).await;
    }

    /// Sets the width of the screen, and light or dark colours.
    pub async fn screen(&self, width: u32, colours: &str) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.browser.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
        self.browser.devtools("Emulation.setEmulatedMedia", &features).await;
    }

    /// Saves a picture of the whole page.
    ///
    /// # Panics
    /// When it cannot be written.
    pub async fn picture(&self, name: &str) {
        let whole = json!({ "captureBeyondViewport": true, "format": "png" });
        let picture = self.browser.devtools("Page.captureScreenshot", &whole).await;
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap_or_default());
        let path = pictures().join(format!("{name}.png"));
        let written = std::fs::write(&path, bytes.unwrap_or_default());
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// The problems that axe finds on the page, one line per rule.
    ///
    /// # Panics
    /// When axe does not run.
    pub async fn barriers(&self, axe: &str) -> Vec<String> {
        // The page's policy forbids foreign scripts; the browser's own protocol may run one.
        self.browser.devtools("Runtime.evaluate", &json!({ "expression": axe })).await;
        let run = r"axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((found) =>
            [String(found.passes.length), ...found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(' | ')}`)])";
        let run = json!({ "expression": run, "awaitPromise": true, "returnByValue": true });
        let found = self.browser.devtools("Runtime.evaluate", &run).await["result"]["value"].clone();
        let mut lines =
            found.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned));
        let passes = lines.next().and_then(|passes| passes.parse::<u32>().ok()).unwrap_or_default();
        assert!(passes > 5, "axe did not run: {found}");
        lines.collect()
    }
}
