//! The same request gives the same ending, whatever the machine is doing.

use edgecoder_types::RunStatus;

use crate::support::{all, program, run};

const PROGRAMS: &[&str] = &[
    "print({1, 'a', (2,), None, 3.5})",
    "print({str(i) for i in range(50)})",
    "print(frozenset('the quick brown fox'.split()))",
    "print({i * 7919 for i in range(40)})",
    "class A: pass\nprint({A() for _ in range(5)})",
    "class A: pass\nprint([x.n for x in {setattr(a := A(), 'n', i) or a for i in range(30)}])",
    "print({object() for _ in range(3)})",
    "print({int, str, list, print, len})",
    "def f(): pass\nprint({f, print}, [g for g in {lambda: 1, lambda: 2}])",
    "print(sorted(map(hash, [object(), object(), 'a', b'a', (1, 'b'), 1.5])))",
    "print(hash('a'), hash(('a', 1)), hash(frozenset('abc')))",
    "print(hash(object), hash(print), hash(lambda: 0))",
    "print(hash(NotImplemented), hash(...), hash(None))",
    "print(id(1), id('a'), id([]), id(object()))",
    "print([id(object()) for _ in range(20)])",
    "x = []\nprint(id(x) == id(x), id([]) != id(x))",
    "print(object(), object())",
    "def f(): pass\nprint(f, lambda: 1, print)",
    "class A:\n    def m(self): pass\nprint(A(), A().m, A)",
    "print((i for i in ()), iter([]), map(abs, []))",
    "import types\nprint(types.SimpleNamespace(a=object()))",
    "import random\nprint(random.random(), random.randint(1, 10**9))",
    "import random\nx = list(range(50))\nrandom.shuffle(x)\nprint(x)",
    "import random\nprint(random.Random().random(), random.Random(3).random())",
    "import random\nrandom.seed()\nprint(random.random())",
    "import random\nprint(random.sample(range(1000), 20), random.choices('abc', k=9))",
    "import random\nprint(random.gauss(0, 1), random.getrandbits(200))",
    "import time\nprint(time.time(), time.perf_counter(), time.monotonic())",
    "import time\na = time.time()\ntime.sleep(5)\nprint(time.time() - a)",
    "import time\na = time.perf_counter()\nfor i in range(1000): pass\nprint(time.perf_counter() - a)",
    "import datetime\nprint(datetime.datetime.now(), datetime.date.today())",
    "import datetime\nprint(datetime.datetime.now(datetime.timezone.utc))",
    "import time\nprint(time.strftime('%Y-%m-%d %H:%M:%S'), time.localtime())",
    "import json\nprint(json.dumps({'b': 1, 'a': [1, 2, {'c': None}]}))",
    "import collections\nprint(collections.Counter('mississippi').most_common())",
    "import enum\nclass C(enum.Enum):\n    A = 1\n    B = 2\nprint({C.A, C.B}, hash(C.A))",
    "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass P:\n    x: int\nprint({P(1), P(2), P(3)}, hash(P(1)))",
    "import re\nprint(re.findall(r'\\w+', 'a b c'), re.compile('a'), re.match('a', 'a'))",
    "import hashlib\nprint(hashlib.sha256(b'a').hexdigest())",
    "import itertools\nprint(list(itertools.permutations({'a', 'b', 'c'})))",
    "import functools\nprint(functools.partial(print, 1), functools.lru_cache(len))",
    "import decimal\nprint(decimal.Decimal(1) / 3, decimal.getcontext())",
    "import string\nprint(string.Template('$a').substitute(a=object()))",
    "def f(n): return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError as e:\n    print(type(e).__name__, e)",
    "n = 0\ndef f():\n    global n\n    n += 1\n    f()\ntry:\n    f()\nexcept RecursionError:\n    print(n)",
    "import sys\nsys.setrecursionlimit(10**6)\nprint(sys.getrecursionlimit())\nn = 0\ndef f():\n    global n\n    n += 1\n    f()\ntry:\n    f()\nexcept RecursionError:\n    print(n)",
    "class A:\n    def __repr__(self): return repr(self)\ntry:\n    repr(A())\nexcept RecursionError:\n    print('deep')",
    "x = []\nfor i in range(5000): x = [x]\ntry:\n    print(len(repr(x)))\nexcept RecursionError:\n    print('deep')",
    "for i in range(20000):\n    a = []\n    a.append(a)\nprint('cycles')",
    "class N: pass\nfor i in range(20000):\n    a, b = N(), N()\n    a.o, b.o = b, a\nprint(id(a), hash(b))",
    "raise ValueError(object())",
    "class A: pass\nA().missing",
    "print(dir(object()), dir([]))",
    "import sys\nprint(sys.version_info, sys.platform, sys.maxsize, sys.hash_info)",
    "print(0.1 + 0.2, 1e308 * 10, float('nan'), 2**0.5, (-8)**(1 / 3))",
    "import math, cmath, statistics\nprint(math.sin(1), math.gamma(4.5), cmath.exp(1j), statistics.stdev([1, 2, 4]))",
];

#[test]
fn two_runs_end_identically() {
    assert!(PROGRAMS.len() >= 50);
    all(PROGRAMS, |source| {
        let (first, second) = (run(&program(source)), run(&program(source)));
        let (first, second) = (first.ending(), second.ending());
        if !matches!(first.status, RunStatus::Completed | RunStatus::Error) {
            return Err(format!("{source}: {first:?}"));
        }
        let text = |ending| serde_json::to_string(ending).expect("endings are JSON");
        if text(&first) == text(&second) { Ok(()) } else { Err(format!("{source}: {first:?} and {second:?}")) }
    });
}

#[test]
fn the_seed_decides_randomness() {
    let mut wanted = program("import random\nprint(random.random())\n");
    let first = run(&wanted).ending().stdout;
    wanted.seed += 1;
    assert_ne!(run(&wanted).ending().stdout, first);
}

#[test]
fn recursion_is_capped() {
    let deep = "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(9000))\ntry:\n    f(10**5)\nexcept RecursionError:\n    print('capped', sys.getrecursionlimit() <= 10000)\n";
    let ending = run(&program(deep)).ending();
    assert_eq!(String::from_utf8_lossy(&ending.stdout), "9000\ncapped True\n", "{ending:?}");
}

#[test]
fn finalizers_are_no_part_of_programs() {
    let ending = run(&program("class A:\n    def __del__(self): print('gone')\nA()\n")).ending();
    assert_eq!(ending.status, RunStatus::Rejected);
    let later = "class A: pass\nsetattr(A, '__de' + 'l__', lambda self: print('gone'))\nA()\n";
    let ending = run(&program(later)).ending();
    assert_eq!((ending.status, ending.stdout.as_slice()), (RunStatus::Error, &b""[..]), "{ending:?}");
}
