//! Settings from the environment, read once at the start.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Environment variables by name.
///
/// Values may be secret (AWS credentials), so `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

/// A variable that is missing or cannot be used; the process must not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A variable without a default is not set, or empty.
    #[error("environment variable {name} is not set")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// A variable has an invalid value.
    #[error("environment variable {name} is not usable: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
}

impl Variables {
    /// The environment of this process; a variable that is not UTF-8 counts as not set.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable; empty counts as not set.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that has no default.
    pub fn required<T>(&self, name: &'static str) -> Result<T, SettingError>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(name).ok_or(SettingError::Missing { name })?;
        parse(name, text)
    }

    /// The value of a variable, or `default` when it is not set.
    pub fn or<T>(&self, name: &'static str, default: T) -> Result<T, SettingError>
    where
        T: FromStr<Err: Display>,
    {
        self.text(name).map_or(Ok(default), |text| parse(name, text))
    }
}

fn parse<T: FromStr<Err: Display>>(name: &'static str, text: &str) -> Result<T, SettingError> {
    text.trim().parse().map_err(|error: T::Err| SettingError::Invalid { name, reason: error.to_string() })
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Extend<(String, String)> for Variables {
    fn extend<I: IntoIterator<Item = (String, String)>>(&mut self, pairs: I) {
        self.0.extend(pairs);
    }
}

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_error_names_the_variable() {
        let set = variables(&[("EVENT_RETENTION_DAYS", "soon"), ("EMPTY", "")]);
        let invalid = set.required::<u32>("EVENT_RETENTION_DAYS").unwrap_err().to_string();
        assert!(invalid.starts_with("environment variable EVENT_RETENTION_DAYS is not usable"), "{invalid}");
        assert_eq!(set.required::<String>("EMPTY"), Err(SettingError::Missing { name: "EMPTY" }));
        assert_eq!(set.or("ABSENT", 30), Ok(30));
    }

    #[test]
    fn values_are_not_shown() {
        let shown = format!("{:?}", variables(&[("AWS_SECRET_ACCESS_KEY", "hush")]));
        assert_eq!(shown, r#"{"AWS_SECRET_ACCESS_KEY"}"#);
    }
}
