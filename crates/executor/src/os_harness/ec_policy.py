"""What of the tests may be handed to the code under test, and what it may ask of it.

Harmless is: calling a function of the tests, the public names of their objects, the methods of a few
library types. Everything else is refused: a private name, a module, a frame, an assignment that would
change how a test judges.
"""

import types

import ec_boxes
import ec_values
from ec_peer import Unmirrored
from ec_proxy import SPECIALS, MirrorMeta

# Private names that are no insides.
NAMES = frozenset("__name__ __qualname__ __doc__ __module__ _asdict _replace _fields _fields_defaults __len__".split())
SAFE_SPECIALS = SPECIALS - frozenset("__new__ __init__ __init_subclass__ __class_getitem__".split())
# Library types whose public methods and values are harmless, by "module.name".
LIBRARY = frozenset((
    "_io.StringIO _io.BytesIO _io.TextIOWrapper _io.BufferedReader _io.BufferedWriter _io.BufferedRandom _io.FileIO "
    "tempfile._TemporaryFileWrapper queue.Queue queue.LifoQueue queue.PriorityQueue _queue.SimpleQueue threading.Event "
    "_thread.lock _thread.RLock threading.Condition threading.Semaphore threading.BoundedSemaphore threading.Barrier random.Random "
    "types.SimpleNamespace argparse.Namespace logging.Logger re.Match xml.etree.ElementTree.Element _csv.reader _csv.writer "
    "asyncio.queues.Queue asyncio.locks.Event asyncio.locks.Lock asyncio.locks.Semaphore contextlib._GeneratorContextManager "
    "contextlib._AsyncGeneratorContextManager string.Template array.array collections.UserDict collections.UserList "
    "collections.UserString collections.ChainMap builtins.memoryview builtins.enumerate builtins.zip builtins.map builtins.filter "
    "builtins.reversed builtins.generator builtins.async_generator builtins.coroutine builtins.async_generator_asend "
    "builtins.GenericAlias types.UnionType _asyncio.Future _asyncio.Task"
).split())
SETTABLE = frozenset(("types.SimpleNamespace", "argparse.Namespace"))
SQLITE = frozenset("execute executemany executescript commit rollback close cursor fetchone fetchall fetchmany total_changes "
                   "row_factory rowcount lastrowid description in_transaction".split())
# Builtin methods of containers that may be handed over as callbacks.
HOLDERS = (list, dict, set, bytearray, *ec_boxes.KINDS)
_mro = type.__dict__["__mro__"].__get__
_space = type.__dict__["__dict__"].__get__


def full_name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


class Policy:
    """`spaces`: the ids of the namespaces of the tests' modules."""

    def __init__(self, module_names, reference):
        self.module_names, self.reference = module_names, reference
        self.spaces = set()

    def own_class(self, cls):
        """Whether the tests define a class."""
        module = type.__getattribute__(cls, "__module__")
        return not isinstance(cls, MirrorMeta) and module in self.module_names and not ec_values.is_standard(module)

    def own_function(self, value):
        while type(value) is types.FunctionType:
            if id(value.__globals__) in self.spaces:
                return True
            value = value.__dict__.get("__wrapped__")
        return False

    def is_mock(self, value):
        import sys
        mock = sys.modules.get("unittest.mock")
        return mock is not None and isinstance(value, mock.NonCallableMock)

    def kind(self, value):
        """`function`, `object`, `mock`, `library`, `sqlite`, `class`; None for what stays here."""
        cls = type(value)
        if isinstance(value, type):
            return "class" if self.own_class(value) else None
        if self.own_class(cls):
            return "object"
        if self.is_mock(value):
            return "mock"
        name = full_name(cls)
        if name in LIBRARY or (hasattr(cls, "__next__") and cls.__module__ in ("builtins", "itertools")):
            return "library"
        if name in ("sqlite3.Connection", "sqlite3.Cursor"):
            return "sqlite"
        if cls is types.FunctionType:
            return "function" if self.own_function(value) else None
        if cls is types.MethodType:
            return "function" if self.may_bind(value) else None
        if cls is types.BuiltinFunctionType:
            return "function" if self.may_bind(value) and not value.__name__.startswith("_") else None
        if name == "functools.partial":
            return "function" if self.may_call(value.func) or self.reference(value.func) is not None else None
        if name in ("functools._lru_cache_wrapper", "functools._singledispatchmethod_get"):
            return "function" if self.own_function(value.__dict__.get("__wrapped__")) else None
        if name in ("operator.itemgetter", "operator.attrgetter", "operator.methodcaller"):
            return "function"
        if name.startswith("unittest.mock._Call") or name == "unittest.mock._SentinelObject":
            return "object" if name.endswith("SentinelObject") else None
        return None

    def may_bind(self, value):
        holder = value.__self__
        if isinstance(holder, type):
            return self.own_class(holder)
        if self.kind(holder) == "sqlite":
            return value.__name__ in SQLITE
        return type(holder) in HOLDERS or self.kind(holder) in ("object", "mock", "library") or (
            type(value) is types.MethodType and self.own_function(value.__func__))

    def may_call(self, value):
        kind = self.kind(value)
        return kind in ("function", "class", "mock") or isinstance(type(value), MirrorMeta) or (
            kind == "object" and bool(self.owner(value, "__call__")))

    def check(self, value):
        if self.kind(value) is None:
            name = value.__name__ if isinstance(value, (type, types.FunctionType)) else full_name(type(value))
            raise Unmirrored(f"{name} of the tests can't be handed to the code under test; hand over a plain value or an object of a class of the tests")

    def class_names(self, cls):
        """What is announced of a class: its public functions and harmless special methods."""
        names = []
        own = self.own_class(cls)
        mock = self.is_mock_class(cls)
        space = _space(cls)
        if not own and not mock:
            # The bases of a library class stay here: what it inherits is its own.
            space = {name: value for base in reversed(_mro(cls)) if base is not object and base not in ec_boxes.BASES
                     for name, value in _space(base).items()}
        for name, value in space.items():
            if type(name) is not str or (name.startswith("_") and name not in SAFE_SPECIALS):
                continue
            if name in SAFE_SPECIALS or own:
                callable_ = isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType))
                names.append([name, "f" if callable_ or (mock and name in SAFE_SPECIALS) else "n" if value is None else "v"])
        return names, None

    def is_mock_class(self, cls):
        import sys
        mock = sys.modules.get("unittest.mock")
        return mock is not None and issubclass(cls, mock.NonCallableMock)

    def bases(self, cls):
        """The bases that the other side is told: of the tests, of its own, and builtins."""
        kept = []
        for base in type.__dict__["__bases__"].__get__(cls):
            if isinstance(base, MirrorMeta) or self.own_class(base) or base.__module__ == "unittest.mock":
                kept.append(base)
            elif base in ec_boxes.BASES or issubclass(base, BaseException):
                kept.append(base)
            elif self.own_class(cls) or ec_boxes.base_of(base):
                kept += [one for one in (ec_boxes.base_of(base),) if one]
        return tuple(dict.fromkeys(kept)) or (object,)

    def may_get(self, value, name):
        kind = self.kind(value)
        if type(name) is not str or kind is None or (name.startswith("_") and name not in NAMES):
            return False
        if name in NAMES or kind == "library":
            return True
        if kind == "sqlite":
            return name in SQLITE
        if kind == "function":
            return False
        if kind == "mock":
            import unittest.mock as mock
            return not hasattr(mock.MagicMock, name) and not name.startswith("assert") or name in ("return_value",)
        return self.owner(value, name) is not False

    def owner(self, value, name):
        """The class of the tests that has a name (None: the object itself); False when a library does."""
        for cls in _mro(value if isinstance(value, type) else type(value)):
            if name in _space(cls):
                if self.own_class(cls) or isinstance(cls, MirrorMeta):
                    return cls
                return cls if cls in ec_boxes.BASES or (cls.__module__ == "enum" and name in ("name", "value")) else False
        return None

    def may_set(self, value, name):
        kind = self.kind(value)
        if type(name) is not str or name.startswith("_"):
            return False
        if kind == "library":
            return full_name(type(value)) in SETTABLE
        if kind == "sqlite":
            return name == "row_factory"
        if kind == "mock":
            return self.may_get(value, name) and name != "return_value"
        if kind != "object" or any(full_name(cls) == "unittest.case.TestCase" for cls in _mro(type(value))):
            return False
        owner = self.owner(value, name)
        if owner is None:
            return True
        return owner is not False and not callable(_space(owner)[name]) and not isinstance(_space(owner)[name], (classmethod, staticmethod))

    def may_special(self, value, name):
        kind = self.kind(value)
        if kind == "function":
            return name in ("__repr__", "__str__", "__eq__", "__ne__", "__hash__")
        return name in SAFE_SPECIALS and kind not in (None, "class")
