//! The documents: links, licences, the changelog, the workflow.

use std::path::{Path, PathBuf};

use tests::markdown::Document;
use tests::tree::{self, MEMBERS};

/// The anchors of headings.
fn anchors(page: &str) -> Vec<String> {
    let mut in_code = false;
    let lines = tree::file(page).text.lines().map(str::to_owned).collect::<Vec<_>>();
    let headings = lines.iter().filter(|line| {
        in_code ^= line.starts_with("```");
        !in_code && line.starts_with('#')
    });
    let name = |line: &String| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(name).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for page in tree::pages() {
        for link in Document::read(&page).links() {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let beside = Path::new(&page).parent().unwrap_or(Path::new(""));
            let target = if path.is_empty() { PathBuf::from(&page) } else { beside.join(path) };
            let target = target.to_str().unwrap().to_owned();
            assert!(tree::exists(&target), "{page} links to {link}");
            if !anchor.is_empty() {
                assert!(anchors(&target).contains(&anchor.to_owned()), "{page} links to {link}");
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_readme_leads_to_every_document() {
    let links = Document::read("README.md").links();
    for document in tree::documents() {
        assert!(links.contains(&document), "{document}");
    }
}

#[test]
fn the_licences_are_there_and_named_everywhere() {
    assert!(tree::file("LICENSE-MIT").text.starts_with("MIT License"));
    let apache = tree::file("LICENSE-APACHE").text;
    assert!(apache.contains("Version 2.0, January 2004") && apache.contains("END OF TERMS AND CONDITIONS"));
    assert!(tree::file("Cargo.toml").text.contains("license = \"MIT OR Apache-2.0\""));
    for member in MEMBERS {
        assert!(
            tree::file(&format!("{member}/Cargo.toml")).text.contains("license.workspace = true"),
            "{member}"
        );
    }
}

#[test]
fn the_changelog_has_the_version_that_is_built() {
    let changelog = tree::file("CHANGELOG.md").text;
    let versions: Vec<&str> = changelog.lines().filter_map(|line| line.strip_prefix("## [")).collect();
    assert!(versions[0].starts_with("Unreleased]"));
    let version = tree::file("Cargo.toml")
        .text
        .lines()
        .find_map(|line| Some(line.strip_prefix("version = \"")?.trim_matches('"').to_owned()));
    assert!(versions[1].starts_with(&format!("{}]", version.unwrap())), "{versions:?}");
}

#[test]
fn the_workflow_runs_ci_and_nothing_else() {
    let workflow = tree::file(".github/workflows/ci.yml").text;
    let commands: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("run: "))
        .collect();
    assert_eq!(commands, [".ci/run"]);
    assert!(workflow.contains("permissions:\n  contents: read\n"));
    let actions: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        .collect();
    assert!(!actions.is_empty());
    for action in actions {
        let version =
            action.split_once('@').map(|(_, version)| version.split(' ').next().unwrap_or_default());
        assert!(
            version.is_some_and(|version| version.starts_with('v') && version[1..].split('.').count() == 3),
            "{action}"
        );
    }
}

#[test]
fn every_step_of_ci_is_called() {
    for script in tree::names(".ci").into_iter().filter(|script| script != ".ci/run") {
        let (_, name) = script.rsplit_once('/').unwrap_or_default();
        let mut others = tree::names(".ci").into_iter().filter(|other| *other != script);
        assert!(others.any(|other| tree::file(&other).text.contains(name)), "{script}");
    }
}
