//! Generated Python programs for comparing receipts between builds and processes.
//!
//! Each program is deterministic by the subset's rules and prints what it computes; between them they use integers
//! beyond 64 bits, floats, text, sets and dicts (whose order must not depend on the process), classes, generators,
//! exceptions, seeded randomness and the virtual clock.

use std::fmt::Write as _;

/// `SplitMix64`: a small generator whose sequence is fixed for ever.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    /// One of the choices, of which there is at least one.
    pub(crate) fn pick(&mut self, choices: &[&'static str]) -> &'static str {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices[index]
    }
}

/// Statements with `{n}` places for small numbers and `{v}` for a variable that exists.
const STATEMENTS: &[&str] = &[
    "{v} = {v} * {n} + {n}",
    "{v} = ({v} ** 3 - {n}) // ({n} + 1)",
    "{v} = sum(i * i for i in range({n})) - {v}",
    "{v} = len({str(i * {v}) for i in range({n})})",
    "print(sorted({'a{n}', 'b{n}', 'c', str({v})}))",
    "print([x for x in {'p{n}', 'q{n}', 'r', 's'}])",
    "print({k: k * {v} for k in range({n} % 9)})",
    "print('%5d|%-8s|%x' % ({v} % 99991, 'w{n}', abs({v}) % 65536))",
    "print(f'{{v} % 1000003:>12,} {{v} / ({n} + 1) % 7:.6f}')",
    "print(list(map(lambda q: q * {n}, [1, 2, {v} % 101])))",
    "print(fib({n} % 15), list(gen({n} % 20)))",
    "print(hash('k{n}') % 1009, hash(({n}, 'z')) % 1013)",
    "{v} = shapes({n}).area() + {v} % 1000",
    "random.seed({n}); {v} = {v} + random.randint(0, {n} + 5)",
    "print(random.random(), random.sample(range(50), 3))",
    "print(time.time() > 0, round(time.time(), 3))",
    "print(''.join(reversed('text{n}')).upper().split('T'))",
    "print(collections.Counter('abracadabra' * {n}).most_common(3))",
    "print(math.factorial({n} % 40), math.gcd({v} % 1000, 36))",
    "print(re.findall(r'[a-c]+|\\d', 'ab{n}cab1c2' * 2))",
    "print(functools.reduce(lambda a, b: a ^ b, range({n} + 1)))",
    "print(list(itertools.islice(itertools.cycle('xyz'), {n} % 10)))",
    "print(decimal.Decimal({n}) / 7, fractions.Fraction({n} + 1, 12))",
    "print(repr(object())[:15], [type(x).__name__ for x in (1, 'a', None, 2.5)])",
    "print({Plain() for _ in range({n} % 6)} is None)",
    "guarded({v} % 3)",
    "for i in range({n} % 12):\n    {v} += i if i % 2 else -{n}",
    "while {v} > 10 ** 6:\n    {v} //= {n} + 2",
    "try:\n    {v} = {v} // ({n} % 3)\nexcept ZeroDivisionError as error:\n    print('caught', error)",
    "if {v} % 2:\n    print('odd', {v} % 10007)\nelse:\n    print('even', {v} % 10009)",
    "print(1e300 * {n}, 0.1 * {n}, {n} / 3, -0.0, float('inf'), 2.5e-8 * {n})",
    "with contextlib.suppress(KeyError):\n    print({}['k{n}'])",
];

const PRELUDE: &str = "\
import collections, contextlib, decimal, fractions, functools, itertools, math, random, re, time


class Plain:
    pass


class Shape:
    def __init__(self, n):
        self.n = n

    def area(self):
        return self.n


class Square(Shape):
    def area(self):
        return super().area() ** 2


def shapes(n):
    return Square(n) if n % 2 else Shape(n)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def gen(n):
    for i in range(n):
        if i % 3:
            yield i * i


def guarded(kind):
    try:
        if kind == 0:
            raise ValueError('zero')
        if kind == 1:
            [][1]
        print('no error')
    except (ValueError, IndexError) as error:
        print(type(error).__name__, error)
    finally:
        print('finally')


a, b, c = 3, 10 ** 12, -7
";

/// How some of the programs end, so that every ending is among them.
const EPILOGUES: &[&str] = &[
    "print(a, b % 10 ** 9, c)\n",
    "print(a, b % 10 ** 9, c)\n",
    "print(a, b % 10 ** 9, c)\n",
    "raise ValueError(a % 1000)\n",
    "while True:\n    a = a + 1\n",
    "import sys\nsys.exit(3)\n",
    "print('x' * 3000000)\n",
    "print(undefined_name)\n",
];

/// The program of a seed. Shape: 20 to 60 statements after a fixed prelude.
pub fn program(seed: u64) -> String {
    let mut random = SplitMix(seed);
    let mut text = PRELUDE.to_owned();
    for _ in 0..20 + random.below(40) {
        let number = (random.below(60) + 1).to_string();
        let statement = random.pick(STATEMENTS).replace("{n}", &number).replace("{v}", random.pick(&["a", "b", "c"]));
        // Text is never worth more than a line a statement here, and writing to a `String` cannot fail.
        writeln!(text, "{statement}").unwrap_or_default();
    }
    text.push_str(random.pick(EPILOGUES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_program() {
        assert_eq!(program(7), program(7));
        assert_ne!(program(7), program(8));
    }
}
