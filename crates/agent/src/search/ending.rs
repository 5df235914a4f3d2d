//! When a candidate is over although the model would go on: what follows cannot matter, or goes round in circles.

/// How often a line stands in a candidate that goes round in circles.
const REPEATS_MAX: usize = 4;
/// Shortest line that is told from `else:` and its like, in bytes.
const TELLING_BYTES_MIN: usize = 8;
/// Most `elif` of a candidate: more of them list cases instead of computing.
const CASES_MAX: usize = 6;

/// Whether a body that begins with `begun` and goes on with `text` is over.
pub(crate) fn is_over(begun: &str, text: &str, indent: &str) -> bool {
    // Only a line's end decides anything.
    let Some(end) = text.rfind('\n').filter(|end| text.get(end + 1..).is_some_and(|rest| rest.trim().is_empty()))
    else {
        return false;
    };
    let text = text.get(..end).unwrap_or_default();
    let first = if text.starts_with(indent) { String::new() } else { begun.to_owned() };
    let whole = format!("{first}{text}");
    let Some(last) = whole.lines().next_back().filter(|line| !line.trim().is_empty()) else { return false };
    leaves(last, indent) && whole.matches("\"\"\"").count() % 2 == 0
        || last.trim().len() >= TELLING_BYTES_MIN && whole.lines().filter(|line| *line == last).count() >= REPEATS_MAX
        || whole.lines().filter(|line| line.trim_start().starts_with("elif ")).count() > CASES_MAX
}

/// Whether the line is a whole `return` or `raise` of the body itself.
fn leaves(line: &str, indent: &str) -> bool {
    let Some(statement) = line.strip_prefix(indent) else { return false };
    let word = statement.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let opened = statement.matches(['(', '[', '{']).count();
    let closed = statement.matches([')', ']', '}']).count();
    ["return", "raise"].contains(&word) && opened <= closed && !statement.ends_with('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_ends_where_nothing_can_follow() {
        let rows = [
            (" return x\n", true),
            (" return x\n   ", true),
            (" return x", false),
            (" return x\n    y", false),
            (" return [\n", false),
            (" returned = x\n", false),
            (" if x:\n        return 1\n", false),
            (" if x:\n        return 1\n    return 2\n", true),
            (" \"\"\"\n    return what it is\n", false),
            (" raise ValueError(x)\n", true),
            ("    return x\n", true),
            ("\n", false),
        ];
        for (text, over) in rows {
            assert_eq!(is_over("   ", text, "    "), over, "{text:?}");
        }
    }

    #[test]
    fn circles_and_lists_of_cases_end() {
        let line = "        total = total + x\n";
        assert!(!is_over("   ", &format!(" for x in y:\n{}", line.repeat(REPEATS_MAX - 1)), "    "));
        assert!(is_over("   ", &format!(" for x in y:\n{}", line.repeat(REPEATS_MAX)), "    "));
        let cases: String = (0..=CASES_MAX).map(|n| format!("    elif x == {n}:\n        return {n}\n")).collect();
        assert!(is_over("   ", &format!(" if x:\n        return 9\n{cases}"), "    "));
        assert!(!is_over("   ", " else:\n        else:\n        else:\n        else:\n        else:\n", "    "));
    }
}
