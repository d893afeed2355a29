//! Why a template cannot be used, and where in it.

use std::io;

use thiserror::Error;

/// Why a template cannot be used.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The file is missing or cannot be read.
    #[error("{file}: {reason}")]
    Unreadable {
        /// The file as it was asked for.
        file: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The text is not YAML.
    #[error("{file}:{line}:{column}: {problem}")]
    NotYaml {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the YAML parser expected.
        problem: String,
    },
    /// It is YAML, but something needed from it is missing, wrong or not supported.
    #[error("{file}: {place}: {problem}")]
    Wrong {
        /// The file.
        file: String,
        /// The keys that lead there, such as `Resources.DispatcherFunction.Properties.Timeout`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

/// A [`TemplateError::Wrong`] that does not know its file yet.
#[derive(Debug)]
pub(super) struct Fault {
    place: String,
    problem: String,
}

impl Fault {
    pub(super) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }

    pub(super) fn in_file(self, file: &str) -> TemplateError {
        TemplateError::Wrong { file: file.to_owned(), place: self.place, problem: self.problem }
    }
}
