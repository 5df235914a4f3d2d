//! What instrumentation makes of each construct, as text; that it compiles is part of every case.

use edgecoder_subset::{Origin, hooks, parse};
use edgecoder_types::FileRole;

use crate::support::{compile, instrumented};
use crate::unparse;

const CANDIDATE: Origin = Origin::Program(FileRole::Candidate);
const ORACLE: Origin = Origin::Program(FileRole::Oracle);

fn rewritten(source: &str, origin: Origin) -> String {
    let parsed = parse("p.py", source.as_bytes()).unwrap();
    let (copy, _) = instrumented(&parsed, origin);
    assert_eq!(compile(&copy), Ok(()), "{source}");
    unparse::body(&copy.module.body, 0)
}

fn assert_all(origin: Origin, cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(rewritten(source, origin), *expected, "{source}");
    }
}

#[test]
fn fuel_is_charged_at_every_head() {
    let cases = [
        ("def f(a=1):\n  return a\n", "def f(a=1):\n  %tick()\n  return a\n"),
        ("def f():\n  'doc'\n", "def f():\n  'doc'\n  %tick()\n"),
        ("def f():\n  'doc'\n  pass\n", "def f():\n  'doc'\n  %tick()\n  pass\n"),
        (
            "async def f():\n  async for x in y:\n    pass\n",
            "async def f():\n  %tick()\n  async for x in y:\n    %tick()\n    pass\n",
        ),
        ("for x in y:\n  pass\nelse:\n  pass\n", "for x in y:\n  %tick()\n  pass\nelse:\n  pass\n"),
        ("while x:\n  while y:\n    pass\n", "while x:\n  %tick()\n  while y:\n    %tick()\n    pass\n"),
        ("class A:\n  'doc'\n  x = 1\n", "class A:\n  'doc'\n  x = 1\n"),
        ("'doc'\nfrom __future__ import annotations\nx = 1\n", "'doc'\nfrom __future__ import annotations\nx = 1\n"),
        ("x = lambda a, b=c: a\n", "x = (lambda a, b=c: (%tick() or a))\n"),
        ("x = lambda: (yield)\n", "x = (lambda: (%tick() or (yield )))\n"),
        (
            "x = lambda a=lambda: 1: lambda: a\n",
            "x = (lambda a=(lambda: (%tick() or 1)): (%tick() or (lambda: (%tick() or a))))\n",
        ),
    ];
    for origin in [Origin::Library, ORACLE] {
        assert_all(origin, &cases);
    }
}

#[test]
fn functions_of_candidates_see_who_calls() {
    let cases = [
        ("def f(a=1):\n  'doc'\n  return a\n", "def f(a=1):\n  'doc'\n  %enter()\n  return a\n"),
        ("x = lambda a: a\n", "x = (lambda a: (%enter() or a))\n"),
        ("for x in y:\n  pass\n", "for x in y:\n  %tick()\n  pass\n"),
    ];
    assert_all(CANDIDATE, &cases);
}

#[test]
fn every_step_of_an_iteration_without_a_head_is_charged() {
    let cases = [
        ("[a for a in b if c for d in e]\n", "[a for a in %iter(b) if c for d in %iter(e)]\n"),
        ("{a: b for a in c}\n", "{a: b for a in %iter(c)}\n"),
        ("{a for a in (b for b in c)}\n", "{a for a in %iter((b for b in %iter(c)))}\n"),
        ("f(*a, **b)\n", "f(*%iter(a), **%spend(b))\n"),
        ("a, b = c\n", "(a, b) = c\n"),
        ("a, (b, *c) = d\n", "(a, (b, *c)) = %spend(d)\n"),
        ("def f():\n  yield from a\n", "def f():\n  %tick()\n  (yield from %delegate(a))\n"),
        ("[b for a, *b in c]\n", "[b for (a, *b) in %iter(%spending(c))]\n"),
        ("x = [*a, *b]\n", "x = [*%iter(a), *%iter(b)]\n"),
        ("x = *a, 1\n", "x = (*%iter(a), 1)\n"),
        ("{*a}\n", "{*%iter(a)}\n"),
        ("x[*a]\n", "x[(*%iter(a))]\n"),
        ("a, *b = c\n", "(a, *b) = %spend(c)\n"),
        ("for a, *b in c:\n  pass\n", "for (a, *b) in %spending(c):\n  %tick()\n  pass\n"),
        ("def f(*a: *T):\n  pass\n", "def f(a: *T):\n  %tick()\n  pass\n"),
        ("def f(a: g([b for b in c])):\n  pass\n", "def f(a: g([b for b in %iter(c)])):\n  %tick()\n  pass\n"),
        (
            "async def f():\n  return [a async for a in b]\n",
            "async def f():\n  %tick()\n  return [a async for a in b]\n",
        ),
    ];
    for origin in [Origin::Library, ORACLE] {
        assert_all(origin, &cases);
    }
    let future = "from __future__ import annotations\ndef f(a: [b for b in c]):\n  pass\n";
    assert!(rewritten(future, CANDIDATE).contains("a: [b for b in c]"));
}

#[test]
fn candidates_are_guarded_at_every_target() {
    let cases = [
        ("a.b = 1\n", "%guard(a, 'b').b = 1\n"),
        ("a.b.c = 1\n", "%guard(a.b, 'c').c = 1\n"),
        ("a[0] = b[1] = c\n", "%guard(a)[0] = %guard(b)[1] = c\n"),
        ("a[b.c].d = 1\n", "%guard(a[b.c], 'd').d = 1\n"),
        ("a.b += 1\n", "%guard(a, 'b').b += 1\n"),
        ("f().b[g()] += 1\n", "%guard(f().b)[g()] += 1\n"),
        ("del a.b, c[0]\n", "del %guard(a, 'b').b, %guard(c)[0]\n"),
        ("a.b, (c[0], *d.e) = f\n", "(%guard(a, 'b').b, (%guard(c)[0], *%guard(d, 'e').e)) = %spend(f)\n"),
        ("for a.b in c:\n  pass\n", "for %guard(a, 'b').b in c:\n  %tick()\n  pass\n"),
        ("with a as (b, *c):\n  pass\n", "with %entering(a) as (b, *c):\n  pass\n"),
        ("with a as b.c, d as e[0]:\n  pass\n", "with a as %guard(b, 'c').c, d as %guard(e)[0]:\n  pass\n"),
        ("[0 for a[0] in b]\n", "[0 for %guard(a)[0] in %iter(b)]\n"),
        ("a.b: int = 1\n", "%guard(a, 'b').b: int = 1\n"),
        ("a = b.c\n", "a = b.c\n"),
        ("(a := b.c)\n", "(a := b.c)\n"),
        ("x = a.__dict__\n", "x = %space(a)\n"),
        ("a.__dict__[0] = 1\n", "%guard(%space(%guard(a, '__dict__')))[0] = 1\n"),
        ("x = a < b\n", "x = (a < b)\n"),
        ("assert a\n", "assert a\n"),
    ];
    assert_all(CANDIDATE, &cases);
    for origin in [Origin::Library, ORACLE] {
        assert_eq!(rewritten("a.b[0] = c.__dict__\n", origin), "a.b[0] = c.__dict__\n");
    }
}

#[test]
fn oracles_compare_through_the_hook() {
    let cases = [
        ("x = a == b\n", "x = %compare('==', a, b)\n"),
        ("x = a != b\n", "x = %compare('!=', a, b)\n"),
        ("x = a in b\n", "x = %compare('in', a, b)\n"),
        ("x = a not in b\n", "x = %compare('not in', a, b)\n"),
        ("x = a is None\n", "x = (a is None)\n"),
        ("x = not a >= b\n", "x = (not %compare('>=', a, b))\n"),
        ("x = 0 < a <= 9\n", "x = (%compare('<', 0, a) and %compare('<=', a, 9))\n"),
        ("x = a < f() < b\n", "x = (%compare('<', a, (%t0 := f())) and %compare('<', %t0, b))\n"),
        (
            "x = a < f() < g() < b\n",
            "x = (%compare('<', a, (%t0 := f())) and %compare('<', %t0, (%t1 := g())) and %compare('<', %t1, b))\n",
        ),
        ("x = a == (b == c)\n", "x = %compare('==', a, %compare('==', b, c))\n"),
        (
            "def f(a=b < c):\n  return a < g() < b\n",
            "def f(a=%compare('<', b, c)):\n  %tick()\n  return (%compare('<', a, (%t0 := g())) and %compare('<', %t0, b))\n",
        ),
        (
            "x = [a for a in b if 0 < f(a) < 9]\n",
            "x = [a for a in %iter(b) if (%compare('<', 0, (%t0 := f(a))) and %compare('<', %t0, 9))]\n",
        ),
        (
            "x = lambda: a < f() < b\n",
            "x = (lambda: (%tick() or (%compare('<', a, (%t0 := f())) and %compare('<', %t0, b))))\n",
        ),
        ("class A:\n  x = a < b < c\n", "class A:\n  x = (%compare('<', a, b) and %compare('<', b, c))\n"),
        ("while a < b:\n  pass\n", "while %compare('<', a, b):\n  %tick()\n  pass\n"),
    ];
    assert_all(ORACLE, &cases);
    assert_eq!(rewritten("x = a < f() < b\n", Origin::Library), "x = (a < f() < b)\n");
}

#[test]
fn comparisons_that_have_to_stay_are_reported() {
    let sources = [
        "class A:\n  x = a < f() < b\n",
        "x = [a for a in f(a < g() < b)]\n",
        "x = a == b is c\n",
        "match x:\n  case 1:\n    pass\n",
        "class A:\n  y = [0 for b in c if a < f() < b]\n",
        "def f[T](x=a < g() < b): pass\n",
    ];
    for source in sources {
        let parsed = parse("p.py", source.as_bytes()).unwrap();
        let (copy, report) = instrumented(&parsed, ORACLE);
        assert_eq!(report.unguarded_comparisons.len(), 1, "{source}");
        assert_eq!(compile(&copy), Ok(()), "{source}");
        assert_eq!(instrumented(&parsed, CANDIDATE).1.unguarded_comparisons, []);
    }
}

#[test]
fn what_decides_in_an_oracle_goes_through_hooks() {
    let cases = [
        ("def f():\n  assert a, b\n", "def f():\n  %tick()\n  assert %check(a), b\n"),
        (
            "def f():\n  try:\n    a()\n  except E as e:\n    b()\n",
            "def f():\n  %tick()\n  try:\n    a()\n  except E:\n    %handled()\n    b()\n",
        ),
        ("def f():\n  raise E(1) from e\n", "def f():\n  %tick()\n  raise %raise(E(1)) from e\n"),
        ("try:\n  a()\nexcept E:\n  raise\n", "try:\n  a()\nexcept E:\n  %handled()\n  if %raise():\n    raise\n"),
        ("x = a().startswith(b, c=1)\n", "x = %judge(a(), 'startswith')(b, c=1)\n"),
        ("a.b.assert_called_once_with(1)\n", "%judge(a.b, 'assert_called_once_with')(1)\n"),
        ("x = a.startswith\n", "x = a.startswith\n"),
        ("x = a.find(b)\n", "x = a.find(b)\n"),
        ("@d(1)\ndef test_a():\n  pass\n", "@%decorate(d(1))\ndef test_a():\n  %tick()\n  pass\n"),
        (
            "@d\nclass A:\n  @e\n  def test_a(self): pass\n",
            "@%decorate(d)\nclass A:\n  @%decorate(e)\n  def test_a(self):\n    %tick()\n    pass\n",
        ),
        ("@d\ndef helper():\n  pass\n", "@d\ndef helper():\n  %tick()\n  pass\n"),
        (
            "def test_a():\n  @d\n  def test_b(): pass\n",
            "def test_a():\n  %tick()\n  @d\n  def test_b():\n    %tick()\n    pass\n",
        ),
        ("def f():\n  with a:\n    b()\n", "def f():\n  %tick()\n  with a:\n    b()\n"),
        (
            "def f():\n  with a, b as c:\n    self.assertTrue(\n      1)\n",
            "def f():\n  %tick()\n  with %with(a, 4), %with(b, 4) as c:\n    self.assertTrue(1)\n",
        ),
        (
            "class A:\n  def __exit__(self):\n    if a:\n      return b\n    return\n",
            "class A:\n  def __exit__(self):\n    %tick()\n    if a:\n      return %leaving(b)\n    return \n",
        ),
    ];
    assert_all(ORACLE, &cases);
    for (source, _) in cases {
        let rewritten = rewritten(source, CANDIDATE);
        for hook in ["%check", "%handled", "%raise", "%judge", "%decorate", "%with", "%leaving"] {
            assert!(!rewritten.contains(hook), "{source}: {rewritten}");
        }
    }
}

#[test]
fn module_level_asserts_are_cases() {
    let cases = [
        ("assert a == 1\n", "%case('assert:1', (lambda: %compare('==', a, 1)))\n"),
        ("assert a, b\n", "%case('assert:1', (lambda: a), (lambda: b))\n"),
        ("x = 1\nassert a; assert b\n", "x = 1\n%case('assert:2', (lambda: a))\n%case('assert:2', (lambda: b))\n"),
        (
            "for a in b:\n  assert a\nelse:\n  assert c\n",
            "for a in b:\n  %tick()\n  %case('assert:2', (lambda: a))\nelse:\n  %case('assert:4', (lambda: c))\n",
        ),
        (
            "if a:\n  assert b\nelif c:\n  pass\nelse:\n  assert d\n",
            "if a:\n  %case('assert:2', (lambda: b))\nelif c:\n  pass\nelse:\n  %case('assert:6', (lambda: d))\n",
        ),
        (
            "assert (a := f()) == 1\n",
            "if %case_open('assert:1'):\n  try:\n    assert %check(%compare('==', (a := f()), 1))\n  except:\n    %case_close('assert:1', False)\n  finally:\n    %case_close('assert:1', True)\n",
        ),
        (
            "x = 1\ntry:\n  f()\n  assert False\nexcept E:\n  pass\n",
            "x = 1\nif %case_open('try:2'):\n  try:\n    try:\n      f()\n      assert %check(False)\n    except E:\n      %handled()\n      pass\n  except:\n    %case_close('try:2', False)\n  finally:\n    %case_close('try:2', True)\n",
        ),
        (
            "with a as b:\n  assert b\n",
            "if %case_open('with:1'):\n  try:\n    with %with(a, 2) as b:\n      assert %check(b)\n  except:\n    %case_close('with:1', False)\n  finally:\n    %case_close('with:1', True)\n",
        ),
        (
            "for a in b:\n  with c:\n    assert a\n    break\n",
            "for a in b:\n  %tick()\n  if %case_open('with:2'):\n    try:\n      with %with(c, 3):\n        if (not {}):\n          assert %check(a)\n          break\n    except:\n      %case_close('with:2', False)\n    finally:\n      %case_close('with:2', True)\n",
        ),
        (
            "def check(f):\n  assert f(1)\ncheck(g)\n",
            "def check(f):\n  %tick()\n  assert %check(f(1))\nif %case_open('call:3'):\n  try:\n    check(g)\n  except:\n    %case_close('call:3', False)\n  finally:\n    %case_close('call:3', True)\n",
        ),
        ("try:\n  import a\nexcept E:\n  pass\n", "try:\n  import a\nexcept E:\n  %handled()\n  pass\n"),
        ("def f():\n  assert a\n", "def f():\n  %tick()\n  assert %check(a)\n"),
        ("class A:\n  assert a\n", "class A:\n  assert %check(a)\n"),
        (
            "def f():\n  pass\nf()\nassert [x for x in y]\n",
            "def f():\n  %tick()\n  pass\nf()\n%case('assert:4', (lambda: [x for x in %iter(y)]))\n",
        ),
    ];
    assert_all(ORACLE, &cases);
}

#[test]
fn the_cases_are_listed_in_order() {
    let source = "f()\nassert a\nfor x in y:\n  assert x\n  with z:\n    assert x\nassert (b := 1)\n";
    let parsed = parse("p.py", source.as_bytes()).unwrap();
    let (_, report) = instrumented(&parsed, ORACLE);
    let cases: Vec<(&str, u32)> = report.cases.iter().map(|case| (&*case.id, case.line)).collect();
    assert_eq!(cases, [("assert:2", 2), ("assert:4", 4), ("with:5", 5), ("assert:7", 7)]);
    assert_eq!(instrumented(&parsed, CANDIDATE).1.cases, []);
}

#[test]
fn no_source_can_spell_a_hook() {
    for hook in hooks::ALL.into_iter().chain([hooks::TEMPORARY]) {
        assert!(hook.starts_with('\u{1}'));
        assert_eq!(parse("p.py", format!("{hook} = 1\n").as_bytes()).unwrap_err()[0].code, "syntax_error");
    }
}

#[test]
fn the_end_of_a_with_can_be_reached() {
    let cases = [
        ("with a:\n  b()\n", "with a:\n  b()\n"),
        ("with a:\n  if b:\n    raise c\n", "with a:\n  if (not {}):\n    if b:\n      raise c\n"),
        ("with a:\n  raise b\nc()\n", "with a:\n  if (not {}):\n    raise b\nc()\n"),
        ("with a:\n  with b:\n    raise c\n", "with a:\n  with b:\n    if (not {}):\n      raise c\n"),
        (
            "while a:\n  with b:\n    d()\n    continue\n",
            "while a:\n  %tick()\n  with b:\n    if (not {}):\n      d()\n      continue\n",
        ),
    ];
    assert_all(Origin::Library, &cases);
    assert_all(CANDIDATE, &cases);
    let watched = |wanted: &str| wanted.replace("raise b", "raise %raise(b)").replace("raise c", "raise %raise(c)");
    let of_tests: Vec<(&str, String)> = cases.iter().map(|(source, wanted)| (*source, watched(wanted))).collect();
    let of_tests: Vec<(&str, &str)> = of_tests.iter().map(|(source, wanted)| (*source, wanted.as_str())).collect();
    assert_all(ORACLE, &of_tests);
}
