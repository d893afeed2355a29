//! What is wrong with a request, all in one answer.

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A required entry is not there, or empty.
    Missing(String),
    /// An entry cannot be used.
    Wrong {
        /// The entry.
        entry: String,
        /// What is wrong; it follows the entry's name.
        reason: String,
    },
}

impl Fault {
    pub(super) fn missing(entry: impl Into<String>) -> Self {
        Self::Missing(entry.into())
    }

    pub(crate) fn wrong(entry: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Wrong { entry: entry.into(), reason: reason.into() }
    }

    /// The entry that it is about.
    pub(super) fn entry(&self) -> &str {
        match self {
            Self::Missing(entry) | Self::Wrong { entry, .. } => entry,
        }
    }

    /// The text for the client: the missing entries by name, then the others with their reasons.
    pub(crate) fn message(faults: &[Self]) -> String {
        let missing: Vec<&str> = faults
            .iter()
            .filter_map(|fault| match fault {
                Self::Missing(entry) => Some(&**entry),
                Self::Wrong { .. } => None,
            })
            .collect();
        let mut sentences = Vec::new();
        if !missing.is_empty() {
            sentences.push(format!("Required entries are missing: {}.", missing.join(", ")));
        }
        for fault in faults {
            if let Self::Wrong { entry, reason } = fault {
                sentences.push(format!("{entry} {reason}."));
            }
        }
        sentences.join(" ")
    }
}
