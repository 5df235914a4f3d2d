//! Prompts for small models: plain completion of a function whose head says what it does.

use edgecoder_inference::{Message, Prompt, Role};

use crate::python::examples::Example;
use crate::python::functions::Block;
use crate::python::{names, parse};

/// Most examples that a prompt shows.
const EXAMPLES_MAX: usize = 4;
/// Most bytes of module text before the function.
const CONTEXT_BYTES_MAX: usize = 1_600;

/// How a prompt is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Signature and docstring with the tests' examples; the model continues the body.
    Docstring,
    /// The words and the asserts in a string above the signature.
    Asserts,
    /// As `Docstring`, after the functions that stand before it in the file.
    Context,
    /// A question to the instruct model, its answer begun with the signature.
    Chat,
    /// A wrong version with its error, then the function again.
    Repair,
}

/// What a prompt is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material<'a> {
    pub(crate) source: &'a str,
    pub(crate) block: &'a Block,
    pub(crate) task: &'a str,
    pub(crate) examples: &'a [Example],
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
}

/// Builds a prompt of the wanted kind.
pub(crate) fn build(kind: PromptKind, material: &Material<'_>) -> Built {
    let text = match kind {
        PromptKind::Docstring => format!("{}{}", imports(material), head(material, true)),
        PromptKind::Asserts => asserts(material),
        PromptKind::Context => format!("{}{}", context(material), head(material, true)),
        PromptKind::Repair => repair(material),
        PromptKind::Chat => return chat(material),
    };
    Built { prompt: Prompt::Text(text), stop: stops(&material.block.indent) }
}

/// The first line that leaves the body ends the text.
fn stops(indent: &str) -> Vec<String> {
    let words = ["def ", "class ", "@", "if __name__", "print(", "assert ", "import ", "from ", "#", "```", "\"\"\"", "'''"];
    let outer = indent.strip_suffix("    ").unwrap_or_default();
    let mut stops: Vec<String> = words.iter().map(|word| format!("\n{word}")).collect();
    if !outer.is_empty() {
        stops.extend(["def ", "@", "#"].iter().map(|word| format!("\n{outer}{word}")));
    }
    stops.push("\n\n\n\n".to_owned());
    stops
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
fn head(material: &Material<'_>, with_examples: bool) -> String {
    let block = material.block;
    let class = block.class.as_ref().map(|class| format!("class {class}:\n")).unwrap_or_default();
    format!("{class}{}\n{}\n", block.signature(material.source), docstring(material, with_examples))
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
fn words(material: &Material<'_>) -> String {
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

fn asserts(material: &Material<'_>) -> String {
    let examples: Vec<String> =
        shown(material).iter().map(|example| format!("assert {} == {}", example.call, example.value)).collect();
    let bare = Block { doc: None, ..material.block.clone() };
    let class = bare.class.as_ref().map(|class| format!("class {class}:\n")).unwrap_or_default();
    format!(
        "\"\"\"\n{}\n{}\n\"\"\"\n{}{class}{}\n",
        words(material),
        examples.join("\n"),
        imports(material),
        bare.signature(material.source)
    )
}

/// The end of the module's text before the function, from the start of a line at the margin.
fn context(material: &Material<'_>) -> String {
    let before = material.source.get(..material.block.start).unwrap_or_default();
    if before.len() <= CONTEXT_BYTES_MAX {
        return without_class(before, material);
    }
    let starts = before.match_indices("\n\n").map(|(at, _)| at + 2);
    let start = starts.into_iter().find(|at| {
        before.len() - at <= CONTEXT_BYTES_MAX && before.get(*at..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '@'))
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

fn repair(material: &Material<'_>) -> String {
    let Some((body, error)) = material.previous else {
        return format!("{}{}", imports(material), head(material, true));
    };
    let bare = Block { doc: None, ..material.block.clone() };
    let error: String = error.lines().next().unwrap_or_default().chars().take(200).collect();
    format!(
        "{}# First attempt. It is wrong: {error}\n{}\n{body}\n\n\n# Corrected version.\n{}",
        imports(material),
        bare.signature(material.source),
        head(material, true)
    )
}

fn chat(material: &Material<'_>) -> Built {
    let signature = material.block.signature(material.source).trim().to_owned();
    let examples: Vec<String> =
        shown(material).iter().map(|example| format!("{} returns {}", example.call, example.value)).collect();
    let question = format!(
        "Write the Python function `{}`.\n{}\nExamples:\n{}\nAnswer with the code only.",
        signature.trim_end_matches(':'),
        words(material),
        examples.join("\n")
    );
    let begun = format!("```python\n{}{}\n", imports(material), material.block.signature(material.source));
    let messages =
        vec![Message { role: Role::User, content: question }, Message { role: Role::Assistant, content: begun }];
    Built { prompt: Prompt::Chat(messages), stop: stops(&material.block.indent) }
}
