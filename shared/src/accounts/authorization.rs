//! The `Authorization` header of the platform: `User <secret>, Organization <secret>[, Element <token>]`.

use crate::platform::secret::Secret;

/// The credentials that a caller presents, not checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorization {
    /// The user's secret.
    pub user: Option<Secret>,
    /// The organisation's secret.
    pub organization: Option<Secret>,
    /// The token of one instance.
    pub element: Option<Secret>,
}

impl Authorization {
    /// Reads the header's value, with or without commas between the parts, in any order and case.
    ///
    /// Other words are skipped: a part that is missing then fails the check.
    pub fn parse(header: &str) -> Self {
        let mut authorization = Self::default();
        let mut words = header.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        while let Some(scheme) = words.next() {
            let slot = match scheme.to_ascii_lowercase().as_str() {
                "user" => &mut authorization.user,
                "organization" => &mut authorization.organization,
                "element" => &mut authorization.element,
                _ => continue,
            };
            *slot = words.next().map(Secret::new);
        }
        authorization
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &str) -> [Option<String>; 3] {
        let Authorization { user, organization, element } = Authorization::parse(header);
        [user, organization, element].map(|secret| secret.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn the_platforms_spellings_are_read() {
        let all = [Some("u=".to_owned()), Some("o/+=".to_owned()), Some("e".to_owned())];
        for header in [
            "User u=, Organization o/+=, Element e",
            "User u=,Organization o/+=,Element e",
            "User u=, Organization o/+= Element e",
            "element e, organization o/+=, user u=",
        ] {
            assert_eq!(parsed(header), all, "{header}");
        }
        assert_eq!(parsed("User u"), [Some("u".to_owned()), None, None]);
        assert_eq!(parsed("Bearer x"), [None, None, None]);
        assert_eq!(parsed("User"), [None, None, None]);
        assert_eq!(parsed(""), [None, None, None]);
    }
}
