//! The imports between the files of a crate, and the circles among them.
//!
//! Imports are read as text: `use` declarations below `crate`, `super` and `self`, without re-exports and without
//! tests. A name that a module re-exports belongs to the file that it comes from.

use std::collections::{BTreeMap, BTreeSet};

use super::File;

type Module = Vec<String>;

/// Files, each with those that it imports from.
pub type Imports = BTreeMap<String, BTreeSet<String>>;

/// The production sources of one crate, whose `src` is at `root`.
struct Crate<'a> {
    files: BTreeMap<Module, &'a File>,
}

/// The imports between the files of the crate at `member`.
#[must_use]
pub fn of(member: &str, files: &[File]) -> Imports {
    let prefix = format!("{member}/src/");
    let mut modules = BTreeMap::new();
    for file in files {
        let path = file.path.display().to_string();
        if let Some(inside) = path.strip_prefix(&prefix).filter(|_| !path.ends_with("tests.rs")) {
            modules.insert(module(inside), file);
        }
    }
    let tree = Crate { files: modules };
    let taken = |module: &Module, file: &File| {
        let used = uses(&file.text).into_iter().filter(|(_, exported)| !exported);
        let from = used.filter_map(|(path, _)| tree.defining(module, &path, 0));
        from.filter(|other| other != module).map(|other| tree.path(&other)).collect()
    };
    tree.files.iter().map(|(module, file)| (tree.path(module), taken(module, file))).collect()
}

/// The groups of files that import each other, each of at least two.
#[must_use]
pub fn circles(imports: &Imports) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|file| (file, reached(imports, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, seen) in &reach {
        let mutual = seen.iter().filter(|other| reach[**other].contains(file));
        let circle: BTreeSet<String> = mutual.map(|other| (*other).clone()).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reached<'a>(imports: &'a Imports, file: &'a String) -> BTreeSet<&'a String> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![file]);
    while let Some(file) = next.pop() {
        for other in &imports[file] {
            if seen.insert(other) {
                next.push(other);
            }
        }
    }
    seen
}

impl Crate<'_> {
    fn path(&self, module: &Module) -> String {
        self.files[module].path.display().to_string()
    }

    /// The module whose file defines what `path` names, seen from `module`.
    fn defining(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        let absolute = absolute(module, path)?;
        let known = (0..=absolute.len()).rev().find(|&end| self.files.contains_key(&absolute[..end]))?;
        let (owner, rest) = (absolute[..known].to_vec(), &absolute[known..]);
        let Some(name) = rest.first().filter(|_| depth < 8) else { return Some(owner) };
        // A re-export belongs to the file that it comes from.
        let passed_on = uses(&self.files[&owner].text).into_iter().map(|(path, _)| path);
        let source = passed_on.filter(|path| path.last() == Some(name)).find_map(|path| {
            // In a module, a path may begin with the name of a child.
            let child = [vec!["self".to_owned()], path.clone()].concat();
            let path = if is_anchored(&path) { path } else { child };
            self.defining(&owner, &path, depth + 1).filter(|source| *source != owner)
        });
        Some(source.unwrap_or(owner))
    }
}

/// The module in a file of `src`, by its path there.
fn module(inside: &str) -> Module {
    let stem = inside.trim_end_matches(".rs");
    if matches!(stem, "lib" | "main") { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
}

fn is_anchored(path: &[String]) -> bool {
    matches!(path.first().map(String::as_str), Some("crate" | "super" | "self"))
}

/// `path` from the crate's root, when it is one within the crate.
fn absolute(module: &Module, path: &[String]) -> Option<Module> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" => module.clone(),
        "super" => module.split_last().map(|(_, parents)| parents.to_vec())?,
        _ => return None,
    };
    for part in &path[1..] {
        if part == "super" {
            base.pop();
        } else if part != "self" {
            base.push(part.clone());
        }
    }
    Some(base)
}

/// The paths that a file uses outside its tests, and whether each is passed on to others.
fn uses(text: &str) -> Vec<(Vec<String>, bool)> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let exported = line.trim_start().starts_with("pub");
        let Some((_, start)) = line.split_once("use ").filter(|(before, _)| is_visibility(before)) else {
            continue;
        };
        let mut tree = start.to_owned();
        while !tree.contains(';') {
            let Some(more) = lines.next() else { break };
            tree.push_str(more.trim());
        }
        expand(tree.trim_end_matches(';'), &[], &mut |path| found.push((path, exported)));
    }
    found
}

fn is_visibility(before: &str) -> bool {
    let before = before.trim();
    before.is_empty() || before == "pub" || (before.starts_with("pub(") && before.ends_with(')'))
}

/// Hands each path of a `use` tree to `each`; a new name (`as`) stands for the old one.
fn expand(tree: &str, before: &[String], each: &mut impl FnMut(Vec<String>)) {
    let tree = tree.trim();
    let Some((head, inside)) = tree.split_once('{') else {
        let path =
            tree.split(" as ").next().unwrap_or_default().split("::").map(|part| part.trim().to_owned());
        let path: Vec<_> = before.iter().cloned().chain(path.filter(|part| !part.is_empty())).collect();
        return each(path);
    };
    let head = head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
    let before: Vec<_> = before.iter().cloned().chain(head).collect();
    let inside = inside.trim().strip_suffix('}').unwrap_or(inside);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                expand(&inside[start..at], &before, each);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inside[start..].trim().is_empty() {
        expand(&inside[start..], &before, each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.to_owned() }
    }

    #[test]
    fn a_name_belongs_to_the_file_that_defines_it() {
        let files = [
            file("a/src/lib.rs", "mod one;\nmod two;\npub use one::One;\n"),
            file("a/src/one.rs", "use crate::two::{\n    Two,\n    inner::{Deep, Other as Name},\n};\n"),
            file("a/src/two.rs", "mod inner;\npub(crate) use inner::Deep;\npub struct Two;\n"),
            file("a/src/two/inner.rs", "use super::super::One;\n"),
        ];
        let imports = of("a", &files);
        let of_one: Vec<_> = imports["a/src/one.rs"].iter().map(String::as_str).collect();
        assert_eq!(of_one, ["a/src/two.rs", "a/src/two/inner.rs"]);
        let of_inner: Vec<_> = imports["a/src/two/inner.rs"].iter().map(String::as_str).collect();
        assert_eq!(of_inner, ["a/src/one.rs"]);
        assert!(imports["a/src/lib.rs"].is_empty(), "what is passed on is not taken");
        let circle = ["a/src/one.rs", "a/src/two/inner.rs"].map(str::to_owned).into();
        assert_eq!(circles(&imports), [circle]);
    }

    #[test]
    fn tests_make_no_circle() {
        let files = [
            file("a/src/lib.rs", "mod one;\nmod two;\n"),
            file("a/src/one.rs", "use crate::two::Two;\n"),
            file("a/src/two.rs", "#[cfg(test)]\nmod tests {\n    use crate::one::One;\n}\n"),
        ];
        assert!(circles(&of("a", &files)).is_empty());
    }
}
