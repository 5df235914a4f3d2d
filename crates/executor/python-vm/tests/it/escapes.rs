//! Ways out of the program: along the graph of objects, and to the host.

use edgecoder_types::RunStatus;

use crate::support::{all, program, run};

/// Printed by a program that got out.
const MARKER: &str = "E-S-C-A-P-E-D";

/// Programs that stay inside and print: the harness of this file can see output.
const CONTROLS: &[&str] = &[
    "print('E-S-C-' + 'A-P-E-D')",
    "class A: pass\nif A().__class__ is A: print('E-S-C-A-P-E-D')",
    "try:\n    getattr(print, '__se' + 'lf__')\nexcept AttributeError:\n    print('E-S-C-A-P-E-D')",
    "if not hasattr(print, '__se' + 'lf__'): print('E-S-C-A-P-E-D')",
    "import operator\nif operator.attrgetter('real')(3) == 3: print('E-S-C-A-P-E-D')",
    "if '{0.real}'.format(3) == '3': print('E-S-C-A-P-E-D')",
];

/// Each prints the marker if it gets what it reaches for.
const WALKS: &[(&str, &str)] = &[
    ("subclasses", "x = ().__class__.__base__.__subclasses__()\nprint('E-S-C-A-P-E-D')"),
    ("mro", "x = int.__mro__\nprint('E-S-C-A-P-E-D')"),
    ("mro call", "x = int.mro()\nprint('E-S-C-A-P-E-D')"),
    ("bases", "x = bool.__bases__\nprint('E-S-C-A-P-E-D')"),
    ("globals", "def f(): pass\nx = f.__globals__\nprint('E-S-C-A-P-E-D')"),
    ("code", "def f(): pass\nx = f.__code__\nprint('E-S-C-A-P-E-D')"),
    ("code replace", "def f(): pass\nf.__code__ = f.__code__.replace(co_consts=())\nprint('E-S-C-A-P-E-D')"),
    ("closure", "def g(a):\n    def f(): return a\n    return f\nx = g(1).__closure__\nprint('E-S-C-A-P-E-D')"),
    ("self of builtin", "x = print.__self__\nprint('E-S-C-A-P-E-D')"),
    ("getattr", "x = getattr(print, '__se' + 'lf__')\nprint('E-S-C-A-P-E-D')"),
    ("getattr default", "x = getattr(print, '__self__', None)\nif x is not None: print('E-S-C-A-P-E-D')"),
    (
        "str subclass name",
        "class S(str):\n    def __eq__(s, o): return False\n    __hash__ = str.__hash__\nx = getattr(print, S('__self__'))\nprint('E-S-C-A-P-E-D')",
    ),
    ("map getattr", "x = list(map(getattr, [print], ['__self__']))\nprint('E-S-C-A-P-E-D')"),
    ("partial getattr", "import functools\nx = functools.partial(getattr, print)('__self__')\nprint('E-S-C-A-P-E-D')"),
    ("attrgetter", "import operator\nx = operator.attrgetter('__class__.__subclasses__')(1)\nprint('E-S-C-A-P-E-D')"),
    ("methodcaller", "import operator\nx = operator.methodcaller('__subclasses__')(object)\nprint('E-S-C-A-P-E-D')"),
    ("format", "def f(): pass\nx = '{0.__globals__}'.format(f)\nprint('E-S-C-A-P-E-D')"),
    ("format_map", "def f(): pass\nx = '{f.__globals__}'.format_map({'f': f})\nprint('E-S-C-A-P-E-D')"),
    ("str.format unbound", "def f(): pass\nx = str.format('{0.__globals__}', f)\nprint('E-S-C-A-P-E-D')"),
    ("format nested", "def f(): pass\nx = '{0:{1.__globals__}}'.format(1, f)\nprint('E-S-C-A-P-E-D')"),
    (
        "traceback",
        "try:\n    1 / 0\nexcept Exception as e:\n    x = e.__traceback__.tb_frame\n    print('E-S-C-A-P-E-D')",
    ),
    ("generator frame", "def g(): yield\nx = g().gi_frame\nprint('E-S-C-A-P-E-D')"),
    ("generator code", "x = (i for i in ()).gi_code\nprint('E-S-C-A-P-E-D')"),
    ("import os", "import os\nprint('E-S-C-A-P-E-D')"),
    ("import socket", "import socket\nprint('E-S-C-A-P-E-D')"),
    ("import ctypes", "import ctypes\nprint('E-S-C-A-P-E-D')"),
    ("import subprocess", "import subprocess\nprint('E-S-C-A-P-E-D')"),
    ("import threading", "import threading\nprint('E-S-C-A-P-E-D')"),
    ("import importlib", "import importlib\nprint('E-S-C-A-P-E-D')"),
    ("import gc", "import gc\nprint('E-S-C-A-P-E-D')"),
    ("import builtins", "import builtins\nprint('E-S-C-A-P-E-D')"),
    ("import harness", "import _edgecoder\nprint('E-S-C-A-P-E-D')"),
    ("module of a module", "import random\nx = random._os\nprint('E-S-C-A-P-E-D')"),
    ("sys of a module", "import dataclasses\nx = dataclasses.sys\nprint('E-S-C-A-P-E-D')"),
    ("sys.modules", "import sys\nx = sys.modules\nprint('E-S-C-A-P-E-D')"),
    ("sys frame", "import sys\nx = sys._getframe()\nprint('E-S-C-A-P-E-D')"),
    ("getattr of module", "import random\nx = getattr(random, '_o' + 's')\nprint('E-S-C-A-P-E-D')"),
    ("dict of module", "import random\nx = random.__dict__['_os']\nprint('E-S-C-A-P-E-D')"),
    ("dir of module", "import random\nif '_os' in dir(random): print('E-S-C-A-P-E-D')"),
    ("open", "x = open('/etc/passwd')\nprint('E-S-C-A-P-E-D')"),
    ("io open", "import io\nx = io.open('/etc/passwd')\nprint('E-S-C-A-P-E-D')"),
    ("eval", "x = eval('1')\nprint('E-S-C-A-P-E-D')"),
    ("compile", "x = compile('1', 'a', 'eval')\nprint('E-S-C-A-P-E-D')"),
    ("__import__", "x = __import__('os')\nprint('E-S-C-A-P-E-D')"),
    ("__builtins__", "x = __builtins__\nprint('E-S-C-A-P-E-D')"),
    ("__loader__", "x = __loader__\nprint('E-S-C-A-P-E-D')"),
    ("type of function", "def f(): pass\nx = type(f)(1, {})\nprint('E-S-C-A-P-E-D')"),
    ("lambda type", "F = type(lambda: 0)\nclass G(F): pass\nprint('E-S-C-A-P-E-D')"),
    ("reduce_ex", "x = object().__reduce_ex__(4)\nprint('E-S-C-A-P-E-D')"),
    ("getattribute", "x = object.__getattribute__(print, '__self__')\nprint('E-S-C-A-P-E-D')"),
    (
        "super getattribute",
        "class A:\n    def f(self): return super().__getattribute__('__class__')\nA().f()\nprint('E-S-C-A-P-E-D')",
    ),
    (
        "namedtuple exec",
        "from collections import namedtuple\nx = namedtuple('A', 'a', module='x').__new__.__globals__\nprint('E-S-C-A-P-E-D')",
    ),
    ("class match", "match print:\n    case object(__self__=x):\n        print('E-S-C-A-P-E-D')"),
    ("hook name", "x = '\\x01tick'\nx = getattr(int, x)\nprint('E-S-C-A-P-E-D')"),
    ("func of method", "class A:\n    def f(self): pass\nx = A().f.__func__\nprint('E-S-C-A-P-E-D')"),
    (
        "wraps target",
        "import functools\nx = functools.wraps(print)(lambda: 0).__wrapped__.__self__\nprint('E-S-C-A-P-E-D')",
    ),
];

#[test]
fn controls_print() {
    all(CONTROLS, |source| {
        let ending = run(&program(source)).ending();
        let printed = String::from_utf8_lossy(&ending.stdout).into_owned();
        if ending.status == RunStatus::Completed && printed.trim() == MARKER {
            Ok(())
        } else {
            Err(format!("{source}: {ending:?}"))
        }
    });
}

#[test]
fn no_walk_gets_out() {
    assert!(WALKS.len() >= 25);
    all(WALKS, |(name, source)| {
        let ending = run(&program(source)).ending();
        let printed = String::from_utf8_lossy(&ending.stdout).into_owned();
        if printed.contains(MARKER) { Err(format!("{name}: {ending:?}")) } else { Ok(()) }
    });
}
