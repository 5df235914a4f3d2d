//! The reader's page of the subset, printed from the tables.

use std::fmt::Write as _;

use crate::nesting::NESTING_MAX;
use crate::tables::{globals, members, modules, reasons};

/// The text of `docs/subset-javascript.md`.
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
    writeln!(page, "Code may nest {NESTING_MAX} brackets deep.\n")?;
    page.push_str("## Reason codes\n\n| code | meaning | outside |\n| --- | --- | --- |\n");
    for reason in reasons::REASONS {
        let example = reason.denied.first().map_or_else(String::new, |source| {
            let visible = source.trim_end().replace('\0', "\\0").replace('\n', "⏎").replace('|', "\\|");
            format!("`{visible}`")
        });
        writeln!(page, "| `{}` | {} | {example} |", reason.code, reason.meaning)?;
    }
    page.push_str("\n## Modules\n\nThe program's own `.js`, `.mjs` and `.cjs` files by relative path, and:\n\n");
    for module in modules::MODULES {
        writeln!(page, "- {}: {}", list(module.specifiers), list(module.names))?;
    }
    writeln!(page, "\n## Names\n\nAllowed: {}.\n", list(globals::ALLOWED))?;
    writeln!(page, "`process` has {}.\n", list(members::PROCESS))?;
    page.push_str("| denied | why | instead |\n| --- | --- | --- |\n");
    for group in globals::DENIED {
        writeln!(page, "| {} | {} | {} |", list(group.names), group.reason, group.hint)?;
    }
    page.push_str("\n## Members\n\n| denied | why | instead |\n| --- | --- | --- |\n");
    for member in members::DENIED {
        writeln!(page, "| `{}` | {} | {} |", member.name, member.reason, member.hint)?;
    }
    page.push_str(DIFFERENCES);
    Ok(())
}

const INTRODUCTION: &str = "# The JavaScript subset

Programs inside this subset run in the embedded interpreter; `edgecoder check FILE` says where a program leaves it. This
page is printed from the checker's tables.

The language is ECMAScript 2023 as a whole (classes, closures, generators, asynchronous functions, modules, destructuring,
regular expressions, large integers, typed arrays) without code made from text, dynamic imports, proxies, and what
belongs to a host or a locale. A file with `import` or `export` statements, or named `.mjs`, is a module; any other is
CommonJS. Every file runs in strict mode.

";

const DIFFERENCES: &str = "
What the check cannot see, because a name is computed, the interpreter denies again: the constructors behind
functions, generators and asynchronous functions throw, and every built-in object is frozen.

## Tests

- What a test asserts stays asserted: when the code under test swallows the error of a failed assertion, the test fails. A
  `catch` of the test itself, a function that it gives to `then` or `catch`, and `assert.throws` and its kin may
  handle it. `console.assert` fails a test, too.
- A comparison that an object of the candidate would decide by its own conversion ends the run as `forged`, and so does a
  question by `includes`, `startsWith`, `endsWith`, `some`, `every` or `has` that such an object would answer itself,
  unless the test made the object by `new`; `has` of another object is asked for something that nothing has.
- A function that a test expects of `throws` or `rejects` has to be the test's own, or a class.
- Promises, iterators and weak collections are deeply equal to themselves only.
- A test waits for its subtests, and a file for its timers, intervals excepted. Mocks, snapshots and plans have no stand-in:
  the run is refused.

## Where it differs from Node

- Built-in objects are frozen. Assigning to a property of `Array.prototype` and the like throws a TypeError.
- `this` of a plain function call is `undefined` everywhere.
- Messages of errors that the interpreter throws have other words.
- `Date` reads a virtual clock that begins at 2024-01-01T00:00:00Z in UTC; timers fire in order of their time without
  waiting; `Math.random` is seeded by the run.
- How deep a recursion may go before the RangeError is not the same as in Node.
";
