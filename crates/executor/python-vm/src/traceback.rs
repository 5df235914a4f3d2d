//! Tracebacks as Python prints them, with the program's own lines and without paths of the host.

use std::fmt::Write as _;

use rustpython_vm::builtins::PyBaseException;
use rustpython_vm::{AsObject, Py, VirtualMachine};

use crate::state;

/// Deepest chain of causes and contexts that is printed.
const CHAIN_MAX: usize = 16;

/// Repeated lines of a recursion that are printed before they are counted.
const REPEATS_MAX: usize = 3;

/// The whole text for standard error.
pub(crate) fn text(exception: &Py<PyBaseException>, vm: &VirtualMachine) -> String {
    let mut text = String::new();
    chain(exception, vm, &mut text, 0);
    text
}

fn chain(exception: &Py<PyBaseException>, vm: &VirtualMachine, text: &mut String, depth: usize) {
    if depth < CHAIN_MAX {
        if let Some(cause) = exception.__cause__().filter(|cause| !cause.is(exception)) {
            chain(&cause, vm, text, depth + 1);
            text.push_str("\nThe above exception was the direct cause of the following exception:\n\n");
        } else if let Some(context) = exception.__context__().filter(|context| !context.is(exception))
            && !is_suppressed(exception, vm)
        {
            chain(&context, vm, text, depth + 1);
            text.push_str("\nDuring handling of the above exception, another exception occurred:\n\n");
        }
    }
    entries(exception, text);
    text.push_str(&last_line(exception, vm));
    text.push('\n');
}

fn is_suppressed(exception: &Py<PyBaseException>, vm: &VirtualMachine) -> bool {
    let flag = exception.as_object().get_attr("__suppress_context__", vm);
    flag.is_ok_and(|flag| flag.is(&vm.ctx.true_value))
}

fn entries(exception: &Py<PyBaseException>, text: &mut String) {
    let mut lines: Vec<String> = Vec::new();
    let mut next = exception.__traceback__();
    while let Some(entry) = next {
        let code = &entry.frame.code;
        let path = code.source_path().as_str().to_owned();
        let line = entry.lineno.get();
        let mut shown = format!("  File \"{path}\", line {line}, in {}\n", code.obj_name.as_str());
        if !path.starts_with('<')
            && let Some(source) = source_line(&path, line)
        {
            let _infallible = writeln!(shown, "    {source}");
        }
        lines.push(shown);
        let following = entry.next.lock().clone();
        next = following;
    }
    if lines.is_empty() {
        return;
    }
    text.push_str("Traceback (most recent call last):\n");
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let repeats = lines.iter().skip(at).take_while(|other| *other == line).count();
        for _ in 0..repeats.min(REPEATS_MAX) {
            text.push_str(line);
        }
        if repeats > REPEATS_MAX {
            let _infallible = writeln!(text, "  [Previous line repeated {} more times]", repeats - REPEATS_MAX);
        }
        at += repeats;
    }
}

fn source_line(path: &str, line: usize) -> Option<String> {
    state::with(|run| {
        let file = run.request.files.iter().find(|file| file.path == path)?;
        let content = String::from_utf8_lossy(&file.content);
        content.lines().nth(line.checked_sub(1)?).map(|line| line.trim().to_owned())
    })
    .flatten()
}

/// `Name: message`, as the last line of a traceback.
pub(crate) fn last_line(exception: &Py<PyBaseException>, vm: &VirtualMachine) -> String {
    let class = exception.class();
    let module = class
        .as_object()
        .get_attr("__module__", vm)
        .ok()
        .and_then(|module| module.str(vm).ok())
        .map_or_else(|| "builtins".to_owned(), |module| module.to_string_lossy().into_owned());
    let name = match module.as_str() {
        "builtins" | "__main__" => class.name().to_string(),
        module => format!("{module}.{}", class.name()),
    };
    match exception.as_object().str(vm) {
        Ok(message) if message.is_empty() => name,
        Ok(message) => format!("{name}: {}", message.to_string_lossy()),
        Err(_) => format!("{name}: <exception str() failed>"),
    }
}
