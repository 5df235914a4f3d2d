//! The Python subset: parse, check, instrument.

use anyhow::{Result, ensure};
use edgecoder_subset::{Origin, check, instrument, parse};
use edgecoder_types::FileRole;

use super::{Target, violations};
use crate::grammar::Grammar;

pub(super) const TARGET: Target = Target {
    name: "python",
    about: "the Python subset: places of violations, the same twice, instrumentation of what is accepted",
    words: WORDS,
    grammar: Some((GRAMMAR, "file")),
    smoke_cases: 6_000,
    open: || Ok(Box::new(one)),
};

const PATH: &str = "solution.py";

fn one(data: &[u8]) -> Result<()> {
    let local = ["helper".to_owned(), "package.inner".to_owned()];
    let parsed = match parse(PATH, data) {
        Ok(parsed) => parsed,
        Err(found) => {
            ensure!(!found.is_empty(), "refused without a reason");
            ensure!(parse(PATH, data).err() == Some(found.clone()), "refused for another reason the second time");
            return violations::check(PATH, data, &found);
        }
    };
    let candidate = check(&parsed, FileRole::Candidate, &local);
    violations::check(PATH, data, &candidate)?;
    let again = parse(PATH, data).map(|parsed| check(&parsed, FileRole::Candidate, &local));
    ensure!(again.as_ref() == Ok(&candidate), "other violations the second time: {again:?}");
    violations::check(PATH, data, &check(&parsed, FileRole::Oracle, &local))?;
    if !candidate.is_empty() {
        return Ok(());
    }
    for role in [FileRole::Candidate, FileRole::Oracle] {
        let origin = Origin::Program(role);
        let (mut one, mut other) = (parsed.module.clone(), parsed.module.clone());
        let first = instrument(&mut one, &parsed.source, origin);
        let second = instrument(&mut other, &parsed.source, origin);
        ensure!(
            one == other && format!("{first:?}") == format!("{second:?}"),
            "instrumented otherwise the second time"
        );
    }
    Ok(())
}

const WORDS: &[&str] = &[
    "def ",
    "class ",
    "return ",
    "yield ",
    "yield from ",
    "async ",
    "await ",
    "lambda: ",
    "import ",
    "from ",
    "global ",
    "nonlocal ",
    "with ",
    "try:",
    "except ",
    "except* ",
    "finally:",
    "raise ",
    "match ",
    "case ",
    "_",
    "if ",
    "elif ",
    "else:",
    "while ",
    "for ",
    "in ",
    "not ",
    "is ",
    "and ",
    "or ",
    "del ",
    "assert ",
    "pass",
    "break",
    "continue",
    "type ",
    "None",
    "True",
    "...",
    ":=",
    "->",
    "**",
    "//",
    "@",
    "=",
    "==",
    "!=",
    "<>",
    "f\"",
    "t\"",
    "rb'",
    "\"\"\"",
    "{x!r:>{y}}",
    "__class__",
    "__slots__",
    "__match_args__",
    "__builtins__",
    "__import__",
    "__dict__",
    "getattr",
    "setattr",
    "eval",
    "exec",
    "open",
    "super()",
    "self.",
    "print(",
    "# coding: latin-1",
    "\u{feff}",
    "\\\n",
    "1_000",
    "0x",
    "1e5j",
    "math",
    "collections",
    "unittest",
    "pytest",
    "os",
    "sys",
    "re",
    "(*",
    "**kw",
    "/, ",
    "*, ",
];

const GRAMMAR: Grammar = &[
    ("file", &["<stmts>", "<stmts><stmts>", "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n<stmts>"]),
    ("stmts", &["x = 1\n", "<stmt>", "<stmt><stmts>", "<stmt><stmt><stmts>"]),
    ("block", &["pass\n", "<stmt>", "<stmt><stmt>", "\"\"\"Doc.\"\"\"\n<stmt>", "return <expr>\n<stmt>", "<stmts>"]),
    (
        "stmt",
        &[
            "x = 1\n",
            "<target> = <expr>\n",
            "<name> += <expr>\n",
            "<name>: <expr> = <expr>\n",
            "if <expr>:\n<block>elif <expr>:\n<block>else:\n<block>",
            "for <target> in <expr>:\n<block>else:\n<block>",
            "while <expr>:\n<block>",
            "def <name>(<params>):\n<block>",
            "@<name>\ndef <name>(<params>) -> <expr>:\n<block>",
            "async def <name>(<params>):\n<block>",
            "class <name>(<expr>):\n<block>",
            "class <name>[T]:\n    __slots__ = ('a',)\n<block>",
            "try:\n<block>except <expr> as <name>:\n<block>else:\n<block>finally:\n<block>",
            "try:\n<block>except* ValueError:\n<block>",
            "with <expr> as <target>, <expr>:\n<block>",
            "match <expr>:\n    case <pattern>:\n        pass\n    case <pattern> if <expr>:\n        pass\n",
            "import <module>\n",
            "from <module> import <name> as <name>\n",
            "from <module> import *\n",
            "assert <expr>, <expr>\n",
            "assert <expr> <op> <expr>\n",
            "return <expr>\n",
            "raise <expr> from <expr>\n",
            "global <name>\n",
            "nonlocal <name>\n",
            "del <target>\n",
            "<expr>\n",
            "break\n",
            "continue\n",
            "type <name> = <expr>\n",
            "lambda <params>: <expr>\n",
            "if __name__ == '__main__':\n<block>",
        ],
    ),
    (
        "expr",
        &[
            "1",
            "<name>",
            "<atom>",
            "<expr> <op> <expr>",
            "<expr> <op> <expr> <op> <expr>",
            "(<expr>)",
            "not <expr>",
            "-<expr>",
            "<expr> if <expr> else <expr>",
            "lambda <params>: <expr>",
            "[<expr> for <target> in <expr> if <expr>]",
            "{<expr>: <expr> for <target> in <expr>}",
            "(<expr> for <target> in <expr>)",
            "<name>(<args>)",
            "<expr>.<attr>",
            "<expr>[<expr>:<expr>]",
            "(<name> := <expr>)",
            "(yield <expr>)",
            "(yield from <expr>)",
            "await <expr>",
            "[<expr>, *<expr>]",
            "{<expr>: <expr>, **<expr>}",
            "f'{<name>!r:>{<name>}} {<name>=}'",
            "getattr(<name>, '<attr>')",
        ],
    ),
    ("atom", &["0", "''", "b'x'", "1.5", "3j", "None", "True", "...", "10**100", "'a' 'b'", "()", "[]", "{}", "{1}"]),
    (
        "op",
        &[
            "+", "-", "*", "/", "//", "%", "**", "@", "<<", "&", "|", "==", "!=", "<", ">=", "in", "not in", "is",
            "and", "or",
        ],
    ),
    ("args", &["", "<expr>", "<expr>, <expr>", "*<expr>, <name>=<expr>, **<expr>"]),
    ("params", &["", "a", "a, b=<expr>", "self, *args, c=1, **kw", "a, /, b, *, c: <expr>"]),
    ("target", &["x", "<name>", "<name>.<attr>", "<name>[<expr>]", "<name>, *<name>", "(<target>, <target>)"]),
    (
        "pattern",
        &[
            "_",
            "1",
            "'a'",
            "<name>",
            "[<pattern>, *_]",
            "{'k': <pattern>, **<name>}",
            "<name>(<pattern>, a=<pattern>)",
            "<pattern> | 2",
            "(<pattern> as <name>)",
            "None",
            "a.b",
            "-1",
        ],
    ),
    ("name", &["x", "y", "f", "self", "items", "Foo", "test_it", "__init__", "__eq__", "print", "len", "_", "é"]),
    ("attr", &["a", "append", "__class__", "__dict__", "__globals__", "name", "f_locals", "format", "_x"]),
    ("module", &["math", "re", "helper", "os", "sys", "collections.abc", "package.inner", ".", "..a", "unittest"]),
];
