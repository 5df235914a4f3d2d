//! A unified diff in colour.

use super::line::Line;
use crate::style::Tone;

/// Each line of the diff in its tone.
pub(crate) fn lines(diff: &str) -> impl Iterator<Item = Line> {
    diff.lines().map(|text| Line::new().with(tone(text), text.replace('\t', "    ")))
}

fn tone(line: &str) -> Tone {
    if line.starts_with("+++") || line.starts_with("---") {
        Tone::Strong
    } else if line.starts_with("@@") {
        Tone::Accent
    } else if line.starts_with('+') {
        Tone::Good
    } else if line.starts_with('-') {
        Tone::Bad
    } else {
        Tone::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Palette;

    #[test]
    fn added_and_removed_lines_differ() {
        let text: Vec<_> = lines("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same\n")
            .map(|line| line.render(Palette { colour: true }, 80))
            .collect();
        assert_eq!(text[3], "\u{1b}[31m-old\u{1b}[0m");
        assert_eq!(text[4], "\u{1b}[32m+new\u{1b}[0m");
        assert_eq!(text[5], " same");
    }
}
