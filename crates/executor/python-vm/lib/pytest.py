"""What pytest-style tests ask of pytest: marks, fixtures, raises, approx. Running is the harness's business."""
import math
import re
import warnings as _warnings

import _edgecoder


class Skipped(BaseException):
    """Raised by `skip`."""


class Failed(BaseException):
    """Raised by `fail`."""


class XFailed(BaseException):
    """Raised by `xfail`."""


def skip(reason="", *, allow_module_level=False):
    raise Skipped(reason)


def fail(reason="", pytrace=True):
    _edgecoder.failing()
    raise Failed(reason)


def xfail(reason=""):
    raise XFailed(reason)


def importorskip(name, minversion=None, reason=None):
    try:
        return __import__(name)
    except ImportError:
        raise Skipped(reason or "could not import " + name)


def exit(reason="", returncode=None):
    raise Failed("pytest.exit: %s" % (reason,))


def main(*arguments, **options):
    """Does nothing: the tests of a file are collected after the file ran."""
    return 0


class Mark:
    def __init__(self, name, args=(), kwargs=None):
        self.name = name
        self.args = args
        self.kwargs = kwargs or {}
        _edgecoder.mark(self)

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], Mark) and self.name != "parametrize":
            return self._apply(args[0])
        return Mark(self.name, self.args + args, {**self.kwargs, **kwargs})

    def _apply(self, subject):
        subject.pytestmark = (*subject.__dict__.get("pytestmark", ()), self)
        return subject


class _Decorating(Mark):
    def __call__(self, *args, **kwargs):
        if self.args or self.kwargs:
            return self._apply(args[0])
        return _Decorating(self.name, args, kwargs) if args or kwargs else self


class _MarkFactory:
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("parametrize", "skipif", "usefixtures"):
            return _Decorating(name)
        return _Plain(name)


class _Plain(Mark):
    """A mark that may be used with or without arguments."""

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and (callable(args[0]) or isinstance(args[0], type)):
            return self._apply(args[0])
        return _Plain(self.name, args, kwargs)


mark = _MarkFactory()


class _Parameters:
    def __init__(self, values, id=None, marks=()):
        self.values = values
        self.id = id
        self.marks = list(marks) if isinstance(marks, (list, tuple)) else [marks]


def param(*values, id=None, marks=()):
    return _Parameters(values, id, marks)


class FixtureDefinition:
    def __init__(self, function, scope, params, autouse, name, ids):
        self.function = function
        self.scope = scope
        self.params = params
        self.autouse = autouse
        self.name = name or function.__name__
        self.ids = ids
        _edgecoder.mark(self)

    def __call__(self, *args, **kwargs):
        raise Failed("fixture %r called directly" % self.name)


def fixture(function=None, *, scope="function", params=None, autouse=False, ids=None, name=None):
    def decorate(function):
        return FixtureDefinition(function, scope, params, autouse, name, ids)

    return decorate(function) if function is not None else decorate


class ExceptionInfo:
    def __init__(self):
        self.value = None
        self.type = None

    def match(self, pattern):
        if not re.search(pattern, str(self.value)):
            _edgecoder.failing()
            raise AssertionError("Regex pattern did not match: %r in %r" % (pattern, str(self.value)))
        return True

    def __str__(self):
        return repr(self.value)


class _Raises:
    def __init__(self, expected, pattern=None, check=None):
        self.expected = expected
        self.pattern = pattern
        self.check = check
        self.info = ExceptionInfo()
        _edgecoder.mark(self)

    def __enter__(self):
        return self.info

    def __exit__(self, kind, error, trace):
        if kind is None:
            fail("DID NOT RAISE %r" % (self.expected,))
        if not _edgecoder.is_subtype(kind, self.expected):
            return False
        self.info.value = error
        self.info.type = kind
        if self.pattern is not None:
            self.info.match(self.pattern)
        _edgecoder.forgive(self, error)
        return True


def raises(expected_exception, *args, match=None, check=None, **kwargs):
    context = _Raises(expected_exception, match, check)
    if not args:
        return context
    function, *args = args
    with context as info:
        function(*args, **kwargs)
    return info


class _Warns:
    def __init__(self, expected, pattern):
        self.expected = expected
        self.pattern = pattern

    def __enter__(self):
        self.catcher = _warnings.catch_warnings(record=True)
        self.caught = self.catcher.__enter__()
        _warnings.simplefilter("always")
        return self.caught

    def __exit__(self, kind, error, trace):
        self.catcher.__exit__(kind, error, trace)
        if kind is not None:
            return False
        for found in self.caught:
            if _edgecoder.is_subtype(found.category, self.expected):
                if self.pattern is None or re.search(self.pattern, str(found.message)):
                    return False
        fail("DID NOT WARN %r" % (self.expected,))


def warns(expected_warning=Warning, *args, match=None, **kwargs):
    return _Warns(expected_warning, match)


def deprecated_call(*, match=None):
    return _Warns((DeprecationWarning, PendingDeprecationWarning), match)


class _Approx:
    """A number, or a container of numbers, with a tolerance."""

    __array_ufunc__ = None

    def __init__(self, expected, rel=None, abs=None, nan_ok=False):
        self.expected = expected
        self.rel = rel
        self.abs = abs
        self.nan_ok = nan_ok

    def _close(self, actual, expected):
        if isinstance(expected, (bool, str, bytes)) or expected is None or not _edgecoder.is_number(expected):
            return _edgecoder.compare("==", actual, expected)
        if not _edgecoder.is_number(actual):
            return False
        if actual == expected:
            return True
        if isinstance(expected, complex) or isinstance(actual, complex):
            pass
        elif math.isnan(expected) or math.isnan(actual):
            return self.nan_ok and math.isnan(expected) and math.isnan(actual)
        elif math.isinf(expected) or math.isinf(actual):
            return False
        absolute = 1e-12 if self.abs is None else self.abs
        relative = (1e-6 if self.rel is None else self.rel) if self.rel is not None or self.abs is None else 0.0
        size = expected if expected >= 0 else -expected
        distance = actual - expected
        distance = distance if distance >= 0 else -distance
        return distance <= max(absolute, relative * size)

    def _compare(self, actual):
        expected = self.expected
        if isinstance(expected, dict):
            if not isinstance(actual, dict) or len(actual) != len(expected):
                return False
            return all(key in actual and self._close(actual[key], value) for key, value in expected.items())
        if isinstance(expected, (list, tuple)):
            if not isinstance(actual, (list, tuple)):
                return False
            items = list(actual)
            return len(items) == len(expected) and all(self._close(left, right) for left, right in zip(items, expected))
        return self._close(actual, expected)

    def __eq__(self, actual):
        return self._compare(actual)

    def __ne__(self, actual):
        return not self._compare(actual)

    __hash__ = None

    def __repr__(self):
        return "approx(%r)" % (self.expected,)


def approx(expected, rel=None, abs=None, nan_ok=False):
    return _Approx(expected, rel, abs, nan_ok)


_MISSING = object()


class MonkeyPatch:
    """Undoes what a test changed."""

    def __init__(self):
        self._undo = []

    def setattr(self, target, name, value=_MISSING, raising=True):
        if value is _MISSING:
            value = name
            target, name = _edgecoder.dotted(target)
        if raising and not hasattr(target, name):
            raise AttributeError(name)
        present = name in getattr(target, "__dict__", {name: None})
        old = getattr(target, name, None)
        self._undo.append(lambda: setattr(target, name, old) if present else delattr(target, name))
        setattr(target, name, value)

    def setitem(self, mapping, key, value):
        present = key in mapping
        old = mapping.get(key)
        self._undo.append(lambda: mapping.__setitem__(key, old) if present else mapping.__delitem__(key))
        mapping[key] = value

    def undo(self):
        while self._undo:
            self._undo.pop()()


class CaptureResult(tuple):
    out = property(lambda self: self[0])
    err = property(lambda self: self[1])


class CaptureFixture:
    """What the test wrote since the last look."""

    def readouterr(self):
        return CaptureResult(_edgecoder.take_captured())
