//! Texts that could take the process down or be read in two ways: each gets an ending.

use edgecoder_types::RunStatus;

use crate::support::{self, Outcome};

/// A name, what comes before, what is repeated, how often, and what comes after.
const TOWERS: &[(&str, &str, &str, usize, &str)] = &[
    ("parentheses", "", "(", 100_000, ""),
    ("new", "", "new ", 200_000, "A"),
    ("typeof", "x = ", "typeof ", 200_000, "1"),
    ("delete", "", "delete ", 100_000, "a.b"),
    ("await", "async function f() {", "await ", 200_000, "1}"),
    ("yield", "function* f() {", "yield ", 200_000, "1}"),
    ("in", "x = 1", " in x", 200_000, ""),
    ("instanceof", "x = 1", " instanceof x", 200_000, ""),
    ("do", "", "do ", 100_000, ";"),
    ("alternatives", "if (a);", "else if (a);", 100_000, ""),
    ("arrows", "x = ", "a=>", 100_000, "1"),
    ("members", "x = a", ".b", 200_000, ""),
    ("calls", "f", "()", 200_000, ""),
    ("sums of calls", "x = f(a, b)", " + f(a, b)", 20_000, ""),
    ("sums of objects", "x = {}", " + {}", 20_000, ""),
    ("tagged templates", "f", "``", 100_000, ""),
    ("choices", "x = ", "a ? b : ", 100_000, "c"),
    ("blocks", "", "{", 100_000, ""),
    ("classes", "x = ", "class extends ", 100_000, ""),
    ("assignments", "x", " = x", 200_000, ""),
    ("patterns", "let ", "[", 100_000, "a"),
    ("conditions", "", "if (a)", 50_000, ";"),
    ("attempts", "", "try {", 50_000, ""),
    ("texts that close brackets", "x = ", "[\"]\",", 20_000, ""),
    ("a long text", "x = '", "a", 3_000_000, "'"),
    ("groups of an expression", "const r = /", "(", 100_000, "/;"),
    ("classes of an expression", "const r = /", "[a]", 100_000, "/;"),
    ("a large integer", "const x = ", "9", 100_000, "n;"),
    ("arguments", "Math.max(", "1,", 70_000, "1);"),
    ("statements", "const f = () => 1;", "f();", 20_000, ""),
];

/// Programs, and what they print.
const PROGRAMS: &[(&str, &str)] = &[
    ("const a = 1;\r\nconsole.log(a)\r\n", "1\n"),
    ("#!/usr/bin/env node\nconsole.log(1)", "1\n"),
    ("\u{feff}console.log(1)", "1\n"),
    ("const x = '\u{2028}'; console.log(x.length); // \u{2029}console.log(2)", "1\n2\n"),
    ("const x = '\\ud800'; console.log(x.length, x.isWellFormed())", "1 false\n"),
    ("const \\u0061b = 1; console.log(ab)", "1\n"),
    ("const \u{e9}\u{4e2d} = 1; console.log(\u{e9}\u{4e2d})", "1\n"),
    ("let a = []; for (let i = 0; i < 2e5; i++) a = [a]; a = null; console.log(1)", "1\n"),
    ("let f = () => 1; for (let i = 0; i < 1e5; i++) { const g = f; f = () => g; } f = null; console.log(1)", "1\n"),
    ("let s = ''; for (let i = 0; i < 1e4; i++) s = 'x' + s + 'y'; console.log(s.length); s = null;", "20000\n"),
    (
        "let p = Promise.resolve(1); for (let i = 0; i < 1e4; i++) p = p.then((x) => x); p.then((x) => console.log(x))",
        "1\n",
    ),
    (
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; try { a.flat(Infinity); } catch (e) { console.log(e.name); }",
        "RangeError\n",
    ),
    (
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; try { a.join(); } catch (e) { console.log(e.name); }",
        "RangeError\n",
    ),
    ("try { JSON.parse('['.repeat(1e5)); } catch (e) { console.log(e instanceof Error); }", "true\n"),
    (
        "const o = { toString() { return `${this}`; } }; try { `${o}`; } catch (e) { console.log(e.name); }",
        "RangeError\n",
    ),
    ("const a = [5, 4, 3]; a.sort((x, y) => { a.length = 0; return x - y; }); console.log(a.length)", "3\n"),
    ("const a = [1, 2, 3]; console.log(a.map((x) => { a.length = 0; return x; }).length)", "3\n"),
    ("let g; function* f() { g.next(); } g = f(); try { g.next(); } catch (e) { console.log(e.name); }", "TypeError\n"),
    ("(async () => { await new Promise(() => {}); })(); console.log(1)", "1\n"),
    ("const f = () => { for (;;) { try { return 1; } finally { break; } } return 2; }; console.log(f())", "2\n"),
];

#[test]
fn every_tower_gets_an_ending() {
    support::all(TOWERS, |(name, before, unit, count, after)| {
        let source = format!("{before}{}{after}", unit.repeat(*count));
        match support::run(&support::program(&source)) {
            Outcome::Ended(ending)
                if matches!(ending.status, RunStatus::Rejected | RunStatus::Completed | RunStatus::Error) =>
            {
                Ok(())
            }
            other => Err(format!("{name}: {}", format!("{other:?}").chars().take(300).collect::<String>())),
        }
    });
}

#[test]
fn odd_programs_print_what_they_should() {
    support::all(PROGRAMS, |(source, wanted)| {
        let ending = support::run(&support::program(source)).ending();
        let printed = String::from_utf8_lossy(&ending.stdout).into_owned();
        (printed == *wanted).then_some(()).ok_or_else(|| format!("{source}: {ending:?}"))
    });
}
