//! Reads the text of a source file without a compiler.

use super::File;

/// A function of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The line that it begins in, from one.
    pub line: usize,
    /// Its lines, from its signature to its closing brace.
    pub lines: usize,
}

/// The functions of a file; each ends at the first closing brace with the indentation of its first line.
#[must_use]
pub fn functions(file: &File) -> Vec<Function> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut functions = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_function(line)) {
        let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let rest = lines[at..].iter().position(|line| *line == end);
        functions.extend(rest.map(|rest| Function { line: at + 1, lines: rest + 1 }));
    }
    functions
}

fn is_function(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| {
        matches!(*word, "pub" | "const" | "async") || (word.starts_with("pub(") && word.ends_with(')'))
    });
    words.next() == Some("fn")
}

/// The public items that a file declares outside its tests: functions, types, constants.
#[must_use]
pub fn public_items(file: &File) -> Vec<String> {
    let text = file.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let item = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub ")?;
        let mut words = rest.split_whitespace().skip_while(|word| matches!(*word, "const" | "async"));
        let is_constant = rest.starts_with("const ") && !rest.starts_with("const fn");
        let kind = if is_constant { "const" } else { words.next()? };
        let name = match kind {
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" => words.next()?,
            _ => return None,
        };
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        Some(name[..end].to_owned())
    };
    text.lines().filter_map(item).collect()
}

/// True if a signature, a field or a bound of the file names the item, so that using those uses the item.
#[must_use]
pub fn is_in_a_signature(file: &File, name: &str) -> bool {
    let names_it = |line: &str| {
        let signature = line.split(" = ").next().unwrap_or_default();
        let named = line.split_once("-> ").or_else(|| signature.split_once(": ")).map(|(_, rest)| rest);
        named.is_some_and(|rest| words(rest).any(|word| word == name))
    };
    file.text.lines().any(names_it)
}

/// The words of a text, each a run of letters, digits and underscores.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { path: "a.rs".into(), text: text.to_owned() }
    }

    #[test]
    fn a_function_ends_at_its_own_brace() {
        let text = "impl A {\n    pub(crate) async fn one(\n    ) {\n        if x {\n        }\n    }\n}\nfn three() {\n}\n";
        let found = functions(&file(text));
        assert_eq!(found, [Function { line: 2, lines: 5 }, Function { line: 8, lines: 2 }]);
    }

    #[test]
    fn an_error_type_counts_as_used_where_it_is_returned() {
        let text = "pub fn a() -> Result<u8, B> {\n}\npub struct C(u8);\nfn d() {\n    C(1)\n}\n";
        assert!(is_in_a_signature(&file(text), "B") && !is_in_a_signature(&file(text), "C"));
    }

    #[test]
    fn public_items_are_those_that_others_may_use() {
        let text = "pub const fn a() {}\npub const B: u8 = 1;\npub struct C(u8);\npub(crate) fn d() {}\nfn e() {}\n    pub async fn f<T>() {}\npub mod g;\n";
        assert_eq!(public_items(&file(text)), ["a", "B", "C", "f"]);
    }
}
