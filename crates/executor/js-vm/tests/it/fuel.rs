//! Work that would go on: each program ends at exactly its limit, the same in two processes.

use edgecoder_types::RunStatus;

use crate::support;

const EVASIONS: &[(&str, &str)] = &[
    ("a loop", "for (;;) {}"),
    ("a loop without a block", "while (true);"),
    ("catching everything", "for (;;) { try { for (;;) {} } catch {} finally { continue; } }"),
    ("a labelled loop", "a: for (;;) { for (;;) { continue a; } }"),
    ("finally", "const f = () => { try { for (;;) {} } finally { f(); } }; f();"),
    ("a generator", "function* g() { for (;;) yield 1; } for (const x of g()) {}"),
    ("spreading a generator", "function* g() { for (;;) yield; } [...g()];"),
    (
        "an endless iterator",
        "const it = { [Symbol.iterator]() { return { next() { return { done: false }; } }; } }; new Set(it);",
    ),
    ("microtasks", "const f = () => Promise.resolve().then(f); f();"),
    ("await", "(async () => { for (;;) await null; })();"),
    ("timers", "const f = () => setTimeout(f, 0); f();"),
    ("an interval", "setInterval(() => {}, 1);"),
    ("filling", "new Array(4294967295).fill(0);"),
    ("an array-like", "Array.prototype.map.call({ length: 2 ** 40 }, (x) => x);"),
    ("from a length", "Array.from({ length: 2 ** 32 });"),
    ("repeat", "for (;;) 'x'.repeat(2 ** 28);"),
    ("padding", "for (let i = 0; ; i++) 'x'.padStart(2 ** 28);"),
    ("growing text", "let s = 'x'; for (;;) s = s.length > 1e6 ? s : s + s;"),
    ("joining", "const a = new Array(1e6); for (;;) a.join('xxxxxxxxxxxxxxxx');"),
    ("sorting", "const a = Array.from({ length: 1e5 }, (_, i) => -i); for (;;) a.slice().sort();"),
    ("a slow comparison", "[...'abcdefgh'].sort(() => { for (;;) {} });"),
    ("slices", "const a = new Array(1e6).fill(1); for (;;) a.slice();"),
    ("spreading a list", "const a = new Array(1e5).fill(1); for (;;) [...a];"),
    ("powers", "2n ** (10n ** 8n);"),
    ("products", "let x = 3n; for (;;) x = x.toString().length > 1e5 ? 3n : x * x;"),
    ("JSON", "const t = JSON.stringify(new Array(1e5).fill(1)); for (;;) JSON.parse(t);"),
    ("backtracking", "/^(a+)+$/.test('a'.repeat(40) + 'b');"),
    ("backtracking in replace", "'a'.repeat(40).replace(/(a|aa)+c/, '');"),
    ("typed arrays", "for (;;) new Uint8Array(1e7);"),
    ("getters", "const o = { get x() { return this.x2; }, get x2() { for (;;) {} } }; o.x;"),
    ("toString", "const o = { toString() { for (;;) {} } }; `${o}`;"),
    ("class fields", "class A { x = (() => { for (;;) {} })(); } new A();"),
    ("a static block", "class A { static { for (;;) {} } }"),
    ("a default parameter", "((a = (() => { for (;;) {} })()) => a)();"),
    ("flattening", "let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; a.flat(Infinity);"),
];

/// More of them: natively endless, quadratic, or unpaid.
const MORE: &str = include_str!("../attacks/fuel.txt");

/// Fuel of those.
const LESS_FUEL: u64 = 300_000;

fn ends_by_fuel(name: &str, source: &str, fuel: u64) -> Result<(), String> {
    let mut request = support::program(source);
    request.limits.fuel = fuel;
    match support::run(&request) {
        support::Outcome::Ended(ending) if ending.status == RunStatus::OutOfFuel && ending.fuel == fuel => Ok(()),
        support::Outcome::Ended(ending)
            if ending.status == RunStatus::Error && ending.detail.ends_with("is outside the subset") =>
        {
            Ok(())
        }
        other => Err(format!("{name}: {other:?}")),
    }
}

#[test]
fn every_evasion_ends_at_its_limit() {
    let more = support::cases(MORE);
    assert!(EVASIONS.len() + more.len() >= 110, "{}", more.len());
    support::all(EVASIONS, |(name, source)| ends_by_fuel(name, source, support::FUEL));
    support::all(&more, |(name, source)| ends_by_fuel(name, source, LESS_FUEL));
}

#[test]
fn equal_programs_use_equal_fuel() {
    let source = "const a = Array.from({ length: 500 }, (_, i) => (i * 7919) % 503).sort((x, y) => x - y);
        console.log(a.map((x) => x.toString(36)).join('').replace(/[a-z]/g, (c) => c + Math.random()).length, Date.now());";
    let first = support::run(&support::program(source)).ending();
    let second = support::run(&support::program(source)).ending();
    assert_eq!(first.status, RunStatus::Completed, "{first:?}");
    assert_eq!((first.fuel, &first.stdout), (second.fuel, &second.stdout));
    assert!(first.fuel > 1_000, "{}", first.fuel);
}
