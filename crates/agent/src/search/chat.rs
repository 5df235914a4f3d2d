//! Prompts for models that are asked and that answer: what is to be written, what it stands among, the tests that fail; the
//! answer is one block of code.

use edgecoder_inference::{Message, Prompt, Role};

use super::extract;
use super::prompt::{self, Built, Material, PromptKind};
use crate::python::functions::Block;

/// Most tokens of one answer: some words and a whole function.
pub(crate) const TOKENS_MAX: u32 = 1_024;

/// Most bytes of the file that a prompt shows.
const FILE_BYTES_MAX: usize = 3_000;
/// Most bytes of failing tests that a prompt shows.
const TESTS_BYTES_MAX: usize = 1_500;
/// Most characters of an error that a prompt shows.
const ERROR_CHARS_MAX: usize = 400;

/// Prompts by batch; the list repeats.
const KINDS: [PromptKind; 4] = [PromptKind::Ask, PromptKind::AskRepair, PromptKind::AskContext, PromptKind::AskRepair];

/// The prompt of batch `number` (from 0) of a target. Without a candidate to repair it is a fresh one.
pub(crate) fn kind(number: u32, repairable: bool) -> PromptKind {
    let kind = KINDS.get(number as usize % KINDS.len()).copied().unwrap_or(PromptKind::Ask);
    if kind == PromptKind::AskRepair && !repairable { PromptKind::AskContext } else { kind }
}

/// Builds the prompt. It ends with a question and has no stop text: the answer decides itself where its block ends.
pub(crate) fn build(kind: PromptKind, material: &Material<'_>) -> Built {
    let block = material.block;
    let what = if block.is_class { "class" } else { "function" };
    let mut parts = vec![format!(
        "Write this Python {what} so that it does what is asked and its tests pass.\n\n{}",
        fence(&prompt::head(material, true))
    )];
    let words = prompt::prose(material.task);
    if !words.is_empty() {
        parts.push(format!("The task: {words}"));
    }
    if kind == PromptKind::AskContext && !material.source.trim().is_empty() {
        let file = if material.source.len() <= FILE_BYTES_MAX {
            material.source.trim_end().to_owned()
        } else {
            prompt::context(material)
        };
        parts.push(format!("It stands in this file:\n{}", fence(&file)));
    }
    let tests = tests(material);
    if !tests.is_empty() {
        parts.push(format!("These tests have to pass:\n{}", fence(&tests)));
    }
    if let (PromptKind::AskRepair, Some((body, error))) = (kind, material.previous) {
        let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
        let wrong = fence(&format!("{}\n{body}", prompt::head(material, false)));
        parts.push(format!("This version is wrong:\n{wrong}\nIt fails with: {error}"));
    }
    parts.push(format!(
        "Answer with one Python code block that holds the whole {what}, with the same name and parameters. Put every \
         helper and import that it needs inside of it. Write no tests and no explanation."
    ));
    let question = Message { role: Role::User, content: parts.join("\n\n") };
    Built { prompt: Prompt::Chat(vec![question]), stop: Vec::new(), begun: String::new() }
}

/// The sources of failing tests, as many as there is room for; else the examples.
fn tests(material: &Material<'_>) -> String {
    let mut shown: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for test in material.tests {
        bytes += test.len();
        if bytes > TESTS_BYTES_MAX {
            break;
        }
        if !shown.contains(&test.as_str()) {
            shown.push(test);
        }
    }
    if shown.is_empty() { prompt::asserts(material).join("\n") } else { shown.join("\n\n") }
}

/// Code between fences that it cannot close.
fn fence(code: &str) -> String {
    let longest = code.lines().map(|line| line.trim_start().bytes().take_while(|byte| *byte == b'`').count()).max();
    let marks = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{marks}python\n{}\n{marks}", code.trim_end())
}

/// The body of the wanted block in an answer.
pub(crate) fn body_of(answer: &str, block: &Block) -> Option<String> {
    let said = without_thoughts(answer);
    extract::from_answer(said, block)
}

/// What follows the thinking of a model that thinks aloud.
pub(crate) fn without_thoughts(answer: &str) -> &str {
    const END: &str = "</think>";
    answer.rfind(END).and_then(|at| answer.get(at + END.len()..)).unwrap_or(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::functions::blocks;
    use crate::python::parse;

    const SOURCE: &str = "import re\n\n\ndef double(x):\n    \"\"\"Twice x.\"\"\"\n    raise NotImplementedError\n";

    fn built(kind: PromptKind, previous: Option<(&str, &str)>, tests: &[String]) -> String {
        let block = blocks(SOURCE, &parse(SOURCE).unwrap()).remove(0);
        let material =
            Material { source: SOURCE, block: &block, task: "write double", examples: &[], tests, previous, turn: 0 };
        match build(kind, &material).prompt {
            Prompt::Chat(mut messages) => {
                assert_eq!((messages.len(), messages[0].role), (1, Role::User));
                messages.remove(0).content
            }
            Prompt::Text(text) => panic!("{text}"),
        }
    }

    #[test]
    fn prompts_hold_what_is_asked() {
        let tests = ["def test_a():\n    assert double(2) == 4".to_owned()];
        let plain = built(PromptKind::Ask, None, &tests);
        assert!(plain.contains("def double(x):") && plain.contains("Twice x.") && plain.contains("double(2) == 4"));
        assert!(plain.contains("one Python code block") && !plain.contains("import re"));
        assert!(built(PromptKind::AskContext, None, &tests).contains("import re"));
        let repair = built(PromptKind::AskRepair, Some(("    return x", "AssertionError: 2 != 4")), &tests);
        assert!(repair.contains("    return x\n```\nIt fails with: AssertionError: 2 != 4"), "{repair}");
        assert_eq!(kind(1, false), PromptKind::AskContext);
        assert_eq!(kind(1, true), PromptKind::AskRepair);
    }

    #[test]
    fn tests_are_shown_as_far_as_there_is_room() {
        let long = vec![format!("def test_long():\n    assert double('{}')", "x".repeat(TESTS_BYTES_MAX))];
        assert!(!built(PromptKind::Ask, None, &long).contains("test_long"));
    }

    #[test]
    fn answers_give_their_block() {
        let block = blocks(SOURCE, &parse(SOURCE).unwrap()).remove(0);
        let rows = [
            ("```python\ndef double(x):\n    return x * 2\n```", Some("    return x * 2")),
            (
                "<think>\n```python\ndef double(x):\n    return 1\n```\n</think>\nHere:\n```\ndef double(x):\n    return 2\n```",
                Some("    return 2"),
            ),
            ("Sure! def double(x): ...", None),
            (
                "```python\ndef triple(x):\n    return 3\n```\n```python\ndef double(x):\n  return x+x",
                Some("    return x+x"),
            ),
            ("", None),
        ];
        for (answer, body) in rows {
            assert_eq!(body_of(answer, &block).as_deref(), body, "{answer}");
        }
        assert!(fence("a\n```\nb").starts_with("````python\n"));
    }
}
