//! The reader's page of the subset, printed from the tables.

use std::fmt::Write as _;

use crate::check::STAR;
use crate::nesting::{FINALLY_NESTING_MAX, NESTING_MAX};
use crate::tables::{attributes, builtins, denied_modules, modules, reasons};

/// The text of `docs/subset-python.md`.
pub fn reference_markdown() -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    write(&mut page).unwrap_or_default();
    page
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn write(page: &mut String) -> std::fmt::Result {
    page.push_str(INTRODUCTION);
    writeln!(
        page,
        "Code may nest {NESTING_MAX} levels deep, where a bracket, an operator in a row or an `elif` is one level and a \
         block is four; `finally` blocks may nest {FINALLY_NESTING_MAX} deep.\n"
    )?;
    page.push_str("## Reason codes\n\n| code | meaning | outside |\n| --- | --- | --- |\n");
    for reason in reasons::REASONS {
        let example = reason.denied.first().map_or_else(String::new, |source| {
            let visible = source.trim_end().replace('\0', "\\0").replace('\n', "⏎").replace('|', "\\|");
            format!("`{visible}`")
        });
        writeln!(page, "| `{}` | {} | {example} |", reason.code, reason.meaning)?;
    }
    page.push_str("\n## Modules\n\n`from module import *` works for ");
    writeln!(page, "{}.\n", list(STAR))?;
    for module in modules::MODULES {
        let note = if module.note.is_empty() { String::new() } else { format!("{} ", module.note) };
        writeln!(page, "- **`{}`**: {note}{}", module.name, list(&module.names().collect::<Vec<_>>()))?;
    }
    page.push_str("\n### Not importable\n\n| modules | why | instead |\n| --- | --- | --- |\n");
    for group in denied_modules::DENIED_MODULES {
        writeln!(page, "| {} | {} | {} |", list(group.names), group.reason, group.hint)?;
    }
    writeln!(page, "\n## Builtins\n\nAllowed: {}.\n", list(builtins::ALLOWED))?;
    page.push_str("| denied | why | instead |\n| --- | --- | --- |\n");
    for denied in builtins::DENIED {
        writeln!(page, "| `{}` | {} | {} |", denied.name, denied.reason, denied.hint)?;
    }
    page.push_str(ATTRIBUTES);
    writeln!(page, "A class may define, and a program may call: {}.\n", list(attributes::METHODS))?;
    writeln!(page, "A class body or a module may also bind: {}.\n", list(attributes::DEFINABLE))?;
    writeln!(page, "A program may also read: {}.\n", list(attributes::READABLE))?;
    writeln!(page, "It may also set on objects of its own: {}.\n", list(attributes::SETTABLE))?;
    writeln!(page, "Denied although they are no special names: {}.\n", list(attributes::WALKS))?;
    page.push_str("| denied | why | instead |\n| --- | --- | --- |\n");
    for entry in attributes::EXPLAINED {
        writeln!(page, "| `{}` | {} | {} |", entry.name, entry.reason, entry.hint)?;
    }
    Ok(())
}

const INTRODUCTION: &str = "# The Python subset

Programs inside this subset run in the embedded interpreter; `edgecoder check FILE` says where a program leaves it. This
page is printed from the checker's tables.

The language is Python 3 as a whole (classes and inheritance, special methods, generators, decorators, exceptions, `with`,
`match`, comprehensions, type hints, dataclasses, enums) without asynchronous code, template strings, code made from
text, and ways into the interpreter.

";

const ATTRIBUTES: &str = "
## Attributes and special methods

Names without two underscores on both sides are free. Of the special names only those listed here are in the
subset. `getattr`, `setattr`, `hasattr`, `delattr`, `str.format`, `operator.attrgetter` and `operator.methodcaller`
obey the same rules at run time.

";
