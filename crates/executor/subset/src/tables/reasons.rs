//! Every reason code, with its meaning and with examples that are tested.

/// One reason code.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The stable code.
    pub code: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Sources that give exactly this code once each.
    pub denied: &'static [&'static str],
    /// Similar sources that are inside the subset.
    pub allowed: &'static [&'static str],
}

/// All codes of the checker and the parser's refusals, sorted.
pub const REASONS: &[Reason] = &[
    Reason {
        code: "async_denied",
        meaning: "Asynchronous code is outside the subset: there is no event loop.",
        denied: &["async def f():\n    pass\n", "x = [y async for y in z]\n"],
        allowed: &["def f():\n    yield 1\n"],
    },
    Reason {
        code: "attribute_denied",
        meaning: "The attribute leads to frames, code objects, the graph of classes or the interpreter.",
        denied: &[
            "x = ().__class__.__subclasses__()\n",
            "def f():\n    return f.__globals__\n",
            "def f(e):\n    return e.__traceback__\n",
            "g = (x for x in [])\nf = g.gi_frame\n",
            "object.__setattr__([], 'x', 1)\n",
            "class A:\n    pass\na = A()\na.__class__ = dict\n",
            "x = getattr([], '__subclasses__')\n",
            "match []:\n    case object(__dict__=d):\n        pass\n",
            "print(int.mro())\n",
            "def f(x):\n    return x.__unheard_of__\n",
        ],
        allowed: &[
            "class A:\n    def __init__(self):\n        super().__init__()\n    def __repr__(self):\n        return self.__class__.__name__\n",
            "class A:\n    def __eq__(self, other):\n        return self.__dict__ == other.__dict__\n",
            "def d(f):\n    def g():\n        return f()\n    g.__name__ = f.__name__\n    g.__doc__ = f.__doc__\n    return g\n",
            "x = getattr([], 'append')\n",
            "try:\n    pass\nexcept ValueError as e:\n    raise TypeError() from e.__cause__\n",
        ],
    },
    Reason {
        code: "builtin_denied",
        meaning: "The builtin makes code from text, reaches names as text, or needs a host.",
        denied: &[
            "print(eval('1'))\n",
            "exec('x = 1')\n",
            "x = compile\n",
            "f = open('a')\n",
            "print(globals())\n",
            "m = __import__('os')\n",
            "def f():\n    global vars\n    return vars()\n",
            "e = eval\ndef eval(x):\n    return x\n",
        ],
        allowed: &[
            "name = input()\nprint(id(name), dir(name), hash(name))\n",
            "def f(vars, open):\n    return vars + open\n",
            "def compile(x):\n    return x\nprint(compile(1))\n",
            "def f():\n    locals = [1]\n    return [locals for _ in locals]\n",
        ],
    },
    Reason {
        code: "definition_denied",
        meaning: "A class or module may not define this special name: it could forge a verdict or an object.",
        denied: &[
            "class M(type):\n    def __instancecheck__(cls, x):\n        return True\n",
            "class A:\n    def __getattribute__(self, n):\n        return 1\n",
            "class A:\n    def __del__(self):\n        pass\n",
            "class A:\n    __class__ = int\n",
            "class A:\n    __match_args__ = ('__globals__',)\n",
            "class A:\n    def __reduce__(self):\n        return (print, ())\n",
            "__builtins__ = {}\n",
        ],
        allowed: &[
            "class A:\n    __slots__ = ('x', '__dict__')\n    __match_args__ = ('x',)\n    def __iter__(self):\n        yield 1\n    def __hash__(self):\n        return 1\n    def __setattr__(self, n, v):\n        self.__dict__[n] = v\n",
            "__all__ = ['f']\n__version__ = '1'\ndef f():\n    pass\n",
        ],
    },
    Reason {
        code: "dynamic_class",
        meaning: "A class made by calling `type` with three arguments is never checked.",
        denied: &["C = type('C', (), {})\n", "C = type(*x)\n"],
        allowed: &["print(type(1))\n", "class C:\n    pass\n"],
    },
    Reason {
        code: "foreign_mutation",
        meaning: "A module of the library or a builtin may not be changed.",
        denied: &[
            "import math\nmath.pi = 3\n",
            "import sys\nsys.stdout = None\n",
            "int.x = 1\n",
            "from collections import Counter\nCounter.get = None\n",
            "import unittest\ndel unittest.TestCase.assertEqual\n",
        ],
        allowed: &[
            "class A:\n    pass\nA.x = 1\n",
            "def f(math):\n    math.pi = 3\n",
            "x = {}\nx['a'] = 1\ndel x['a']\n",
        ],
    },
    Reason {
        code: "import_denied",
        meaning: "The module is not in the slice of the library and no file of the program.",
        denied: &[
            "import os\n",
            "from os import path\n",
            "import numpy as np\n",
            "import os.path\n",
            "from . import x\n",
        ],
        allowed: &["import math, re\n", "import collections.abc\n", "from collections import abc\n"],
    },
    Reason {
        code: "import_in_class",
        meaning: "An import in a class body makes the module an attribute.",
        denied: &["class A:\n    import math\n"],
        allowed: &["def f():\n    import math\n    return math.pi\n"],
    },
    Reason {
        code: "import_star_denied",
        meaning: "The module holds names outside the slice, so its names have to be listed.",
        denied: &["from sys import *\n"],
        allowed: &["from math import *\n"],
    },
    Reason {
        code: "metaclass_denied",
        meaning: "A metaclass has to be `type`, ABCMeta, EnumMeta or a class of the same file.",
        denied: &["class A(metaclass=f()):\n    pass\n"],
        allowed: &[
            "from abc import ABCMeta\nclass A(metaclass=ABCMeta):\n    pass\n",
            "class M(type):\n    pass\nclass A(metaclass=M):\n    pass\n",
        ],
    },
    Reason {
        code: "module_name_denied",
        meaning: "The name is not among those that a program may use of the module.",
        denied: &[
            "from collections import _sys\n",
            "import collections\nprint(collections._sys)\n",
            "from types import FunctionType\n",
            "import sys as s\nprint(s.modules)\n",
            "import sys\nx = getattr(sys, 'modules')\n",
        ],
        allowed: &["import sys\nprint(sys.maxsize)\n", "import string\ndef f(string):\n    return string._x\n"],
    },
    Reason {
        code: "nesting_too_deep",
        meaning: "The code nests deeper than the compiler's stack allows.",
        denied: &[],
        allowed: &[],
    },
    Reason {
        code: "source_encoding",
        meaning: "The file declares an encoding other than UTF-8.",
        denied: &["# -*- coding: utf-16 -*-\n", "#!/usr/bin/python\n# coding=latin-1\nx = 'é'\n"],
        allowed: &["# -*- coding: utf-8 -*-\nx = 'é'\n", "# coding: latin-1\nx = 1\n"],
    },
    Reason { code: "source_not_utf8", meaning: "The file is not UTF-8.", denied: &[], allowed: &["x = 'é'\n"] },
    Reason {
        code: "source_nul",
        meaning: "The file holds a NUL byte.",
        denied: &["x = 1\0\n"],
        allowed: &["x = '\\0'\n"],
    },
    Reason { code: "source_too_large", meaning: "The file is larger than what is read.", denied: &[], allowed: &[] },
    Reason {
        code: "syntax_error",
        meaning: "The file is no Python.",
        denied: &[
            "def f(:\n    pass\n",
            "x = = 1\n",
            "if 1:\nx\n",
            "return 1\n",
            "class A:\n    yield 1\n",
            "if x:\n    break\n",
            "for x in y:\n    pass\nelse:\n    continue\n",
        ],
        allowed: &[
            "def f():\n    for x in y:\n        if x:\n            break\n        def g():\n            yield x\n        continue\n    return lambda: (yield)\n",
        ],
    },
    Reason {
        code: "t_string_denied",
        meaning: "Template strings are outside the subset.",
        denied: &["x = t'a'\n"],
        allowed: &["x = f'{1}'\n"],
    },
];
