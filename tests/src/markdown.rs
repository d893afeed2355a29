//! The Markdown of this tree's documents, for tests that check them against the system.

use crate::tree;

/// A document.
#[derive(Debug, Clone)]
pub struct Document {
    path: String,
    text: String,
}

/// A fenced block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The heading above it, without marks.
    pub heading: String,
    /// The language of its fence.
    pub language: String,
    /// The lines within.
    pub code: String,
}

impl Document {
    /// The document at a path from the root.
    #[must_use]
    pub fn read(path: &str) -> Self {
        Self { path: path.to_owned(), text: tree::file(path).text }
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cells of the first table under a heading, row by row: first its own heading, without the line below that.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn table(&self, heading: &str) -> Vec<Vec<String>> {
        let lines = self.text.lines().skip_while(|line| heading_of(line) != Some(heading)).skip(1);
        let lines = lines.take_while(|line| heading_of(line).is_none());
        let rows = lines.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let mut rows: Vec<Vec<String>> = rows.map(cells).collect();
        assert!(rows.len() > 2, "{} has no table under {heading}", self.path);
        rows.remove(1);
        rows
    }

    /// Its blocks of code, in order.
    ///
    /// # Panics
    /// When one does not end.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut heading = String::new();
        let mut open: Option<Block> = None;
        for line in self.text.lines() {
            match (&mut open, line.strip_prefix("```")) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.code.extend([line, "\n"]),
                (None, Some(language)) => {
                    let (heading, language) = (heading.clone(), language.to_owned());
                    open = Some(Block { heading, language, code: String::new() });
                }
                (None, None) => {
                    if let Some(found) = heading_of(line) {
                        found.clone_into(&mut heading);
                    }
                }
            }
        }
        assert_eq!(open, None, "{} has a block that does not end", self.path);
        blocks
    }

    /// The targets of its links.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let targets = self.text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        targets.map(|(target, _)| target.to_owned()).collect()
    }
}

fn heading_of(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len()).then(|| text.strip_prefix(' ')).flatten()
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    // A bar within a cell is escaped.
    inner.replace("\\|", "\u{0}").split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_blocks_and_links_are_found_with_their_lines() {
        let text = "# A\n\n| x | y |\n|---|---|\n| `a\\|b` | |\n\n## B\n\n```sh\n# no heading\n```\nSee [this](b.md).\n";
        let document = Document { path: "a.md".to_owned(), text: text.to_owned() };
        assert_eq!(document.table("A"), [["x", "y"], ["`a|b`", ""]]);
        let block =
            Block { heading: "B".to_owned(), language: "sh".to_owned(), code: "# no heading\n".to_owned() };
        assert_eq!(document.blocks(), [block]);
        assert_eq!(document.links(), ["b.md"]);
    }
}
