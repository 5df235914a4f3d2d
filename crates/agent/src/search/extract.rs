//! From a model's text to the body of one function.

use crate::python::functions::{Block, blocks};
use crate::python::{is_string_statement, parse, text_of};

/// How many incomplete last lines are dropped at most.
const DROPPED_LINES_MAX: usize = 40;
/// Longest body, in bytes.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The candidate in a text: the begun line goes on, or starts again, or the model wrote the whole function anew.
pub(crate) fn body_of(text: &str, begun: &str, block: &Block) -> Option<String> {
    let whole = if text.starts_with(&block.indent) { text.to_owned() } else { format!("{begun}{text}") };
    from_completion(&whole, &block.indent).or_else(|| from_answer(text, block))
}

/// The body that a plain completion continues with: indented as `indent`, without the docstring,
/// cut at the first line that leaves the block, and shortened until it parses. `None` when nothing
/// usable is left.
pub(crate) fn from_completion(text: &str, indent: &str) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim_end().replace('\u{feff}', "");
        let width = line.len() - line.trim_start().len();
        if line.trim().is_empty() {
            lines.push(String::new());
        } else if width >= indent.len() && line.starts_with(indent) {
            lines.push(line);
        } else if lines.iter().all(String::is_empty) && width < indent.len() && !leaves(&line) {
            // The first statement came without its indentation.
            lines.push(format!("{indent}{}", line.trim_start()));
        } else {
            break;
        }
    }
    shorten_until_it_parses(lines, indent)
}

/// The body of the function called `name` in an answer: in its fenced code, else anywhere in its text.
pub(crate) fn from_answer(text: &str, block: &Block) -> Option<String> {
    let mut candidates = fenced(text).into_iter().chain([text.to_owned()]);
    candidates.find_map(|code| from_source(&code, block))
}

fn from_source(code: &str, wanted: &Block) -> Option<String> {
    let code = parsable_prefix(code)?;
    let module = parse(&code)?;
    let found = blocks(&code, &module)
        .into_iter()
        .find(|block| block.name == wanted.name && block.is_class == wanted.is_class)?;
    let body = code.get(found.body.clone())?.trim_start_matches(['\r', '\n']);
    let lines = body.lines().map(|line| match line.strip_prefix(found.indent.as_str()) {
        Some(rest) => format!("{}{}", wanted.indent, rest.trim_end()),
        None if line.trim().is_empty() => String::new(),
        None => format!("{}{}", wanted.indent, line.trim()),
    });
    shorten_until_it_parses(lines.collect(), &wanted.indent)
}

/// The longest prefix of whole lines that parses; an answer is often cut in its middle.
fn parsable_prefix(code: &str) -> Option<String> {
    let lines: Vec<&str> = code.lines().collect();
    let start = lines
        .iter()
        .position(|line| ["def ", "class ", "import ", "from ", "@"].iter().any(|word| line.starts_with(word)))?;
    (0..=DROPPED_LINES_MAX).find_map(|dropped| {
        let end = lines.len().checked_sub(dropped).filter(|end| *end > start)?;
        let text = lines.get(start..end)?.join("\n");
        parse(&text).map(|_| text)
    })
}

/// The contents of fenced blocks; an unclosed one counts, too.
fn fenced(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current: Option<Vec<&str>> = None;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            match current.take() {
                Some(lines) => found.push(lines.join("\n")),
                None => current = Some(Vec::new()),
            }
        } else if let Some(lines) = &mut current {
            lines.push(line);
        }
    }
    found.extend(current.map(|lines| lines.join("\n")));
    found
}

fn leaves(line: &str) -> bool {
    ["def ", "class ", "@", "if __name__", "#", "```", "print(", "assert "].iter().any(|word| line.starts_with(word))
}

fn shorten_until_it_parses(mut lines: Vec<String>, indent: &str) -> Option<String> {
    for _ in 0..=DROPPED_LINES_MAX {
        while lines.last().is_some_and(|line| line.is_empty() || line.trim_start().starts_with('#')) {
            lines.pop();
        }
        if lines.is_empty() {
            return None;
        }
        if let Some(body) = tidy(&lines, indent) {
            return (body.len() <= BODY_BYTES_MAX).then_some(body);
        }
        lines.pop();
    }
    None
}

/// The body without leading docstrings, if it parses and does something.
fn tidy(lines: &[String], indent: &str) -> Option<String> {
    let head = "def f():\n";
    let outer = indent.strip_suffix("    ").or_else(|| indent.strip_suffix('\t')).unwrap_or_default();
    let classes: String = if outer.is_empty() { String::new() } else { format!("if 1:\n{outer}") };
    let source = format!("{classes}{head}{}\n", lines.join("\n"));
    let module = parse(&source)?;
    let function = module.body.iter().find_map(|statement| match statement {
        rustpython_ruff_python_ast::Stmt::FunctionDef(function) => Some(function),
        rustpython_ruff_python_ast::Stmt::If(branch) => {
            branch.body.iter().find_map(|inner| inner.as_function_def_stmt())
        }
        _ => None,
    })?;
    if module.body.len() != 1 {
        return None;
    }
    let documented = function.body.iter().take_while(|statement| is_string_statement(statement)).count();
    let rest = function.body.get(documented..)?;
    let first = rest.first()?;
    let only_placeholders = rest.iter().all(|statement| {
        let text = text_of(&source, statement);
        text == "pass" || text == "..." || text.starts_with("raise NotImplementedError")
    });
    if only_placeholders {
        return None;
    }
    let start = if documented == 0 {
        classes.len() + head.len()
    } else {
        let at = rustpython_ruff_text_size::Ranged::start(first).to_usize();
        source.get(..at)?.rfind('\n')? + 1
    };
    let body = source.get(start..)?.trim_matches('\n').to_owned();
    let kept: Vec<&str> = body.lines().skip_while(|line| line.trim().is_empty()).collect();
    Some(kept.join("\n"))
}

/// What makes two bodies the same candidate: their code without comments and blank lines.
pub(crate) fn normalised(body: &str) -> String {
    let code =
        body.lines().map(str::trim_end).filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    code.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_are_cut_at_the_end_of_the_block() {
        let rows: [(&str, Option<&str>); 12] = [
            ("    return 1\n\ndef g():\n    pass\n", Some("    return 1")),
            ("    x = 1\n\n    return x\n\n\nassert f() == 1\n", Some("    x = 1\n\n    return x")),
            ("    return 1", Some("    return 1")),
            ("return 1\n", Some("    return 1")),
            ("    if x:\n        return [1,\n", None),
            ("    y = 2\n    if x:\n        return [1,\n", Some("    y = 2")),
            ("    \"\"\"Doc.\"\"\"\n    return 2\n", Some("    return 2")),
            ("    # only\n", None),
            ("    pass\n", None),
            ("    raise NotImplementedError()\n", None),
            ("```python\n", None),
            ("", None),
        ];
        for (text, body) in rows {
            assert_eq!(from_completion(text, "    ").as_deref(), body, "{text:?}");
        }
        assert_eq!(
            from_completion("        return self.x\n\n    def g(self):\n", "        ").as_deref(),
            Some("        return self.x")
        );
        assert_eq!(from_completion("\t\treturn 1\n", "\t\t").as_deref(), Some("\t\treturn 1"));
    }

    #[test]
    fn answers_are_searched_for_the_function() {
        let source = "class K:\n    def f(self, x):\n        ...\n";
        let method = blocks(source, &parse(source).unwrap()).remove(1);
        let answer = "Sure!\n```python\nimport re\n\ndef g():\n    return 0\n\ndef f(self, x):\n    \"\"\"D.\"\"\"\n    if x:\n        return 1\n    return 2\n```\nDone.";
        assert_eq!(from_answer(answer, &method).unwrap(), "        if x:\n            return 1\n        return 2");
        assert_eq!(from_answer("def f(x):\n  return 3\nThis works.", &method).unwrap(), "        return 3");
        assert_eq!(from_answer("no code", &method), None);
    }

    #[test]
    fn equal_code_is_one_candidate() {
        assert_eq!(normalised("    x = 1  \n\n    # why\n    return x\n"), normalised("    x = 1\n    return x"));
    }
}
