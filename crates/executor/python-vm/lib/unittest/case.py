"""`TestCase`. Equality is decided natively and strictly: see `_edgecoder.compare`."""
import contextlib
import difflib
import pprint
import re
import warnings

import _edgecoder

_MESSAGE_CHARS_MAX = 600


class SkipTest(Exception):
    """Raised to skip a test."""


class _Flag:
    """What says of a test that it is no ordinary one; it counts if the test file has made it."""

    def __init__(self):
        _edgecoder.mark(self)


def _skipping(reason):
    def decorate(subject):
        subject.__unittest_skip__ = _Flag()
        subject.__unittest_skip_why__ = reason
        return subject

    return decorate


def skip(reason=""):
    if callable(reason):
        return _skipping("")(reason)
    return _skipping(reason)


def skipIf(condition, reason):
    return _skipping(reason) if condition else lambda subject: subject


def skipUnless(condition, reason):
    return skipIf(not condition, reason)


def expectedFailure(function):
    function.__unittest_expecting_failure__ = _Flag()
    return function


def addModuleCleanup(function, /, *args, **kwargs):
    raise RuntimeError("module clean-ups are outside the subset")


def enterModuleContext(manager):
    raise RuntimeError("module contexts are outside the subset")


def _equal(first, second):
    return _edgecoder.compare("==", first, second)


def _short(value):
    try:
        text = repr(value)
    except Exception:
        text = object.__repr__(value)
    return text if len(text) <= 80 else text[:80] + "..."


class _Raises:
    """Context of `assertRaises` and `assertRaisesRegex`."""

    def __init__(self, case, expected, pattern=None, message=None):
        self.case = case
        self.expected = expected
        self.pattern = re.compile(pattern) if isinstance(pattern, str) else pattern
        self.message = message
        self.exception = None
        _edgecoder.mark(self)

    def names(self):
        expected = self.expected if isinstance(self.expected, tuple) else (self.expected,)
        return ", ".join(kind.__name__ for kind in expected)

    def handle(self, args, kwargs):
        if not args:
            self.message = kwargs.pop("msg", self.message)
            return self
        function, *args = args
        with self:
            function(*args, **kwargs)
        return None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.case.fail(self.case._formatMessage(self.message, self.names() + " not raised"))
        if not _edgecoder.is_subtype(kind, self.expected):
            return False
        _edgecoder.forgive(self, error)
        self.exception = error.with_traceback(None)
        if self.pattern is not None and not self.pattern.search(str(error)):
            text = '"%s" does not match "%s"' % (self.pattern.pattern, str(error))
            self.case.fail(self.case._formatMessage(self.message, text))
        return True


class _Warns(_Raises):
    """Context of `assertWarns`."""

    def __enter__(self):
        self.catcher = warnings.catch_warnings(record=True)
        self.caught = self.catcher.__enter__()
        warnings.simplefilter("always")
        return self

    def __exit__(self, kind, error, trace):
        self.catcher.__exit__(kind, error, trace)
        if kind is not None:
            return False
        for found in self.caught:
            if not _edgecoder.is_subtype(found.category, self.expected):
                continue
            if self.pattern is not None and not self.pattern.search(str(found.message)):
                continue
            self.warning = found.message
            return True
        self.case.fail(self.case._formatMessage(self.message, self.names() + " not triggered"))


class TestCase:
    failureException = AssertionError
    longMessage = True
    maxDiff = 640

    def __init__(self, methodName="runTest"):
        self._testMethodName = methodName
        self._cleanups = []
        self._subtest_errors = []
        self._type_equality = {}

    def setUp(self):
        pass

    def tearDown(self):
        pass

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def id(self):
        return "%s.%s" % (type(self).__qualname__, self._testMethodName)

    def shortDescription(self):
        text = getattr(getattr(self, self._testMethodName), "__doc__", None)
        return text.strip().split("\n")[0].strip() if text else None

    def addCleanup(self, function, /, *args, **kwargs):
        self._cleanups.append((function, args, kwargs))

    def enterContext(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def doCleanups(self):
        while self._cleanups:
            function, args, kwargs = self._cleanups.pop()
            function(*args, **kwargs)

    @classmethod
    def addClassCleanup(cls, function, /, *args, **kwargs):
        cls.__dict__.get("_class_cleanups", None) or setattr(cls, "_class_cleanups", [])
        cls._class_cleanups.append((function, args, kwargs))

    def addTypeEqualityFunc(self, kind, function):
        self._type_equality[kind] = function

    @contextlib.contextmanager
    def subTest(self, msg=None, **params):
        try:
            yield
        except SkipTest:
            raise
        except Exception as error:
            # Should anybody take the error out of the list, the test has failed all the same.
            _edgecoder.failing()
            self._subtest_errors.append(error)

    def skipTest(self, reason):
        raise SkipTest(reason)

    def fail(self, msg=None):
        _edgecoder.failing()
        raise self.failureException(msg if msg is not None else "")

    def _formatMessage(self, msg, standard):
        if msg is None:
            return standard[:_MESSAGE_CHARS_MAX]
        return "%s : %s" % (standard[:_MESSAGE_CHARS_MAX], msg) if self.longMessage else msg

    def _require(self, held, msg, standard):
        if not held:
            self.fail(self._formatMessage(msg, standard))

    def assertTrue(self, expr, msg=None):
        self._require(expr, msg, "%s is not true" % _short(expr))

    def assertFalse(self, expr, msg=None):
        self._require(not expr, msg, "%s is not false" % _short(expr))

    def assertEqual(self, first, second, msg=None):
        special = self._type_equality.get(type(first)) if type(first) is type(second) else None
        if special is not None:
            special(first, second, msg=msg)
            return
        if not _equal(first, second):
            standard = "%s != %s" % (_short(first), _short(second))
            if type(first) is type(second) is str and ("\n" in first or "\n" in second):
                lines = difflib.ndiff(first.splitlines(True), second.splitlines(True))
                standard += "\n" + "".join(lines)
            self.fail(self._formatMessage(msg, standard))

    def assertNotEqual(self, first, second, msg=None):
        held = _edgecoder.compare("!=", first, second)
        self._require(held, msg, "%s == %s" % (_short(first), _short(second)))

    def assertIs(self, first, second, msg=None):
        self._require(first is second, msg, "%s is not %s" % (_short(first), _short(second)))

    def assertIsNot(self, first, second, msg=None):
        self._require(first is not second, msg, "unexpectedly identical: %s" % _short(first))

    def assertIsNone(self, value, msg=None):
        self._require(value is None, msg, "%s is not None" % _short(value))

    def assertIsNotNone(self, value, msg=None):
        self._require(value is not None, msg, "unexpectedly None")

    def assertIn(self, member, container, msg=None):
        held = _edgecoder.compare("in", member, container)
        self._require(held, msg, "%s not found in %s" % (_short(member), _short(container)))

    def assertNotIn(self, member, container, msg=None):
        held = _edgecoder.compare("not in", member, container)
        self._require(held, msg, "%s unexpectedly found in %s" % (_short(member), _short(container)))

    def assertIsInstance(self, value, kind, msg=None):
        self._require(_edgecoder.is_instance(value, kind), msg, "%s is not an instance of %r" % (_short(value), kind))

    def assertNotIsInstance(self, value, kind, msg=None):
        self._require(not _edgecoder.is_instance(value, kind), msg, "%s is an instance of %r" % (_short(value), kind))

    def assertIsSubclass(self, value, kind, msg=None):
        self._require(_edgecoder.is_subtype(value, kind), msg, "%r is not a subclass of %r" % (value, kind))

    def assertHasAttr(self, value, name, msg=None):
        self._require(hasattr(value, name), msg, "%s has no attribute %r" % (_short(value), name))

    def _ordered(self, sign, first, second, msg, words):
        held = _edgecoder.compare(sign, first, second)
        self._require(held, msg, "%s not %s %s" % (_short(first), words, _short(second)))

    def assertGreater(self, a, b, msg=None):
        self._ordered(">", a, b, msg, "greater than")

    def assertGreaterEqual(self, a, b, msg=None):
        self._ordered(">=", a, b, msg, "greater than or equal to")

    def assertLess(self, a, b, msg=None):
        self._ordered("<", a, b, msg, "less than")

    def assertLessEqual(self, a, b, msg=None):
        self._ordered("<=", a, b, msg, "less than or equal to")

    def _almost(self, first, second, places, delta):
        if _equal(first, second):
            return True
        if delta is not None and places is not None:
            raise TypeError("specify delta or places not both")
        distance = _edgecoder.distance(first, second)
        if delta is not None:
            return _edgecoder.compare("<=", distance, delta)
        return _equal(round(distance, 7 if places is None else places), 0)

    def assertAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        held = self._almost(first, second, places, delta)
        self._require(held, msg, "%s != %s within tolerance" % (_short(first), _short(second)))

    def assertNotAlmostEqual(self, first, second, places=None, msg=None, delta=None):
        held = not self._almost(first, second, places, delta)
        self._require(held, msg, "%s == %s within tolerance" % (_short(first), _short(second)))

    def _typed(self, kind, first, second, msg):
        for value in (first, second):
            self._require(_edgecoder.is_instance(value, kind), msg, "%s is not a %s" % (_short(value), kind.__name__))
        self.assertEqual(first, second, msg)

    def assertListEqual(self, list1, list2, msg=None):
        self._typed(list, list1, list2, msg)

    def assertTupleEqual(self, tuple1, tuple2, msg=None):
        self._typed(tuple, tuple1, tuple2, msg)

    def assertDictEqual(self, d1, d2, msg=None):
        self._typed(dict, d1, d2, msg)

    def assertSetEqual(self, set1, set2, msg=None):
        self.assertEqual(set1, set2, msg)

    def assertMultiLineEqual(self, first, second, msg=None):
        self._typed(str, first, second, msg)

    def assertSequenceEqual(self, first, second, msg=None, seq_type=None):
        if seq_type is not None:
            self._typed(seq_type, first, second, msg)
        else:
            self.assertEqual(list(first), list(second), msg)

    def assertCountEqual(self, first, second, msg=None):
        left, right = list(first), list(second)
        shown = "element counts were not equal: %s and %s" % (_short(left), _short(right))
        self._require(len(left) == len(right), msg, shown)
        for item in left:
            for at, other in enumerate(right):
                if _equal(item, other):
                    del right[at]
                    break
            else:
                self.fail(self._formatMessage(msg, shown))

    def assertDictContainsSubset(self, subset, dictionary, msg=None):
        for key, value in subset.items():
            self._require(key in dictionary and _equal(dictionary[key], value), msg, "%r differs or is missing" % (key,))

    def assertRegex(self, text, expected_regex, msg=None):
        self._require(re.search(expected_regex, text), msg, "regex didn't match: %s in %s" % (expected_regex, _short(text)))

    def assertNotRegex(self, text, unexpected_regex, msg=None):
        self._require(not re.search(unexpected_regex, text), msg, "regex matched: %s in %s" % (unexpected_regex, _short(text)))

    def assertStartsWith(self, text, prefix, msg=None):
        self._require(_edgecoder.judged(text, "startswith")(prefix), msg, "%s does not start with %s" % (_short(text), _short(prefix)))

    def assertEndsWith(self, text, suffix, msg=None):
        self._require(_edgecoder.judged(text, "endswith")(suffix), msg, "%s does not end with %s" % (_short(text), _short(suffix)))

    def assertRaises(self, expected_exception, *args, **kwargs):
        return _Raises(self, expected_exception).handle(args, kwargs)

    def assertRaisesRegex(self, expected_exception, expected_regex, *args, **kwargs):
        return _Raises(self, expected_exception, expected_regex).handle(args, kwargs)

    def assertWarns(self, expected_warning, *args, **kwargs):
        return _Warns(self, expected_warning).handle(args, kwargs)

    def assertWarnsRegex(self, expected_warning, expected_regex, *args, **kwargs):
        return _Warns(self, expected_warning, expected_regex).handle(args, kwargs)

    assertEquals = assertEqual
    assertNotEquals = assertNotEqual
    failUnless = assert_ = assertTrue
    assertRaisesRegexp = assertRaisesRegex
    assertRegexpMatches = assertRegex


class FunctionTestCase(TestCase):
    def __init__(self, testFunc, setUp=None, tearDown=None, description=None):
        super().__init__()
        raise TypeError("FunctionTestCase is outside the subset")
