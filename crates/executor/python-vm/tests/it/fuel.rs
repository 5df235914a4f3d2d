//! Programs that try to work without paying.

use std::time::Duration;

use edgecoder_types::RunStatus;

use crate::support::{Outcome, all, program, run, run_within};

const FUEL: u64 = 300_000;

/// Each ends at exactly the limit, every time.
const EVASIONS: &[(&str, &str)] = &[
    ("loop", "while True: pass"),
    ("catch everything", "while True:\n    try:\n        while True: pass\n    except: pass"),
    ("finally", "def f():\n    try:\n        while True: pass\n    finally:\n        while True: pass\nf()"),
    ("sum", "sum(range(10**9))"),
    ("any", "any(iter(int, 1))"),
    ("max map", "max(map(abs, iter(int, 1)))"),
    ("power", "x = 10**10**8"),
    ("power by name", "x = (5).__pow__(10**9)"),
    ("power mapped", "x = list(map((3).__pow__, [10**9]))"),
    ("power of a subclass", "class X(int): pass\nx = X(3)**(10**9)"),
    ("squares", "x = 3\nwhile True: x = x * x"),
    ("shift", "x = 1 << 10**11"),
    ("factorial", "import math\nmath.factorial(10**6)"),
    ("product of numbers", "import functools, operator\nfunctools.reduce(operator.mul, range(1, 10**6))"),
    ("square root", "import math\nx = 1 << 10**7\nwhile True: math.isqrt(x)"),
    ("digits", "x = int('9' * 10**7)"),
    ("digits by new", "x = int.__new__(int, '9' * 10**7)"),
    ("digits of a subclass", "class X(int): pass\nx = X('9' * 10**7)"),
    ("number as text", "x = str(1 << 10**7)"),
    ("number formatted", "x = '{}'.format(1 << 10**7)"),
    ("number in percent", "x = '%d' % (1 << 10**7)"),
    ("number in repr", "x = repr([1 << 10**7])"),
    ("number printed", "print(1 << 10**7)"),
    ("text times", "x = 'a' * 10**10"),
    ("text subclass times", "class S(str): pass\nx = S('a') * 10**11"),
    ("list times", "x = [0] * 10**9"),
    ("list times by name", "x = [1].__mul__(10**10)"),
    ("list init", "x = []\nx.__init__(range(10**10))"),
    ("list of range", "x = list(range(10**10))"),
    ("set of range", "x = set(range(10**10))"),
    ("tuple of range", "x = tuple(range(10**10))"),
    ("bytes", "x = bytes(10**12)"),
    ("width", "x = f'{1:>1000000000000}'"),
    ("format width", "'{:>9999999999999}'.format(1)"),
    ("percent width", "'%*d' % (10**13, 1)"),
    ("zfill", "'1'.zfill(10**13)"),
    ("replace", "x = 'a' * 10**5\nwhile True: x = x.replace('a', 'aa')"),
    ("join", "''.join('a' for i in iter(int, 1))"),
    ("count", "import itertools\nlist(itertools.count())"),
    ("cycle", "import itertools\n5 in itertools.cycle([1, 2])"),
    ("zip", "import itertools\nlist(zip(itertools.count(), itertools.count()))"),
    ("product", "import itertools\nfor x in itertools.product(range(10), repeat=12): pass"),
    ("permutations", "import itertools\nlist(itertools.permutations(range(12)))"),
    ("deque", "import collections\ncollections.deque(iter(int, 1), maxlen=1)"),
    ("counter", "import collections\ncollections.Counter(range(10**9))"),
    ("choices", "import random\nrandom.choices([1, 2], k=10**9)"),
    ("sort key", "def k(x):\n    s = 0\n    for i in range(1000): s += i\n    return s\nsorted(range(10**4), key=k)"),
    ("iterator search", "5.5 in iter(range(10**10))"),
    ("lambda", "f = lambda n: f\nwhile True: f(1)"),
    (
        "generator",
        "def g():\n    while True:\n        try:\n            yield 1\n        except GeneratorExit: pass\nfor x in g(): pass",
    ),
    ("class body", "class A:\n    while True: pass"),
    (
        "recursion caught",
        "def f(n): return f(n + 1)\nwhile True:\n    try:\n        f(0)\n    except RecursionError: pass",
    ),
    ("sleep", "import time\nwhile True: time.sleep(1)"),
    ("dict comprehension", "d = {i: i for i in range(10**9)}"),
    ("set comprehension", "d = {i for i in range(10**9)}"),
    ("list comprehension", "d = [i for i in range(10**9)]"),
    (
        "heap with own order",
        "import heapq\nclass A:\n    def __lt__(s, o): return True\nwhile True: heapq.heapify([A() for _ in range(1000)])",
    ),
    ("copy", "import copy\nx = [[1] * 10 for _ in range(100)]\nwhile True: copy.deepcopy(x)"),
    ("text of numbers in a loop", "x = 1 << 10**6\nwhile True: str(x)"),
    ("tuples in a loop", "while True: tuple(range(10**5))"),
    ("list grown in place", "x = []\nx += range(10**10)"),
    ("lists added in a loop", "x = [0] * 10**5\nwhile True: x + x"),
    ("generator search", "5.5 in (i for i in range(10**10))"),
    ("reversed", "max(reversed(range(10**10)))"),
    ("set update", "x = set()\nx.update(range(10**10))"),
    ("fromkeys", "dict.fromkeys(range(10**10))"),
    ("sample", "import random\nrandom.sample(range(10**9), 10**8)"),
    ("unpacked", "x = [0] * 10**5\nwhile True: [*x]"),
    ("text search", "import re\nx = 'a' * 10**6\nwhile True: re.search('b', x)"),
    ("json", "import json\njson.dumps([list(range(1000))] * 1000)"),
];

/// Work inside one native call that no length foretells: time or memory ends these.
const BACKSTOPPED: &[(&str, &str)] = &[
    ("sums of large numbers", "x = 1 << 10**7\nwhile True: x + x"),
    ("large numbers compared", "x, y = 1 << 10**7, 1 << 10**7\nwhile True: x == y"),
    ("memory kept", "x = []\nwhile True: x = [x, 'a' * 10**6 + str(len(x))]"),
];

fn exhausted(source: &str) -> Result<Vec<u8>, String> {
    let mut wanted = program(source);
    wanted.limits.fuel = FUEL;
    match run(&wanted) {
        Outcome::Ended(ending) if ending.status == RunStatus::OutOfFuel && ending.fuel == FUEL => {
            serde_json::to_vec(&*ending).map_err(|error| error.to_string())
        }
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn evasions_end_at_exactly_the_limit_twice() {
    assert!(EVASIONS.len() >= 20);
    all(EVASIONS, |(name, source)| {
        let first = exhausted(source).map_err(|other| format!("{name}: {other}"))?;
        let second = exhausted(source).map_err(|other| format!("{name}, again: {other}"))?;
        if first == second { Ok(()) } else { Err(format!("{name}: two runs differ")) }
    });
}

#[test]
fn what_fuel_cannot_foresee_never_ends_well() {
    all(BACKSTOPPED, |(name, source)| {
        let mut wanted = program(source);
        wanted.limits.fuel = 10_000_000;
        match run_within(&wanted, Duration::from_secs(3), 1 << 30) {
            Outcome::Killed | Outcome::Died(_) => Ok(()),
            Outcome::Ended(ending) if ending.status == RunStatus::OutOfFuel => Ok(()),
            Outcome::Ended(ending) if ending.stderr.ends_with(b"MemoryError\n") => Ok(()),
            Outcome::Ended(ending) => Err(format!("{name}: {ending:?}")),
        }
    });
}

#[test]
fn fuel_is_counted_exactly() {
    let used = |source: &str| run(&program(source)).ending().fuel;
    assert_eq!(used("x = 1\n"), 0);
    assert_eq!(used("for i in range(100): pass\n") - used("for i in range(50): pass\n"), 50);
    assert_eq!(used("def f(): pass\nfor i in range(10): f()\n") - used("def f(): pass\nfor i in range(10): f\n"), 10);
    let program = "s = 0\nfor i in range(1000):\n    s += i\nprint(s)\n";
    let needed = used(program);
    let mut exact = crate::support::program(program);
    exact.limits.fuel = needed;
    assert_eq!(run(&exact).ending().status, RunStatus::Completed);
    exact.limits.fuel = needed - 1;
    let short = run(&exact).ending();
    assert_eq!((short.status, short.fuel), (RunStatus::OutOfFuel, needed - 1));
}

#[test]
fn ordinary_work_stays_far_from_the_default() {
    let sieve = "n = 20000\ns = [True] * n\nfor i in range(2, n):\n    if s[i]:\n        for j in range(i * i, n, i): s[j] = False\nprint(sum(s) - 2)\n";
    let ending = run(&program(sieve)).ending();
    assert_eq!((ending.status, ending.stdout.as_slice()), (RunStatus::Completed, &b"2262\n"[..]));
    assert!(ending.fuel < 200_000, "{}", ending.fuel);
}
