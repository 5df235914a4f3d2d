//! Signed answers: they bind the signature of the request that they answer, so that no answer can be given for another one.

use edgecoder_types::UnixMs;

use crate::canonical::sha256;
use crate::content::{content_digest, read_content_digest};
use crate::key::{NodeKey, PublicKey};
use crate::key_record::Algorithm;
use crate::rejection::Rejection;
use crate::request::{Fields, PROFILE, SignatureBase, SignatureFields, read_profile, read_signature};
use crate::structured::{Bare, write_bytes};

/// The component that stands for the request.
const REQUEST: &str = "\"signature\";req";

/// Signs an answer. Its fields hold `content-type` where it has a body.
///
/// # Errors
/// `content-type` is missing, repeated or malformed.
pub fn sign_response(
    status: u16,
    fields: &Fields<'_>,
    body: &[u8],
    request_signature: &str,
    key: &NodeKey,
    at: UnixMs,
) -> Result<SignatureFields, Rejection> {
    let content_digest = content_digest(body);
    let params = format!(
        "({});created={};keyid=\"{}\";alg=\"{}\";tag=\"{PROFILE}\"",
        identifiers(!body.is_empty()),
        at.0.div_euclid(1_000),
        key.thumbprint(),
        Algorithm::Ed25519.name(),
    );
    let base = base(status, fields, &content_digest, !body.is_empty(), request_signature, &params)?;
    let signature = write_bytes(PROFILE, &key.sign_bytes(base.as_bytes()));
    Ok(SignatureFields { content_digest, signature_input: format!("{PROFILE}={params}"), signature })
}

/// Checks that an answer was signed by this key, for the request with this signature, with this body. Its age needs no check:
/// it is bound to a request that is fresh.
///
/// # Errors
/// As [`Rejection`] says.
pub fn verify_response(
    status: u16,
    fields: &Fields<'_>,
    body: &[u8],
    request_signature: &str,
    key: &PublicKey,
) -> Result<(), Rejection> {
    let input = read_profile(fields.one("signature-input")?)?;
    let signature = read_signature(fields.one("signature")?)?;
    let content_digest = fields.one("content-digest")?;
    let digest = read_content_digest(content_digest).ok_or(Rejection::Malformed("content-digest"))?;
    let (wanted, covered) = (identifiers(!body.is_empty()), input.components.join(" "));
    if wanted != covered {
        return Err(Rejection::Coverage { wanted, covered });
    }
    let is_named = |name: &str, value: &str| input.parameters.contains(&(name, Bare::Text(value)));
    let is_dated = input.parameters.iter().any(|(name, value)| *name == "created" && matches!(value, Bare::Integer(_)));
    if input.parameters.len() != 4 || !is_dated {
        return Err(Rejection::Malformed("signature-input"));
    }
    if !is_named("keyid", &key.thumbprint()) {
        return Err(Rejection::UnknownKey);
    }
    if !is_named("alg", Algorithm::Ed25519.name()) {
        return Err(Rejection::Algorithm);
    }
    let base = base(status, fields, content_digest, !body.is_empty(), request_signature, input.params_text)?;
    key.verify(base.as_bytes(), &signature).map_err(|_| Rejection::Signature)?;
    if digest == sha256(body) { Ok(()) } else { Err(Rejection::Body) }
}

fn identifiers(has_body: bool) -> String {
    let content_type = if has_body { " \"content-type\"" } else { "" };
    format!("\"@status\" \"content-digest\"{content_type} {REQUEST}")
}

fn base(
    status: u16,
    fields: &Fields<'_>,
    content_digest: &str,
    has_body: bool,
    request_signature: &str,
    params: &str,
) -> Result<String, Rejection> {
    let mut base = SignatureBase::default();
    base.line("\"@status\"", &status.to_string());
    base.line("\"content-digest\"", content_digest);
    if has_body {
        base.line("\"content-type\"", fields.one("content-type")?);
    }
    base.line(REQUEST, request_signature);
    Ok(base.end(params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);
    const REQUEST_SIGNATURE: &str = "ec1=:AQID:";

    fn fields(signed: &SignatureFields) -> Vec<(&str, &[u8])> {
        vec![
            ("content-type", b"application/json"),
            ("content-digest", signed.content_digest.as_bytes()),
            ("signature-input", signed.signature_input.as_bytes()),
            ("signature", signed.signature.as_bytes()),
        ]
    }

    #[test]
    fn an_answer_fits_its_request_its_status_and_its_body_only() {
        let (key, other) = (NodeKey::generate(&mut Counting(1)), NodeKey::generate(&mut Counting(2)));
        let json = Fields(vec![("content-type", b"application/json")]);
        let signed = sign_response(200, &json, b"{}", REQUEST_SIGNATURE, &key, NOW).unwrap();
        let signed_fields = Fields(fields(&signed));
        let check = |status, body: &[u8], request, key: &NodeKey| {
            verify_response(status, &signed_fields, body, request, &key.public_key())
        };
        assert_eq!(check(200, b"{}", REQUEST_SIGNATURE, &key), Ok(()));
        assert_eq!(check(201, b"{}", REQUEST_SIGNATURE, &key), Err(Rejection::Signature));
        assert_eq!(check(200, b"{}", "ec1=:AQIE:", &key), Err(Rejection::Signature));
        assert_eq!(check(200, b"[]", REQUEST_SIGNATURE, &key), Err(Rejection::Body));
        assert_eq!(check(200, b"{}", REQUEST_SIGNATURE, &other), Err(Rejection::UnknownKey));
        let emptied = check(200, b"", REQUEST_SIGNATURE, &key).unwrap_err();
        assert_eq!(emptied.reason(), "coverage");
    }

    #[test]
    fn every_field_of_an_answer_counts() {
        let key = NodeKey::generate(&mut Counting(1));
        let json = Fields(vec![("content-type", b"application/json")]);
        let signed = sign_response(200, &json, b"{}", REQUEST_SIGNATURE, &key, NOW).unwrap();
        let verify = |fields: Vec<(&str, &[u8])>| {
            verify_response(200, &Fields(fields), b"{}", REQUEST_SIGNATURE, &key.public_key())
        };
        for index in 0..4 {
            let mut without = fields(&signed);
            let (name, _) = without.remove(index);
            assert_eq!(verify(without).unwrap_err().reason(), "missing", "{name}");
            let mut twice = fields(&signed);
            twice.push(twice[index]);
            assert_eq!(verify(twice).unwrap_err().reason(), "repeated", "{name}");
        }
        let mut changed = fields(&signed);
        changed[0].1 = b"text/html";
        assert_eq!(verify(changed), Err(Rejection::Signature));
        for (from, to, reason) in [
            ("ed25519", "hmac-sha256", "algorithm"),
            (";created", ";other=1;created", "malformed"),
            ("tag=\"ec1\"", "tag=\"ec2\"", "profile"),
            ("ec1=(", "ec2=(", "profile"),
            ("\"@status\" ", "", "coverage"),
            (" \"signature\";req", "", "coverage"),
            (" \"signature\";req", " \"signature\"", "coverage"),
        ] {
            let input = signed.signature_input.replace(from, to);
            let mut changed = fields(&signed);
            changed[2].1 = input.as_bytes();
            assert_eq!(verify(changed).unwrap_err().reason(), reason, "{to}");
        }
        let empty = sign_response(204, &Fields::default(), b"", REQUEST_SIGNATURE, &key, NOW).unwrap();
        let empty = Fields(fields(&empty).split_off(1));
        assert_eq!(verify_response(204, &empty, b"", REQUEST_SIGNATURE, &key.public_key()), Ok(()));
    }
}
