"""Finds and runs the tests of oracle files. Verdicts are recorded natively; nothing here is reachable from a program."""
import contextlib
import doctest
import pytest
import sys
import unittest
from unittest.case import SkipTest

import _edgecoder

_SKIPS = (SkipTest, pytest.Skipped)


class suppress(contextlib.suppress):
    """Takes a failed assertion back where the test itself has asked for it."""

    def __init__(self, *exceptions):
        super().__init__(*exceptions)
        _edgecoder.mark(self)

    def __exit__(self, kind, error, trace):
        held = super().__exit__(kind, error, trace)
        if held and error is not None:
            _edgecoder.forgive(self, error)
        return held


contextlib.suppress = suppress


def main(paths):
    for path in paths:
        _file(path)


def _guarded(test_id, body):
    """Runs one test and records what became of it."""
    try:
        body()
    except BaseException as error:
        _record_error(test_id, error)
        return False
    _edgecoder.record(test_id, "passed", "")
    return True


def _record_error(test_id, error):
    message = _edgecoder.last_line(error)
    if isinstance(error, (*_SKIPS, pytest.XFailed)):
        if _edgecoder.candidate_raised(error):
            _edgecoder.record(test_id, "error", "the code under test skipped its test: " + message)
        else:
            _edgecoder.record(test_id, "skipped", message)
    elif isinstance(error, (AssertionError, pytest.Failed)):
        _edgecoder.record(test_id, "failed", _edgecoder.failure_line(error))
    else:
        _edgecoder.record(test_id, "error", message)
    if not isinstance(error, (*_SKIPS, pytest.XFailed)):
        _edgecoder.write_traceback(error)


def _file(path):
    if not _edgecoder.has_unit(path):
        _edgecoder.record(path, "error", "there is no Python file of this name among the request's files")
        return
    try:
        module = _edgecoder.load(path)
    except BaseException as error:
        if isinstance(error, _SKIPS) and not _edgecoder.candidate_raised(error):
            _edgecoder.record(path, "skipped", _edgecoder.last_line(error))
        else:
            message = _edgecoder.last_line(error)
            _edgecoder.record(path, "error", message)
            _edgecoder.write_traceback(error)
        return
    _edgecoder.settle(path)
    _doctests(path, module)
    _Collector(path, module).run()
    _edgecoder.settle(path)


def _doctests(path, module):
    for name, line, text in _edgecoder.docstrings(path):
        found = doctest.examples(text)
        namespace = None
        for example in found:
            test_id = "%s::doctest:%s:%d" % (path, name, line + example.lineno)
            if "SKIP" in example.options:
                continue
            if _edgecoder.collecting():
                if example.want:
                    _edgecoder.record(test_id, "collected", "")
                continue
            if namespace is None:
                namespace = dict(module.__dict__)
            _example(test_id, path, example, namespace)


def _example(test_id, path, example, namespace):
    got, error = _edgecoder.run_example(path, example.source, namespace)
    expected = doctest.wanted_exception(example.want) if example.want else None
    if error is not None:
        line = _edgecoder.last_line(error)
        if expected is None or isinstance(error, SystemExit):
            _edgecoder.record(test_id, "error", line)
            return
        held = doctest.matches(expected, line, example.options)
        if not held and "IGNORE_EXCEPTION_DETAIL" in example.options:
            held = expected.split(":")[0].split(".")[-1] == line.split(":")[0].split(".")[-1]
        _verdict(test_id, held, "expected %s, got %s" % (expected, line))
    elif example.want:
        held = expected is None and doctest.matches(example.want, got, example.options)
        _verdict(test_id, held, "expected %r, got %r" % (example.want.rstrip("\n"), got.rstrip("\n")))


def _verdict(test_id, held, message):
    _edgecoder.record(test_id, "passed" if held else "failed", "" if held else message)


class _Test:
    """One pytest-style test before its parameters are chosen."""

    def __init__(self, test_id, function, owner, marks, problem):
        self.id = test_id
        self.function = function
        self.owner = owner
        self.marks = marks
        self.problem = problem

    def named(self, name):
        return [mark for mark in self.marks if mark.name == name]


_BUILTIN_FIXTURES = ("monkeypatch", "capsys", "request", "recwarn")


class _Collector:
    def __init__(self, path, module):
        self.path = path
        self.module = module
        self.fixtures = {}
        self.shared = {}
        self.finishers = []
        self.defined = _edgecoder.definitions(path)

    def _marks(self, space):
        """The marks in a namespace that the test file has made."""
        marks = space.get("pytestmark", ())
        marks = list(marks) if isinstance(marks, (list, tuple)) else [marks]
        return [mark for mark in marks if self._is_own(mark)]

    def _is_own(self, value):
        return _edgecoder.is_marked(value, self.path)

    def _flag(self, subject, name):
        flag = getattr(subject, name, None)
        return flag is not None and self._is_own(flag)

    def _problem(self, value, name):
        """Why a test or class of tests can't be judged; None if it can."""
        return _edgecoder.problem(value, self.path, name in self.defined)

    def run(self):
        for directory_file in _edgecoder.conftests(self.path):
            try:
                self._take_fixtures(_edgecoder.load(directory_file))
            except BaseException as error:
                _record_error(directory_file, error)
                return
        self._take_fixtures(self.module)
        module_marks = self._marks(self.module.__dict__)
        for name, value in list(self.module.__dict__.items()):
            if isinstance(value, type) and issubclass(value, unittest.TestCase):
                if value.__module__ == self.module.__name__:
                    self._unittest(name, value)
            elif isinstance(value, type) and name.startswith("Test"):
                if value.__module__ == self.module.__name__ and "__init__" not in value.__dict__:
                    self._test_class(name, value, module_marks)
            elif name.startswith("test") and (name in self.defined or _edgecoder.defined_in(value, self.path)):
                marks = module_marks + self._marks(getattr(value, "__dict__", {}))
                self._pytest(_Test("%s::%s" % (self.path, name), value, None, marks, self._problem(value, name)))
        self._finish(("class", "module", "session", "package"))

    def _take_fixtures(self, holder):
        for value in list(holder.__dict__.values()):
            if isinstance(value, pytest.FixtureDefinition):
                if self._is_own(value) or not (value.autouse or value.name in _BUILTIN_FIXTURES):
                    self.fixtures[value.name] = value

    # unittest

    def _unittest(self, name, case):
        tests = sorted(found for found in dir(case) if found.startswith("test"))
        ids = {found: "%s::%s::%s" % (self.path, name, found) for found in tests}
        if not tests and "runTest" in dir(case):
            tests, ids = ["runTest"], {"runTest": "%s::%s::runTest" % (self.path, name)}
        if _edgecoder.collecting():
            for found in tests:
                _edgecoder.record(ids[found], "collected", "")
            return
        problem = self._problem(case, name)
        if problem is not None:
            for found in tests:
                _edgecoder.record(ids[found], "error", problem)
            return
        if self._flag(case, "__unittest_skip__"):
            for found in tests:
                _edgecoder.record(ids[found], "skipped", getattr(case, "__unittest_skip_why__", ""))
            return
        try:
            case.setUpClass()
        except BaseException as error:
            for found in tests:
                _record_error(ids[found], error)
            return
        for found in tests:
            self._unittest_method(ids[found], case, found)
        try:
            case.tearDownClass()
            for function, args, kwargs in reversed(case.__dict__.get("_class_cleanups", ())):
                function(*args, **kwargs)
        except BaseException as error:
            _record_error("%s::%s::tearDownClass" % (self.path, name), error)

    def _unittest_method(self, test_id, case, name):
        problem = self._problem(getattr(case, name), "%s.%s" % (case.__name__, name))
        if problem is not None:
            _edgecoder.record(test_id, "error", problem)
            return
        instance = case(name)
        method = getattr(instance, name)
        if self._flag(method, "__unittest_skip__"):
            _edgecoder.record(test_id, "skipped", getattr(method, "__unittest_skip_why__", ""))
            return
        if self._flag(method, "__unittest_expecting_failure__"):
            self._expected_failure(test_id, instance, method)
            return
        _guarded(test_id, lambda: self._unittest_body(instance, method))

    def _unittest_body(self, instance, method):
        try:
            instance.setUp()
            try:
                result = method()
                if result is not None:
                    raise TypeError("a test returned %s, not None" % type(result).__name__)
            finally:
                instance.tearDown()
        finally:
            instance.doCleanups()
        for error in instance._subtest_errors:
            raise error

    def _expected_failure(self, test_id, instance, method):
        try:
            self._unittest_body(instance, method)
        except Exception as error:
            _edgecoder.record(test_id, "skipped", "expected failure: " + _edgecoder.last_line(error))
        except BaseException as error:
            _record_error(test_id, error)
        else:
            _edgecoder.record(test_id, "failed", "unexpected success")

    # pytest

    def _test_class(self, name, owner, module_marks):
        for base in reversed(owner.__mro__):
            self._take_fixtures(base)
        class_marks = self._marks(owner.__dict__)
        names = []
        for base in reversed(owner.__mro__):
            names.extend(found for found in base.__dict__ if found.startswith("test") and found not in names)
        setup, teardown = getattr(owner, "setup_class", None), getattr(owner, "teardown_class", None)
        if setup is not None and not _edgecoder.collecting():
            try:
                setup()
            except BaseException as error:
                _record_error("%s::%s::setup_class" % (self.path, name), error)
                return
        for found in names:
            function = getattr(owner, found)
            if callable(function):
                marks = module_marks + class_marks + self._marks(getattr(function, "__dict__", {}))
                problem = self._problem(owner, name) or self._problem(function, "%s.%s" % (name, found))
                self._pytest(_Test("%s::%s::%s" % (self.path, name, found), function, owner, marks, problem))
        self._finish(("class",))
        if teardown is not None and not _edgecoder.collecting():
            try:
                teardown()
            except BaseException as error:
                _record_error("%s::%s::teardown_class" % (self.path, name), error)

    def _pytest(self, test):
        function = test.function
        wanted = [name for name in _edgecoder.parameters(function) if not (test.owner is not None and name == "self")]
        cases = [({}, [], [])]
        for mark in reversed(test.named("parametrize")):
            cases = [
                ({**values, **more}, ids + [shown], marks + [one for one in extra if self._is_own(one)])
                for values, ids, marks in cases
                for more, shown, extra in _parametrized(mark)
            ]
        for name in self._closure(wanted, test):
            definition = self.fixtures.get(name)
            if definition is not None and definition.params is not None:
                shown = definition.ids if definition.ids is not None else [
                    _shown(value, name, at) for at, value in enumerate(definition.params)
                ]
                cases = [
                    ({**values, (name,): value}, ids + [str(shown[at])], marks)
                    for values, ids, marks in cases
                    for at, value in enumerate(definition.params)
                ]
        for values, ids, marks in cases:
            test_id = "%s[%s]" % (test.id, "-".join(ids)) if ids else test.id
            if _edgecoder.collecting():
                _edgecoder.record(test_id, "collected", "")
            elif test.problem is not None:
                _edgecoder.record(test_id, "error", test.problem)
            else:
                self._pytest_case(test_id, test, wanted, values, test.marks + marks)

    def _closure(self, wanted, test):
        """Names of all fixtures a test uses, those they use included."""
        pending = [definition.name for definition in self.fixtures.values() if definition.autouse]
        for mark in test.named("usefixtures"):
            pending.extend(mark.args)
        pending.extend(wanted)
        seen = []
        while pending:
            name = pending.pop(0)
            if name not in seen:
                seen.append(name)
                if name in self.fixtures:
                    pending.extend(_edgecoder.parameters(self.fixtures[name].function))
        return seen

    def _pytest_case(self, test_id, test, wanted, values, marks):
        for mark in marks:
            if mark.name == "skip":
                _edgecoder.record(test_id, "skipped", str(mark.args[0] if mark.args else mark.kwargs.get("reason", "")))
                return
            if mark.name == "skipif" and mark.args and mark.args[0]:
                _edgecoder.record(test_id, "skipped", str(mark.kwargs.get("reason", "")))
                return
        expected = [mark for mark in marks if mark.name == "xfail" and (not mark.args or mark.args[0])]
        if not expected:
            _guarded(test_id, lambda: self._pytest_body(test, wanted, values))
            return
        try:
            self._pytest_body(test, wanted, values)
        except (Exception, pytest.Failed) as error:
            raises = expected[0].kwargs.get("raises")
            if raises is not None and not _edgecoder.is_subtype(type(error), raises):
                _record_error(test_id, error)
            else:
                _edgecoder.record(test_id, "skipped", "expected failure: " + _edgecoder.last_line(error))
        except BaseException as error:
            _record_error(test_id, error)
        else:
            strict = expected[0].kwargs.get("strict", False)
            _edgecoder.record(test_id, "failed" if strict else "passed", "unexpected success" if strict else "")

    def _pytest_body(self, test, wanted, values):
        local, finishers = {}, []
        instance = test.owner() if test.owner is not None else None
        _edgecoder.take_captured()
        try:
            for hook in ("setup_method",) if instance is not None else ("setup_function",):
                self._call_hook(instance if instance is not None else self.module, hook, test.function)
            for name in self._closure((), test):
                self._fixture(name, values, local, finishers, instance)
            arguments = {
                name: values[name] if name in values else self._fixture(name, values, local, finishers, instance)
                for name in wanted
                if name in values or self._known(name) or not _edgecoder.has_default(test.function, name)
            }
            result = test.function(instance, **arguments) if instance is not None else test.function(**arguments)
            if result is not None and hasattr(result, "__await__"):
                raise TypeError("asynchronous tests are outside the subset")
        finally:
            while finishers:
                finishers.pop()()
            for hook in ("teardown_method",) if instance is not None else ("teardown_function",):
                self._call_hook(instance if instance is not None else self.module, hook, test.function)

    def _call_hook(self, holder, name, function):
        hook = getattr(holder, name, None)
        if hook is not None:
            taken = [parameter for parameter in _edgecoder.parameters(hook) if parameter != "self"]
            hook(function) if taken else hook()

    def _known(self, name):
        return name in self.fixtures or name in _BUILTIN_FIXTURES

    def _fixture(self, name, values, local, finishers, instance):
        if name in local:
            return local[name]
        definition = self.fixtures.get(name)
        if definition is None:
            value = self._builtin_fixture(name, finishers)
            local[name] = value
            return value
        key = (name, repr(values[(name,)]) if (name,) in values else None)
        scoped = definition.scope != "function"
        if scoped and key in self.shared:
            return self.shared[key][1]
        arguments = {}
        for needed in _edgecoder.parameters(definition.function):
            if needed == "self":
                arguments["self"] = instance
            elif needed == "request":
                arguments["request"] = _Request(values.get((name,)), finishers, self, values, local, instance)
            else:
                arguments[needed] = self._fixture(needed, values, local, finishers, instance)
        value = definition.function(**arguments)
        if _edgecoder.is_generator(value):
            generator = value
            value = next(generator)
            finisher = lambda: next(generator, None)
            if scoped:
                self.finishers.append((definition.scope, finisher))
            else:
                finishers.append(finisher)
        if scoped:
            self.shared[key] = (definition.scope, value)
        else:
            local[name] = value
        return value

    def _builtin_fixture(self, name, finishers):
        if name == "monkeypatch":
            patch = pytest.MonkeyPatch()
            finishers.append(patch.undo)
            return patch
        if name == "capsys":
            return pytest.CaptureFixture()
        if name == "request":
            return _Request(None, finishers, self, {}, {}, None)
        raise LookupError("fixture %r not found" % name)

    def _finish(self, scopes):
        for entry in [entry for entry in reversed(self.finishers) if entry[0] in scopes]:
            self.finishers.remove(entry)
            try:
                entry[1]()
                _edgecoder.settle("%s::fixture teardown" % self.path)
            except BaseException as error:
                _record_error("%s::fixture teardown" % self.path, error)
        self.shared = {key: held for key, held in self.shared.items() if held[0] not in scopes}


class _Request:
    def __init__(self, param, finishers, collector, values, local, instance):
        self.param = param
        self._finishers = finishers
        self._rest = (collector, values, local, instance)

    def addfinalizer(self, finisher):
        self._finishers.append(finisher)

    def getfixturevalue(self, name):
        collector, values, local, instance = self._rest
        return collector._fixture(name, values, local, self._finishers, instance)


def _parametrized(mark):
    """Values, shown id and extra marks of every case of one `parametrize`."""
    names, values = mark.args[:2] if len(mark.args) >= 2 else (
        mark.kwargs.get("argnames", mark.args[0] if mark.args else ""), mark.kwargs.get("argvalues", ()),
    )
    ids = mark.kwargs.get("ids")
    names = [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else list(names)
    for at, entry in enumerate(values):
        marks, shown = [], None
        if isinstance(entry, pytest._Parameters):
            marks, shown = entry.marks, entry.id
            entry = entry.values[0] if len(names) == 1 else entry.values
        row = (entry,) if len(names) == 1 else tuple(entry)
        if len(row) != len(names):
            raise ValueError("parametrize names %r, but a case has %d values" % (names, len(row)))
        if shown is None and ids is not None:
            shown = "-".join(str(ids(value)) for value in row) if callable(ids) else ids[at]
        if shown is None:
            shown = "-".join(_shown(value, name, at) for name, value in zip(names, row))
        yield dict(zip(names, row)), str(shown), marks


def _shown(value, name, at):
    if type(value) in (str, int, float, bool, type(None)):
        return str(value)
    if isinstance(value, type) or callable(value):
        return getattr(value, "__name__", "%s%d" % (name, at))
    return "%s%d" % (name, at)
