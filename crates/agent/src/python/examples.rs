//! Calls with their results, read from asserts: what the prompt shows of the tests.

use rustpython_ruff_python_ast::visitor::{Visitor, walk_stmt};
use rustpython_ruff_python_ast::{CmpOp, Expr, ModModule, Stmt};

use super::text_of;

/// Longest example that is shown, in bytes.
const EXAMPLE_BYTES_MAX: usize = 160;

/// A call and what it gives, both as source text on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// The call.
    pub(crate) call: String,
    /// The expected value.
    pub(crate) value: String,
}

/// The examples of `name` among the module's asserts and `assertEqual` calls, in source order, without duplicates.
pub(crate) fn examples(source: &str, module: &ModModule, name: &str) -> Vec<Example> {
    let mut finder = Finder { source, name, found: Vec::new() };
    module.body.iter().for_each(|statement| finder.visit_stmt(statement));
    finder.found
}

struct Finder<'s> {
    source: &'s str,
    name: &'s str,
    found: Vec<Example>,
}

impl Finder<'_> {
    fn push(&mut self, call: &Expr, value: &Expr) {
        let one_line = |expression| text_of(self.source, expression).split_whitespace().collect::<Vec<_>>().join(" ");
        let raw = text_of(self.source, call);
        let called =
            matches!(call, Expr::Call(call) if super::super::search::target::callee(&call.func) == Some(self.name));
        let constant = is_constant(value);
        if !called || !constant || raw.len() > EXAMPLE_BYTES_MAX {
            return;
        }
        let keep = |expression| {
            let text = text_of(self.source, expression);
            if text.contains('\n') { one_line(expression) } else { text.to_owned() }
        };
        let example = Example { call: keep(call), value: keep(value) };
        if example.value.len() <= EXAMPLE_BYTES_MAX && !self.found.contains(&example) {
            self.found.push(example);
        }
    }

    fn assertion(&mut self, test: &Expr) {
        match test {
            Expr::Compare(compare) => {
                if let ([CmpOp::Eq | CmpOp::Is], [right]) = (&*compare.ops, &*compare.comparators) {
                    self.push(&compare.left, right);
                    self.push(right, &compare.left);
                }
            }
            Expr::Call(_) => self.push_constant(test, "True"),
            Expr::UnaryOp(not) if matches!(not.op, rustpython_ruff_python_ast::UnaryOp::Not) => {
                self.push_constant(&not.operand, "False");
            }
            _ => {}
        }
    }

    fn push_constant(&mut self, call: &Expr, value: &'static str) {
        if let Some(value) = super::parse_expression(value) {
            let before = self.found.len();
            self.push(call, &value);
            if let Some(example) = self.found.get_mut(before) {
                example.value = if matches!(value, Expr::BooleanLiteral(ref literal) if literal.value) {
                    "True".to_owned()
                } else {
                    "False".to_owned()
                };
            }
        }
    }
}

impl<'a> Visitor<'a> for Finder<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assert(assert) => self.assertion(&assert.test),
            Stmt::Expr(expression) => {
                if let Expr::Call(call) = &*expression.value
                    && let Expr::Attribute(method) = &*call.func
                {
                    match (method.attr.as_str(), &*call.arguments.args) {
                        ("assertEqual" | "assertEquals" | "assertListEqual" | "assertDictEqual", [left, right, ..]) => {
                            self.push(left, right);
                            self.push(right, left);
                        }
                        ("assertTrue", [test, ..]) => self.assertion(test),
                        ("assertFalse", [test, ..]) => self.push_constant(test, "False"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }
}

/// Whether the expression is made of literals only.
pub(crate) fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_) => true,
        Expr::List(list) => list.elts.iter().all(is_constant),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_constant),
        Expr::Set(set) => set.elts.iter().all(is_constant),
        Expr::Dict(dict) => {
            dict.items.iter().all(|item| item.key.as_ref().is_some_and(is_constant) && is_constant(&item.value))
        }
        Expr::UnaryOp(unary) => is_constant(&unary.operand),
        Expr::BinOp(binary) => is_constant(&binary.left) && is_constant(&binary.right),
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Name(name) if ["set", "frozenset", "dict", "list", "tuple", "float"].contains(&name.id.as_str()))
                && call.arguments.args.iter().all(is_constant)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asserts_and_unittest_calls_become_examples() {
        let source = "assert f(1) == 2\nassert g(1) == 3\nassert f(x) == y\n\ndef test_a():\n    assert f([1,\n   2]) == [2, 1], 'm'\n    \
                      assert m.f('q')\n    assert not f('')\n\nclass T:\n    def test(self):\n        self.assertEqual(4, f(3))\n        self.assertFalse(f(0))\n";
        let module = super::super::parse(source).unwrap();
        let found: Vec<_> = examples(source, &module, "f").into_iter().map(|e| (e.call, e.value)).collect();
        let row = |call: &str, value: &str| (call.to_owned(), value.to_owned());
        assert_eq!(
            found,
            [
                row("f(1)", "2"),
                row("f([1, 2])", "[2, 1]"),
                row("m.f('q')", "True"),
                row("f('')", "False"),
                row("f(3)", "4"),
                row("f(0)", "False"),
            ]
        );
    }
}
