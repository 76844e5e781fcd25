//! Parameters of a request: read strictly, so that a misspelt one is not taken for none.

use crate::daemon::http::response::Problem;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use std::str::FromStr;
use utoipa::IntoParams;

/// The most items of one answer.
const LIMIT_MAX: usize = 200;
const LIMIT: usize = 50;
/// The longest value.
const VALUE_BYTES_MAX: usize = 2_048;

/// The parameters of a request, in order.
#[derive(Debug, Clone)]
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = read.map_err(|why| Problem::bad(why.to_string()))?;
        match pairs.iter().find(|(_, value)| value.len() > VALUE_BYTES_MAX) {
            Some((name, _)) => Err(Problem::bad(format!("`{name}` is too long"))),
            None => Ok(Self(pairs)),
        }
    }
}

/// The article of a path, where there are no parameters.
#[derive(Debug, IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(super) struct Id(
    /// the article
    pub(super) String,
);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Params::from_request_parts(parts, state).await?.only(&[])?;
        let id = Path::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|why| Problem::bad(why.to_string()))
    }
}

impl Params {
    /// Refuses parameters that are not in `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => {
                Err(Problem::bad(format!("no parameter `{name}`: there is none")))
            }
            Some((name, _)) => {
                Err(Problem::bad(format!("no parameter `{name}`: there are {}", known.join(", "))))
            }
        }
    }

    /// All values of a parameter that may be repeated, split at commas where `name` allows it.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut all = self.0.iter().filter(|(given, _)| given == name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(Problem::bad(format!("`{name}` is given twice"))),
            (found, None) => Ok(found.map(|(_, value)| value.as_str())),
        }
    }

    /// The value of a parameter that is needed.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Problem> {
        let value = self.one(name)?.filter(|value| !value.is_empty());
        value.ok_or_else(|| Problem::bad(format!("`{name}` is needed")))
    }

    /// The value of a parameter, read.
    pub(super) fn read<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        let read = value.parse().map(Some);
        read.map_err(|_| Problem::bad(format!("`{name}` is no {what}: `{value}`")))
    }

    /// How many items are wanted.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        self.limit_or(LIMIT)
    }

    /// How many items are wanted, `usual` where the request does not say.
    pub(super) fn limit_or(&self, usual: usize) -> Result<usize, Problem> {
        let limit = self.read("limit", "number")?.unwrap_or(usual);
        match (1..=LIMIT_MAX).contains(&limit) {
            true => Ok(limit),
            false => Err(Problem::bad(format!("`limit` must be 1 to {LIMIT_MAX}"))),
        }
    }

    /// The numbers of the cursor: those of an earlier answer's `next`.
    pub(super) fn cursor<const N: usize>(&self) -> Result<Option<[u64; N]>, Problem> {
        let Some(cursor) = self.one("cursor")? else { return Ok(None) };
        let read = || -> Option<[u64; N]> {
            let parts: Option<Vec<u64>> =
                cursor.split('-').map(|part| u64::from_str_radix(part, 16).ok()).collect();
            parts?.try_into().ok()
        };
        let wrong = || Problem::bad("`cursor` is none that this list gave");
        read().map(Some).ok_or_else(wrong)
    }
}

/// A cursor of so many numbers.
pub(super) fn cursor<const N: usize>(parts: [u64; N]) -> String {
    parts.map(|part| format!("{part:x}")).join("-")
}

/// Numbers in order as numbers in order that are not negative.
pub(super) fn unsigned(value: i64) -> u64 {
    (value as u64) ^ (1 << 63)
}

/// The number that [`unsigned`] was made from.
pub(super) fn signed(value: u64) -> i64 {
    (value ^ (1 << 63)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn cursors_come_back() {
        for rank in [i64::MIN, -1, 0, 7, i64::MAX] {
            let text = cursor([unsigned(rank), 9]);
            let read = params(&[("cursor", &text)]).cursor::<2>().unwrap().unwrap();
            assert_eq!((signed(read[0]), read[1]), (rank, 9));
        }
        assert!(unsigned(-1) < unsigned(0) && unsigned(0) < unsigned(1));
        for wrong in ["", "1", "1-2-3", "x-1", "-"] {
            assert!(params(&[("cursor", wrong)]).cursor::<2>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_misspelt_or_out_of_range_is_refused() {
        let given = params(&[("limit", "10"), ("kind", "a"), ("kind", "b")]);
        assert_eq!(given.limit().unwrap(), 10);
        assert_eq!(given.all("kind").collect::<Vec<_>>(), ["a", "b"]);
        assert!(given.one("kind").is_err() && given.only(&["limit"]).is_err());
        given.only(&["limit", "kind"]).unwrap();
        for wrong in ["0", "201", "-1", "many"] {
            assert!(params(&[("limit", wrong)]).limit().is_err(), "{wrong}");
        }
    }
}
