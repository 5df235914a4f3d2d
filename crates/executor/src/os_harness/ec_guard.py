"""Who decides: what the special methods of the code under test may say to a test.

An object of the code under test hands over values: its length, its items, its text. It doesn't decide how
it compares with a value of the tests: "equal" would be its own verdict. It may say "not equal" (any
object could), and decides freely between objects of its own side.
"""

import sys
import types

import ec_boxes
from ec_proxy import ASSERTIONS, Link, MirrorMeta, is_remote, stub

NUMBERS = (int, float, complex)
# Values of these types are told apart by what is left when one is taken from the other.
SETS = (set, frozenset, dict)
MEASURED = frozenset("Decimal Fraction date time datetime timedelta".split())
DIFFERENCES = frozenset("__sub__ __rsub__ __isub__ __xor__ __rxor__ __ixor__".split())
COMPARISONS = {"__eq__": "==", "__ne__": "!=", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}
REFLECTED = {"__eq__": "__eq__", "__ne__": "__ne__", "__lt__": "__gt__", "__gt__": "__lt__", "__le__": "__ge__", "__ge__": "__le__"}
_OPERATORS = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or".split()
ARITHMETIC = frozenset(f"__{prefix}{name}__" for name in _OPERATORS for prefix in ("", "r", "i"))
MEASURES = frozenset("__abs__ __round__ __float__ __int__ __index__ __complex__ __bool__ __len__ __trunc__ __floor__ __ceil__ __neg__ __pos__".split())
TEXTS = frozenset("__str__ __repr__ __format__ __bytes__".split())
# As many items are looked at to find out what `in` has to say.
ITEMS_MAX = 20_000
_dict_of = object.__getattribute__


class Refused(AssertionError):
    """A comparison that the code under test would decide."""


def refuse(self, text):
    decided(f"{text} would be decided by the code under test; compare a plain value of the {type(self).__name__} instead")


def decided(text):
    """Fails the test, even one that swallows the exception."""
    Link.peer.side.decided = text
    raise Refused(text)


def special(name, home):
    """The judge's stub of a special method."""
    ask = stub(name, home)
    if name in COMPARISONS:
        return comparison(name, ask, home)
    if name in ARITHMETIC:
        return arithmetic(name, ask)
    if name == "__contains__":
        return contains(ask)
    if name == "__hash__":
        return hash_of(ask)
    if name == "__call__":
        return lambda self, /, *args, **kwargs: Link.peer.side.call(self, args, kwargs)
    if name in MEASURES:
        return measure(name, ask)
    if name in TEXTS:
        return written(ask)
    if name == "__exit__":
        return leaving(ask)
    if name == "__aexit__":
        return leaving_later(ask)
    if name == "__await__":
        return lambda self: Link.peer.side.drive(self).__await__()
    return ask


def leaving(ask):
    def leave(self, kind, error, trace):
        return kept(kind, ask(self, kind, error, trace), trace, sys._getframe(1))

    return leave


def leaving_later(ask):
    async def leave(self, kind, error, trace):
        return kept(kind, await ask(self, kind, error, trace), trace, sys._getframe(1))

    return leave


def kept(kind, answer, trace, caller):
    """A `with` of the code under test may swallow an exception, not that the test has failed."""
    if kind is None or not answer:
        return answer
    if issubclass(kind, AssertionError) and not is_remote(kind):
        decided("an assertion failed in a `with` block of the code under test, which swallowed it")
    if trace is not None and trace.tb_frame is caller and raised_there(trace) and Link.peer.side.loader.holds_assert(
            caller.f_code.co_filename, caller.f_lineno, trace.tb_lineno):
        decided(f"the code under test raised {kind.__name__} in its own `with` block and swallowed it, before the block's assertions had held")
    return answer


def raised_there(trace):
    """Whether an exception comes from the code under test."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_globals.get("__name__") == "ec_peer"


def guarded(value, name, found):
    """A method by whose name a test takes the answer for a verdict."""
    owner = value if isinstance(value, type) else type(value)
    if name in ASSERTIONS:
        def no(*args, **kwargs):
            decided(f"{name} of {owner.__name__} would be decided by the code under test; it is no mock of the tests")
        return no
    space = _dict_of(value, "__dict__")
    base = type.__getattribute__(owner, "_ec_base")

    def ask(*args, **kwargs):
        answer = found(*args, **kwargs)
        if "_ec_built" in space or any(is_remote(one) for one in args):
            return answer
        own = getattr(base, name)(value, *args, **kwargs) if base is not None and hasattr(base, name) else None
        if type(answer) is bool and (answer is own or not (answer or own is not None)):
            return answer
        return refuse(value, f"{owner.__name__}.{name}")

    return ask


def taint(value):
    if isinstance(type(value), MirrorMeta):
        _dict_of(value, "__dict__")["_ec_measured"] = True
    return value


def taint_text(value, source):
    """The text of what is left of a number tells, too; of one that the test made itself, the test knows."""
    if isinstance(type(value), MirrorMeta) and "_ec_built" not in _dict_of(source, "__dict__"):
        _dict_of(value, "__dict__")["_ec_weighed"] = True
    return taint(value)


def written(ask):
    def text(self, *args):
        answer = ask(self, *args)
        if "_ec_weighed" in _dict_of(self, "__dict__"):
            refuse(self, f"the text of a {type(self).__name__} that is what is left of a number")
        return answer

    return text


def tainted(value):
    return "_ec_measured" in _dict_of(value, "__dict__")


def has_own(value, name):
    """Whether the class of a value of the tests has a method of that name that is written in Python."""
    for cls in type.__dict__["__mro__"].__get__(type(value)):
        if name in type.__dict__["__dict__"].__get__(cls):
            return isinstance(type.__dict__["__dict__"].__get__(cls)[name], types.FunctionType)
    return False


def defines(cls, name):
    return any(name in type.__dict__["__dict__"].__get__(base) for base in type.__dict__["__mro__"].__get__(cls))


def comparison(name, ask, home):
    sign = COMPARISONS[name]
    equal = {"__eq__": True, "__ne__": False}.get(name)

    def compare(self, other):
        if Link.peer.reading and equal is not None:
            # Items of one container that arrives: they are different ones.
            return (self is other) is equal
        if is_remote(other):
            answer = ask(self, other)
            if equal is not None and answer is equal:
                for side in (self, other):
                    if Link.peer.request("probe", home[0] if side is self else type(side), name, side) is equal:
                        decided("an object of the code under test equals everything")
            return answer
        if has_own(other, REFLECTED[name]):
            return NotImplemented
        base = type.__getattribute__(type(self), "_ec_base")
        answer = ask(self, other)
        if base is not None and base is not BaseException:
            own = getattr(base, name)(self, other)
            if answer is NotImplemented or answer is own:
                return own
        elif answer is NotImplemented or (equal is not None and answer is (not equal)):
            return answer
        elif is_remote(answer):
            return taint(answer)
        return refuse(self, f"{type(self).__name__} {sign} {type(other).__name__}")

    return compare


def contains(ask):
    def inside(self, item):
        base = type.__getattribute__(type(self), "_ec_base")
        if is_remote(item):
            return bool(ask(self, item))
        if base is not None and hasattr(base, "__contains__"):
            own = base.__contains__(self, item)
        elif defines(type(self), "__iter__"):
            own = found(self, item)
        elif _dict_of(self, "__dict__").get("_ec_built") and not Link.peer.request("probe", type(self), "__contains__", self):
            return bool(ask(self, item))
        else:
            own = None
        if bool(ask(self, item)) is own:
            return own
        return refuse(self, f"{type(item).__name__} in {type(self).__name__}")

    return inside


def found(self, item):
    for count, one in enumerate(self):
        if one is item or one == item:
            return True
        if count > ITEMS_MAX:
            return None
    return False


def judges(self, name, other):
    """Whether what comes of an operation tells if an object is what a test wants."""
    if isinstance(other, NUMBERS) or type(other).__name__ in ("Decimal", "Fraction"):
        return True
    if "_ec_built" in _dict_of(self, "__dict__"):
        # The test knows what it made.
        return False
    if type(other).__name__ in MEASURED:
        return name in DIFFERENCES
    return isinstance(other, SETS) and (name in DIFFERENCES or name.strip("_").lstrip("ri") in ("and", "or"))


def arithmetic(name, ask):
    def calculate(self, other, *more):
        answer = ask(self, other, *more)
        if answer is NotImplemented:
            return answer
        base = type.__getattribute__(type(self), "_ec_base")
        if is_remote(other):
            return answer
        if base is not None and not is_remote(answer) and hasattr(base, name):
            try:
                own = getattr(base, name)(self, other, *more)
            except TypeError:
                own = NotImplemented
            if type(own) is type(answer) and own == answer:
                return own
            if judges(self, name, other):
                refuse(self, f"{type(self).__name__} {name} {type(other).__name__}")
            return answer
        if is_remote(answer):
            return taint_text(answer, self) if judges(self, name, other) else answer
        if judges(self, name, other):
            refuse(self, f"{type(self).__name__} {name} {type(other).__name__}")
        return answer

    return calculate


def measure(name, ask):
    def value(self, *args):
        answer = ask(self, *args)
        if not tainted(self) or (name == "__len__" and type(answer) is int and answer > 0):
            # A list is made with its length; that nothing is left would be a verdict.
            return answer
        if is_remote(answer):
            return taint_text(answer, self) if "_ec_weighed" in _dict_of(self, "__dict__") else taint(answer)
        return refuse(self, f"the size of a {type(self).__name__}")

    return value


def hash_of(ask):
    def value(self):
        space = _dict_of(self, "__dict__")
        if "_ec_hash" in space:
            return space["_ec_hash"]
        return ask(self)

    return value

