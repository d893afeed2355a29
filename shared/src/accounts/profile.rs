//! The name and e-mail address of a user.

use serde::{Deserialize, Serialize};

/// A user's e-mail address and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Where the user is reached.
    pub email_address: String,
    /// The first name.
    pub first_name: String,
    /// The last name; empty if the user has only one name.
    pub last_name: String,
}

impl Profile {
    /// A profile from the name of a user and its number: "Bruce Wayne" has the first name Bruce and the last name Wayne.
    ///
    /// The e-mail address ends in `.invalid`, which no mail ever reaches (RFC 2606).
    pub fn of_name(name: &str, user_id: u64) -> Self {
        let name = name.trim();
        let name = if name.is_empty() { format!("User {user_id}") } else { name.to_owned() };
        let (first, last) = name.split_once(char::is_whitespace).unwrap_or((&name, ""));
        Self {
            email_address: format!("user-{user_id}@users.invalid"),
            first_name: first.to_owned(),
            last_name: last.trim().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_at_its_first_space() {
        let rows = [
            ("Bruce Wayne", "Bruce", "Wayne"),
            (" Ludwig  van Beethoven ", "Ludwig", "van Beethoven"),
            ("Lucius", "Lucius", ""),
            ("", "User", "7"),
        ];
        for (name, first, last) in rows {
            let profile = Profile::of_name(name, 7);
            assert_eq!((&*profile.first_name, &*profile.last_name), (first, last), "{name}");
            assert_eq!(profile.email_address, "user-7@users.invalid");
        }
    }
}
