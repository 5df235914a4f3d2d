//! Names: what a module binds, what it imports from where, and imports that a candidate forgot.

use std::collections::BTreeSet;

use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use rustpython_ruff_python_ast::{Expr, ExprContext, ModModule, Stmt};
use rustpython_ruff_text_size::Ranged;

/// One `from module import name` or `import module`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    /// Leading dots.
    pub(crate) level: u32,
    /// Dotted name after the dots; may be empty for `from . import x`.
    pub(crate) module: String,
    /// The imported name; `None` for `import module`.
    pub(crate) name: Option<String>,
    /// What it is called here.
    pub(crate) bound: String,
}

/// Names that standard modules are usually called by, with the line that brings them.
const WELL_KNOWN: &[(&str, &str)] = &[
    ("Any", "from typing import Any"),
    ("Counter", "from collections import Counter"),
    ("Decimal", "from decimal import Decimal"),
    ("Dict", "from typing import Dict"),
    ("Enum", "from enum import Enum"),
    ("Fraction", "from fractions import Fraction"),
    ("Iterable", "from typing import Iterable"),
    ("Iterator", "from typing import Iterator"),
    ("List", "from typing import List"),
    ("Optional", "from typing import Optional"),
    ("OrderedDict", "from collections import OrderedDict"),
    ("Set", "from typing import Set"),
    ("Tuple", "from typing import Tuple"),
    ("Union", "from typing import Union"),
    ("accumulate", "from itertools import accumulate"),
    ("ascii_lowercase", "from string import ascii_lowercase"),
    ("ascii_uppercase", "from string import ascii_uppercase"),
    ("bisect", "import bisect"),
    ("ceil", "from math import ceil"),
    ("chain", "from itertools import chain"),
    ("cmath", "import cmath"),
    ("cmp_to_key", "from functools import cmp_to_key"),
    ("collections", "import collections"),
    ("combinations", "from itertools import combinations"),
    ("combinations_with_replacement", "from itertools import combinations_with_replacement"),
    ("copy", "import copy"),
    ("cycle", "from itertools import cycle"),
    ("dataclass", "from dataclasses import dataclass"),
    ("date", "from datetime import date"),
    ("datetime", "from datetime import datetime"),
    ("defaultdict", "from collections import defaultdict"),
    ("deque", "from collections import deque"),
    ("factorial", "from math import factorial"),
    ("floor", "from math import floor"),
    ("functools", "import functools"),
    ("gcd", "from math import gcd"),
    ("groupby", "from itertools import groupby"),
    ("heapify", "from heapq import heapify"),
    ("heappop", "from heapq import heappop"),
    ("heappush", "from heapq import heappush"),
    ("heapq", "import heapq"),
    ("islice", "from itertools import islice"),
    ("itemgetter", "from operator import itemgetter"),
    ("itertools", "import itertools"),
    ("json", "import json"),
    ("lru_cache", "from functools import lru_cache"),
    ("math", "import math"),
    ("mean", "from statistics import mean"),
    ("median", "from statistics import median"),
    ("namedtuple", "from collections import namedtuple"),
    ("nlargest", "from heapq import nlargest"),
    ("nsmallest", "from heapq import nsmallest"),
    ("operator", "import operator"),
    ("partial", "from functools import partial"),
    ("permutations", "from itertools import permutations"),
    ("pi", "from math import pi"),
    ("prod", "from math import prod"),
    ("product", "from itertools import product"),
    ("re", "import re"),
    ("reduce", "from functools import reduce"),
    ("sqrt", "from math import sqrt"),
    ("starmap", "from itertools import starmap"),
    ("statistics", "import statistics"),
    ("string", "import string"),
    ("takewhile", "from itertools import takewhile"),
    ("textwrap", "import textwrap"),
    ("unicodedata", "import unicodedata"),
    ("xor", "from operator import xor"),
    ("zip_longest", "from itertools import zip_longest"),
];

#[derive(Default)]
struct Collector {
    loaded: BTreeSet<String>,
    bound: BTreeSet<String>,
}

impl<'a> Visitor<'a> for Collector {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.bound.insert(function.name.to_string());
                self.bound.extend(function.parameters.iter().map(|parameter| parameter.name().to_string()));
            }
            Stmt::ClassDef(class) => {
                self.bound.insert(class.name.to_string());
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) => {
                self.bound.extend(imports_of(statement).into_iter().map(|i| i.bound));
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) if matches!(name.ctx, ExprContext::Load) => {
                self.loaded.insert(name.id.to_string());
            }
            Expr::Name(name) => {
                self.bound.insert(name.id.to_string());
            }
            Expr::Lambda(lambda) => {
                let parameters = lambda.parameters.iter().flat_map(|list| list.iter());
                self.bound.extend(parameters.map(|parameter| parameter.name().to_string()));
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// Names that are read anywhere in the module.
pub(crate) fn loaded(module: &ModModule) -> BTreeSet<String> {
    let mut collector = Collector::default();
    module.body.iter().for_each(|statement| collector.visit_stmt(statement));
    collector.loaded
}

/// Names bound at the module's top level, branches of `if` and `try` included.
pub(crate) fn top_level(statements: &[Stmt]) -> BTreeSet<String> {
    let mut bound = BTreeSet::new();
    for statement in statements {
        match statement {
            Stmt::FunctionDef(function) => {
                bound.insert(function.name.to_string());
            }
            Stmt::ClassDef(class) => {
                bound.insert(class.name.to_string());
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) => bound.extend(imports_of(statement).into_iter().map(|i| i.bound)),
            Stmt::If(branch) => {
                bound.extend(top_level(&branch.body));
                branch.elif_else_clauses.iter().for_each(|clause| bound.extend(top_level(&clause.body)));
            }
            Stmt::Try(attempt) => {
                bound.extend(top_level(&attempt.body));
                bound.extend(top_level(&attempt.orelse));
            }
            other => {
                let mut collector = Collector::default();
                collector.visit_stmt(other);
                bound.extend(collector.bound);
            }
        }
    }
    bound
}

/// Every import of the module, wherever it stands.
pub(crate) fn imports(module: &ModModule) -> Vec<Import> {
    struct Finder(Vec<Import>);
    impl<'a> Visitor<'a> for Finder {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            self.0.extend(imports_of(statement));
            walk_stmt(self, statement);
        }
    }
    let mut finder = Finder(Vec::new());
    module.body.iter().for_each(|statement| finder.visit_stmt(statement));
    finder.0
}

fn imports_of(statement: &Stmt) -> Vec<Import> {
    match statement {
        Stmt::Import(import) => import
            .names
            .iter()
            .map(|alias| {
                let module = alias.name.to_string();
                let first = module.split('.').next().unwrap_or_default().to_owned();
                let bound = alias.asname.as_ref().map_or(first, ToString::to_string);
                Import { level: 0, module, name: None, bound }
            })
            .collect(),
        Stmt::ImportFrom(import) => import
            .names
            .iter()
            .map(|alias| Import {
                level: import.level,
                module: import.module.as_ref().map(ToString::to_string).unwrap_or_default(),
                name: Some(alias.name.to_string()),
                bound: alias.asname.as_ref().unwrap_or(&alias.name).to_string(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The import lines at the module's head, as they stand.
pub(crate) fn import_lines(source: &str, module: &ModModule) -> Vec<String> {
    let is_import = |statement: &&Stmt| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_));
    module.body.iter().filter(is_import).map(|statement| super::text_of(source, statement).to_owned()).collect()
}

/// Adds the imports of well-known standard names that the source reads but binds nowhere.
pub(crate) fn with_missing_imports(source: &str) -> String {
    let Some(module) = super::parse(source) else { return source.to_owned() };
    let mut collector = Collector::default();
    module.body.iter().for_each(|statement| collector.visit_stmt(statement));
    let missing: Vec<&str> = WELL_KNOWN
        .iter()
        .filter(|(name, _)| collector.loaded.contains(*name) && !collector.bound.contains(*name))
        .map(|(_, line)| *line)
        .collect();
    if missing.is_empty() {
        return source.to_owned();
    }
    let newline = super::functions::newline_of(source);
    let lines: String = missing.iter().flat_map(|line| [line, newline]).collect();
    let at = import_place(source, &module);
    let (before, after) = source.split_at(at);
    let gap = if after.starts_with(['\n', '\r']) || after.is_empty() || has_imports(&module) { "" } else { newline };
    format!("{before}{lines}{gap}{after}")
}

fn has_imports(module: &ModModule) -> bool {
    module.body.iter().any(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)))
}

/// Where a new import line belongs: before the first import that is no `__future__`, else after the docstring.
fn import_place(source: &str, module: &ModModule) -> usize {
    let mut place = 0;
    for (number, statement) in module.body.iter().enumerate() {
        let future = matches!(statement, Stmt::ImportFrom(import) if import.module.as_deref() == Some("__future__"));
        if !(future || number == 0 && super::is_string_statement(statement)) {
            if matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)) {
                return statement.start().to_usize();
            }
            break;
        }
        let end = statement.end().to_usize();
        place = source.get(end..).and_then(|rest| rest.find('\n')).map_or(source.len(), |newline| end + newline + 1);
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgotten_imports_are_added_where_imports_stand() {
        let rows = [
            ("def f(x):\n    return math.sqrt(x)\n", "import math\n\ndef f(x):\n    return math.sqrt(x)\n"),
            (
                "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport os\n\ndef f(x):\n    return re.sub('a', 'b', x)\n",
                "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport re\nimport os\n\ndef f(x):\n    return re.sub('a', 'b', x)\n",
            ),
            ("def f(x):\n    import re\n    return re\n", "def f(x):\n    import re\n    return re\n"),
            ("def f(string):\n    return string\n", "def f(string):\n    return string\n"),
        ];
        for (before, after) in rows {
            assert_eq!(with_missing_imports(before), after);
        }
    }

    #[test]
    fn imports_and_bindings() {
        let module = super::super::parse(
            "from .a import b as c, d\nimport x.y\ntry:\n    import q\nexcept ImportError:\n    q = None\nK, (L, M) = 1, (2, 3)\n",
        )
        .unwrap();
        let names: Vec<_> = imports(&module).into_iter().map(|i| (i.level, i.module, i.name, i.bound)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            names,
            [
                (1, "a".into(), some("b"), "c".into()),
                (1, "a".into(), some("d"), "d".into()),
                (0, "x.y".into(), None, "x".into()),
                (0, "q".into(), None, "q".into()),
            ]
        );
        let bound: Vec<_> = top_level(&module.body).into_iter().collect();
        assert_eq!(bound, ["K", "L", "M", "c", "d", "q", "x"]);
    }
}
