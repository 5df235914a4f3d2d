"""Rewrites the tests' comparisons so that a failed one can be told: `-1 == 3 is false`."""

import ast

OPERATORS = {
    ast.Eq: ("==", lambda a, b: a == b), ast.NotEq: ("!=", lambda a, b: a != b), ast.Lt: ("<", lambda a, b: a < b),
    ast.LtE: ("<=", lambda a, b: a <= b), ast.Gt: (">", lambda a, b: a > b), ast.GtE: (">=", lambda a, b: a >= b),
    ast.In: ("in", lambda a, b: a in b), ast.NotIn: ("not in", lambda a, b: a not in b),
}
ACTIONS = dict(OPERATORS.values())
LENGTH_MAX = 120
last = []


class _Rewrite(ast.NodeTransformer):
    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) != 1 or type(node.ops[0]) not in OPERATORS:
            return node
        args = [ast.Constant(OPERATORS[type(node.ops[0])][0]), node.left, node.comparators[0]]
        return ast.copy_location(ast.Call(func=ast.Name(id="__ec_cmp__", ctx=ast.Load()), args=args, keywords=[]), node)

    def visit_ImportFrom(self, node):
        if not any(alias.name == "*" for alias in node.names):
            return node
        args = [ast.Constant(node.module or ""), ast.Constant(node.level)]
        call = ast.Call(func=ast.Name(id="__ec_star__", ctx=ast.Load()), args=args, keywords=[])
        return ast.copy_location(ast.Expr(ast.copy_location(call, node)), node)


def rewrite(tree):
    """Changes an oracle's tree in place."""
    _Rewrite().visit(tree)
    ast.fix_missing_locations(tree)
    return tree


def compare(sign, a, b):
    result = ACTIONS[sign](a, b)
    if result is False:
        last[:] = [(sign, a, b)]
    return result


def explain():
    """The last comparison that failed, in words."""
    if not last:
        return ""
    sign, a, b = last[0]
    try:
        return f"{short(a)} {sign} {short(b)} is false"
    except Exception:
        return ""


def short(value):
    text = repr(value)
    return text if len(text) <= LENGTH_MAX else text[:LENGTH_MAX - 3] + "..."


def forget():
    last.clear()
