//! Prompts for small models: the function's head, so that the model goes on with its body.
//!
//! A prompt ends inside the body's first line, one space short of its indentation: tokenizers of the
//! models in use join a line end with all but the last of the spaces that follow, and a prompt
//! that ends elsewhere puts the model where its training never was.

use edgecoder_inference::{Message, Prompt, Role};

use super::solved;
use crate::python::examples::Example;
use crate::python::functions::Block;
use crate::python::{names, parse};

/// Most examples that a prompt shows.
const EXAMPLES_MAX: usize = 3;
/// Most bytes of module text before the function.
const CONTEXT_BYTES_MAX: usize = 1_200;

/// How a prompt is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// A request to complete the signature and docstring, with examples; the answer is begun with them.
    Complete,
    /// The words and the asserts as a request; the answer is begun with the signature.
    Tests,
    /// No chat: signature and docstring with examples as plain text.
    Plain,
    /// As `Plain`, after the functions that stand before it in the file.
    Context,
    /// As `Plain`, after solved functions that resemble it.
    Solved,
    /// A wrong version with its error; the answer is begun with the signature.
    Repair,
    /// A question: what is to be written and the tests.
    Ask,
    /// As `Ask`, with the file that it stands in.
    AskContext,
    /// As `Ask`, with a wrong version and its error.
    AskRepair,
}

/// What a prompt is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material<'a> {
    pub(crate) source: &'a str,
    pub(crate) block: &'a Block,
    pub(crate) task: &'a str,
    pub(crate) examples: &'a [Example],
    /// Sources of failing tests, for models that are asked.
    pub(crate) tests: &'a [String],
    /// The best wrong body so far with its error.
    pub(crate) previous: Option<(&'a str, &'a str)>,
    /// Rotates the examples, so that later batches show others.
    pub(crate) turn: usize,
}

/// A prompt, and where the model's text ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Built {
    pub(crate) prompt: Prompt,
    pub(crate) stop: Vec<String>,
    /// White space that the prompt ends with: the candidate's text begins with it.
    pub(crate) begun: String,
}

/// Builds a prompt of the wanted kind.
pub(crate) fn build(kind: PromptKind, material: &Material<'_>) -> Built {
    let begun = begun(&material.block.indent);
    let prompt = match kind {
        PromptKind::Complete => {
            let head = head(material, true);
            chat(format!("Complete this Python function:\n```python\n{head}\n```"), &head, &begun)
        }
        PromptKind::Tests => chat(tests_request(material), &head(material, false), &begun),
        PromptKind::Plain => Prompt::Text(format!("{}{}\n{begun}", imports(material), head(material, true))),
        PromptKind::Context => Prompt::Text(format!("{}{}\n{begun}", context(material), head(material, true))),
        PromptKind::Solved => {
            let shown: String = solved::nearest(material).iter().map(|text| format!("{text}\n\n\n")).collect();
            Prompt::Text(format!("{shown}{}{}\n{begun}", imports(material), head(material, true)))
        }
        PromptKind::Repair => chat(repair_request(material), &head(material, false), &begun),
        PromptKind::Ask | PromptKind::AskContext | PromptKind::AskRepair => return super::chat::build(kind, material),
    };
    Built { prompt, stop: stops(&material.block.indent), begun }
}

/// One character less than the indentation.
pub(crate) fn begun(indent: &str) -> String {
    indent.get(..indent.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

fn chat(request: String, head: &str, begun: &str) -> Prompt {
    let answer = format!("```python\n{head}\n{begun}");
    Prompt::Chat(vec![
        Message { role: Role::User, content: request },
        Message { role: Role::Assistant, content: answer },
    ])
}

/// Any line that starts at the margin ends the text; for a method, also the next one of its class.
fn stops(indent: &str) -> Vec<String> {
    let mut stops: Vec<String> = ('!'..='~').map(|first| format!("\n{first}")).collect();
    let outer = indent.strip_suffix("    ").unwrap_or_default();
    if !outer.is_empty() {
        stops.extend(["def ", "@", "#", "class "].iter().map(|word| format!("\n{outer}{word}")));
    }
    stops.push("\n\n\n\n".to_owned());
    stops
}

fn tests_request(material: &Material<'_>) -> String {
    let signature = material.block.signature(material.source).trim().trim_end_matches(':');
    let signature = signature.rsplit("def ").next().unwrap_or(signature);
    let tests = asserts(material);
    let tests = if tests.is_empty() {
        String::new()
    } else {
        format!("\nYour code should pass these tests:\n{}", tests.join("\n"))
    };
    format!("Write a Python function `{signature}`. {}{tests}", words(material).trim())
}

/// The examples that a prompt shows, as asserts.
pub(crate) fn asserts(material: &Material<'_>) -> Vec<String> {
    shown(material).iter().map(|example| format!("assert {} == {}", example.call, example.value)).collect()
}

fn repair_request(material: &Material<'_>) -> String {
    let Some((body, error)) = material.previous else { return tests_request(material) };
    let error: String = error.lines().next().unwrap_or_default().chars().take(160).collect();
    let error = error.split_once(": ").map_or(error.as_str(), |(_, message)| message).to_owned();
    let bare = Block { doc: None, ..material.block.clone() };
    format!(
        "This function is wrong ({error}):\n{}\n{body}\n\n{}",
        bare.signature(material.source),
        tests_request(material)
    )
}

fn imports(material: &Material<'_>) -> String {
    let Some(module) = parse(material.source) else { return String::new() };
    let lines: Vec<String> = names::import_lines(material.source, &module)
        .into_iter()
        .filter(|line| !line.contains("__future__") && !line.starts_with("from ."))
        .collect();
    if lines.is_empty() { String::new() } else { format!("{}\n\n\n", lines.join("\n")) }
}

/// Signature and docstring. The class line comes first for a method.
pub(crate) fn head(material: &Material<'_>, documented: bool) -> String {
    let block = material.block;
    let class = block.class.as_ref().map(|class| format!("class {class}:\n")).unwrap_or_default();
    let signature = format!("{class}{}", block.signature(material.source));
    if documented { format!("{signature}\n{}", docstring(material, true)) } else { signature }
}

fn docstring(material: &Material<'_>, with_examples: bool) -> String {
    let indent = &material.block.indent;
    let words = words(material);
    let mut lines: Vec<String> = words.lines().map(str::to_owned).collect();
    if with_examples && !words.contains(">>>") {
        let shown = shown(material);
        if !shown.is_empty() {
            lines.push(String::new());
        }
        for example in shown {
            lines.push(format!(">>> {}", example.call));
            lines.push(example.value.clone());
        }
    }
    let text: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| match (number, line.is_empty()) {
            (0, _) => line.clone(),
            (_, true) => String::new(),
            _ => format!("{indent}{line}"),
        })
        .collect();
    if lines.len() > 1 {
        format!("{indent}\"\"\"{}\n{indent}\"\"\"", text.join("\n"))
    } else {
        format!("{indent}\"\"\"{}\"\"\"", text.join("\n"))
    }
}

/// What the function is to do: its docstring, else the task's words without their code.
pub(crate) fn words(material: &Material<'_>) -> String {
    let doc = material.block.doc_text(material.source);
    let doc = if doc.trim().is_empty() { prose(material.task) } else { doc };
    doc.replace("\"\"\"", "'''").replace('\\', "\\\\")
}

/// The task without asserts, doctests and fences.
pub(crate) fn prose(task: &str) -> String {
    let code = |line: &&str| {
        let line = line.trim();
        !(line.starts_with("assert ") || line.starts_with(">>>") || line.starts_with("```"))
    };
    let lines: Vec<&str> = task.lines().filter(code).map(str::trim).filter(|line| !line.is_empty()).take(12).collect();
    lines.join("\n")
}

fn shown<'a>(material: &Material<'a>) -> Vec<&'a Example> {
    let count = material.examples.len();
    let start = if count > EXAMPLES_MAX { material.turn * 2 % count } else { 0 };
    material.examples.iter().cycle().skip(start).take(count.min(EXAMPLES_MAX)).collect()
}

/// The end of the module's text before the function, from the start of a line at the margin.
pub(crate) fn context(material: &Material<'_>) -> String {
    let before = material.source.get(..material.block.start).unwrap_or_default();
    if before.len() <= CONTEXT_BYTES_MAX {
        return without_class(before, material);
    }
    let starts = before.match_indices("\n\n").map(|(at, _)| at + 2);
    let start = starts.into_iter().find(|at| {
        before.len() - at <= CONTEXT_BYTES_MAX
            && before.get(*at..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '@'))
    });
    let tail = start.and_then(|at| before.get(at..)).unwrap_or_default();
    without_class(&format!("{}{tail}", imports(material)), material)
}

/// A method's class line is added by the head, so it must not stand there twice.
fn without_class(before: &str, material: &Material<'_>) -> String {
    match &material.block.class {
        Some(class) => before.replacen(&format!("class {class}:\n"), "", 1),
        None => before.to_owned(),
    }
}
