//! The JavaScript subset: check, facts, instrument.

use anyhow::{Result, ensure};
use edgecoder_subset_js::{Options, check, facts, instrument};

use super::{Target, violations};
use crate::grammar::Grammar;

pub(super) const TARGET: Target = Target {
    name: "javascript",
    about: "the JavaScript subset: places of violations, the same twice, instrumentation of what is accepted keeps its lines",
    words: WORDS,
    grammar: Some((GRAMMAR, "file")),
    smoke_cases: 4_000,
    open: || Ok(Box::new(one)),
};

fn one(data: &[u8]) -> Result<()> {
    let files = ["solution.js".to_owned(), "helper.js".to_owned(), "lib/inner.mjs".to_owned()];
    for path in ["solution.js", "solution.mjs"] {
        let found = check(path, data, &files);
        violations::check(path, data, &found)?;
        ensure!(check(path, data, &files) == found, "other violations the second time");
        if !found.is_empty() {
            continue;
        }
        let facts = facts(path, data);
        ensure!(facts.is_ok(), "accepted, but without facts: {facts:?}");
        let oracle = Options { is_oracle: true, has_cases: true, has_big_integers: true, ..Options::default() };
        for options in [Options::default(), oracle] {
            let woven = instrument(path, data, &files, &options);
            ensure!(instrument(path, data, &files, &options) == woven, "instrumented otherwise the second time");
            match woven {
                Err(refused) => ensure!(!refused.is_empty(), "refused without a reason"),
                Ok((_, code)) => {
                    let lines = |text: &str| text.matches('\n').count();
                    let (own, woven) = (lines(&String::from_utf8_lossy(data)), lines(&code));
                    // What stands around a file of the older kind may end with a line of its own.
                    ensure!((own..=own + 1).contains(&woven), "lines moved: {own} became {woven}");
                }
            }
        }
    }
    Ok(())
}

const WORDS: &[&str] = &[
    "function ",
    "function* ",
    "async ",
    "await ",
    "class ",
    "extends ",
    "static ",
    "get ",
    "set ",
    "#x",
    "return ",
    "throw ",
    "try {",
    "catch (e) {",
    "finally {",
    "if (",
    "else ",
    "for (",
    "for await (",
    " of ",
    " in ",
    "while (",
    "do {",
    "switch (",
    "case ",
    "default:",
    "break;",
    "continue;",
    "let ",
    "const ",
    "var ",
    "import ",
    "export ",
    " from ",
    "import(",
    "import.meta",
    "require(",
    "module.exports",
    "new ",
    "new.target",
    "super(",
    "this",
    "typeof ",
    "void ",
    "delete ",
    "instanceof ",
    "yield ",
    "yield* ",
    "=>",
    "?.",
    "??",
    "??=",
    "**",
    "...",
    "`${",
    "}`",
    "/x/gu",
    "//",
    "/*",
    "*/",
    "-->",
    "<!--",
    "constructor",
    "__proto__",
    "prototype",
    "eval",
    "Function",
    "globalThis",
    "process.",
    "arguments",
    "with (",
    "debugger;",
    "using ",
    "accessor ",
    "@dec ",
    "label: ",
    "0n",
    "0b1",
    "0o7",
    "1_0",
    "'use strict';",
    "#!/bin",
    "\u{2028}",
    "\\u{61}",
    "\\x41",
    "test(",
    "assert.",
    "async () => {",
    "}",
    "{",
    ";",
];

const GRAMMAR: Grammar = &[
    (
        "file",
        &[
            "<stmts>",
            "<stmts><stmts>",
            "import <name> from './helper.js';\n<stmts>export { x };\n",
            "'use strict';\n<stmts>",
        ],
    ),
    ("stmts", &["let x = 1;\n", "<stmt>\n", "<stmt>\n<stmts>", "<stmt>\n<stmt>\n<stmts>"]),
    ("body", &["{}", "{ <stmt> }", "{\n<stmts>}", "{ return <expr>; }"]),
    (
        "stmt",
        &[
            "x = 1;",
            "let <target> = <expr>;",
            "const <name> = <expr>",
            "var <name> = <expr>, y;",
            "<target> = <expr>;",
            "<expr>;",
            "<expr>",
            "if (<expr>) <stmt> else <stmt>",
            "if (<expr>) <body>",
            "for (let <name> = <expr>; <expr>; <expr>) <body>",
            "for (const <target> of <expr>) <stmt>",
            "for (const <name> in <expr>) <body>",
            "for await (const <name> of <expr>) <body>",
            "while (<expr>) <stmt>",
            "do <stmt> while (<expr>)",
            "function <name>(<params>) <body>",
            "async function* <name>(<params>) <body>",
            "class <name> extends <expr> { constructor(<params>) <body> static <name> = <expr>; #p = <expr>; get <name>() <body> static <body> }",
            "try <body> catch (<target>) <body> finally <body>",
            "switch (<expr>) { case <expr>: <stmt> break; default: <stmt> }",
            "throw <expr>;",
            "return <expr>",
            "<name>: <stmt>",
            "break;",
            "continue <name>;",
            "export const <name> = <expr>;",
            "export default <expr>;",
            "import { <name> as <name> } from 'node:assert';",
            "const { <name> } = require('./helper.js');",
            "module.exports = { <name>, x: <expr> };",
            "test('a', () => { assert.equal(<expr>, <expr>); });",
            "assert.deepStrictEqual(<expr>, <expr>);",
            ";",
            "{ <stmt> <stmt> }",
            "// <name>",
            "/* <name> */ <stmt>",
        ],
    ),
    (
        "expr",
        &[
            "1",
            "<name>",
            "<atom>",
            "<expr> <op> <expr>",
            "(<expr>)",
            "(<expr>, <expr>)",
            "!<expr>",
            "-<expr>",
            "typeof <expr>",
            "delete <name>.<attr>",
            "<name>++",
            "--<name>",
            "<expr> ? <expr> : <expr>",
            "(<params>) => <expr>",
            "async (<params>) => <body>",
            "function (<params>) <body>",
            "class { <name>() <body> }",
            "[<expr>, ...<expr>, , <expr>]",
            "({ <name>, a: <expr>, [<expr>]: <expr>, ...<expr>, get <name>() <body> })",
            "<expr>(<expr>, ...<expr>)",
            "new <name>(<expr>)",
            "<expr>.<attr>",
            "<expr>?.<attr>",
            "<expr>?.[<expr>]",
            "<expr>[<expr>]",
            "`a${<expr>}b${<expr>}`",
            "<name>`a${<expr>}`",
            "(<target> = <expr>)",
            "(<name> ??= <expr>)",
            "await <expr>",
            "yield <expr>",
            "/a<name>(b|c)*/g",
            "this",
        ],
    ),
    ("atom", &["0", "''", "'a\\n'", "1.5", "10n", "null", "true", "undefined", "[]", "({})", "``", "NaN", "0.1e-7"]),
    (
        "op",
        &[
            "+",
            "-",
            "*",
            "/",
            "%",
            "**",
            "<<",
            ">>>",
            "&",
            "|",
            "==",
            "===",
            "!=",
            "<",
            ">=",
            "in",
            "instanceof",
            "&&",
            "||",
            "??",
        ],
    ),
    ("params", &["", "a", "a, b = <expr>", "{ a, b: [c] = <expr> }, ...rest", "[a, , b]"]),
    ("target", &["x", "<name>", "<name>.<attr>", "[<name>, ...<name>]", "{ <name>, a: <name> = <expr> }"]),
    ("name", &["x", "y", "f", "items", "Foo", "async", "of", "get", "let", "π", "console", "$", "_"]),
    ("attr", &["a", "length", "map", "constructor", "__proto__", "prototype", "name", "call", "exports", "toString"]),
];
