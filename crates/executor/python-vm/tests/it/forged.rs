//! Candidates that try to decide their own verdict.

use edgecoder_types::RunStatus;

use crate::support::{all, judged, run};

/// One test of `f(2) == 4` in every style that the harness knows.
const STYLES: &[(&str, &str)] = &[
    ("assert", "assert f(2) == 4\nassert f(3) == 6\n"),
    ("assert with import", "import sol\nassert sol.f(2) == 4\nassert 6 == sol.f(3)\n"),
    (
        "unittest",
        "import unittest\nimport sol\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(sol.f(2), 4)\n    def test_b(self):\n        self.assertTrue(sol.f(3) == 6)\n",
    ),
    (
        "pytest",
        "import pytest\nfrom sol import f\n@pytest.mark.parametrize('a,b', [(1, 2), (2, 4)])\ndef test_f(a, b):\n    assert f(a) == b\n",
    ),
];

const HONEST: &str = "def f(x):\n    return 2 * x\n";

const FORGED: &[(&str, &str)] = &[
    ("always equal", "class X:\n    def __eq__(s, o): return True\ndef f(x): return X()"),
    (
        "never unequal",
        "class X:\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\ndef f(x): return X()",
    ),
    (
        "equal int",
        "class X(int):\n    def __eq__(s, o): return True\n    __hash__ = int.__hash__\ndef f(x): return X(1)",
    ),
    (
        "equal float",
        "class X(float):\n    def __eq__(s, o): return True\n    __hash__ = float.__hash__\ndef f(x): return X(1)",
    ),
    ("equal list", "class L(list):\n    def __eq__(s, o): return True\n    __hash__ = None\ndef f(x): return L()"),
    ("assigned later", "class X: pass\nX.__eq__ = lambda s, o: True\ndef f(x): return X()"),
    ("setattr later", "class X: pass\nsetattr(X, '__eq__', lambda s, o: True)\ndef f(x): return X()"),
    ("inherited", "class A:\n    def __eq__(s, o): return True\nclass B(A): pass\ndef f(x): return B()"),
    ("mixin", "class A:\n    def __eq__(s, o): return True\nclass B(A, int): pass\ndef f(x): return B(1)"),
    ("nested", "class X:\n    def __eq__(s, o): return True\ndef f(x): return [X()]"),
    (
        "metaclass",
        "class M(type):\n    def __eq__(s, o): return True\n    def __hash__(s): return 1\nclass X(metaclass=M): pass\ndef f(x): return X",
    ),
    (
        "dataclass",
        "import dataclasses\n@dataclasses.dataclass\nclass X:\n    a: int = 0\n    def __eq__(s, o): return True\ndef f(x): return X()",
    ),
    (
        "total ordering",
        "import functools\n@functools.total_ordering\nclass X:\n    def __lt__(s, o): return True\n    def __eq__(s, o): return True\ndef f(x): return X()",
    ),
    ("getattr", "class X:\n    def __getattr__(s, n): return lambda *a: True\ndef f(x): return X()"),
    ("getattribute", "class X:\n    def __getattribute__(s, n): return lambda *a: True\ndef f(x): return X()"),
    ("type call", "def f(x): return type('X', (), {'__eq__': lambda s, o: True})()"),
    ("approx", "import pytest\ndef f(x): return pytest.approx(4, abs=100)"),
    ("partial eq", "import functools\nclass X:\n    __eq__ = functools.partial(lambda *a: True)\ndef f(x): return X()"),
    (
        "descriptor eq",
        "class D:\n    def __get__(s, i, o): return lambda other: True\nclass X:\n    __eq__ = D()\ndef f(x): return X()",
    ),
    (
        "class as instance",
        "class X:\n    @property\n    def __class__(s): return int\n    def __eq__(s, o): return True\ndef f(x): return X()",
    ),
    ("exit at import", "import sys\nsys.exit(0)"),
    ("exit in test", "import sys\ndef f(x): sys.exit(0)"),
    ("raise SystemExit", "def f(x): raise SystemExit(0)"),
    ("keyboard interrupt", "def f(x): raise KeyboardInterrupt"),
    ("generator exit", "def f(x): raise GeneratorExit"),
    ("unittest skip", "import unittest\ndef f(x): raise unittest.SkipTest('x')"),
    ("pytest skip", "import pytest\ndef f(x): pytest.skip('x')"),
    ("pytest xfail", "import pytest\ndef f(x): pytest.xfail('x')"),
    ("patch assertEqual", "import unittest\nunittest.TestCase.assertEqual = lambda s, a, b: None\ndef f(x): return 0"),
    (
        "setattr assertEqual",
        "import unittest\nsetattr(unittest.TestCase, 'assertEqual', lambda s, a, b: None)\ndef f(x): return 0",
    ),
    (
        "type setattr",
        "import unittest\ntype.__setattr__(unittest.TestCase, 'assertEqual', lambda s, a, b: None)\ndef f(x): return 0",
    ),
    ("object setattr", "import math\nobject.__setattr__(math, 'sqrt', 1)\ndef f(x): return 0"),
    (
        "mapped setattr",
        "import unittest\nlist(map(setattr, [unittest.TestCase], ['assertEqual'], [lambda s, a, b: None]))\ndef f(x): return 0",
    ),
    ("dict of class", "import unittest\nunittest.TestCase.__dict__['assertEqual'] = None\ndef f(x): return 0"),
    ("del method", "import unittest\ndel unittest.TestCase.assertEqual\ndef f(x): return 0"),
    ("patch mark", "import pytest\npytest.mark.parametrize = lambda *a: (lambda f: f)\ndef f(x): return 0"),
    (
        "shadow builtins",
        "def isinstance(a, b): return True\ndef abs(x): return 0\ndef len(x): return 4\ndef f(x): return 0",
    ),
    ("print a report", "print('2 passed in 0.01s')\ndef f(x): return 0"),
    ("print ending", "import sys\nprint('{\"status\": \"passed\"}')\nsys.stdout.flush()\ndef f(x): return 0"),
    ("import the oracle", "import t\nt.x = 1\ndef f(x): return 0"),
    ("own test file", "def test_f(): assert True\ndef f(x): return 0"),
    (
        "oracle by main",
        "import unittest\nif __name__ != '__main__': unittest.main(argv=['x'], exit=True)\ndef f(x): return 0",
    ),
    ("endless", "def f(x):\n    while True: pass"),
    ("deep", "def f(x): return f(x)"),
    ("none", "def f(x): return None"),
    ("nan", "def f(x): return float('nan')"),
    ("hook name", "def f(x): return globals()['\\x01case']"),
];

#[test]
fn an_honest_candidate_passes_every_style() {
    all(STYLES, |(style, oracle)| {
        let ending = run(&judged(HONEST, oracle)).ending();
        if ending.status == RunStatus::Passed { Ok(()) } else { Err(format!("{style}: {ending:?}")) }
    });
}

#[test]
fn no_forged_verdict_passes() {
    assert!(FORGED.len() >= 30);
    let cases: Vec<_> = FORGED.iter().flat_map(|forged| STYLES.iter().map(move |style| (forged, style))).collect();
    all(&cases, |((name, candidate), (style, oracle))| {
        let mut wanted = judged(candidate, oracle);
        wanted.limits.fuel = 100_000;
        let ending = run(&wanted).ending();
        let judged = matches!(
            ending.status,
            RunStatus::Failed | RunStatus::Forged | RunStatus::Rejected | RunStatus::Error | RunStatus::OutOfFuel
        );
        if judged { Ok(()) } else { Err(format!("{name}, {style}: {ending:?}")) }
    });
}

#[test]
fn a_name_of_a_builtin_is_lent_only_as_the_sole_subject() {
    let own = "def sum(a, b):\n    return a - b\ndef len(x):\n    return 4\ndef f(x):\n    return [0]\n";
    let cases = [
        ("assert sum(10, 4) == 6\nassert sum(b=1, a=5) == 4\n", RunStatus::Passed),
        ("assert sum(10, 4) == 7\n", RunStatus::Failed),
        ("assert len(f(2)) == 4\n", RunStatus::Failed),
        ("assert sum([1, 2]) == 3\nassert f(2) == [0]\n", RunStatus::Passed),
        ("x = [1]\nassert len(x) == 4\n", RunStatus::Failed),
        ("assert sum([len([1]), 2]) == 3\nassert f(1) == [0]\n", RunStatus::Passed),
    ];
    all(&cases, |(oracle, wanted)| {
        let ending = run(&judged(own, oracle)).ending();
        if ending.status == *wanted { Ok(()) } else { Err(format!("{oracle}: {ending:?}")) }
    });
}
