//! How deep a file may nest, measured on the bytes before anything recursive reads them.

/// Most open brackets at once, and most operators in a row without a bracket or a separator between.
pub const NESTING_MAX: usize = 400;
/// Most operators and prefixes in one stretch between separators: long sums are common, towers of prefixes are not.
const STRETCH_MAX: usize = 4_000;
/// Words that nest what follows them without a bracket; each counts as an operator.
const PREFIXES: &[&[u8]] =
    &[b"async", b"await", b"delete", b"do", b"extends", b"in", b"instanceof", b"new", b"typeof", b"void", b"yield"];
/// Most words that can nest statements without a bracket.
const KEYWORDS_MAX: usize = 4_000;

/// The offset where the text nests too deeply, and why.
pub(crate) fn find_excess(text: &str) -> Option<(usize, String)> {
    let mut open: Vec<u8> = Vec::new();
    let mut stretch = 0_usize;
    let mut keywords = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => {
                open.push(byte);
                if open.len() > NESTING_MAX {
                    return Some((at, format!("more than {NESTING_MAX} brackets are open")));
                }
                stretch += usize::from(byte != b'{');
            }
            b')' | b']' | b'}' => {
                open.pop();
                if byte == b'}' {
                    stretch = 0;
                }
            }
            b',' => stretch = 0,
            b';' if open.last().is_none_or(|bracket| *bracket == b'{') => stretch = 0,
            b'!' | b'~' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'<' | b'>' | b'=' | b'?' | b':'
            | b'.' | b'`' => stretch += 1,
            b'e' if text.get(..=at).is_some_and(|before| before.ends_with("else")) => keywords += 1,
            b'a' | b'd' | b'e' | b'i' | b'n' | b't' | b'v' | b'y' => {
                stretch += usize::from(is_prefix(text.as_bytes(), at));
            }
            _ => {}
        }
        if stretch > STRETCH_MAX {
            return Some((at, format!("more than {STRETCH_MAX} operators in one statement")));
        }
        if keywords > KEYWORDS_MAX {
            return Some((at, format!("more than {KEYWORDS_MAX} alternatives")));
        }
    }
    None
}

/// Whether a word that nests begins here.
fn is_prefix(text: &[u8], at: usize) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_$.".contains(byte));
    let begins = at == 0 || !is_part(text.get(at - 1));
    begins
        && PREFIXES
            .iter()
            .any(|word| text.get(at..at + word.len()) == Some(*word) && !is_part(text.get(at + word.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_code_passes_and_towers_do_not() {
        assert_eq!(find_excess("const a = [1, 2, {b: (c) => `x${c}`}];\n"), None);
        for tower in
            ["(".repeat(500), "!".repeat(5_000), "a=>".repeat(5_000), "else ".repeat(5_000), "await ".repeat(5_000)]
        {
            assert!(find_excess(&tower).is_some(), "{}", tower.get(..10).unwrap());
        }
        assert_eq!(find_excess(&"f(x);\n".repeat(100_000)), None);
    }
}
