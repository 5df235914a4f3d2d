//! What a handler is given: JSON bodies, parts of the path, the query. Each refuses with a problem that says where.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::response::IntoResponse;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::RequestFault;
use super::problem::{Refused, ServiceError};

/// Most parameters of a query.
const PARAMETERS_MAX: usize = 32;

/// A JSON body, in and out. Types that are read say `deny_unknown_fields`, so that a misspelt name is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        if !is_json(request.headers()) {
            return Err(RequestFault::MediaType.refuse());
        }
        // The gate has bounded it already.
        let bytes =
            Bytes::from_request(request, state).await.map_err(|_| RequestFault::Slow { seconds: 0 }.refuse())?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let place = (error.line() > 0).then(|| (error.line(), error.column()));
            RequestFault::Json { why: error.to_string(), place }.refuse()
        })
    }
}

/// `application/json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => {
                let mut response = Response::new(Body::from(bytes));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => RequestFault::Internal.refuse().logged(error.to_string()).into_response(),
        }
    }
}

/// The variable parts of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|error| RequestFault::Parameter(error.body_text()).refuse())
    }
}

/// The query, every name at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads it.
    ///
    /// # Errors
    /// [`RequestFault::Parameter`]
    pub fn parse(text: &str) -> Result<Self, RequestFault> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(RequestFault::Parameter("the query is not percent-encoded UTF-8".to_owned()));
            };
            if pairs.len() == PARAMETERS_MAX || pairs.iter().any(|(known, _)| *known == name) {
                return Err(RequestFault::Parameter(format!("the query has {name} twice, or too many parameters")));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Refuses names that this route doesn't know.
    ///
    /// # Errors
    /// [`RequestFault::Parameter`] with the name.
    pub fn only(&self, names: &[&str]) -> Result<(), RequestFault> {
        match self.0.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                Err(RequestFault::Parameter(format!("the query has no parameter {name}: {}", names.join(", "))))
            }
        }
    }

    /// The value of a name, if it is there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name as something else.
    ///
    /// # Errors
    /// [`RequestFault::Parameter`] with the name.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, RequestFault> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| RequestFault::Parameter(format!("{name} cannot be {text:?}")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::parse(parts.uri.query().unwrap_or_default()).map_err(|fault| fault.refuse())
    }
}

/// `%41` and `+` as they mean in a query.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, tail) = tail.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = tail;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_whole_or_refused() {
        let query = Query::parse("wait=20&cursor=a%2Bb+c&flag").unwrap();
        assert_eq!((query.text("cursor"), query.text("flag"), query.text("x")), (Some("a+b c"), Some(""), None));
        assert_eq!(query.parsed::<u32>("wait"), Ok(Some(20)));
        assert!(query.parsed::<u32>("cursor").is_err());
        assert_eq!(query.only(&["wait", "cursor", "flag"]), Ok(()));
        let unknown = query.only(&["wait"]).unwrap_err().to_string();
        assert_eq!(unknown, "the query has no parameter cursor: wait");
        for wrong in ["a=1&a=2", "a=%", "a=%2", "a=%zz", "a=%+1", "a=%ff"] {
            assert!(Query::parse(wrong).is_err(), "{wrong}");
        }
        let many: Vec<String> = (0..=PARAMETERS_MAX).map(|number| format!("p{number}=1")).collect();
        assert!(Query::parse(&many.join("&")).is_err());
    }
}
