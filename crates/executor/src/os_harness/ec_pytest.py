"""What test files import as `pytest`: the part of its interface that test files use most."""

import sys
import types


class Skipped(Exception):
    """Raised by `skip`."""


class Failed(AssertionError):
    """Raised by `fail` and by `raises` when nothing came."""

    # Told of every `fail`: the code under test may swallow the exception.
    hook = staticmethod(lambda reason: None)


class Param:
    def __init__(self, values, marks, id):
        self.values, self.marks, self.id = values, marks, id


class Mark:
    def __init__(self, name, args=(), kwargs=None):
        self.name, self.args, self.kwargs = name, args, kwargs or {}

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and callable(args[0]):
            return self.apply(args[0])
        return Mark(self.name, args, kwargs)

    def apply(self, target):
        marks = list(getattr(target, "pytestmark", []))
        target.pytestmark = marks + [self]
        return target


class Marks:
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        mark = Mark(name)
        if name in ("parametrize", "skipif", "usefixtures"):
            return lambda *args, **kwargs: Mark(name, args, kwargs).apply_later()
        return mark


def _apply_later(self):
    return lambda target: self.apply(target)


Mark.apply_later = _apply_later


class Fixture:
    def __init__(self, function, scope, params, autouse, name, ids):
        self.function, self.scope, self.params, self.autouse, self.ids = function, scope, params, autouse, ids
        self.name = name or function.__name__

    def __call__(self, *args, **kwargs):
        raise Failed(f"fixture {self.name} called directly")


def fixture(function=None, *, scope="function", params=None, autouse=False, name=None, ids=None):
    """Marks a function as a fixture."""
    def wrap(target):
        return Fixture(target, scope, params, autouse, name, ids)
    return wrap(function) if function is not None else wrap


class ExceptionInfo:
    def __init__(self):
        self.value = self.type = self.tb = None

    def match(self, pattern):
        import re
        if not re.search(pattern, str(self.value)):
            raise Failed(f"pattern {pattern!r} not found in {str(self.value)!r}")
        return True


class Raises:
    def __init__(self, expected, match):
        self.expected, self.match, self.info = expected, match, ExceptionInfo()

    def __enter__(self):
        return self.info

    def __exit__(self, kind, value, tb):
        if kind is None:
            raise Failed(f"did not raise {self.expected}")
        wanted = self.expected if isinstance(self.expected, tuple) else (self.expected,)
        if not any(base in wanted for base in type.__dict__["__mro__"].__get__(kind)):
            return False
        self.info.value, self.info.type, self.info.tb = value, kind, tb
        if self.match is not None:
            self.info.match(self.match)
        return True


def raises(expected, *args, match=None, **kwargs):
    """Expects an exception, as a context manager or around a call."""
    context = Raises(expected, match)
    if not args:
        return context
    with context as info:
        args[0](*args[1:], **kwargs)
    return info


class Approx:
    __hash__ = None

    def __init__(self, expected, rel, abs_):
        self.expected, self.rel, self.abs = expected, rel, abs_

    def close(self, actual, expected):
        if type(expected) is bool or expected is None or isinstance(expected, str):
            return actual == expected
        if not isinstance(actual, (int, float, complex)) and not hasattr(type(actual), "__float__"):
            return False
        if actual == expected:
            return True
        margin = max(self.abs if self.abs is not None else 1e-12, (self.rel if self.rel is not None else 1e-6) * abs(expected))
        return abs(actual - expected) <= margin

    def __eq__(self, actual):
        if isinstance(self.expected, dict):
            return set(actual) == set(self.expected) and all(self.close(actual[k], v) for k, v in self.expected.items())
        if isinstance(self.expected, (list, tuple)):
            if type(actual) not in (list, tuple):
                # What it says of its length need not be how many items it gives.
                actual = list(actual)
            return len(actual) == len(self.expected) and all(self.close(a, e) for a, e in zip(actual, self.expected))
        return self.close(actual, self.expected)

    def __ne__(self, actual):
        return not self == actual

    def __repr__(self):
        return f"approx({self.expected!r})"


def approx(expected, rel=None, abs=None, nan_ok=False):
    """A value to compare with within a tolerance."""
    return Approx(expected, rel, abs)


def skip(reason="", *, allow_module_level=False):
    """Skips the running test."""
    raise Skipped(reason)


def fail(reason="", pytrace=True):
    """Fails the running test."""
    Failed.hook(reason)
    raise Failed(reason)


def param(*values, marks=(), id=None):
    """One set of arguments with marks or an id of its own."""
    return Param(values, marks if isinstance(marks, (list, tuple)) else [marks], id)


def importorskip(name, *args, **kwargs):
    """Imports a module or skips."""
    try:
        return __import__(name, fromlist=["*"])
    except ImportError as error:
        raise Skipped(str(error))


class MonkeyPatch:
    """Changes that are taken back after the test."""

    def __init__(self):
        self._undo = []

    def setattr(self, target, name, value=None, raising=True):
        if isinstance(target, str):
            module, _, attribute = target.rpartition(".")
            target, name, value = __import__(module, fromlist=["*"]), attribute, name
        missing = object()
        old = getattr(target, name, missing)
        if raising and old is missing:
            raise AttributeError(name)
        self._undo.append(lambda: delattr(target, name) if old is missing else setattr(target, name, old))
        setattr(target, name, value)

    def delattr(self, target, name, raising=True):
        if hasattr(target, name):
            old = getattr(target, name)
            self._undo.append(lambda: setattr(target, name, old))
            delattr(target, name)
        elif raising:
            raise AttributeError(name)

    def setitem(self, table, key, value):
        missing = object()
        old = table.get(key, missing)
        self._undo.append(lambda: table.pop(key, None) if old is missing else table.__setitem__(key, old))
        table[key] = value

    def delitem(self, table, key, raising=True):
        if key in table:
            old = table[key]
            self._undo.append(lambda: table.__setitem__(key, old))
            del table[key]
        elif raising:
            raise KeyError(key)

    def setenv(self, name, value, prepend=None):
        import os
        self.setitem(os.environ, name, str(value))

    def delenv(self, name, raising=True):
        import os
        self.delitem(os.environ, name, raising)

    def chdir(self, path):
        import os
        old = os.getcwd()
        self._undo.append(lambda: os.chdir(old))
        os.chdir(path)

    def syspath_prepend(self, path):
        sys.path.insert(0, str(path))
        self._undo.append(lambda: sys.path.remove(str(path)))

    def undo(self):
        for action in reversed(self._undo):
            action()
        self._undo.clear()


class Capture:
    """Standard output and error of one test."""

    def __init__(self):
        import io
        self.old = sys.stdout, sys.stderr
        self.new = io.StringIO(), io.StringIO()
        sys.stdout, sys.stderr = self.new

    def readouterr(self):
        result = types.SimpleNamespace(out=self.new[0].getvalue(), err=self.new[1].getvalue())
        for stream in self.new:
            stream.seek(0)
            stream.truncate()
        return result

    def close(self):
        sys.stdout, sys.stderr = self.old


class LogCapture:
    """What is logged during one test; the code under test logs here as well."""

    def __init__(self):
        import logging
        capture = self

        class Handler(logging.Handler):
            def emit(self, record):
                capture.records.append(record)
                capture.lines.append(self.format(record))

        self.records, self.lines, self.levels = [], [], {}
        self.handler = Handler(0)
        self.handler.setFormatter(logging.Formatter("%(levelname)-8s %(name)s:%(filename)s:%(lineno)d %(message)s"))
        logging.getLogger().addHandler(self.handler)

    @property
    def text(self):
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def messages(self):
        return [record.getMessage() for record in self.records]

    @property
    def record_tuples(self):
        return [(record.name, record.levelno, record.getMessage()) for record in self.records]

    def clear(self):
        self.records.clear()
        self.lines.clear()

    def set_level(self, level, logger=None):
        import logging
        found = logging.getLogger(logger)
        self.levels.setdefault(logger, (found, found.level))
        found.setLevel(level)
        self.handler.setLevel(level)

    def at_level(self, level, logger=None):
        import contextlib, logging

        @contextlib.contextmanager
        def change():
            found = logging.getLogger(logger)
            old = found.level, self.handler.level
            found.setLevel(level)
            self.handler.setLevel(level)
            try:
                yield
            finally:
                found.setLevel(old[0])
                self.handler.setLevel(old[1])
        return change()

    def close(self):
        import logging
        logging.getLogger().removeHandler(self.handler)
        for found, level in self.levels.values():
            found.setLevel(level)


def module():
    """The module object that test files get."""
    made = types.ModuleType("pytest")
    made.__dict__.update({
        "mark": Marks(), "fixture": fixture, "raises": raises, "approx": approx, "skip": skip, "fail": fail,
        "param": param, "importorskip": importorskip, "MonkeyPatch": MonkeyPatch,
        "__version__": "8.0.0", "yield_fixture": fixture, "warns": warns, "ExceptionInfo": ExceptionInfo,
    })
    made.skip.Exception = Skipped
    made.fail.Exception = Failed
    return made


class warns:
    """Expects a warning."""

    def __init__(self, expected=Warning, match=None):
        self.expected, self.match = expected, match

    def __enter__(self):
        import warnings
        self.catch = warnings.catch_warnings(record=True)
        self.seen = self.catch.__enter__()
        warnings.simplefilter("always")
        return self.seen

    def __exit__(self, kind, value, tb):
        import re
        self.catch.__exit__(kind, value, tb)
        if kind is not None:
            return False
        for one in self.seen:
            if issubclass(one.category, self.expected) and (self.match is None or re.search(self.match, str(one.message))):
                return False
        raise Failed(f"did not warn {self.expected}")
