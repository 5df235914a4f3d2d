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

const EVIL: &str = "class Evil:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    def __lt__(self, o): return True\n    def __hash__(self): return 0\n";

/// Candidates (after `EVIL`) whose library object hands the test's comparison down to them, with the test's expression.
const DELEGATED: &[(&str, &str)] = &[
    (
        "import collections\ndef f():\n    u = collections.UserString('')\n    u.data = Evil()\n    return u",
        "f() == 'x'",
    ),
    ("from fractions import Fraction\ndef f():\n    v = Fraction(1); v._numerator = Evil(); return v", "f() == 3"),
    ("import collections\ndef f(): return collections.ChainMap({'a': Evil()})", "f() == {'a': 3}"),
    ("import types\ndef f(): return types.MappingProxyType({'a': Evil()})", "f() == {'a': 3}"),
    (
        "import collections\ndef f():\n    u = collections.UserDict(); u.data = {'a': Evil()}; return u",
        "f() == {'a': 3}",
    ),
    ("import collections\ndef f(): return collections.UserList([Evil()])", "f() == [3]"),
    (
        "import collections.abc\nclass P(collections.abc.Set):\n    def __contains__(s, o): return True\n    def __iter__(s): return iter(())\n    def __len__(s): return 1\ndef f(): return P()",
        "f() == {3}",
    ),
    (
        "import collections.abc\nclass P(collections.abc.Set):\n    __contains__ = lambda s, *o: True\n    __iter__ = lambda s: iter(())\n    __len__ = lambda s: 1\ndef f(): return P()",
        "f() == {3}",
    ),
    (
        "import datetime\ndef f():\n    d = datetime.date(2000, 1, 1)\n    d._year = d._month = d._day = Evil()\n    return d",
        "f() == datetime.date(2024, 5, 6)",
    ),
    (
        "import collections\nclass L:\n    pass\nL.__eq__ = lambda s, o: (lambda: True or o)()\ndef f(): return collections.ChainMap({'a': L()})",
        "f() == {'a': 3}",
    ),
];

#[test]
fn a_library_object_cannot_hand_a_comparison_to_the_candidate() {
    all(DELEGATED, |(candidate, expression)| {
        for oracle in [
            format!("import datetime\nfrom sol import f\nassert {expression}\n"),
            format!(
                "import datetime, unittest\nfrom sol import f\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual({})\n",
                expression.replace(" ==", ",")
            ),
        ] {
            let ending = run(&judged(&format!("{EVIL}{candidate}\n"), &oracle)).ending();
            if ending.status != RunStatus::Forged {
                return Err(format!("{candidate}: {ending:?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn honest_objects_are_compared() {
    let cases = [
        (
            "class M:\n    def __init__(s, v): s.v = v\n    def __eq__(s, o): return all(s.v == o.v for _ in [0])\n    def __hash__(s): return hash(s.v)",
            "M(1) == M(1) and {M(1)} == {M(1)} and M(2) in {M(2)} and [M(1)] != [M(2)]",
        ),
        (
            "import functools\n@functools.total_ordering\nclass M:\n    def __init__(s, v): s.v = v\n    def __eq__(s, o): return s.v == o.v\n    def __lt__(s, o): return s.v < o.v",
            "M(1) <= M(2) and M(2) > M(1) and max([M(1), M(2)], key=lambda m: m.v) == M(2)",
        ),
        (
            "import dataclasses\n@dataclasses.dataclass(order=True)\nclass M:\n    v: int",
            "M(1) == M(1) and M(1) < M(2) and [M(1)] == [M(1)]",
        ),
        (
            "class V:\n    def __init__(s, x): s.x = x\n    def __abs__(s): return s.x\n    def __sub__(s, o): return V(s.x - o.x)\n    def __round__(s, n=0): return s.x\n    def __float__(s): return float(s.x)",
            "abs(V(5) - V(2)) == 3 and round(V(2)) == 2 and float(V(1)) == 1.0",
        ),
        (
            "def g(x): return 2 * x\ndef M(): return map(g, [1, 2])\ndef N():\n    yield g(2)",
            "4 in M() and 4 in N() and list(M()) == [2, 4]",
        ),
        (
            "import decimal, types\ndef M():\n    decimal.getcontext().prec = 10\n    n = types.SimpleNamespace()\n    n.x = 3\n    e = ValueError()\n    e.code = 4\n    return n.x, e.code, decimal.Decimal(1) / 4",
            "M() == (3, 4, __import__('decimal').Decimal('0.25'))",
        ),
        (
            "from collections import Counter, OrderedDict, ChainMap, UserDict\nimport fractions, datetime\ndef M():\n    c = Counter('aa'); c['b'] += 1; o = OrderedDict(); o['x'] = 1; h = ChainMap({}); h['y'] = 2; u = UserDict(); u['k'] = 3\n    return c, o, h, u, fractions.Fraction(1, 2), datetime.date(2000, 1, 2)",
            "M()[0] == {'a': 2, 'b': 1} and M()[1] == {'x': 1} and M()[2] == {'y': 2} and M()[3] == {'k': 3} and M()[4] == 0.5",
        ),
    ];
    all(&cases, |(candidate, expression)| {
        let oracle = format!(
            "from sol import *\nimport decimal\nassert {}\n",
            expression.replace("__import__('decimal')", "decimal")
        );
        let ending = run(&judged(&format!("{candidate}\n"), &oracle)).ending();
        if ending.status == RunStatus::Passed { Ok(()) } else { Err(format!("{candidate}: {ending:?}")) }
    });
}

#[test]
fn a_tolerance_is_not_forged_by_arithmetic() {
    let candidates = [
        "class E:\n    def __sub__(self, x): return 0.0\n    def __rsub__(self, x): return 0.0\n    def __abs__(self): return 0.0\n    def __float__(self): return 0.0\n    def __round__(self, n=0): return 0\ndef f(): return E()\n",
        "class E(float):\n    def __sub__(self, x): return 0.0\n    def __rsub__(self, x): return 0.0\ndef f(): return E(0)\n",
        "class E:\n    __sub__ = __rsub__ = lambda s, *x: 0.0\ndef f(): return E()\n",
    ];
    let oracles = [
        "from sol import f\nassert abs(f() - 3.0) < 1e-9\n",
        "from sol import f\nassert abs(3.0 - f()) < 1e-9\n",
        "from sol import f\nassert round(f() - 3, 7) == 0\n",
        "import pytest\nfrom sol import f\nassert f() == pytest.approx(3.0)\n",
        "import unittest\nfrom sol import f\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertAlmostEqual(f(), 3.0)\n",
        "import unittest\nfrom sol import f\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertAlmostEqual(3.0, f(), delta=1)\n",
    ];
    let cases: Vec<_> = candidates.iter().flat_map(|one| oracles.iter().map(move |oracle| (*one, *oracle))).collect();
    all(&cases, |(candidate, oracle)| {
        let ending = run(&judged(candidate, oracle)).ending();
        let judged = matches!(ending.status, RunStatus::Forged | RunStatus::Failed);
        if judged { Ok(()) } else { Err(format!("{candidate} {oracle}: {ending:?}")) }
    });
    all(&oracles, |oracle| {
        let ending = run(&judged("def f(): return 2.9999999999\n", &oracle.replace("1e-9", "1e-8"))).ending();
        if ending.status == RunStatus::Passed { Ok(()) } else { Err(format!("{oracle}: {ending:?}")) }
    });
}

#[test]
fn a_star_import_replaces_nothing_of_the_test() {
    let own = "__all__ = ['abs', 'sorted', 'math', 'add', '_two']\nmath = 5\ndef abs(x): return 0.0\ndef sorted(x): return [3]\ndef add(a, b): return a - b\ndef _two(): return 2\n";
    let cases = [
        ("from sol import *\nassert abs(add(1, 2) - 3.0) < 1e-9\n", RunStatus::Failed),
        ("from sol import *\nassert sorted([add(1, 2)]) == [3]\n", RunStatus::Failed),
        (
            "import math\nfrom sol import *\nassert math.floor(1.5) == 1\nassert add(3, 1) == _two()\n",
            RunStatus::Passed,
        ),
    ];
    all(&cases, |(oracle, wanted)| {
        let ending = run(&judged(own, oracle)).ending();
        if ending.status == *wanted { Ok(()) } else { Err(format!("{oracle}: {ending:?}")) }
    });
}
