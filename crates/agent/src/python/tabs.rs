//! Files that are indented with tabs. Small models write four spaces whatever they are shown, so a prompt shows such a
//! function with spaces, and its new body is written back with tabs.

use super::functions::{Block, blocks};
use super::parse;

/// Spaces that stand for one tab.
const WIDTH: usize = 4;

/// The source and the block as a model is shown them, when tabs indent the block.
pub(crate) fn spaced(source: &str, block: &Block) -> Option<(String, Block)> {
    if !block.indent.contains('\t') {
        return None;
    }
    let text = with_spaces(source);
    let name = block.qualified_name();
    let found = blocks(&text, &parse(&text)?).into_iter().find(|shown| shown.qualified_name() == name)?;
    Some((text, found))
}

/// Every line's indentation with spaces.
pub(crate) fn with_spaces(text: &str) -> String {
    indented(text, |white| white.replace('\t', &" ".repeat(WIDTH)))
}

/// Every line's indentation with tabs, as far as they divide it.
pub(crate) fn with_tabs(text: &str) -> String {
    indented(text, |white| {
        let width: usize = white.chars().map(|c| if c == '\t' { WIDTH } else { 1 }).sum();
        format!("{}{}", "\t".repeat(width / WIDTH), " ".repeat(width % WIDTH))
    })
}

fn indented(text: &str, rewrite: impl Fn(&str) -> String) -> String {
    let line = |line: &str| {
        let rest = line.trim_start_matches([' ', '\t']);
        let white = line.get(..line.len() - rest.len()).unwrap_or_default();
        format!("{}{rest}", rewrite(white))
    };
    text.split_inclusive('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_changes_and_nothing_else() {
        let tabbed = "class K:\r\n\tdef f(self):\r\n\t\tif 'a\tb':\r\n\t\t\treturn (1,\r\n\t\t\t  2)\r\n\r\n";
        let spaces =
            "class K:\r\n    def f(self):\r\n        if 'a\tb':\r\n            return (1,\r\n              2)\r\n\r\n";
        assert_eq!(with_spaces(tabbed), spaces);
        assert_eq!(with_tabs(spaces), tabbed);
        let block = |source: &str| blocks(source, &parse(source).unwrap()).remove(1);
        assert_eq!(spaced(tabbed, &block(tabbed)), Some((spaces.to_owned(), block(spaces))));
        assert_eq!(spaced(spaces, &block(spaces)), None);
    }
}
