//! Rules of the source tree.

use tests::tree::{self, File, MEMBERS};

fn all_sources() -> Vec<File> {
    MEMBERS.iter().flat_map(|member| tree::sources(member)).collect()
}

/// The files that break a rule, for the failure message.
fn offenders(breaks: impl Fn(&File) -> bool) -> Vec<String> {
    all_sources().iter().filter(|file| breaks(file)).map(|file| file.path.display().to_string()).collect()
}

const NONE: Vec<String> = Vec::new();

#[test]
fn files_stay_readable_in_one_sitting() {
    assert_eq!(offenders(|file| file.text.lines().count() > 400), NONE);
    let mut lengths: Vec<_> = all_sources().iter().map(|file| file.text.lines().count()).collect();
    lengths.sort_unstable();
    let (median, ninetieth) = (lengths[lengths.len() / 2], lengths[lengths.len() * 9 / 10]);
    assert!(median <= 120 && ninetieth <= 250, "median {median}, 90th percentile {ninetieth}");
}

#[test]
fn a_main_only_puts_parts_together() {
    let long = |file: &File| file.path.ends_with("main.rs") && file.text.lines().count() > 40;
    assert_eq!(offenders(long), NONE);
}

#[test]
fn modules_are_files_of_their_own_name() {
    assert_eq!(offenders(|file| file.path.ends_with("mod.rs")), NONE);
}

#[test]
fn every_file_of_stories_is_run() {
    let programs =
        ["stories", "machine"].map(|program| tree::file(&format!("tests/tests/{program}.rs")).text);
    for path in tree::names("tests/tests").iter().filter_map(|path| path.strip_suffix(".rs")) {
        let name = path.trim_start_matches("tests/tests/");
        let run = programs.iter().any(|text| text.lines().any(|line| line.trim() == format!("mod {name};")));
        assert!(run || name == "stories" || name == "machine", "{name} is a module of neither program");
    }
}

/// Examples in documentation would each be compiled and linked alone; `doctest = false` in the manifests spares looking for them.
#[test]
fn documentation_has_no_examples() {
    let opens =
        |line: &str| line.trim_start().starts_with("/// ```") || line.trim_start().starts_with("//! ```");
    assert_eq!(offenders(|file| file.text.lines().any(opens)), NONE);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let allow = ["#[", "#!["].map(|open| format!("{open}allow("));
    assert_eq!(offenders(|file| allow.iter().any(|allow| file.text.contains(allow))), NONE);
}

#[test]
fn no_comment_postpones_work() {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"]].map(|halves| halves.concat());
    assert_eq!(offenders(|file| marks.iter().any(|mark| file.text.contains(mark))), NONE);
}

#[test]
fn every_module_has_a_description() {
    let silent = |file: &File| {
        let first = file.text.lines().next().unwrap_or_default();
        let is_test =
            file.path.ends_with("tests.rs") || file.path.components().any(|part| part.as_os_str() == "tests");
        !first.starts_with("//!") && !first.starts_with("#![doc") && !is_test
    };
    assert_eq!(offenders(silent), NONE);
}

#[test]
fn every_member_keeps_the_workspaces_rules() {
    for member in MEMBERS {
        let manifest = tree::file(&format!("{member}/Cargo.toml")).text;
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member}");
        assert!(manifest.contains("edition.workspace = true"), "{member}");
    }
    let members = MEMBERS.map(|member| format!("    {member:?},\n")).concat();
    assert!(tree::file("Cargo.toml").text.contains(&format!("members = [\n{members}]")), "{members}");
}

#[test]
fn every_function_is_documented_under_the_same_headings() {
    for function in MEMBERS.iter().filter(|member| member.starts_with("functions/")) {
        let readme = tree::file(&format!("{function}/README.md")).text;
        let headings: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, ["Trigger", "Input", "Output", "Environment", "When it fails"], "{function}");
    }
}

#[test]
fn the_receive_count_of_a_message_is_never_read() {
    let name = ["Approximate", "ReceiveCount"].concat();
    let read = |file: &File| file.path.starts_with("functions") && file.text.contains(&name);
    assert_eq!(offenders(read), NONE);
}
