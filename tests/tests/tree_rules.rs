//! Rules that keep the source tree readable: lengths, circles, citations, words, unused items.

use std::collections::BTreeMap;

use tests::tree::{self, File, MEMBERS, imports, text};

const NONE: Vec<String> = Vec::new();

fn production() -> Vec<File> {
    let is_production = |file: &File| {
        let path = file.path.display().to_string();
        !path.starts_with("tests/") && !path.contains("/tests/") && !path.ends_with("tests.rs")
    };
    let mut files: BTreeMap<_, _> = BTreeMap::new();
    for file in MEMBERS.iter().flat_map(|member| tree::sources(member)).filter(is_production) {
        files.insert(file.path.clone(), file);
    }
    files.into_values().collect()
}

#[test]
fn a_function_fits_on_a_screen() {
    let long = |file: &File| {
        let long = text::functions(file).into_iter().filter(|function| function.lines > 60);
        long.map(|it| format!("{}:{} {} lines", file.path.display(), it.line, it.lines)).collect::<Vec<_>>()
    };
    assert_eq!(production().iter().flat_map(long).collect::<Vec<_>>(), NONE);
}

#[test]
fn no_three_files_import_each_other_in_a_circle() {
    let mut long = Vec::new();
    for member in MEMBERS {
        let circles = imports::circles(&imports::of(member, &tree::sources(member)));
        long.extend(
            circles.into_iter().filter(|circle| circle.len() > 2).map(|circle| format!("{circle:?}")),
        );
    }
    assert_eq!(long, NONE);
}

#[test]
fn nothing_cites_a_document_that_is_not_here() {
    let cites = |text: &str| {
        let lower = text.to_lowercase();
        ["facts:", "facts,", "the seed ", "the seed'", "the seeds ", "the seed,", "the seed)"]
            .iter()
            .any(|cite| lower.contains(cite))
    };
    let sources = MEMBERS.iter().flat_map(|member| tree::sources(member));
    let sources = sources.filter(|file| !file.path.ends_with("tree_rules.rs") && cites(&file.text));
    let pages = tree::pages().into_iter().filter(|page| cites(&tree::file(page).text));
    let found: Vec<_> = sources.map(|file| file.path.display().to_string()).chain(pages).collect();
    assert_eq!(found, NONE);
}

/// Words and phrases that the glossary of CONTRIBUTING.md replaced, in lower case.
const OLD_WORDS: [&str; 21] = [
    "event log",
    "eventlog",
    "healthbook",
    "claimant",
    "no more polled",
    "polled no more",
    "is none",
    "is told of",
    "put right",
    "driven back",
    "come to its end",
    "comes to its end",
    "/// whether",
    "//! whether",
    "what came of",
    "what becomes of",
    "buried",
    "bury",
    "not for the first time",
    "in a word.",
    "endpointstore",
];

#[test]
fn the_glossary_has_one_name_for_one_thing() {
    let mut found = Vec::new();
    let pages = tree::pages().into_iter().filter(|page| page != "CONTRIBUTING.md" && page != "CHANGELOG.md");
    for file in production().into_iter().chain(pages.map(|page| tree::file(&page))) {
        // The title of Close's page on its feed, which is cited.
        let lower = file.text.replace("Event Log", "").to_lowercase();
        let old = OLD_WORDS.iter().filter(|word| lower.contains(**word));
        found.extend(old.map(|word| format!("{}: {word}", file.path.display())));
    }
    assert_eq!(found, NONE);
}

#[test]
fn every_public_item_is_used_somewhere_else() {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for file in MEMBERS.iter().flat_map(|member| tree::sources(member)) {
        for word in text::words(&file.text) {
            *uses.entry(word.to_owned()).or_default() += 1;
        }
    }
    let mut unused = Vec::new();
    for file in production() {
        let lonely = text::public_items(&file).into_iter().filter(|name| {
            let here = text::words(&file.text).filter(|word| word == name).count();
            uses.get(name).copied().unwrap_or_default() <= here && !text::is_in_a_signature(&file, name)
        });
        unused.extend(lonely.map(|name| format!("{}: {name}", file.path.display())));
    }
    assert_eq!(unused, NONE);
}
