//! Signed requests: profile `ec1` of HTTP Message Signatures (RFC 9421).
//!
//! A request is covered whole: method, authority, path, query, the digest of its body and, where they have a meaning, its
//! content type, its idempotency key and the protocol's version. Exactly that, in one order, under one label.
//!
//! Whoever receives one goes these steps, and the types leave no other way: [`Claim::read`] looks at the fields,
//! [`Claim::verify`] at time, key and signature, [`SignedHead::check_body`] at the body, and then its
//! [`crate::nonce::NonceUse`] is stored. Nothing of a stranger's is hashed, stored or even read beyond the head.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edgecoder_types::{Digest, Entropy, UnixMs};

use crate::canonical::sha256;
use crate::content::{read_content_digest, write_content_digest};
use crate::key::NodeKey;
use crate::key_record::{Algorithm, KeyRecord};
use crate::nonce::NonceUse;
use crate::rejection::Rejection;
use crate::structured::{Bare, FieldError, Input, read_bytes, read_input, write_bytes};

/// The label of the signature, and its tag.
pub const PROFILE: &str = "ec1";
/// Version of the protocol: the value of the field `ec-protocol`.
pub const PROTOCOL: &str = "1";
/// Longest life of a signature, in seconds.
pub const LIFETIME_S_MAX: i64 = 60;
/// Most that two clocks may differ, in seconds.
pub const SKEW_S_MAX: i64 = 30;

/// Methods that change nothing, so that their requests need no idempotency key.
const SAFE_METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// The fields of a message, in the order in which they came: names in lower case, values as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a>(pub Vec<(&'a str, &'a [u8])>);

impl<'a> Fields<'a> {
    /// The one value of a field, without the white space around it.
    ///
    /// # Errors
    /// It is missing, there are several, or it holds anything but visible ASCII, spaces and tabs.
    pub fn one(&self, name: &'static str) -> Result<&'a str, Rejection> {
        let mut values = self.0.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value);
        let value = values.next().ok_or(Rejection::Missing(name))?;
        if values.next().is_some() {
            return Err(Rejection::Repeated(name));
        }
        let text = std::str::from_utf8(value).map_err(|_| Rejection::Malformed(name))?.trim_matches([' ', '\t']);
        if text.is_empty() || !text.bytes().all(|byte| (0x20..0x7f).contains(&byte) || byte == b'\t') {
            return Err(Rejection::Malformed(name));
        }
        Ok(text)
    }
}

/// A request without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Host and port in lower case; without the port where it is the scheme's own.
    pub authority: &'a str,
    /// The path as it is sent, never empty.
    pub path: &'a str,
    /// What follows the question mark, where there is one.
    pub query: Option<&'a str>,
    /// Its fields.
    pub fields: Fields<'a>,
}

/// What a signature adds to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFields {
    /// Value of `content-digest`.
    pub content_digest: String,
    /// Value of `signature-input`.
    pub signature_input: String,
    /// Value of `signature`.
    pub signature: String,
}

/// Signs a request. Its fields have to hold `ec-protocol`, and `content-type` and `idempotency-key` where they are covered.
///
/// # Errors
/// A field that is to be covered is missing, repeated or malformed.
pub fn sign_request(
    head: &RequestHead<'_>,
    body: &Digest,
    key: &NodeKey,
    at: UnixMs,
    entropy: &mut dyn Entropy,
) -> Result<SignatureFields, Rejection> {
    let mut nonce = [0_u8; 16];
    entropy.fill(&mut nonce);
    let created = at.0.div_euclid(1_000);
    let content_digest = write_content_digest(body);
    let components = components(head.method, has_body(body));
    let params = format!(
        "({});created={created};expires={};nonce=\"{}\";keyid=\"{}\";alg=\"{}\";tag=\"{PROFILE}\"",
        identifiers(&components),
        created + LIFETIME_S_MAX,
        URL_SAFE_NO_PAD.encode(nonce),
        key.thumbprint(),
        Algorithm::Ed25519.name(),
    );
    let base = base(head, &components, &content_digest, &params)?;
    let signature = write_bytes(PROFILE, &key.sign_bytes(base.as_bytes()));
    Ok(SignatureFields { content_digest, signature_input: format!("{PROFILE}={params}"), signature })
}

/// A request that says who sends it. Nothing of it is proven.
#[derive(Debug)]
pub struct Claim {
    key_id: String,
    algorithm: String,
    nonce: String,
    created: i64,
    expires: i64,
    body: Digest,
    base: String,
    signature: [u8; 64],
    signature_field: String,
}

impl Claim {
    /// Reads a request's fields. `authorities` are the names under which this service is reached.
    ///
    /// # Errors
    /// Anything but the profile's one form.
    pub fn read(head: &RequestHead<'_>, authorities: &[String]) -> Result<Self, Rejection> {
        if !authorities.iter().any(|known| known == head.authority) {
            return Err(Rejection::Authority { authority: head.authority.chars().take(80).collect() });
        }
        let input = read_profile(head.fields.one("signature-input")?)?;
        let signature_field = head.fields.one("signature")?;
        let signature = read_signature(signature_field)?;
        let content_digest = head.fields.one("content-digest")?;
        let body = read_content_digest(content_digest).ok_or(Rejection::Malformed("content-digest"))?;
        let components = components(head.method, has_body(&body));
        check_coverage(&input, &components)?;
        let params = Params::read(&input)?;
        if head.fields.one("ec-protocol")? != PROTOCOL {
            return Err(Rejection::Protocol);
        }
        Ok(Self {
            key_id: params.key_id.to_owned(),
            algorithm: params.algorithm.to_owned(),
            nonce: params.nonce.to_owned(),
            created: params.created,
            expires: params.expires,
            body,
            base: base(head, &components, content_digest, input.params_text)?,
            signature,
            signature_field: signature_field.to_owned(),
        })
    }

    /// Thumbprint of the key that is said to have signed.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Checks the times, the key and the signature. `remembers_since` is what
    /// [`crate::nonce::NonceStore::remembers_since`] says.
    ///
    /// # Errors
    /// As [`Rejection`] says.
    pub fn verify(
        self,
        key: &KeyRecord,
        now: UnixMs,
        remembers_since: Option<UnixMs>,
    ) -> Result<SignedHead, Rejection> {
        self.check_times(now, remembers_since)?;
        if key.public.thumbprint() != self.key_id {
            return Err(Rejection::UnknownKey);
        }
        if key.algorithm.name() != self.algorithm {
            return Err(Rejection::Algorithm);
        }
        key.check_verifies(now).map_err(Rejection::Key)?;
        key.public.verify(self.base.as_bytes(), &self.signature).map_err(|_| Rejection::Signature)?;
        Ok(SignedHead(self))
    }

    fn check_times(&self, now: UnixMs, remembers_since: Option<UnixMs>) -> Result<(), Rejection> {
        let lifetime_s = self.expires.saturating_sub(self.created);
        if !(1..=LIFETIME_S_MAX).contains(&lifetime_s) {
            return Err(Rejection::Lifetime { lifetime_s });
        }
        let now_s = now.0.div_euclid(1_000);
        if self.created > now_s.saturating_add(SKEW_S_MAX) {
            return Err(Rejection::Future { by_s: self.created.saturating_sub(now_s) });
        }
        if self.expires.saturating_add(SKEW_S_MAX) < now_s {
            return Err(Rejection::Expired { by_s: now_s.saturating_sub(self.expires) });
        }
        if remembers_since.is_some_and(|since| self.created < since.0.div_euclid(1_000) + 1) {
            return Err(Rejection::BeforeMemory);
        }
        Ok(())
    }
}

/// A head that was signed by the key that it names. Its body is still to come.
#[derive(Debug)]
pub struct SignedHead(Claim);

impl SignedHead {
    /// Whether there is a body.
    pub fn has_body(&self) -> bool {
        has_body(&self.0.body)
    }

    /// Checks that the body is the one that was signed. The caller bounds its size before it is hashed.
    ///
    /// # Errors
    /// [`Rejection::Body`]
    pub fn check_body(self, body: &Digest) -> Result<SignedRequest, Rejection> {
        let claim = self.0;
        if claim.body != *body {
            return Err(Rejection::Body);
        }
        let keep_until = UnixMs(claim.expires.saturating_add(2 * SKEW_S_MAX).saturating_mul(1_000));
        let nonce = NonceUse { key_id: claim.key_id, nonce: claim.nonce, keep_until };
        Ok(SignedRequest { nonce, signature_field: claim.signature_field })
    }
}

/// A request that was signed, body and all. It is accepted once its nonce was fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// What has to be stored.
    pub nonce: NonceUse,
    /// The value of its field `signature`, to which a signed answer is bound.
    pub signature_field: String,
}

/// The parameters of the signature, each of them exactly once.
struct Params<'a> {
    created: i64,
    expires: i64,
    nonce: &'a str,
    key_id: &'a str,
    algorithm: &'a str,
}

impl<'a> Params<'a> {
    fn read(input: &Input<'a>) -> Result<Self, Rejection> {
        let wrong = || Rejection::Malformed("signature-input");
        let integer = |name: &str| match find(input, name) {
            Some(Bare::Integer(value)) => Ok(value),
            _ => Err(wrong()),
        };
        let text = |name: &str| match find(input, name) {
            Some(Bare::Text(value)) if !value.is_empty() => Ok(value),
            _ => Err(wrong()),
        };
        let params = Self {
            created: integer("created")?,
            expires: integer("expires")?,
            nonce: text("nonce")?,
            key_id: text("keyid")?,
            algorithm: text("alg")?,
        };
        // The five and the tag, and no other.
        let nonce = URL_SAFE_NO_PAD.decode(params.nonce).map_err(|_| wrong())?;
        if input.parameters.len() != 6 || nonce.len() != 16 { Err(wrong()) } else { Ok(params) }
    }
}

fn find<'a>(input: &Input<'a>, name: &str) -> Option<Bare<'a>> {
    input.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// Reads a signature's input of this profile.
pub(crate) fn read_profile(field: &str) -> Result<Input<'_>, Rejection> {
    let input = read_input(field).map_err(|error| refused(error, "signature-input"))?;
    let is_tagged = find(&input, "tag") == Some(Bare::Text(PROFILE));
    if input.label == PROFILE && is_tagged { Ok(input) } else { Err(Rejection::Profile) }
}

/// Reads a signature of this profile.
pub(crate) fn read_signature(field: &str) -> Result<[u8; 64], Rejection> {
    let (label, bytes) = read_bytes(field).map_err(|error| refused(error, "signature"))?;
    if label != PROFILE {
        return Err(Rejection::Profile);
    }
    bytes.try_into().map_err(|_| Rejection::Malformed("signature"))
}

fn refused(error: FieldError, field: &'static str) -> Rejection {
    match error {
        FieldError::Malformed => Rejection::Malformed(field),
        FieldError::Several => Rejection::Signatures,
    }
}

fn has_body(digest: &Digest) -> bool {
    *digest != sha256(b"")
}

/// Whether a method changes something.
pub fn is_mutating(method: &str) -> bool {
    !SAFE_METHODS.contains(&method)
}

/// What has to be covered, in the profile's order.
fn components(method: &str, has_body: bool) -> Vec<&'static str> {
    let mut components = vec!["@method", "@authority", "@path", "@query", "content-digest"];
    if has_body {
        components.push("content-type");
    }
    if is_mutating(method) {
        components.push("idempotency-key");
    }
    components.push("ec-protocol");
    components
}

fn identifiers(components: &[&str]) -> String {
    components.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ")
}

fn check_coverage(input: &Input<'_>, wanted: &[&str]) -> Result<(), Rejection> {
    let (wanted, covered) = (identifiers(wanted), input.components.join(" "));
    if wanted == covered { Ok(()) } else { Err(Rejection::Coverage { wanted, covered }) }
}

/// The signature base (RFC 9421, 2.5) of a request.
fn base(
    head: &RequestHead<'_>,
    components: &[&'static str],
    content_digest: &str,
    params: &str,
) -> Result<String, Rejection> {
    let target = [head.method, head.authority, head.path, head.query.unwrap_or_default()];
    if !target.iter().all(|part| part.bytes().all(|byte| (0x21..0x7f).contains(&byte))) {
        return Err(Rejection::Malformed("request target"));
    }
    let mut base = SignatureBase::default();
    for name in components {
        match *name {
            "@method" => base.line("\"@method\"", head.method),
            "@authority" => base.line("\"@authority\"", head.authority),
            "@path" => base.line("\"@path\"", head.path),
            "@query" => base.line("\"@query\"", &format!("?{}", head.query.unwrap_or_default())),
            "content-digest" => base.line("\"content-digest\"", content_digest),
            field => base.line(&format!("\"{field}\""), head.fields.one(field)?),
        }
    }
    Ok(base.end(params))
}

/// The lines that are signed.
#[derive(Default)]
pub(crate) struct SignatureBase(String);

impl SignatureBase {
    /// One component: its identifier as it stands in the signature's input, and its value, which has no line end.
    pub(crate) fn line(&mut self, identifier: &str, value: &str) {
        debug_assert!(!value.contains(['\r', '\n']), "a value with a line end would be two components");
        self.0.extend([identifier, ": ", value, "\n"]);
    }

    pub(crate) fn end(mut self, params: &str) -> String {
        self.0.extend(["\"@signature-params\": ", params]);
        self.0
    }
}

#[cfg(test)]
mod tests;
