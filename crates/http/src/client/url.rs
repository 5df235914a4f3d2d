//! Addresses: `http` and `https`, a host, a port, a path. No user name, no fragment.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use hyper::Uri;

use crate::HttpError;

/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// A checked address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    is_tls: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// Path and query, beginning with `/`.
    path: String,
}

impl Url {
    /// Reads an absolute address.
    ///
    /// # Errors
    /// [`HttpError::Url`]; a user name or password in the address is not repeated in the text.
    pub fn parse(text: &str) -> Result<Self, HttpError> {
        let wrong = |why: &str| Err(HttpError::Url(format!("the address {why}")));
        if text.len() > URL_BYTES_MAX {
            return wrong(&format!("has more than {URL_BYTES_MAX} bytes"));
        }
        if text.contains('@') {
            return wrong("holds a user name or a password, or an @: a key belongs into a setting of its own");
        }
        let text = text.split('#').next().unwrap_or_default();
        let Ok(uri) = text.parse::<Uri>() else { return wrong(&format!("{text:?} cannot be read")) };
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return wrong(&format!("{text:?} begins with neither http:// nor https://")),
        };
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
            return wrong(&format!("{text:?} has no host"));
        };
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bracketed.is_some_and(|host| host.parse::<Ipv6Addr>().is_err()) {
            return wrong(&format!("{text:?} has brackets around what is no IPv6 address"));
        }
        if bracketed.is_none() && host.contains(['[', ']', ':']) {
            return wrong(&format!("{text:?} has a host with brackets or a colon in it"));
        }
        let host = bracketed.unwrap_or(host).to_ascii_lowercase();
        // What stands after the host and is no port is not told as one.
        let has_more = uri.authority().is_some_and(|authority| authority.as_str() != uri.host().unwrap_or_default());
        let port = match (uri.port(), uri.port_u16()) {
            (None, _) if has_more => return wrong(&format!("{text:?} has a port that is none")),
            (None, _) => {
                if is_tls {
                    443
                } else {
                    80
                }
            }
            (Some(_), Some(port)) if port > 0 => port,
            _ => return wrong(&format!("{text:?} has a port that is none")),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self { is_tls, host, port, path: if path.is_empty() { "/".to_owned() } else { path.to_owned() } })
    }

    /// The address of `path` below this one: `http://a/v1` and `models` give `http://a/v1/models`.
    ///
    /// # Errors
    /// [`HttpError::Url`] when the path makes it none.
    pub fn join(&self, path: &str) -> Result<Self, HttpError> {
        let base = self.path.split('?').next().unwrap_or_default().trim_end_matches('/');
        Self::parse(&format!("{}{base}/{}", self.origin(), path.trim_start_matches('/')))
    }

    /// Where a `Location` leads from here.
    pub(super) fn follow(&self, location: &str) -> Result<Self, HttpError> {
        if location.starts_with("//") {
            let scheme = if self.is_tls { "https:" } else { "http:" };
            return Self::parse(&format!("{scheme}{location}"));
        }
        if location.starts_with('/') {
            return Self::parse(&format!("{}{location}", self.origin()));
        }
        if location.contains("://") {
            return Self::parse(location);
        }
        let folder = self.path.split('?').next().unwrap_or_default();
        let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        Self::parse(&format!("{}{folder}/{location}", self.origin()))
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Scheme, host and, unless it is the scheme's own, port.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.authority())
    }

    /// The value of the `host` header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let own = if self.is_tls { 443 } else { 80 };
        if self.port == own { host } else { format!("{host}:{}", self.port) }
    }

    /// Host and port, always with both.
    pub fn host_and_port(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    /// Whether what is sent there stays on this machine. A name counts only if it is `localhost`, which is never looked up.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_whole_or_refused() {
        let rows = [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/", true),
            ("http://LOCALHOST/v1", "http://localhost/v1", true),
            ("https://api.example.com/v1/", "https://api.example.com/v1/", false),
            ("https://api.example.com:443/a?b=c#d", "https://api.example.com/a?b=c", false),
            ("http://[::1]:8080/x", "http://[::1]:8080/x", true),
            ("http://127.9.9.9/", "http://127.9.9.9/", true),
            ("http://localhost.example.com/", "http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", "http://127.0.0.1.example.com/", false),
        ];
        for (text, shown, loopback) in rows {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.to_string().as_str(), url.is_loopback()), (shown, loopback));
        }
        for wrong in [
            "",
            "example.com",
            "ftp://a/",
            "http://",
            "file:///etc/passwd",
            "http://a:0/",
            "http://a:99999/",
            "http://a b/",
            "http://a/\n",
            "http://:80/",
            "http://[]:8/",
            "http://[a.example]/",
            "http://[[::1]]/",
            "http://a[:]:8/",
        ] {
            assert_eq!(Url::parse(wrong).unwrap_err().code(), "url_invalid", "{wrong}");
        }
        let secret = Url::parse("https://user:hunter2@example.com/").unwrap_err().to_string();
        assert!(!secret.contains("hunter2"), "{secret}");
    }

    #[test]
    fn paths_are_joined_and_followed() {
        let base = Url::parse("https://a.example/v1/").unwrap();
        assert_eq!(base.join("models").unwrap().to_string(), "https://a.example/v1/models");
        assert_eq!(base.join("/chat/completions").unwrap().to_string(), "https://a.example/v1/chat/completions");
        let from = Url::parse("https://a.example/x/y?z").unwrap();
        for (location, to) in [
            ("/b", "https://a.example/b"),
            ("b", "https://a.example/x/b"),
            ("//c.example/d", "https://c.example/d"),
            ("http://e.example", "http://e.example/"),
        ] {
            assert_eq!(from.follow(location).unwrap().to_string(), to);
        }
    }
}
