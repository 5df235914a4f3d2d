//! The part of RFC 9651 (structured fields) that profile `ec1` uses, read strictly.
//!
//! Only the canonical serialisation is accepted: what RFC 9421 asks a verifier to serialise again is then the text as it
//! came, and no two readers can disagree about it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Longest field, in bytes.
const FIELD_BYTES_MAX: usize = 2_048;
/// Most components that a signature may name.
const COMPONENTS_MAX: usize = 16;
/// Most parameters of a signature.
const PARAMETERS_MAX: usize = 8;
/// Most digits of an integer (RFC 9651, 3.3.1).
const DIGITS_MAX: usize = 15;

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare<'a> {
    /// An integer.
    Integer(i64),
    /// A string.
    Text(&'a str),
}

/// One member of a `Signature-Input` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input<'a> {
    /// Its label.
    pub(crate) label: &'a str,
    /// Everything behind `label=`: the value of `@signature-params`.
    pub(crate) params_text: &'a str,
    /// The identifiers of its components as they stand there, such as `"@method"` and `"signature";req`.
    pub(crate) components: Vec<&'a str>,
    /// Its parameters in their order.
    pub(crate) parameters: Vec<(&'a str, Bare<'a>)>,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldError {
    /// Not in the one form that is accepted.
    Malformed,
    /// It has another member.
    Several,
}

/// Where the reader stands.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn take(&mut self, c: char) -> bool {
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) -> Result<(), FieldError> {
        if self.take(c) { Ok(()) } else { Err(FieldError::Malformed) }
    }

    /// The longest beginning of which every character fits; at least one has to.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> Result<&'a str, FieldError> {
        let end = self.0.bytes().position(|byte| !fits(byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).ok_or(FieldError::Malformed)?;
        self.0 = rest;
        if taken.is_empty() { Err(FieldError::Malformed) } else { Ok(taken) }
    }

    /// `lcalpha *( lcalpha / DIGIT / "_" / "-" )`
    fn key(&mut self) -> Result<&'a str, FieldError> {
        let key = self.run(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))?;
        if key.starts_with(|c: char| c.is_ascii_lowercase()) { Ok(key) } else { Err(FieldError::Malformed) }
    }

    /// A string without escapes: the profile has none.
    fn text(&mut self) -> Result<&'a str, FieldError> {
        self.expect('"')?;
        let (text, rest) = self.0.split_once('"').ok_or(FieldError::Malformed)?;
        if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'\\') {
            return Err(FieldError::Malformed);
        }
        self.0 = rest;
        Ok(text)
    }

    /// A number without sign and without leading zeros.
    fn integer(&mut self) -> Result<i64, FieldError> {
        let digits = self.run(|byte| byte.is_ascii_digit())?;
        if digits.len() > DIGITS_MAX || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(FieldError::Malformed);
        }
        digits.parse().map_err(|_| FieldError::Malformed)
    }

    fn end(&self) -> Result<(), FieldError> {
        match self.0.chars().next() {
            None => Ok(()),
            Some(',') => Err(FieldError::Several),
            Some(_) => Err(FieldError::Malformed),
        }
    }
}

/// Reads a `Signature-Input` field with one member.
pub(crate) fn read_input(field: &str) -> Result<Input<'_>, FieldError> {
    if field.len() > FIELD_BYTES_MAX {
        return Err(FieldError::Malformed);
    }
    let mut cursor = Cursor(field);
    let label = cursor.key()?;
    cursor.expect('=')?;
    let params_text = cursor.0;
    cursor.expect('(')?;
    let mut components = Vec::new();
    while !cursor.take(')') {
        if components.len() == COMPONENTS_MAX {
            return Err(FieldError::Malformed);
        }
        if !components.is_empty() {
            cursor.expect(' ')?;
        }
        components.push(component(&mut cursor)?);
    }
    let mut parameters: Vec<(&str, Bare<'_>)> = Vec::new();
    while cursor.take(';') {
        let name = cursor.key()?;
        if parameters.len() == PARAMETERS_MAX || parameters.iter().any(|(known, _)| *known == name) {
            return Err(FieldError::Malformed);
        }
        cursor.expect('=')?;
        let is_text = cursor.0.starts_with('"');
        parameters.push((name, if is_text { Bare::Text(cursor.text()?) } else { Bare::Integer(cursor.integer()?) }));
    }
    cursor.end()?;
    Ok(Input { label, params_text, components, parameters })
}

/// `"name"` or `"name";req`, as it stands there.
fn component<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, FieldError> {
    let before = cursor.0;
    cursor.text()?;
    if cursor.take(';') {
        cursor.key()?;
    }
    before.get(..before.len() - cursor.0.len()).ok_or(FieldError::Malformed)
}

/// Reads `label=:base64:`, a field with one byte sequence.
pub(crate) fn read_bytes(field: &str) -> Result<(&str, Vec<u8>), FieldError> {
    if field.len() > FIELD_BYTES_MAX {
        return Err(FieldError::Malformed);
    }
    let mut cursor = Cursor(field);
    let label = cursor.key()?;
    cursor.expect('=')?;
    cursor.expect(':')?;
    let (text, rest) = cursor.0.split_once(':').ok_or(FieldError::Malformed)?;
    cursor.0 = rest;
    cursor.end()?;
    let bytes = STANDARD.decode(text).map_err(|_| FieldError::Malformed)?;
    Ok((label, bytes))
}

/// Writes `label=:base64:`.
pub(crate) fn write_bytes(label: &str, bytes: &[u8]) -> String {
    format!("{label}=:{}:", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_input_is_read() {
        let field = r#"ec1=("@method" "signature";req);created=17;nonce="a b";tag="ec1""#;
        let input = read_input(field).unwrap();
        assert_eq!((input.label, input.params_text), ("ec1", field.strip_prefix("ec1=").unwrap()));
        assert_eq!(input.components, [r#""@method""#, r#""signature";req"#]);
        let parameters = [("created", Bare::Integer(17)), ("nonce", Bare::Text("a b")), ("tag", Bare::Text("ec1"))];
        assert_eq!(input.parameters, parameters);
        assert_eq!(read_input("a=()").unwrap().components, [] as [&str; 0]);
    }

    #[test]
    fn whatever_is_not_canonical_is_refused() {
        let rows = [
            ("", FieldError::Malformed),
            ("ec1", FieldError::Malformed),
            ("EC1=()", FieldError::Malformed),
            (" ec1=()", FieldError::Malformed),
            ("ec1=() ", FieldError::Malformed),
            ("ec1 =()", FieldError::Malformed),
            ("ec1=(\"a\"  \"b\")", FieldError::Malformed),
            ("ec1=( \"a\")", FieldError::Malformed),
            ("ec1=(\"a\" )", FieldError::Malformed),
            ("ec1=(\"a\"\"b\")", FieldError::Malformed),
            ("ec1=(a)", FieldError::Malformed),
            ("ec1=(\"a)", FieldError::Malformed),
            ("ec1=(\"a\\\"\")", FieldError::Malformed),
            ("ec1=(\"a\"", FieldError::Malformed),
            ("ec1=();created", FieldError::Malformed),
            ("ec1=(); created=1", FieldError::Malformed),
            ("ec1=();created=01", FieldError::Malformed),
            ("ec1=();created=-1", FieldError::Malformed),
            ("ec1=();created=1.0", FieldError::Malformed),
            ("ec1=();created=1234567890123456", FieldError::Malformed),
            ("ec1=();created=1;created=1", FieldError::Malformed),
            ("ec1=();tag=\"é\"", FieldError::Malformed),
            ("ec1=(), ec2=()", FieldError::Several),
            ("ec1=(),ec1=()", FieldError::Several),
        ];
        for (field, error) in rows {
            assert_eq!(read_input(field).unwrap_err(), error, "{field}");
        }
        let (many, long) = ([r#""a""#; COMPONENTS_MAX + 1].join(" "), "a".repeat(FIELD_BYTES_MAX));
        let parameters: String = (0..=PARAMETERS_MAX).map(|number| format!(";p{number}=1")).collect();
        for field in [format!("ec1=({many})"), format!("ec1=(\"{long}\")"), format!("ec1=(){parameters}")] {
            assert_eq!(read_input(&field).unwrap_err(), FieldError::Malformed, "{field}");
        }
    }

    #[test]
    fn byte_sequences_have_one_form() {
        assert_eq!(read_bytes("ec1=:AQI=:"), Ok(("ec1", vec![1, 2])));
        assert_eq!(write_bytes("ec1", &[1, 2]), "ec1=:AQI=:");
        for wrong in ["ec1=:AQI:", "ec1=:AQJ=:", "ec1=AQI=", "ec1=:AQI=", "ec1=:A QI=:", "ec1=:AQI=:;a=1"] {
            assert_eq!(read_bytes(wrong), Err(FieldError::Malformed), "{wrong}");
        }
        assert_eq!(read_bytes("a=:AQI=:, b=:AQI=:"), Err(FieldError::Several));
    }
}
