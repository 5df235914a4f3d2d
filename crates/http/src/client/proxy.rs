//! Proxies, as `HTTP_PROXY` and its relatives name them. Loopback is always direct.

use base64::Engine as _;

use super::request::Secret;
use super::url::Url;
use crate::HttpError;

/// One proxy. Only plain HTTP proxies; what goes through them to `https` addresses is encrypted end to end.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub(super) url: Url,
    /// Value of the `proxy-authorization` header.
    pub(super) credentials: Option<Secret>,
}

/// Which requests go through which proxy.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<Proxy>,
    /// For `https` addresses.
    pub https: Option<Proxy>,
    /// Hosts that are direct, with all below them; `*` is every host.
    pub direct: Vec<String>,
}

impl Proxy {
    /// Reads `http://[user:password@]host:port`, or `host:port`.
    ///
    /// # Errors
    /// [`HttpError::Url`] for another kind of proxy.
    pub fn parse(text: &str) -> Result<Self, HttpError> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            None => text,
            Some(("http", rest)) => rest,
            Some((scheme, _)) => {
                return Err(HttpError::Url(format!("a proxy with {scheme:?} is none that can be used: give http://")));
            }
        };
        let (credentials, place) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((credentials, place)) => (Some(credentials), place),
        };
        let encoded = credentials.map(|text| base64::engine::general_purpose::STANDARD.encode(unescaped(text)));
        Ok(Self {
            url: Url::parse(&format!("http://{place}"))?,
            credentials: encoded.map(|encoded| Secret::new(format!("Basic {encoded}"))),
        })
    }

    /// Host and port.
    pub fn place(&self) -> String {
        self.url.host_and_port()
    }
}

/// `%41` is `A`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let code = rest.strip_prefix('%').and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = rest.get(if code.is_some() { 3.. } else { 1.. }).unwrap_or_else(|| {
            // In the middle of a character: its further bytes follow as they are.
            bytes.extend(rest.bytes().skip(1));
            ""
        });
    }
    bytes
}

impl Proxies {
    /// The proxy for an address.
    pub(super) fn of(&self, url: &Url) -> Option<&Proxy> {
        let host = url.host();
        let is_direct = |entry: &String| {
            let entry = entry.trim().trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
            let entry = entry.split(':').next().unwrap_or_default();
            let below = || host.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.'));
            !entry.is_empty() && (entry == "*" || host == entry || below())
        };
        if url.is_loopback() || self.direct.iter().any(is_direct) {
            return None;
        }
        if url.is_tls() { self.https.as_ref() } else { self.http.as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_chosen_by_scheme_and_host() {
        let proxies = Proxies {
            http: Some(Proxy::parse("http://plain:3128").unwrap()),
            https: Some(Proxy::parse("me:p%40ss@tunnel:8080").unwrap()),
            direct: vec![".intern".to_owned(), "a.example".to_owned()],
        };
        let of = |url: &str| proxies.of(&Url::parse(url).unwrap()).map(Proxy::place);
        assert_eq!(of("http://b.example/"), Some("plain:3128".to_owned()));
        assert_eq!(of("https://b.example/"), Some("tunnel:8080".to_owned()));
        for direct in ["http://localhost/", "https://127.0.0.1/", "https://x.intern/", "https://a.example/"] {
            assert_eq!(of(direct), None, "{direct}");
        }
        assert!(of("https://aa.example/").is_some());
        let all = Proxies { direct: vec!["*".to_owned()], ..proxies.clone() };
        assert!(all.of(&Url::parse("http://b.example/").unwrap()).is_none());
        let secret = proxies.https.unwrap().credentials.unwrap();
        assert_eq!(secret.expose(), "Basic bWU6cEBzcw==");
        assert_eq!(Proxy::parse("socks5://a:1").unwrap_err().code(), "url_invalid");
        assert_eq!(unescaped("a%zz%C3%A4ä%"), "a%zzää%".as_bytes());
    }
}
