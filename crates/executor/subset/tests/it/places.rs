//! Violations with their exact line, column (in characters, from 1) and code.

use edgecoder_subset::{check, parse};
use edgecoder_types::FileRole;

use crate::support::{violations, violations_with};

fn places(source: &str) -> Vec<(u32, u32, String)> {
    violations(source).into_iter().map(|found| (found.line, found.column, found.code)).collect()
}

fn at(line: u32, column: u32, code: &str) -> (u32, u32, String) {
    (line, column, code.to_owned())
}

#[test]
fn every_violation_is_reported_in_source_order() {
    let source = "import os\nimport sys, socket\nx = eval('é') + open('ü').mode\n\ndef f(a):\n\tb = 'äöü', a.__globals__\n\tasync def g(): await a\n\treturn b\n";
    assert_eq!(
        places(source),
        [
            at(1, 8, "import_denied"),
            at(2, 13, "import_denied"),
            at(3, 5, "builtin_denied"),
            at(3, 17, "builtin_denied"),
            at(6, 15, "attribute_denied"),
            at(7, 2, "async_denied"),
            at(7, 17, "async_denied"),
        ]
    );
}

/// Their places are found in one go: one by one, this would take minutes.
#[test]
fn very_many_violations_are_all_reported() {
    for (text, last) in [("eval;", (1, 399_996)), ("eval\n", (80_000, 1)), ("'é';eval;", (1, 719_996))] {
        let found = places(&text.repeat(80_000));
        assert_eq!(found.len(), 80_000);
        assert_eq!(found.last().map(|last| (last.0, last.1)), Some(last), "{text:?}");
    }
}

#[test]
fn syntax_errors_have_their_place() {
    let cases = [
        ("x = (1,\n", 2, 1),
        ("def f(:\n", 1, 7),
        ("x = 'ä\n", 1, 5),
        ("é = 1 +\n", 1, 8),
        ("if x:\npass\n", 2, 1),
        ("x = 1\n  y = 2\n", 2, 1),
        ("\tx = 1\n", 1, 1),
    ];
    for (source, line, column) in cases {
        let found = violations(source);
        assert_eq!(places(source), [at(line, column, "syntax_error")], "{source:?} {found:?}");
        assert!(!found[0].message.is_empty());
    }
}

#[test]
fn bytes_that_are_no_source_have_their_place() {
    let refused = |content: &[u8]| {
        let found = parse("a/b.py", content).unwrap_err();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "a/b.py");
        let found = found.into_iter().next().unwrap();
        (found.line, found.column, found.code, found.message)
    };
    let (line, column, code, message) = refused(b"x = 1\r\ny = '\xc3\xa9\xff'\n");
    assert_eq!((line, column, &*code), (2, 7, "source_not_utf8"));
    assert_eq!(message, "byte 0xff at offset 14 is not UTF-8");
    let (line, column, code, message) = refused(b"x = 1\n\ny\0");
    assert_eq!((line, column, &*code, &*message), (3, 2, "source_nul", "NUL byte at offset 8"));
    let (line, column, code, message) = refused(&vec![b' '; (4 << 20) + 1]);
    assert_eq!((line, column, &*code), (1, 1, "source_too_large"));
    assert_eq!(message, "the file has 4194305 bytes; at most 4194304 are read");
    let (line, column, code, _) = refused(b"#!x\n# vim: set fileencoding=koi8-r :\n");
    assert_eq!((line, column, &*code), (2, 1, "source_encoding"));
    let (_, _, code, _) = refused(b"\x7fELF\x01\x02");
    assert_eq!(code, "syntax_error");
    let (_, _, code, _) = refused(b"\x89PNG\r\n");
    assert_eq!(code, "source_not_utf8");
}

#[test]
fn line_ends_and_byte_order_mark_do_not_shift_places() {
    for source in ["x = 1\nimport os\n", "x = 1\r\nimport os\r\n", "x = 1\rimport os\r", "\u{feff}x = 1\nimport os\n"] {
        assert_eq!(places(source), [at(2, 8, "import_denied")], "{source:?}");
    }
    assert_eq!(places("\u{feff}import os\n"), [at(1, 8, "import_denied")]);
    let parsed = parse("p.py", "\u{feff}x = '''a\r\nb\rc'''\r\n".as_bytes()).unwrap();
    assert_eq!(parsed.source.source_text(), "x = '''a\nb\nc'''\n");
    assert_eq!(parsed.source.name(), "p.py");
}

#[test]
fn cookies_count_only_where_python_reads_them() {
    for source in
        ["x = 1\n# coding: koi8-r\n", "\n\n# coding: koi8-r\n", "# encoding is koi8-r\n", "# coding: UTF_8\nx = 'é'\n"]
    {
        assert_eq!(violations(source), [], "{source:?}");
    }
    assert_eq!(places("\n# coding: koi8-r\n"), [at(2, 1, "source_encoding")]);
}

#[test]
fn local_modules_are_importable_and_library_names_win() {
    let local = ["helper", "pkg.sub.mod", "random"];
    for source in [
        "import helper\nhelper.x = 1\n",
        "import pkg.sub.mod\n",
        "import pkg\n",
        "from pkg.sub import mod\n",
        "from helper import _private, *\n",
    ] {
        let source = source.replace(", *", "");
        assert_eq!(violations_with(&source, &local), [], "{source}");
    }
    assert_eq!(violations_with("from random import SystemRandom\n", &local)[0].code, "module_name_denied");
    assert_eq!(violations_with("import help\n", &local)[0].code, "import_denied");
    assert_eq!(violations_with("import helper.x\n", &local)[0].code, "import_denied");
}

#[test]
fn relative_imports_stay_in_the_program() {
    let local = ["pkg.sub.mod".to_owned(), "pkg.other".to_owned()];
    let codes = |path: &str, source: &str| {
        let parsed = parse(path, source.as_bytes()).unwrap();
        check(&parsed, FileRole::Oracle, &local).into_iter().map(|found| found.code).collect::<Vec<_>>()
    };
    assert!(
        codes("pkg/sub/x.py", "from . import mod\nfrom .mod import y\nfrom ..other import z\nfrom .. import other\n")
            .is_empty()
    );
    assert!(codes("pkg/__init__.py", "from . import other\nfrom .sub.mod import y\n").is_empty());
    for source in ["from ... import x\n", "from .nothing import x\n", "from ..mod import x\n"] {
        assert_eq!(codes("pkg/sub/x.py", source), ["import_denied"], "{source}");
    }
    assert_eq!(codes("x.py", "from . import y\n"), ["import_denied"]);
}

#[test]
fn names_are_resolved_by_scope() {
    let inside = [
        "import string\ndef f(string):\n    return string.whatever\n",
        "import heapq\ndef f():\n    heapq = [1]\n    heapq[0] = 2\n    return heapq\n",
        "def f():\n    def g(eval):\n        return [eval(x) for x in eval]\n    return g\n",
        "x = [open for open in [1]]\nf = lambda vars: vars + 1\n",
        "def f():\n    for compile in [1]:\n        pass\n    return compile\n",
        "class list(list):\n    pass\nlist.x = 1\n",
        "def f(a):\n    match a:\n        case [open, *vars]:\n            return open, vars\n",
        "class A:\n    def open(self):\n        return self.open()\n    def exit(self): pass\n",
        "def main():\n    pass\nif __name__ == '__main__':\n    main()\n",
        "class A:\n    def m(self):\n        return __class__.__name__\n",
    ];
    for source in inside {
        assert_eq!(violations(source), [], "{source}");
    }
    let outside = [
        ("import collections as c\ndef f():\n    return c._sys\n", "module_name_denied"),
        ("def f():\n    import collections.abc\n    return collections.abc.sys\n", "module_name_denied"),
        ("if x:\n    def eval(a):\n        pass\nprint(eval)\n", "builtin_denied"),
        ("def eval(a):\n    pass\nprint(eval)\ndel eval\n", "builtin_denied"),
        ("def vars(a):\n    pass\ntry:\n    pass\nexcept E as vars:\n    pass\nprint(vars)\n", "builtin_denied"),
        ("class A:\n    open = 1\n    def f(self):\n        return open\n", "builtin_denied"),
        ("def f():\n    x = [eval for x in x]\n", "builtin_denied"),
        ("@eval\ndef f(): pass\n", "builtin_denied"),
        ("def f(eval=eval): pass\n", "builtin_denied"),
        ("def f(a: eval): pass\n", "builtin_denied"),
        ("from collections import abc\nabc.sys\n", "module_name_denied"),
        ("f'{open}'\n", "builtin_denied"),
        ("print(f'{x:{eval}}')\n", "builtin_denied"),
        ("match x:\n    case A(__globals__=g): pass\n", "attribute_denied"),
        ("match x:\n    case a.__globals__: pass\n", "attribute_denied"),
        ("for int.x in y: pass\n", "foreign_mutation"),
        ("with a as math.pi: pass\nimport math\n", "foreign_mutation"),
        ("[0 for int.x in y]\n", "foreign_mutation"),
        ("a, (b, *int.x) = y\n", "foreign_mutation"),
        ("int.x += 1\n", "foreign_mutation"),
        ("setattr(int, 'x', 1)\n", "foreign_mutation"),
        ("import sys\nsys.argv[0] = 1\n", "foreign_mutation"),
        ("try: pass\nexcept E as __builtins__: pass\n", "definition_denied"),
        ("def f():\n    __class__ = int\n", "definition_denied"),
        ("class A:\n    [__getattribute__ := 1]\n", "definition_denied"),
        ("class A:\n    for __instancecheck__ in x: pass\n", "definition_denied"),
        ("class A:\n    __slots__ = ['__class__']\n", "definition_denied"),
        ("class A:\n    __match_args__ = names\n", "definition_denied"),
        ("class A:\n    __match_args__ += ('x',)\n", "definition_denied"),
        ("class A:\n    for __match_args__ in x: pass\n", "definition_denied"),
        ("class A:\n    __match_args__, x = y\n", "definition_denied"),
        ("class A:\n    gi_frame: int\n", "definition_denied"),
        ("class A:\n    def gi_frame(self): pass\n", "definition_denied"),
        ("class A:\n    __annotations__ = {'x=1': int}\n", "definition_denied"),
        ("class A: pass\nA.__annotations__.update(x)\n", "attribute_denied"),
        ("class A: pass\nA.__match_args__ = ('__globals__',)\n", "attribute_denied"),
        ("def f():\n    global __builtins__\n    __builtins__ = {}\n", "definition_denied"),
        ("[(__builtins__ := x) for x in y]\n", "definition_denied"),
        ("from functools import update_wrapper\n", "module_name_denied"),
        ("from string import Formatter\n", "module_name_denied"),
        ("from typing import get_type_hints\n", "module_name_denied"),
        ("from dataclasses import make_dataclass\n", "module_name_denied"),
    ];
    for (source, code) in outside {
        let codes: Vec<String> = violations(source).into_iter().map(|found| found.code).collect();
        assert_eq!(codes, [code], "{source}");
    }
}
