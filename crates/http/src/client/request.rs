//! What is sent.

use std::fmt;
use std::sync::Arc;

use super::url::Url;

/// How a secret is shown.
pub const REDACTED: &str = "[redacted]";

/// Text that is never shown: `Debug` hides it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A foreign text without the secret, wherever it is repeated in it.
    pub fn hidden_in(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, REDACTED) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Asks.
    Get,
    /// Hands a body over.
    Post,
}

impl Method {
    /// As it stands in the first line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One request. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) secret: Option<Secret>,
    pub(super) body: Arc<[u8]>,
    pub(super) is_repeatable: bool,
}

impl Request {
    /// Asks for what is there. May be repeated.
    pub fn get(url: Url) -> Self {
        Self { method: Method::Get, url, headers: Vec::new(), secret: None, body: Arc::from([]), is_repeatable: true }
    }

    /// Hands JSON over. Is repeated only after [`Request::repeatable`].
    pub fn post_json(url: Url, body: impl Into<Arc<[u8]>>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { method: Method::Post, url, headers, secret: None, body: body.into(), is_repeatable: false }
    }

    /// Adds a header. Line ends in a value make the request fail.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends the secret as a bearer token.
    #[must_use]
    pub fn bearer(mut self, secret: Option<Secret>) -> Self {
        self.secret = secret;
        self
    }

    /// Says that the server may get it twice, as after a lost answer.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its body, byte for byte.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether it carries a secret.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let secret = Secret::new("sk-123");
        assert_eq!(format!("{secret:?}"), REDACTED);
        assert_eq!(secret.hidden_in("bad key sk-123!"), format!("bad key {REDACTED}!"));
        assert_eq!(Secret::new("").hidden_in("text"), "text");
        let request = Request::get(Url::parse("http://a/").unwrap()).bearer(Some(secret));
        assert!(!format!("{request:?}").contains("sk-123"));
    }
}
