//! Ways out of the interpreter: each program prints `out` where it succeeds. Those that the check refuses are run
//! again with the name computed, so that the run-time guard stands alone.

use edgecoder_types::RunStatus;

use crate::support;

/// More ways out, by computed names, conversions, receivers and prototypes.
const MORE: &str = include_str!("../attacks/escapes.txt");

/// Controls: what must work, or the others prove nothing.
const CONTROLS: &[&str] = &[
    "console.log('out')",
    "const f = (x) => x + 1; if (f(1) === 2) console.log('out');",
    "class E extends Error { constructor(m) { super(m); this.name = 'E'; } } try { throw new E('x'); } catch (e) { \
     if (e.name === 'E') console.log('out'); }",
];

const ESCAPES: &[(&str, &str)] = &[
    ("constructor walk", "const k = 'constr' + 'uctor'; if ((() => 1)[k]('return 1')() === 1) console.log('out');"),
    ("walk from a list", "const k = ['constructor'][0]; if ([][k][k]('return 1')() === 1) console.log('out');"),
    (
        "generator function",
        "const k = 'constr' + 'uctor'; const g = (function* () {})[k]('yield 1'); if (g().next().value === 1) console.log('out');",
    ),
    ("async function", "const k = 'constr' + 'uctor'; (async () => {})[k]('console.log(\"out\")')();"),
    (
        "async generator function",
        "const k = 'constr' + 'uctor'; (async function* () {})[k]('console.log(\"out\")')().next();",
    ),
    ("class constructor", "const k = 'constr' + 'uctor'; if ((class {})[k]('return 1')() === 1) console.log('out');"),
    (
        "prototype of Function",
        "const F = Object.getPrototypeOf(() => 1); const k = 'constr' + 'uctor'; if (F[k]('return 1')() === 1) console.log('out');",
    ),
    (
        "Reflect.construct",
        "const k = 'constr' + 'uctor'; if (Reflect.construct((() => 1)[k], ['return 1'])() === 1) console.log('out');",
    ),
    (
        "Reflect.get",
        "const C = Reflect.get(() => 1, 'constr' + 'uctor'); if (C('return 1')() === 1) console.log('out');",
    ),
    (
        "descriptor",
        "const P = Object.getPrototypeOf(() => 1); const d = Object.getOwnPropertyDescriptor(P, 'constr' + 'uctor'); if ((d.value ?? d.get.call(P))('return 1')() === 1) console.log('out');",
    ),
    (
        "parent of a sibling",
        "const k = 'constr' + 'uctor'; const A = (async () => {})[k]; const F = Object.getPrototypeOf(A); if (F('return 1')() === 1) console.log('out');",
    ),
    (
        "extends the walk",
        "const k = 'constr' + 'uctor'; class X extends (() => 1)[k] {} if (new X('return 1')() === 1) console.log('out');",
    ),
    (
        "bound constructor",
        "const k = 'constr' + 'uctor'; const b = (() => 1)[k].bind(null, 'return 1'); if (b()() === 1) console.log('out');",
    ),
    (
        "apply",
        "const k = 'constr' + 'uctor'; const F = (() => 1)[k]; if (F.apply(null, ['return 1'])() === 1) console.log('out');",
    ),
    ("prototype of a list", "Array.prototype.evil = 1; if ([].evil === 1) console.log('out');"),
    ("prototype of objects", "Object.prototype.evil = 1; if (({}).evil === 1) console.log('out');"),
    ("define on a prototype", "Object.defineProperty(Object.prototype, 'evil', { value: 1 }); console.log('out');"),
    ("replace a method", "Array.prototype.map = () => 1; console.log('out');"),
    ("replace Math", "Math.max = () => 1; console.log('out');"),
    ("replace JSON", "JSON.parse = () => 1; console.log('out');"),
    (
        "replace the prototype of a prototype",
        "Object.setPrototypeOf(Array.prototype, { evil: 1 }); if ([].evil === 1) console.log('out');",
    ),
    ("replace a constructor", "Map.prototype.get = () => 1; console.log('out');"),
    ("replace promises", "Promise.prototype.then = () => 1; console.log('out');"),
    (
        "getter on a prototype",
        "Reflect.defineProperty(Array.prototype, '0', { get() { return 1; } }) && console.log('out');",
    ),
    ("replace console", "console.log = () => 1; console.error('out'); console.info('out');"),
    (
        "iterator prototype",
        "const I = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())); I.evil = 1; console.log('out');",
    ),
    (
        "generator prototype",
        "const G = Object.getPrototypeOf(function* () {}); G.prototype.next = () => 1; console.log('out');",
    ),
    (
        "array iterator",
        "const I = Object.getPrototypeOf([][Symbol.iterator]()); I.next = () => ({ done: true }); console.log('out');",
    ),
    ("typed array", "const T = Object.getPrototypeOf(Uint8Array); T.prototype.evil = 1; console.log('out');"),
    ("regular expression", "RegExp.prototype.exec = () => null; console.log('out');"),
    ("symbol", "Symbol.iterator = 1; console.log('out');"),
    ("this of a function", "(function () { if (this !== undefined) console.log('out'); })();"),
    (
        "this of a sloppy call",
        "const f = function () { return this; }; if (f.call(undefined) !== undefined) console.log('out');",
    ),
    ("caller", "function f() { return f['cal' + 'ler']; } function g() { return f(); } if (g()) console.log('out');"),
    ("callee", "function f() { return arguments['cal' + 'lee']; } if (f()) console.log('out');"),
    ("arguments of a function", "function f() { return f['argu' + 'ments']; } if (f(1)) console.log('out');"),
    (
        "prepareStackTrace",
        "Error['prepareStack' + 'Trace'] = (e, s) => s; const e = new Error('x'); if (typeof e['sta' + 'ck'] !== 'string') console.log('out');",
    ),
    ("stack frames", "const o = {}; Error.captureStackTrace(o); if (o['sta' + 'ck']) console.log('out');"),
    ("proto key", "const o = {}; o['__pro' + 'to__'] = { evil: 1 }; if (o.evil === 1) console.log('out');"),
    ("define getter", "const f = ({})['__define' + 'Getter__']; if (typeof f === 'function') console.log('out');"),
    ("proxy by key", "const C = Object.getOwnPropertyNames(Reflect); if (C.includes('Proxy')) console.log('out');"),
    ("timer takes text", "setTimeout('console.log(\"out\")', 0);"),
    ("microtask takes text", "queueMicrotask('console.log(\"out\")');"),
    ("then takes text", "Promise.resolve().then('console.log(\"out\")');"),
    (
        "require by name",
        "const m = module; const r = m['requ' + 'ire']; if (typeof r === 'function') console.log('out');",
    ),
    ("module constructor", "const k = 'constr' + 'uctor'; if (module[k] !== Object) console.log('out');"),
    ("main module", "const p = process; if (p['main' + 'Module'] !== undefined) console.log('out');"),
];

/// Refused before they run.
const REFUSED: &[&str] = &[
    "globalThis.console.log('out')",
    "with ({}) { console.log('out'); }",
    "import('./x.js').then(() => console.log('out'))",
    "require('child_process'); console.log('out')",
    "require('node:vm'); console.log('out')",
    "new Proxy({}, {}); console.log('out')",
    "new WebAssembly.Module(new Uint8Array(8)); console.log('out')",
    "new SharedArrayBuffer(8); Atomics.wait; console.log('out')",
    "eval('console.log(\"out\")')",
    "__ec_t = () => 1; console.log('out')",
    "process.binding('fs'); console.log('out')",
    "process['bind' + 'ing']('fs'); console.log('out')",
    "foo: { eval: for (;;) break foo; } __ec_k(1, () => 1); console.log('out')",
    "}); console.log('out'); (function () {",
    "Array[Symbol.species]; console.log('out')",
    "class A { static [Symbol.hasInstance]() { return true; } } console.log('out')",
];

#[test]
fn the_controls_print() {
    support::all(CONTROLS, |source| {
        let ending = support::run(&support::program(source)).ending();
        (ending.stdout == b"out\n").then_some(()).ok_or_else(|| format!("{source}: {ending:?}"))
    });
}

#[test]
fn no_escape_prints() {
    assert!(ESCAPES.len() + REFUSED.len() >= 30);
    let mut escapes = ESCAPES.to_vec();
    escapes.extend(support::cases(MORE));
    assert!(escapes.len() >= 100, "{}", escapes.len());
    support::all(&escapes, |(name, source)| {
        let ending = support::run(&support::program(source)).ending();
        let text = [ending.stdout.as_slice(), &ending.stderr].concat();
        let printed = String::from_utf8_lossy(&text).lines().any(|line| line == "out");
        let expected = matches!(ending.status, RunStatus::Completed | RunStatus::Error);
        (!printed && expected).then_some(()).ok_or_else(|| format!("{name}: {ending:?}"))
    });
}

#[test]
fn what_the_check_refuses_never_runs() {
    support::all(REFUSED, |source| {
        let ending = support::run(&support::program(source)).ending();
        let refused = ending.status == RunStatus::Rejected && !ending.violations.is_empty() && ending.stdout.is_empty();
        refused.then_some(()).ok_or_else(|| format!("{source}: {ending:?}"))
    });
}
