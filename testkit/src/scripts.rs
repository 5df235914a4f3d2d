//! Generated JavaScript programs for comparing receipts between builds and processes.
//!
//! As those in Python ([`crate::programs`]): deterministic by the subset's rules, and printing what they compute. Between them
//! they use large integers, floats, text, maps and sets, classes, generators, promises and timers, regular expressions,
//! exceptions, seeded randomness and the virtual clock. None counts how deep it can recurse, which depends on the build.

use std::fmt::Write as _;

use crate::programs::SplitMix;

/// Statements with `{n}` places for small numbers and `{v}` for a variable that exists.
const STATEMENTS: &[&str] = &[
    "{v} = ({v} * {n} + {n}) % 1000003;",
    "{v} = Math.trunc({v} / ({n} + 1)) ** 2 % 99991;",
    "{v} = Array.from({ length: {n} }, (_, i) => i * i).reduce((sum, x) => sum + x, -{v});",
    "big = (big * {n}n + 7n) ** 3n % (10n ** 60n); console.log(big);",
    "console.log([...new Set(['a{n}', 'b', 'a{n}', `${{v}}`])]);",
    "console.log(new Map([[{n}, 'x'], ['k', { deep: [{v}, { deeper: [1, [2]] }] }]]));",
    "console.log(`${{v} % 97}`.padStart(8, '*'), ({v} / 7).toFixed(3), (255 + {n}).toString(16));",
    "console.log([3, 1, {n}, 2].toSorted((p, q) => q - p), [1, [2, [3, [{n}]]]].flat(2));",
    "console.log(fib({n} % 15), [...gen({n} % 20)]);",
    "{v} = shape({n}).area() + {v} % 1000;",
    "console.log(Math.random(), Math.floor(Math.random() * {n}));",
    "console.log(Date.now() > 0, new Date(Date.now() + {n}).toISOString());",
    "console.log('ab{n}cab1c2'.match(/[a-c]+|\\d/g), 'x{n}y'.replace(/(\\d+)/, (m) => `<${m}>`));",
    "console.log('text{n}'.split('').reverse().join('').toUpperCase(), 'é{n}'.normalize('NFD').length);",
    "console.log(JSON.stringify({ n: {n}, v: [{v}, null, 'é\\n'], u: undefined }), JSON.parse('[{n}, {\"a\": 1.5}]'));",
    "guarded({v} % 3);",
    "for (let i = 0; i < {n} % 12; i += 1) {v} += i % 2 ? i : -{n};",
    "for (const [key, value] of Object.entries({ p: {n}, q: {v} % 11 })) console.log(key, value);",
    "if ({v} % 2) console.log('odd', {v} % 10007); else console.log('even', {v} % 10009);",
    "console.log(1e300 * {n}, 0.1 * {n}, {n} / 3, -0, 1 / 0, 2.5e-8 * {n}, NaN);",
    "setTimeout((m) => console.log('timer', m, {n}), {n}, {v} % 13);",
    "Promise.resolve({n}).then((m) => { console.log('then', m); return wait(m); }).then(() => console.log('waited {n}'));",
    "(async () => { for (let i = 0; i < {n} % 4; i += 1) { await null; console.log('turn', i, {n}); } })();",
    "console.log(new Uint8Array([{n}, 256 + {n}, -1]), Float64Array.of({v} % 5, 0.5).map((x) => x * 2));",
    "console.log(typeof {v}, {v} === {v}, Object.is(-0, 0), [] + {n}, null ?? {n}, [1, 2, 3].at(-1));",
    "{ const { x = {n}, ...rest } = { y: {v} % 17, z: [{n}] }; console.log(x, rest); }",
    "label: for (const i of [1, 2, {n}]) { for (const j of 'pq') { if (i === 2) continue label; console.log(i, j); } }",
    "switch ({v} % 4) { case 0: console.log('zero'); case 1: console.log('one'); break; default: console.log('more'); }",
    "console.log(Object.groupBy === undefined, Object.fromEntries([['a', {n}]]), structured({n}));",
];

const PRELUDE: &str = "\
class Shape { #n; constructor(n) { this.#n = n; } get n() { return this.#n; } area() { return this.#n; } }
class Square extends Shape { area() { return super.area() ** 2; } static of(n) { return new this(n); } }
const shape = (n) => (n % 2 ? Square.of(n) : new Shape(n));
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
function* gen(n) { for (let i = 0; i < n; i += 1) if (i % 3) yield i * i; }
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const structured = (n) => ({ n, list: [n, [n]], text: 'n'.repeat(n % 5), nested: { symbol: Symbol.for('s'), none: null } });
const guarded = (kind) => {
  try {
    if (kind === 0) throw new RangeError('zero');
    if (kind === 1) null.x;
    console.log('no error');
  } catch (error) {
    console.log(error instanceof RangeError, error.name);
  } finally {
    console.log('finally');
  }
};
let a = 3; let b = 1e12; let c = -7; let big = 12345678901234567890n;
";

/// How some of the programs end, so that every ending is among them.
const EPILOGUES: &[&str] = &[
    "console.log(a, b % 1e9, c, big);\n",
    "console.log(a, b % 1e9, c, big);\n",
    "console.log(a, b % 1e9, c, big);\n",
    "throw new Error(`at ${a % 1000}`);\n",
    "for (;;) a += 1;\n",
    "for (const step = () => setTimeout(step, 1); ; step()) { if (a > 1e6) break; a += 1000; }\n",
    "process.exit(3);\n",
    "console.log('x'.repeat(3000000));\n",
    "Promise.reject(new TypeError('unhandled'));\n",
    "console.log(undefinedName);\n",
];

/// The script of a seed. Shape: 20 to 60 statements after a fixed prelude.
pub fn script(seed: u64) -> String {
    let mut random = SplitMix(seed ^ 0x6a73);
    let mut text = PRELUDE.to_owned();
    for _ in 0..20 + random.below(40) {
        let number = (random.below(60) + 1).to_string();
        let variable = random.pick(&["a", "b", "c"]);
        let statement = random.pick(STATEMENTS).replace("{n}", &number).replace("{v}", variable);
        // Writing to a `String` cannot fail.
        writeln!(text, "{statement}").unwrap_or_default();
    }
    text.push_str(random.pick(EPILOGUES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_script() {
        assert_eq!(script(7), script(7));
        assert_ne!(script(7), script(8));
    }
}
