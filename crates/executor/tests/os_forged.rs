//! Goal: no candidate decides its own verdict in the OS layer.
//! Method: each candidate below is wrong (its `add` does not add) and tries to be judged right in one
//! way; none may end `Passed`. The controls at the top are honest and have to pass.

mod support;

use edgecoder_executor::os::OsOutcome;
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan, Verdict};
use support::os::{judge_both_ways, run_as_an_ordinary_user};

const TESTS: &str = "import unittest\nfrom solution import add\n\ndef test_small():\n    assert add(1, 2) == 3\n\n\
                     def test_list():\n    assert [add(2, 2)] == [4]\n\nclass Case(unittest.TestCase):\n    \
                     def test_unit(self):\n        self.assertEqual(add(5, 6), 11)\n";

fn file(path: &str, content: &str, role: FileRole) -> SourceFile {
    SourceFile { path: path.to_owned(), content: content.as_bytes().to_vec(), role }
}

fn judge(mut files: Vec<SourceFile>, tests: &[&str], expected: &[&str]) -> OsOutcome {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let request = RunRequest {
        language: Language::Python,
        entry: Some("solution.py".to_owned()),
        files,
        tests: TestPlan::Files(tests.iter().map(|path| (*path).to_owned()).collect()),
        expected_tests: expected.iter().map(|id| (*id).to_owned()).collect(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits { timeout_ms: 20_000, ..Limits::default() },
        layer: LayerChoice::Os,
        seed: 1,
    };
    judge_both_ways(&request)
}

fn candidate(code: &str) -> OsOutcome {
    judge(
        vec![file("solution.py", code, FileRole::Candidate), file("test_solution.py", TESTS, FileRole::Oracle)],
        &["test_solution.py"],
        &["test_solution.py::test_small", "test_solution.py::test_list", "test_solution.py::Case::test_unit"],
    )
}

#[test]
fn honest_candidates_pass() {
    let outcome = candidate("def add(a, b):\n    return a + b\n");
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Passed, "passed"), "{outcome:?}");
    assert_eq!(outcome.tests.len(), 3);
    let code = "import functools, dataclasses, enum, os\nfrom collections import deque\n\n@dataclasses.dataclass\n\
                class Pair:\n    a: int\n    b: int\n    def total(self):\n        return self.a + self.b\n\n\
                @functools.lru_cache(maxsize=None)\ndef add(a, b):\n    text = '{} {}'.format(a, b)\n    \
                assert os.path.join('a', 'b') == 'a/b'\n    return getattr(Pair(a, b), 'total')()\n";
    let outcome = candidate(code);
    assert_eq!(outcome.status, RunStatus::Passed, "{outcome:?}");
}

#[test]
fn honest_uses_of_modules_and_classes_pass() {
    for code in [
        "import os.path as p, sys, json, math, collections.abc, random as r, typing as t\nfrom types import SimpleNamespace\n\
         from os import path\nfrom math import *\nimport xml.etree.ElementTree as ET\n\
         class Node:\n    def __init__(self, v): self._v = v\n    def get(self): return self._v\n\
         def add(a: t.Optional[int], b):\n    assert p.join('a', 'b') == path.join('a', 'b') and isinstance([], collections.abc.Iterable)\n    \
         print(sys.version_info[:2], json.dumps([1]), type(add).__name__, ET.fromstring('<a/>').tag, file=sys.stderr)\n    \
         return Node(int(sqrt(a * a)) + SimpleNamespace(b=b).b + type(a)(0)).get()\n",
        "import asyncio, logging, concurrent.futures\nlog = logging.getLogger(__name__)\nasync def later(a, b):\n    await asyncio.sleep(0)\n    \
         return a + b\ndef add(a, b):\n    log.debug('x')\n    with concurrent.futures.ThreadPoolExecutor(1) as pool:\n        \
         return pool.submit(asyncio.run, later(a, b)).result()\n",
    ] {
        let outcome = candidate(code);
        assert_eq!(outcome.status, RunStatus::Passed, "{outcome:?}");
    }
}

const EVEN_MORE_EVIL: &str = "class Evil:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    \
                              def __lt__(self, o): return True\n    def __hash__(self): return 0\n";

/// A test line and a candidate that makes something else decide it.
const DELEGATED: &[(&str, &str)] = &[
    (
        "assert add(1, 2) == '3'",
        "import collections\ndef add(a, b):\n    u = collections.UserString(''); u.data = Evil(); return u\n",
    ),
    (
        "assert add(1, 2) == '3'",
        "import collections\nclass U(collections.UserString): pass\ndef add(a, b):\n    u = U(''); u.data = Evil(); return u\n",
    ),
    (
        "assert add(1, 2) == 3",
        "from fractions import Fraction\ndef add(a, b):\n    f = Fraction(1); f._numerator = Evil(); return f\n",
    ),
    ("assert add(1, 2) == {'a': 3}", "import collections\ndef add(a, b): return collections.ChainMap({'a': Evil()})\n"),
    ("assert add(1, 2) == {'a': 3}", "import types\ndef add(a, b): return types.MappingProxyType({'a': Evil()})\n"),
    (
        "assert add(1, 2) == {'a': 3}",
        "import collections\ndef add(a, b):\n    u = collections.UserDict(); u.data = {'a': Evil()}; return u\n",
    ),
    (
        "assert add(1, 2) == {3}",
        "import collections.abc\nclass P(collections.abc.Set):\n    def __contains__(s, o): return True\n    def __iter__(s): return iter(())\n    def __len__(s): return 1\ndef add(a, b): return P()\n",
    ),
    ("assert add(1, 2) == 3", "import weakref\nk = Evil()\ndef add(a, b): return weakref.proxy(k)\n"),
    (
        "import collections\n    assert add(1, 2) == collections.deque([3])",
        "import collections\ndef add(a, b): return collections.deque([Evil()])\n",
    ),
    (
        "import datetime\n    assert add(1, 2) == datetime.date(2024, 5, 6)",
        "import datetime\nclass D(datetime.date):\n    def __eq__(self, o): return True\ndef add(a, b): return D(2000, 1, 1)\n",
    ),
    ("assert 3 in add(1, 2)", "class E:\n    def __contains__(self, x): return True\ndef add(a, b): return E()\n"),
    (
        "assert 3 in add(1, 2)",
        "class E(list):\n    def __contains__(self, x): return True\ndef add(a, b): return E()\n",
    ),
    ("assert 3 in add(1, 2)", "E = type('E', (), {'__contains__': lambda *a: True})\ndef add(a, b): return E()\n"),
    ("assert 3 in add(1, 2)", "def add(a, b): return [Evil()]\n"),
    ("assert 3 in add(1, 2)", "def add(a, b): return iter([Evil()])\n"),
    ("import unittest\n    unittest.TestCase().assertAlmostEqual(add(1, 2), 3.0)", NUMBER),
    (
        "import unittest\n    unittest.TestCase().assertIn(3, add(1, 2))",
        "class E:\n    def __contains__(self, x): return True\ndef add(a, b): return E()\n",
    ),
    ("import pytest\n    assert add(1, 2) == pytest.approx(3.0)", NUMBER),
    ("assert abs(add(1, 2) - 3.0) < 1e-9", NUMBER),
    ("assert round(add(1, 2) - 3, 7) == 0", NUMBER),
    ("d = add(1, 2) - 3.0\n    assert abs(d) < 1e-9", NUMBER_TOO),
    (
        "assert abs(3.0 - add(1, 2)) < 1e-9",
        "class E(float):\n    def __sub__(self, x): return 0.0\n    __rsub__ = __sub__\ndef add(a, b): return E(0)\n",
    ),
    ("assert isinstance(add(1, 2), int)", "class E:\n    __class__ = int\ndef add(a, b): return E()\n"),
    (
        "assert isinstance(add(1, 2), int)",
        "class E:\n    locals()['__cl' + 'ass__'] = int\ndef add(a, b): return E()\n",
    ),
];

const NUMBER: &str = "class E:\n    def __sub__(self, x): return 0.0\n    def __rsub__(self, x): return 0.0\n    \
                      def __abs__(self): return 0.0\n    def __float__(self): return 0.0\n    \
                      def __round__(self, n=0): return 0\ndef add(a, b): return E()\n";
const NUMBER_TOO: &str = "class E:\n    def __sub__(self, x): return self\n    def __abs__(self): return 0.0\n\
                          def add(a, b): return E()\n";

fn judge_line(line: &str, code: &str) -> OsOutcome {
    let tests = format!("from solution import *\ndef test_it():\n    {line}\n");
    judge(
        vec![file("solution.py", code, FileRole::Candidate), file("test_it.py", &tests, FileRole::Oracle)],
        &["test_it.py"],
        &["test_it.py::test_it"],
    )
}

#[test]
fn nothing_that_holds_candidate_code_decides() {
    for (line, code) in DELEGATED {
        let outcome = judge_line(line, &format!("{EVEN_MORE_EVIL}{code}"));
        println!("{line}: {:?} {:?}", outcome.detail, outcome.tests.first().map(|test| &test.message));
        assert!(matches!(outcome.status, RunStatus::Failed | RunStatus::Forged), "{line}\n{code}\n{outcome:?}");
    }
}

#[test]
fn honest_objects_compare() {
    let point = "import dataclasses, collections, fractions\n@dataclasses.dataclass(order=True, frozen=True)\nclass Point:\n    \
                 x: int\n    y: int = 0\n    def __add__(self, o): return Point(self.x + o.x, self.y + o.y)\n    \
                 def __mul__(self, k): return Point(self.x * k, self.y * k)\n    def __abs__(self): return float(self.x)\n\
                 class Money:\n    def __init__(self, v): self.v = v\n    def key(self): return self.v\n    \
                 def __eq__(self, o): return isinstance(o, Money) and self.key() == o.key()\n    \
                 def __lt__(self, o): return self.v < o.v\n    def __hash__(self): return hash(self.v)\n    \
                 def __iter__(self):\n        yield self.v\n\
                 def gen(n):\n    for i in range(n): yield i\n\
                 def half(n): return n / 2\ndef frac(n): return fractions.Fraction(n, 2)\n\
                 def dq(n): return collections.deque(range(n))\ndef abs(x): return 5\n";
    for line in [
        "assert Point(1, 2) + Point(1, 1) == Point(2, 3)",
        "assert Point(1, 2) * 3 == Point(3, 6)",
        "assert Point(1) < Point(2) and Money(1) < Money(2)",
        "assert [Money(1), Money(2)] == [Money(1), Money(2)] and Money(1) != Money(2)",
        "assert Money(1) in [Money(0), Money(1)] and Money(1) in {Money(1): 2}",
        "assert list(Money(4)) == [4] and 4 in Money(4)",
        "assert 3 in gen(5) and 7 not in gen(5)",
        "assert frac(3) == 1.5 and dq(3) == dq(3)",
        "assert abs(half(3) - 1.5) < 1e-9 and abs(-7) == 7 and abs(Point(3)) == 3.0",
        "import pytest\n    assert half(3) == pytest.approx(1.5) and [half(1)] == pytest.approx([0.5])",
        "import unittest\n    unittest.TestCase().assertAlmostEqual(half(3), 1.5)",
        "import unittest\n    unittest.TestCase().assertEqual(Money(3), Money(3))",
        "import unittest\n    unittest.TestCase().assertCountEqual([Money(3), Money(1)], [Money(1), Money(3)])",
        "assert isinstance(Point(1), Point) and not isinstance(half(1), int)",
    ] {
        let outcome = judge_line(line, point);
        assert_eq!(outcome.status, RunStatus::Passed, "{line}\n{outcome:?}");
    }
}

#[test]
fn examples_in_documentation_are_judged_strictly() {
    let tests = "\"\"\"\n>>> from solution import add\n>>> add(1, 2) == 3\nTrue\n>>> abs(add(1, 2) - 3.0) < 0.1\nTrue\n\"\"\"\n";
    let forged = format!("{EVEN_MORE_EVIL}def add(a, b): return Evil()\n");
    for (code, passes) in [("def add(a, b): return a + b\n", true), (forged.as_str(), false), (NUMBER, false)] {
        let outcome = judge(
            vec![file("solution.py", code, FileRole::Candidate), file("test_it.py", tests, FileRole::Oracle)],
            &["test_it.py"],
            &[],
        );
        assert_eq!(outcome.status == RunStatus::Passed, passes, "{code}\n{outcome:?}");
    }
}

#[test]
fn a_star_import_replaces_no_builtin() {
    let code = "def abs(x): return 0.0\ndef sorted(x): return [3]\ndef add(a, b): return 0\ndef taken(): return True\n";
    for line in ["assert abs(add(1, 2) - 3.0) < 1e-9", "assert sorted([add(1, 2)]) == [3]"] {
        assert_eq!(judge_line(line, code).status, RunStatus::Failed, "{line}");
    }
    let tests = "def taken(): return False\nfrom solution import *\ndef test_it():\n    assert taken()\n";
    let outcome = judge(
        vec![file("solution.py", code, FileRole::Candidate), file("test_it.py", tests, FileRole::Oracle)],
        &["test_it.py"],
        &[],
    );
    assert_eq!(outcome.status, RunStatus::Failed, "{outcome:?}");
}

#[test]
fn a_wrong_candidate_fails() {
    let outcome = candidate("def add(a, b):\n    return a - b\n");
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Failed, "assertion_failed"), "{outcome:?}");
    assert!(outcome.tests[0].message.contains("-1 == 3 is false"), "{outcome:?}");
}

const EVIL: &str = "class Evil:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    \
                    def __lt__(self, other): return True\n    def __hash__(self): return 0\n";

/// What the candidate does instead of adding.
const FORGERIES: &[(&str, &str)] = &[
    ("sys.exit on import", "import sys\nsys.exit(0)\n"),
    ("sys.exit in the call", "import sys\ndef add(a, b):\n    sys.exit(0)\n"),
    ("SystemExit", "def add(a, b):\n    raise SystemExit(0)\n"),
    ("os._exit", "import os\nos._exit(0)\n"),
    ("os._exit from import", "from os import _exit\n_exit(0)\n"),
    ("os._exit by name", "import os\ndef add(a, b):\n    getattr(os, '_' + 'exit')(0)\n"),
    ("__import__", "__import__('os')._exit(0)\n"),
    ("importlib", "import importlib\nimportlib.import_module('os')\ndef add(a, b): return 0\n"),
    ("atexit", "import atexit\natexit.register(print, 'passed')\ndef add(a, b): return 0\n"),
    ("abort", "import os\ndef add(a, b): os.abort()\n"),
    ("kill", "import os, signal\ndef add(a, b): os.kill(os.getpid(), 9)\n"),
    ("prints passed", "print('3 passed in 0.01s')\nprint('OK')\ndef add(a, b): return 0\n"),
    ("patched unittest", "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef add(a, b): return 0\n"),
    ("patched pytest", "import pytest\npytest.raises = None\ndef add(a, b): return 0\n"),
    ("patched builtins", "import builtins\nbuiltins.AssertionError = Exception\ndef add(a, b): return 0\n"),
    ("builtins through __self__", "print.__self__.AssertionError = ValueError\ndef add(a, b): return 0\n"),
    ("__builtins__", "__builtins__['len'] = lambda x: 3\ndef add(a, b): return 0\n"),
    ("settrace", "import sys\nsys.settrace(lambda *a: None)\ndef add(a, b): return 0\n"),
    ("setprofile in a thread", "import threading\nthreading.setprofile(print)\ndef add(a, b): return 0\n"),
    ("frames", "import sys\ndef add(a, b):\n    sys._getframe(1).f_locals\n    return 0\n"),
    ("frames by name", "import sys\ndef add(a, b):\n    f = getattr(sys, '_get' + 'frame')\n    return f(1)\n"),
    ("frames of a generator", "def gen():\n    yield 1\ndef add(a, b):\n    return gen().gi_frame\n"),
    (
        "frames through format",
        "def gen():\n    yield '{0.gi_frame.f_back}'.format(g)\ng = gen()\ndef add(a, b):\n    return next(g)\n",
    ),
    (
        "frames through str.format",
        "f = str.format\ndef gen():\n    yield f('{0.gi_frame.f_back}', g)\ng = gen()\ndef add(a, b):\n    return next(g)\n",
    ),
    (
        "traceback frames",
        "def add(a, b):\n    try: 1 / 0\n    except Exception as e: return e.__traceback__.tb_frame\n",
    ),
    ("gc", "import gc\ndef add(a, b): return gc.get_objects()\n"),
    ("inspect", "import inspect\ndef add(a, b): return inspect.stack()\n"),
    ("ctypes", "import ctypes\ndef add(a, b): return 0\n"),
    ("sys.modules", "import sys\nsys.modules['unittest'] = None\ndef add(a, b): return 0\n"),
    ("os.sys", "import os\nos.sys.modules.clear()\ndef add(a, b): return 0\n"),
    ("subclasses", "def add(a, b):\n    return object.__subclasses__()\n"),
    ("globals of a function", "import json\ndef add(a, b):\n    return json.dumps.__globals__\n"),
    (
        "globals by attrgetter",
        "import json, operator\ndef add(a, b):\n    return operator.attrgetter('__glo' + 'bals__')(json.dumps)\n",
    ),
    (
        "globals in a pattern",
        "import json\ndef add(a, b):\n    match json.dumps:\n        case object(__globals__=g): return g\n",
    ),
    ("exec", "exec('import gc')\ndef add(a, b): return 0\n"),
    ("eval by name", "def add(a, b):\n    return vars()['__builtins__']['eval']('3')\n"),
    (
        "type hints are evaluated",
        "import typing\ndef add(a: '__import__(\"gc\")', b):\n    return typing.get_type_hints(add)\n",
    ),
    ("stored on a module", "import math\nm = math\nm.isclose = lambda *a: True\ndef add(a, b): return 0\n"),
    ("setattr on a module", "import math\nsetattr(math, 'isclose', None)\ndef add(a, b): return 0\n"),
    ("stored by a loop", "import json\nfor json.dumps in [None]: pass\ndef add(a, b): return 0\n"),
    (
        "namespace of a parser",
        "import argparse, json\np = argparse.ArgumentParser()\np.add_argument('--dumps')\np.parse_args(['--dumps', 'x'], namespace=json)\ndef add(a, b): return 0\n",
    ),
    ("wraps on a module", "import functools, json\nfunctools.wraps(len)(json)\ndef add(a, b): return 0\n"),
    ("written module", "open('/work/late.py', 'w').write('import ctypes')\nimport late\ndef add(a, b): return 0\n"),
    (
        "writes to descriptors",
        "for n in range(3, 64):\n    try:\n        f = open(n, 'wb', closefd=False); f.write(b'{\"kind\":\"final\",\"ids\":[]}\\n'); f.flush()\n    except Exception: pass\ndef add(a, b): return 0\n",
    ),
    (
        "closes descriptors",
        "for n in range(3, 64):\n    try: open(n, 'wb').close()\n    except Exception: pass\ndef add(a, b): return 0\n",
    ),
    ("reads its own memory", "def add(a, b): return open('/proc/self/mem', 'rb').read(1)\n"),
    (
        "edits the tests",
        "open('/work/test_solution.py', 'w').write('def test_small(): pass')\ndef add(a, b): return 0\n",
    ),
    ("forks", "import os\nos.fork()\ndef add(a, b): return 0\n"),
    (
        "endless thread",
        "import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()\ndef add(a, b): return 0\n",
    ),
    (
        "module class with a lying name",
        "class Evil:\n    __module__ = 'decimal'\n    def __eq__(self, o): return True\ndef add(a, b): return Evil()\n",
    ),
    (
        "builtin as equality",
        "import operator\nclass Evil:\n    __eq__ = operator.truth\ndef add(a, b): return Evil()\n",
    ),
    (
        "metaclass equality",
        "class Meta(type):\n    def __eq__(cls, o): return True\n    __hash__ = None\nclass Evil(metaclass=Meta): pass\ndef add(a, b): return Evil\n",
    ),
    (
        "int subclass",
        "class Evil(int):\n    def __eq__(self, o): return True\n    __hash__ = None\ndef add(a, b): return Evil(0)\n",
    ),
    ("deep recursion", "def add(a, b):\n    return add(a, b)\n"),
    ("relative import", "from . import ctypes\ndef add(a, b): return 0\n"),
    ("aliased types", "import types as t\nc = t.CodeType\ndef add(a, b): return 0\n"),
    ("types in a list", "import types\nc = [types][0].CodeType\ndef add(a, b): return 0\n"),
    ("aliased audit hook", "import sys as s\ns.addaudithook(print)\ndef add(a, b): return 0\n"),
    ("aliased os", "import os as o\no.execv('/bin/true', ['true'])\ndef add(a, b): return 0\n"),
    ("module as self", "import threading\ndef f(self): return self._sys\nf(threading)\ndef add(a, b): return 0\n"),
    ("types of a module", "import dataclasses as d\nc = d.types.CodeType\ndef add(a, b): return 0\n"),
    ("function type of a module", "import dataclasses\nc = dataclasses.FunctionType\ndef add(a, b): return 0\n"),
    ("function type by type()", "type(lambda: 0)(0, {})\ndef add(a, b): return 0\n"),
    ("types by getattr", "import types\nc = getattr(types, 'Code' + 'Type')\ndef add(a, b): return 0\n"),
    ("match args", "class C:\n    __match_args__ = ('__globals__',)\ndef add(a, b): return 0\n"),
];

#[test]
fn no_forgery_passes() {
    let mut all: Vec<(String, String)> =
        FORGERIES.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect();
    all.push(("equals everything".to_owned(), format!("{EVIL}def add(a, b): return Evil()\n")));
    all.push((
        "type() made class".to_owned(),
        "E = type('E', (), {'__eq__': lambda s, o: True})\ndef add(a, b): return E()\n".to_owned(),
    ));
    for (name, code) in all {
        let outcome = candidate(&code);
        assert!(
            !matches!(outcome.status, RunStatus::Passed | RunStatus::Completed | RunStatus::NoTests),
            "{name}: {outcome:?}"
        );
        assert!(!outcome.tests.iter().all(|test| test.verdict == Verdict::Passed), "{name}: {outcome:?}");
        println!("{name}: {:?} {} {}", outcome.status, outcome.reason, outcome.detail);
    }
}

#[test]
fn planted_files_change_nothing() {
    let wrong = "def add(a, b): return 0\n";
    for (path, content) in [
        ("conftest.py", "import pytest\ndef pytest_runtest_makereport(): pass\n"),
        ("sitecustomize.py", "raise SystemExit(0)\n"),
        ("usercustomize.py", "raise SystemExit(0)\n"),
        ("unittest.py", "class TestCase:\n    pass\n"),
        ("json.py", "raise SystemExit(0)\n"),
        ("pytest.ini", "[pytest]\naddopts = --collect-only\n"),
        ("pytest.py", "def raises(*a): pass\n"),
        ("solution.so", "\x7fELF"),
    ] {
        let outcome = judge(
            vec![
                file(path, content, FileRole::Candidate),
                file("solution.py", wrong, FileRole::Candidate),
                file("test_solution.py", TESTS, FileRole::Oracle),
            ],
            &["test_solution.py"],
            &[],
        );
        assert!(
            matches!(outcome.status, RunStatus::Failed | RunStatus::Forged | RunStatus::Error),
            "{path}: {outcome:?}"
        );
    }
}

#[test]
fn a_planted_name_reaches_no_judge() {
    for name in ["inspect", "gc", "ctypes", "ec_judge", "ec_peer", "json", "unittest"] {
        let code = format!("import {name}\ndef add(a, b): return 0\n");
        let planted = "class TestCase:\n    def __getattr__(self, name): return print\n";
        let outcome = judge(
            vec![
                file(&format!("{name}.py"), planted, FileRole::Candidate),
                file("solution.py", &code, FileRole::Candidate),
                file("test_solution.py", TESTS, FileRole::Oracle),
            ],
            &["test_solution.py"],
            &[],
        );
        assert_eq!(outcome.status, RunStatus::Failed, "{name}: {outcome:?}");
        assert!(outcome.tests.iter().all(|test| test.verdict == Verdict::Failed), "{name}: {outcome:?}");
    }
}

#[test]
fn assert_style_tests_are_judged_strictly() {
    let tests = "assert len(f(3)) == 3\nassert sorted(f(2)) == [1, 2]\n";
    for code in [
        "def len(x): return 3\ndef sorted(x): return [1, 2]\ndef f(n): return 0\n".to_owned(),
        format!("{EVIL}def f(n): return [Evil()]\ndef sorted(x): return Evil()\n"),
    ] {
        let outcome = judge(
            vec![file("solution.py", &code, FileRole::Candidate), file("asserts.py", tests, FileRole::Oracle)],
            &["asserts.py"],
            &["asserts.py::assert:1", "asserts.py::assert:2"],
        );
        assert_eq!(outcome.status, RunStatus::Failed, "{outcome:?}");
    }
    let outcome = judge(
        vec![
            file("solution.py", "def f(n): return list(range(1, n + 1))\n", FileRole::Candidate),
            file("asserts.py", tests, FileRole::Oracle),
        ],
        &["asserts.py"],
        &["asserts.py::assert:1", "asserts.py::assert:2"],
    );
    assert_eq!(outcome.status, RunStatus::Passed, "{outcome:?}");
}

#[test]
fn fewer_tests_than_expected_is_no_pass() {
    let outcome = judge(
        vec![
            file("solution.py", "def add(a, b): return a + b\n", FileRole::Candidate),
            file("test_solution.py", TESTS, FileRole::Oracle),
        ],
        &["test_solution.py"],
        &["test_solution.py::test_small", "test_solution.py::test_gone"],
    );
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Failed, "tests_missing"), "{outcome:?}");
}

#[test]
fn no_tests_is_no_pass() {
    let outcome = judge(
        vec![
            file("solution.py", "def add(a, b): return a + b\n", FileRole::Candidate),
            file("test_solution.py", "from solution import add\n", FileRole::Oracle),
        ],
        &["test_solution.py"],
        &[],
    );
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::NoTests, "no_tests"), "{outcome:?}");
}

#[test]
fn the_same_holds_for_an_ordinary_user() {
    run_as_an_ordinary_user();
}
