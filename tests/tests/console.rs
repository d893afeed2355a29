//! The console's files, as a browser requests them.

#![expect(clippy::unwrap_used, reason = "the system under test answers")]

use http::{HeaderMap, Method};
use serde_json::json;
use tests::bed::Bed;
use tests::client::{Answer, Client};
use tests::tree;

async fn get(bed: &Bed, path: &str, headers: &[(&str, &str)]) -> Answer {
    let url = format!("{}{path}", bed.system().url());
    Client::default().send(Method::GET, &url, headers, "").await.unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// The addresses of the files that the page names.
fn files(page: &str) -> Vec<String> {
    let quoted = page.split('"').filter(|part| part.starts_with("/console/files/"));
    quoted.map(str::to_owned).collect()
}

/// Every file of the page, with the address of its directory.
async fn served(bed: &Bed) -> (String, Vec<String>) {
    let page = get(bed, "/console", &[]).await;
    let first = files(std::str::from_utf8(&page.body).unwrap()).remove(0);
    let directory = first.rsplit_once('/').unwrap().0.to_owned();
    let names = tree::names("functions/console/page");
    let names = names.iter().map(|name| name.rsplit_once('/').unwrap().1.to_owned());
    (directory, names.filter(|name| name != "index.html").collect())
}

#[tokio::test]
async fn the_page_is_revalidated_and_its_files_are_cached() {
    let bed = Bed::start().await;
    let page = get(&bed, "/console", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(text(&page.headers, "content-type"), "text/html; charset=utf-8");
    assert_eq!(text(&page.headers, "cache-control"), "no-cache");
    let tag = text(&page.headers, "etag").to_owned();
    assert_eq!(get(&bed, "/console", &[("if-none-match", &tag)]).await.status, 304);
    assert_eq!(get(&bed, "/console", &[("if-none-match", "\"other\"")]).await.status, 200);
    let (directory, names) = served(&bed).await;
    for name in names {
        let file = get(&bed, &format!("{directory}/{name}"), &[]).await;
        assert_eq!(file.status, 200, "{name}");
        assert_eq!(text(&file.headers, "cache-control"), "public, max-age=31536000, immutable", "{name}");
        let expected = match name.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(text(&file.headers, "content-type"), expected, "{name}");
    }
    for path in
        ["/console/main.js", "/console/files/0000000000000000/main.js", "/console/files/../index.html"]
    {
        assert_eq!(get(&bed, path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn every_answer_forbids_everything_that_the_page_does_not_need() {
    let bed = Bed::start().await;
    let (directory, _) = served(&bed).await;
    for path in ["/console", &format!("{directory}/main.js"), "/console/nothing"] {
        let headers = get(&bed, path, &[]).await.headers;
        let policy = text(&headers, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path}: {policy}");
        for forbidden in ["unsafe", "http", "data:", "blob:", "*"] {
            assert!(!policy.contains(forbidden), "{path}: {policy}");
        }
        assert_eq!(text(&headers, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(text(&headers, "referrer-policy"), "no-referrer", "{path}");
        assert!(headers.get("access-control-allow-origin").is_none(), "{path}");
    }
}

#[tokio::test]
async fn the_page_weighs_less_than_100_kilobytes() {
    let bed = Bed::start().await;
    let (directory, names) = served(&bed).await;
    let gzip = [("accept-encoding", "gzip, br")];
    let mut weight = get(&bed, "/console", &gzip).await.body.len();
    for name in names {
        let file = get(&bed, &format!("{directory}/{name}"), &gzip).await;
        assert_eq!(text(&file.headers, "content-encoding"), "gzip", "{name}");
        weight += file.body.len();
    }
    tests::browser::say(&format!("the page weighs {weight} bytes"));
    assert!(weight < 100_000, "{weight} bytes");
}

#[test]
fn nothing_in_the_page_is_inline_or_from_elsewhere() {
    for name in tree::names("functions/console/page") {
        let text = tree::file(&name).text;
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "DOMParser",
            "@import",
        ] {
            assert!(!text.contains(forbidden), "{name} has {forbidden}");
        }
        for address in text.split("://").skip(1).filter(|rest| !rest.starts_with("www.w3.org/2000/svg")) {
            let host = address.split(['/', '"', '\'', '`', ' ']).next().unwrap();
            assert!(["example.com", "api.close.com"].contains(&host), "{name} names {host}");
        }
        assert!(text.lines().count() <= 250, "{name} is long");
    }
    let page = tree::file("functions/console/page/index.html").text;
    for inline in [" style=", "<style", " onload=", " onclick=", "<script>"] {
        assert!(!page.contains(inline), "{inline}");
    }
}

#[test]
fn every_setting_that_the_page_asks_for_is_one_of_the_api() {
    let readme = tree::file("functions/instances/README.md").text;
    let page = tree::file("functions/console/page/settings.js").text;
    let keys: Vec<_> =
        page.split('"').filter(|part| part.starts_with("event.") || *part == "base.url").collect();
    assert!(keys.len() > 15, "{keys:?}");
    for key in keys {
        assert!(readme.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn the_page_explains_every_bad_state() {
    use shared::callbacks::health::State;
    use shared::polling::next::Status as Polling;
    use shared::subscriptions::SubscriptionStatus as Subscription;
    let page = tree::file("functions/console/page/attention.js").text;
    let explained = |table: &str, state: serde_json::Value| {
        let (_, rest) = page.split_once(&format!("const {table} = {{")).unwrap();
        let (entries, _) = rest.split_once("};").unwrap();
        assert!(entries.contains(&format!("\n  {}: [", state.as_str().unwrap())), "{table} has no {state}");
    };
    for state in [State::Failing, State::Open, State::Recovering, State::Disabled] {
        explained("CALLBACK", json!(state));
    }
    for status in [Polling::RateLimited, Polling::Failing, Polling::Refused] {
        explained("POLLING", json!(status));
    }
    for status in [Subscription::Paused, Subscription::Missing, Subscription::Refused, Subscription::Failing]
    {
        explained("SUBSCRIPTION", json!(status));
    }
}
