use serde_json::json;

use super::stage::Stage;

/// User and organisation secret.
fn secrets(stage: &Stage) -> (String, String) {
    let authorization = stage.system().authorization();
    let (user, organization) = authorization.split_once(", ").unwrap();
    (user.trim_start_matches("User ").to_owned(), organization.trim_start_matches("Organization ").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_and_leaves_no_secret_in_the_address() {
    let Some(stage) = Stage::set().await else { return };
    let page = stage.signed_in().await;
    assert_eq!(page.address().await, format!("{}/console#/", stage.system().url()));
    let kept = page
        .script("return [document.cookie, JSON.stringify(localStorage), history.length]", json!([]))
        .await;
    assert_eq!((&kept[0], &kept[1]), (&json!(""), &json!("{}")), "{kept}");
    let (user, _) = secrets(&stage);
    let text = page.script("return document.documentElement.outerHTML", json!([])).await;
    assert!(!text.as_str().unwrap().contains(&user));
    page.press("Sign out").await;
    page.shows("Sign in").await;
    assert_eq!(page.script("return sessionStorage.getItem('secrets')", json!([])).await, json!(null));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_signs_in() {
    let Some(stage) = Stage::set().await else { return };
    let page = stage.browser.open(&format!("{}/console", stage.system().url())).await;
    page.shows("User secret").await;
    let (user, organization) = secrets(&stage);
    // Tab is U+E004 and Enter U+E007 (WebDriver, "Keyboard actions").
    for (name, secret, key) in [("user", user, "\u{e004}"), ("organization", organization, "\u{e007}")] {
        page.until(&format!("return document.activeElement.name === '{name}'")).await;
        page.types(&secret).await;
        page.until(&format!("return document.activeElement.value === '{secret}'")).await;
        page.types(key).await;
    }
    page.shows("Welcome").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_secrets_are_refused_and_forgotten() {
    let Some(stage) = Stage::set().await else { return };
    let page = stage.browser.open(&format!("{}/console", stage.system().url())).await;
    page.fill("User secret", "guessed").await;
    page.press("Sign in").await;
    page.shows("Both secrets are needed.").await;
    page.fill("Organization secret", "guessed").await;
    page.press("Sign in").await;
    page.shows("These secrets are not valid.").await;
    assert_eq!(page.script("return sessionStorage.getItem('secrets')", json!([])).await, json!(null));
    // A secret that is no longer valid is refused the same way, in every view.
    let page = stage.signed_in().await;
    page.script(
        "sessionStorage.setItem('secrets', '{\"user\":\"old\",\"organization\":\"old\"}')",
        json!([]),
    )
    .await;
    page.view("/instances").await;
    page.shows("Your secrets are no longer valid.").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_cannot_be_reached_is_named_and_tried_again() {
    let Some(stage) = Stage::set().await else { return };
    let page = stage.signed_in().await;
    page.shows("Welcome").await;
    page.offline(true).await;
    page.view("/instances").await;
    page.shows("This device is offline.").await;
    page.offline(false).await;
    page.press("Try again").await;
    page.shows("No instances yet").await;
    stage.end().await;
}
