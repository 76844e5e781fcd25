//! The publishers that a user prefers, in order of preference.
//!
//! In: names as in the setting `engine.preferred_publishers`. Out: the place of an article's
//! publisher in that list. A name represents its whole [family](super::publisher): `Northwire` also
//! means `northwire.com` and `Northwire News`.

use super::publisher;
use serde::{Deserialize, Serialize};

/// Maximum number of names in the list.
const NAMES_MAX: usize = 100;

/// The preferred publishers, most preferred first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct PreferredPublishers {
    /// The names as written.
    names: Vec<String>,
    /// The families of these names.
    families: Vec<String>,
}

/// The place of a publisher in the list. A lower place is preferred. All publishers that are not
/// listed share one place, after the listed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PreferencePlace(u8);

impl PreferencePlace {
    /// The place of a publisher that is not listed.
    const UNLISTED: Self = Self(u8::MAX);

    /// Whether the publisher is listed.
    pub fn is_listed(self) -> bool {
        self != Self::UNLISTED
    }
}

/// The reason why a list of preferred publishers is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreferenceError {
    /// A name has no letters or digits.
    #[error("`{0}` is not the name of a publisher")]
    Nameless(String),
    /// There are too many names.
    #[error("must have at most {NAMES_MAX} names, found {0}")]
    TooMany(usize),
}

impl TryFrom<Vec<String>> for PreferredPublishers {
    type Error = PreferenceError;

    fn try_from(names: Vec<String>) -> Result<Self, Self::Error> {
        if names.len() > NAMES_MAX {
            return Err(PreferenceError::TooMany(names.len()));
        }
        let families: Vec<String> = names.iter().map(|name| publisher::family(name)).collect();
        match families.iter().position(String::is_empty) {
            Some(at) => Err(PreferenceError::Nameless(names[at].clone())),
            None => Ok(Self { names, families }),
        }
    }
}

impl From<PreferredPublishers> for Vec<String> {
    fn from(preferred: PreferredPublishers) -> Self {
        preferred.names
    }
}

impl PreferredPublishers {
    /// Whether no publisher is preferred.
    pub fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// The place of the publisher with this name.
    pub fn place(&self, provider: Option<&str>) -> PreferencePlace {
        let Some(provider) = provider.filter(|_| !self.is_empty()) else {
            return PreferencePlace::UNLISTED;
        };
        let family = publisher::family(provider);
        let at = self.families.iter().position(|listed| *listed == family);
        at.and_then(|at| u8::try_from(at).ok()).map_or(PreferencePlace::UNLISTED, PreferencePlace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str]) -> Result<PreferredPublishers, PreferenceError> {
        names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>().try_into()
    }

    #[test]
    fn a_name_stands_for_its_family_and_earlier_names_come_first() {
        let preferred = read(&["Northwire", "Harbour Times"]).unwrap();
        let place = |name: &str| preferred.place(Some(name));
        assert!(place("northwire.com") < place("harbour-times.example"));
        assert!(place("Harbour Times - Sport") < place("Seltz Gazette"));
        assert_eq!(place("Seltz Gazette"), preferred.place(None));
        assert!(place("Northwire News").is_listed() && !place("Seltz Gazette").is_listed());
        assert!(!read(&[]).unwrap().place(Some("Northwire")).is_listed());
    }

    #[test]
    fn lists_with_nameless_or_too_many_names_are_rejected() {
        assert_eq!(read(&["Northwire", "—"]), Err(PreferenceError::Nameless("—".into())));
        assert!(read(&vec!["Northwire"; NAMES_MAX]).is_ok());
        let many = read(&vec!["Northwire"; NAMES_MAX + 1]);
        assert_eq!(many, Err(PreferenceError::TooMany(NAMES_MAX + 1)));
    }
}
