//! What may be imported besides the program's own files.

/// A stand-in of ours for a module of Node.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// Its name here.
    pub name: &'static str,
    /// How programs may write it.
    pub specifiers: &'static [&'static str],
    /// What it exports by name.
    pub names: &'static [&'static str],
}

/// Every stand-in.
pub const MODULES: &[Module] = &[
    Module { name: "assert", specifiers: &["assert", "node:assert"], names: ASSERT },
    Module { name: "assert/strict", specifiers: &["assert/strict", "node:assert/strict"], names: ASSERT },
    Module {
        name: "test",
        specifiers: &["node:test"],
        names: &["after", "afterEach", "before", "beforeEach", "describe", "it", "suite", "test"],
    },
];

const ASSERT: &[&str] = &[
    "AssertionError",
    "deepEqual",
    "deepStrictEqual",
    "doesNotMatch",
    "doesNotReject",
    "doesNotThrow",
    "equal",
    "fail",
    "ifError",
    "match",
    "notDeepEqual",
    "notDeepStrictEqual",
    "notEqual",
    "notStrictEqual",
    "ok",
    "rejects",
    "strict",
    "strictEqual",
    "throws",
];
