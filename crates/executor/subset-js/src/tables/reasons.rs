//! Every reason code, with what it means and sources that earn it.

/// One reason.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The code.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Sources outside the subset, for exactly this reason.
    pub denied: &'static [&'static str],
    /// Sources close to them that are inside.
    pub allowed: &'static [&'static str],
}

/// Every reason, by code.
pub const REASONS: &[Reason] = &[
    Reason {
        code: "dynamic_code",
        meaning: "Code made from text is never checked.",
        denied: &["eval('1')", "new Function('return 1')", "const f = Function;", "(0, eval)('1')"],
        allowed: &["JSON.parse('1')", "const o = { eval: 1 }; o.eval;", "function f(Function) { return Function; }"],
    },
    Reason {
        code: "dynamic_import",
        meaning: "What is imported has to be known before the program runs.",
        denied: &["import('./a.js')", "const name = './x'; require(name);", "const r = require;"],
        allowed: &["require('./other.js')", "const assert = require('node:assert');"],
    },
    Reason {
        code: "global_denied",
        meaning: "The name belongs to Node or a browser, or leads around the checks.",
        denied: &[
            "globalThis.x",
            "new Proxy({}, {})",
            "fetch('http://localhost')",
            "new WeakRef({})",
            "Intl.NumberFormat()",
            "new SharedArrayBuffer(8)",
            "WebAssembly.compile",
            "Buffer.from('a')",
            "performance.now()",
        ],
        allowed: &["Math.max(1, 2)", "const Proxy = 1; Proxy;", "setTimeout(() => 1, 5)"],
    },
    Reason {
        code: "import_denied",
        meaning: "The module is no file of the program and has no stand-in.",
        denied: &[
            "require('fs')",
            "import fs from 'node:fs';",
            "require('./missing.js')",
            "export * from 'os';",
            "import { mock } from 'node:test';",
        ],
        allowed: &["import test, { it } from 'node:test';", "import { a } from './other.js';"],
    },
    Reason {
        code: "import_meta_denied",
        meaning: "There are no files behind the modules.",
        denied: &["export const x = import.meta.url;"],
        allowed: &["function F() { return new.target; }"],
    },
    Reason {
        code: "member_denied",
        meaning: "The member leads to code made from text, to the calling code, or to what differs between engines.",
        denied: &[
            "[].constructor.constructor",
            "({}).__proto__",
            "'a'.localeCompare('b')",
            "new Error('x').stack",
            "const { constructor } = [];",
            "[]['constructor']",
            "(1).toLocaleString()",
            "process.binding('fs')",
            "const o = { [Symbol.hasInstance]() {} };",
            "({ __proto__: null })",
        ],
        allowed: &[
            "const f = (x) => x.constructor.name;",
            "class A { constructor() { this.x = 1; } }",
            "function A() {} A.prototype.constructor = A;",
            "process.exit(0)",
        ],
    },
    Reason {
        code: "nesting_too_deep",
        meaning: "The code nests deeper than the parser's stack allows.",
        denied: &[],
        allowed: &[],
    },
    Reason {
        code: "reserved_name",
        meaning: "Names that begin with `__ec_` belong to the instrumentation.",
        denied: &["const __ec_t = 1;", "__ec_t()", "const \\u005f_ec_t = 1;"],
        allowed: &["const o = { __ec_t: 1 };", "const _ec_t = 1;"],
    },
    Reason {
        code: "sloppy_denied",
        meaning: "The file means something else in strict mode, in which everything runs.",
        denied: &["with ({ a: 1 }) { a; }", "var x = 010;", "function f(a, a) {}", "var y = 1; delete y;"],
        allowed: &["'use strict'; var x = 0o10;"],
    },
    Reason { code: "source_not_utf8", meaning: "The file is not UTF-8.", denied: &[], allowed: &[] },
    Reason { code: "source_nul", meaning: "The file holds a NUL byte.", denied: &["const x = 1\0"], allowed: &[] },
    Reason { code: "source_too_large", meaning: "The file is larger than what is read.", denied: &[], allowed: &[] },
    Reason {
        code: "syntax_denied",
        meaning: "The syntax is younger than the embedded interpreter, or has no meaning here.",
        denied: &[
            "debugger;",
            "@d class A {}",
            "class A { accessor x = 1; }",
            "import x from './other.js' with { type: 'json' };",
        ],
        allowed: &["class A { #x = 1; static { this.y = 2; } get x() { return this.#x; } }", "let a = null; a ??= 1;"],
    },
    Reason {
        code: "syntax_error",
        meaning: "The file is no JavaScript.",
        denied: &["function (", "let a; let a;", "}); (function () {", "return = 1", "const x;"],
        allowed: &["return;"],
    },
    Reason {
        code: "undeclared_assignment",
        meaning: "Assigning to a name that no file declares makes a global variable.",
        denied: &["x = 1;", "for (i = 0; i < 1; i++) {}"],
        allowed: &["let x; x = 1;", "typeof nowhere"],
    },
];
