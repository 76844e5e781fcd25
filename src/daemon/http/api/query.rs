//! Request parameters. Unknown ones are refused, so that a misspelled parameter is not silently
//! ignored.

use crate::daemon::http::response::Problem;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use std::str::FromStr;
use utoipa::IntoParams;

/// The maximum number of items per response.
const LIMIT_MAX: usize = 200;
/// The default number of items per response.
const LIMIT: usize = 50;
/// The maximum length of a parameter value, in bytes.
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
            Some((name, _)) => {
                Err(Problem::bad(format!("`{name}` is longer than {VALUE_BYTES_MAX} bytes")))
            }
            None => Ok(Self(pairs)),
        }
    }
}

/// The article id in a path, for requests without parameters.
#[derive(Debug, IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(super) struct Id(
    /// id of the article
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
            Some((name, _)) if known.is_empty() => Err(Problem::bad(format!(
                "unknown parameter `{name}`: this resource takes no parameters"
            ))),
            Some((name, _)) => Err(Problem::bad(format!(
                "unknown parameter `{name}`; this resource takes: {}",
                known.join(", ")
            ))),
        }
    }

    /// All values of a parameter that may be repeated.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that may be given at most once.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut all = self.0.iter().filter(|(given, _)| given == name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(Problem::bad(format!("`{name}` must not be given more than once"))),
            (found, None) => Ok(found.map(|(_, value)| value.as_str())),
        }
    }

    /// The value of a required parameter.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Problem> {
        let value = self.one(name)?.filter(|value| !value.is_empty());
        value.ok_or_else(|| Problem::bad(format!("`{name}` is required")))
    }

    /// The parsed value of a parameter. `what` names the expected type in the error message.
    pub(super) fn read<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        let read = value.parse().map(Some);
        read.map_err(|_| Problem::bad(format!("`{name}` is not a {what}: `{value}`")))
    }

    /// The requested number of items, or the default.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        self.limit_or(LIMIT)
    }

    /// The requested number of items, or `usual` if the request does not specify one.
    pub(super) fn limit_or(&self, usual: usize) -> Result<usize, Problem> {
        let limit = self.read("limit", "number")?.unwrap_or(usual);
        match (1..=LIMIT_MAX).contains(&limit) {
            true => Ok(limit),
            false => Err(Problem::bad(format!("`limit` must be between 1 and {LIMIT_MAX}"))),
        }
    }

    /// The numbers in the cursor, which is the value of `next` from an earlier response.
    pub(super) fn cursor<const N: usize>(&self) -> Result<Option<[u64; N]>, Problem> {
        let Some(cursor) = self.one("cursor")? else { return Ok(None) };
        let read = || -> Option<[u64; N]> {
            let parts: Option<Vec<u64>> =
                cursor.split('-').map(|part| u64::from_str_radix(part, 16).ok()).collect();
            parts?.try_into().ok()
        };
        let wrong = || Problem::bad("`cursor` is not the `next` of a response of this list");
        read().map(Some).ok_or_else(wrong)
    }
}

/// Encodes numbers as a cursor.
pub(super) fn cursor<const N: usize>(parts: [u64; N]) -> String {
    parts.map(|part| format!("{part:x}")).join("-")
}

/// Maps signed to unsigned numbers, preserving their order.
pub(super) fn unsigned(value: i64) -> u64 {
    (value as u64) ^ (1 << 63)
}

/// The inverse of [`unsigned`].
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
    fn cursors_round_trip() {
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
    fn unknown_repeated_and_out_of_range_parameters_are_refused() {
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
