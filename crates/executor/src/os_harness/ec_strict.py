"""Strict comparison: a candidate's own `__eq__` (or `__lt__`, …) does not decide a comparison with a
value that the candidate did not make."""

import ast

OPS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in", ast.NotIn: "not in"}
ARITHMETIC = {ast.Sub: "sub", ast.Add: "add", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow"}
DUNDERS = {
    "==": ("__eq__",), "!=": ("__ne__", "__eq__"), "<": ("__lt__", "__gt__"), "<=": ("__le__", "__ge__"),
    ">": ("__gt__", "__lt__"), ">=": ("__ge__", "__le__"),
}
ASSERTS = (
    "assertEqual assertNotEqual assertAlmostEqual assertNotAlmostEqual assertGreater assertGreaterEqual assertLess "
    "assertLessEqual assertIn assertNotIn assertCountEqual assertListEqual assertTupleEqual assertSetEqual "
    "assertDictEqual assertSequenceEqual assertMultiLineEqual"
).split()


class _Rewrite(ast.NodeTransformer):
    def visit_Compare(self, node):
        self.generic_visit(node)
        names = [OPS.get(type(op)) for op in node.ops]
        if None in names:
            return node
        if len(names) == 1:
            args = [ast.Constant(names[0]), node.left, node.comparators[0]]
            call = ast.Call(func=ast.Name(id="__ec_cmp__", ctx=ast.Load()), args=args, keywords=[])
        else:
            ops = ast.Tuple(elts=[ast.Constant(name) for name in names], ctx=ast.Load())
            call = ast.Call(func=ast.Name(id="__ec_chain__", ctx=ast.Load()), args=[ops, node.left, *node.comparators], keywords=[])
        return ast.copy_location(call, node)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        action = ARITHMETIC.get(type(node.op))
        plain = (ast.Constant, ast.JoinedStr)
        if action is None or (isinstance(node.left, plain) and isinstance(node.right, plain)):
            return node
        call = ast.Call(func=ast.Name(id="__ec_arith__", ctx=ast.Load()), args=[ast.Constant(action), node.left, node.right], keywords=[])
        return ast.copy_location(call, node)

    def visit_ImportFrom(self, node):
        if not any(alias.name == "*" for alias in node.names):
            return node
        args = [ast.Constant(node.module or ""), ast.Constant(node.level)]
        call = ast.Call(func=ast.Name(id="__ec_star__", ctx=ast.Load()), args=args, keywords=[])
        return ast.copy_location(ast.Expr(ast.copy_location(call, node)), node)


def rewrite(tree):
    """Rewrites an oracle's comparisons to ask `comparer`."""
    _Rewrite().visit(tree)
    ast.fix_missing_locations(tree)
    return tree


def comparer(modules, candidate_modules, own, own_file, watcher):
    """`compare(op, a, b)`, `chain`, `guard(a, b)`, `is_candidate_class(cls)` and the last failed pair."""
    function_type = type(comparer)
    plain_types = frozenset((int, str, float, bool, bytes, complex, type(None)))
    type_, issubclass_, isinstance_, id_ = type, issubclass, isinstance, id
    getmro = type.__dict__["__mro__"].__get__
    getdict = type.__dict__["__dict__"].__get__
    getflags = type.__dict__["__flags__"].__get__
    len_, zip_, list_, tuple_, dict_, set_, frozenset_, repr_ = len, zip, list, tuple, dict, set, frozenset, repr
    modules_get = modules.get
    heap = 1 << 9
    last = []
    trusted = {}

    def is_candidate_class(cls):
        if not getflags(cls) & heap:
            return False
        if id_(cls) in trusted:
            return False
        table = getdict(cls)
        name, home = table.get("__module__"), None
        if type_(name) is str and name not in candidate_modules:
            home = own if name == own.__name__ else modules_get(name)
        answer = True
        if home is not None:
            place = home
            for part in type_.__dict__["__qualname__"].__get__(cls).split("."):
                place = (getdict(place) if isinstance_(place, type_) else place.__dict__).get(part) if place is not None else None
            answer = place is not cls
        if not answer:
            trusted[id_(cls)] = cls
        return answer

    def decides(value, op):
        """Whether candidate code decides this comparison of `value`."""
        cls = type_(value)
        if not getflags(cls) & heap:
            return False
        for dunder in DUNDERS.get(op, ("__eq__",)):
            for base in getmro(cls):
                if dunder in getdict(base):
                    if is_candidate_class(base):
                        return True
                    if type_(getdict(base)[dunder]) is function_type and made_by_candidate(value):
                        return True
                    break
        return False

    def made_by_candidate(value):
        return any(is_candidate_class(base) for base in getmro(type_(value)))

    def guard(a, b, op="==", depth=0):
        """Raises when candidate code would decide how `a` compares with a foreign value."""
        kind_a, kind_b = type_(a), type_(b)
        if kind_a is kind_b and kind_a in (int, str, float, bool, bytes, complex, type_(None)):
            return
        decides_a, decides_b = decides(a, op), decides(b, op)
        if decides_a or decides_b:
            if made_by_candidate(a) and made_by_candidate(b):
                if op in ("==", "!="):
                    probe = type_("probe", (), {})()
                    for side in (a, b):
                        if decides(side, "==") and side == probe:
                            raise Refused("an object of the code under test equals everything")
                return
            raise Refused(f"{kind_a.__name__} {op} {kind_b.__name__} would be decided by the code under test")
        if depth > 40:
            return
        containers = (list_, tuple_, dict_, set_, frozenset_)
        if isinstance_(a, containers) and isinstance_(b, containers):
            if isinstance_(a, dict_) and isinstance_(b, dict_):
                keys(a, b, depth)
                for key in dict_.keys(a):
                    if dict_.__contains__(b, key):
                        guard(dict_.__getitem__(a, key), dict_.__getitem__(b, key), "==", depth + 1)
            elif isinstance_(a, (list_, tuple_)) and isinstance_(b, (list_, tuple_)):
                for x, y in zip_(plain(a), plain(b)):
                    guard(x, y, "==", depth + 1)
            else:
                keys(a, b, depth)
        elif isinstance_(a, containers) or isinstance_(b, containers):
            pass

    def plain(value):
        return list_.__iter__(value) if isinstance_(value, list_) else tuple_.__iter__(value)

    def keys(a, b, depth):
        odd = [any(decides(x, "==") for x in each(side)) for side in (a, b)]
        if odd[0] != odd[1]:
            raise Refused("membership would be decided by the code under test")

    def each(value):
        for base in (dict_, set_, frozenset_, list_, tuple_):
            if isinstance_(value, base):
                return list_(base.__iter__(value))
        return []

    def compare(op, a, b):
        if op in ("in", "not in"):
            if isinstance_(b, (list_, tuple_, set_, frozenset_, dict_)) and not decides(b, "=="):
                odd = decides(a, "==")
                for item in each(b):
                    if odd != decides(item, "==") or odd:
                        guard(a, item)
        else:
            guard(a, b, op)
        action = actions[op]
        if type_(a) in plain_types and type_(b) in plain_types:
            result = action(a, b)
        else:
            result = watched(lambda: action(a, b), f"{type_(a).__name__} {op} {type_(b).__name__}")
        if result is False:
            last[:] = [(op, a, b)]
        return result

    watched = watcher(own_file, made_by_candidate, Refused)
    actions = {
        "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
    }

    def chain(ops, *values):
        result = True
        for op, a, b in zip_(ops, values, values[1:]):
            result = compare(op, a, b)
            if not result:
                return result
        return result

    operations = {name: getattr(__import__("operator"), name) for name in ARITHMETIC.values()}
    numbers = (int, float, complex)
    measured = {}
    real_abs, real_round = abs, round

    def arith(op, a, b):
        """Arithmetic of an oracle: a candidate's operator that turns a plain number into one is refused."""
        action = operations[op]
        if type_(a) in plain_types and type_(b) in plain_types:
            return action(a, b)
        result = action(a, b)
        for one, other, dunder in ((a, b, f"__{op}__"), (b, a, f"__r{op}__")):
            if type_(other) in numbers and by_candidate(one, dunder):
                if not made_by_candidate(result):
                    raise Refused(f"{type_(a).__name__} {op} {type_(b).__name__} would be decided by the code under test")
                measured[id_(result)] = result
        return result

    def by_candidate(value, dunder):
        for base in getmro(type_(value)):
            if dunder in getdict(base):
                return is_candidate_class(base) or (type_(getdict(base)[dunder]) is function_type and made_by_candidate(value))
        return False

    def size(value):
        if id_(value) in measured:
            raise Refused(f"the size of a {type_(value).__name__} would be decided by the code under test")
        return value

    def strict_abs(x, /):
        return real_abs(size(x))

    def strict_round(number, ndigits=None):
        return real_round(size(number)) if ndigits is None else real_round(size(number), ndigits)

    def strict_isinstance(value, kinds, /):
        for base in getmro(type_(value)):
            if "__class__" in getdict(base) and is_candidate_class(base):
                raise Refused(f"the class of {type_(value).__name__} would be decided by the code under test")
        return isinstance_(value, kinds)

    def explain():
        """The last comparison that failed, in words."""
        if not last:
            return ""
        op, a, b = last[0]
        try:
            return f"{short(a)} {op} {short(b)} is false"
        except BaseException:
            return ""

    def short(value):
        text = repr_(value)
        return text if len_(text) <= 120 else text[:117] + "..."

    return compare, chain, guard, is_candidate_class, explain, last.clear, watched, {
        "__ec_cmp__": compare, "__ec_chain__": chain, "__ec_arith__": arith, "abs": strict_abs, "round": strict_round,
        "isinstance": strict_isinstance,
    }


class Refused(AssertionError):
    """A comparison that the code under test would decide."""


def wrap_unittest(case, guard, watched):
    """Makes the assertion methods of `unittest.TestCase` strict."""
    def wrap(name, method):
        def strict(self, first, second, *args, **kwargs):
            if name in ("assertIn", "assertNotIn"):
                if isinstance(second, (list, tuple, set, frozenset, dict)):
                    for item in second:
                        guard(first, item)
            else:
                guard(first, second)
            return watched(lambda: method(self, first, second, *args, **kwargs), name)
        strict.__name__ = name
        return strict
    for name in ASSERTS:
        setattr(case, name, wrap(name, getattr(case, name)))
