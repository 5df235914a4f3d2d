"""Collects the tests of one file and runs them one after the other."""

import ast
import inspect
import sys

import ec_audit
import ec_explain
import ec_lend
import ec_pytest
from ec_proxy import is_remote

PASSED, FAILED, ERROR, SKIPPED, COLLECTED = "passed", "failed", "error", "skipped", "collected"


class Collector:
    """`record(id, verdict, message)` is called once a test, `unmirrored(what)` when something could not cross."""

    def __init__(self, record, unmirrored, loader, judge, collect_only):
        self.record, self.unmirrored, self.loader, self.judge, self.collect_only = record, unmirrored, loader, judge, collect_only
        self.seen = {}
        self.fixtures = {}
        self.cache = {}
        self.finalizers = []

    def report(self, id, action):
        """Runs one test and records what became of it."""
        count = self.seen[id] = self.seen.get(id, 0) + 1
        if count > 1:
            id = f"{id}#{count}"
        if self.collect_only:
            self.record(id, COLLECTED, "")
            return
        ec_explain.forget()
        self.judge.refused = self.judge.decided = self.judge.unsent = None
        self.judge.failures.clear()
        ec_audit.denied.clear()
        self.world()
        try:
            verdict, message = action() or (PASSED, "")
        except ec_pytest.Skipped as error:
            verdict, message = SKIPPED, self.text(error)
        except AssertionError as error:
            verdict, message = FAILED, self.assertion(error)
        except BaseException as error:
            verdict, message = ERROR, self.text(error)
        swallowed = [f"an assertion failed in a callback, and the code under test swallowed it: {text}" for text in self.judge.failures]
        decided = self.judge.decided or next(iter(swallowed), None) or next(iter(ec_audit.denied), None) or self.judge.fixtures.changed()
        if verdict == PASSED and decided:
            verdict, message = FAILED, decided
        if verdict == PASSED and self.judge.unsent:
            # The test swallowed that the code under test was never asked.
            verdict, message, self.judge.refused = ERROR, "a call was not made", self.judge.unsent
        if verdict in (FAILED, ERROR) and self.judge.refused:
            self.unmirrored(self.judge.refused)
            verdict, message = ERROR, f"{message}; not verified: {self.judge.refused}"
        self.record(id, verdict, message if verdict != PASSED else "")

    def world(self):
        """Modules may have been loaded since."""
        ec_lend.lend()
        self.judge.watch()

    def text(self, error):
        try:
            detail = str(error)
        except BaseException:
            detail = "?"
        return f"{type(error).__name__}: {detail}" if detail else type(error).__name__

    def assertion(self, error):
        text = self.text(error)
        explained = ec_explain.explain()
        return f"{text}: {explained}" if explained and text == "AssertionError" else text

    def file(self, path):
        """All tests of one file."""
        for conftest in self.loader.conftests(path):
            self.add_fixtures(vars(self.loader.load(conftest)), path)
        tree = self.loader.tree(path)
        script = any(isinstance(node, ast.Assert) or self.is_check_call(node, tree) for node in tree.body)
        if script:
            namespace = self.script(path, tree)
        else:
            namespace = vars(self.loader.load(path))
        if namespace is None:
            return
        self.add_fixtures(namespace, path)
        self.functions(path, namespace, tree)
        self.doctests(path, namespace, tree)

    def is_check_call(self, node, tree):
        """A call at top level of a function of this file that asserts something."""
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)):
            return False
        for function in tree.body:
            if isinstance(function, ast.FunctionDef) and function.name == node.value.func.id:
                return any(isinstance(inner, ast.Assert) for inner in ast.walk(function))
        return False

    def script(self, path, tree):
        """A file of top-level statements: every assert is a test, the rest is preparation."""
        module = self.loader.script(path, tree)
        namespace = vars(module)
        for node in tree.body:
            code = self.loader.compile(path, [node])
            if isinstance(node, ast.Assert) or self.is_check_call(node, tree):
                self.report(f"{path}::assert:{node.lineno}", lambda: self.loader.execute(code, namespace))
            else:
                self.loader.execute(code, namespace)
        return namespace

    def functions(self, path, namespace, tree):
        order = {node.name: index for index, node in enumerate(tree.body) if hasattr(node, "name")}
        names = sorted((name for name in namespace if name in order), key=order.get)
        decorated = {node.name for node in tree.body if getattr(node, "decorator_list", None)}
        setup, teardown = namespace.get("setup_module"), namespace.get("teardown_module")
        if setup and not self.collect_only:
            self.call_loose(setup, namespace)
        for name in names:
            value = namespace[name]
            if inspect.isclass(value):
                self.klass(path, value, namespace)
            elif name in decorated and name.startswith("test") and inspect.isfunction(value) and value.__code__.co_name in order.keys() - {name}:
                # A decorator has given another test in its place.
                self.report(f"{path}::{name}", lambda name=name: self.wrapped(name))
            elif name.startswith("test") and (is_remote(value) or inspect.isfunction(value)):
                self.function(f"{path}::{name}", value, None, namespace, [])
        self.finish(("module", "session", "package", "class"))
        if teardown and not self.collect_only:
            self.call_loose(teardown, namespace)

    def call_loose(self, function, *values):
        return function(*values[:len(inspect.signature(function).parameters)])

    def klass(self, path, cls, namespace):
        unittest = sys.modules.get("unittest")
        if unittest is not None and issubclass(cls, unittest.TestCase):
            self.case(path, cls)
        elif cls.__name__.startswith("Test") and "__init__" not in vars(cls):
            if not self.collect_only and hasattr(cls, "setup_class"):
                cls.setup_class()
            members = [name for base in reversed(cls.__mro__) for name in vars(base) if name.startswith("test")]
            for name in dict.fromkeys(members):
                if callable(getattr(cls, name)):
                    self.function(f"{path}::{cls.__name__}::{name}", vars_of(cls, name), cls, namespace, getattr(cls, "pytestmark", []))
            self.finish(("class",))
            if not self.collect_only and hasattr(cls, "teardown_class"):
                cls.teardown_class()

    def case(self, path, cls):
        import unittest
        names = unittest.TestLoader().getTestCaseNames(cls)
        if not names:
            return
        problem = None
        if not self.collect_only and not getattr(cls, "__unittest_skip__", False):
            try:
                cls.setUpClass()
            except BaseException as error:
                problem = error
        for name in names:
            def run(name=name):
                if problem is not None:
                    raise problem
                if is_remote(inspect.getattr_static(cls, name)):
                    return self.wrapped(name)
                result = unittest.TestResult()
                cls(name).run(result)
                return self.of_result(result)
            self.report(f"{path}::{cls.__name__}::{name}", run)
        if not self.collect_only and problem is None and not getattr(cls, "__unittest_skip__", False):
            cls.tearDownClass()

    def of_result(self, result):
        last = lambda text: text.strip().splitlines()[-1] if text.strip() else ""
        if result.errors:
            return ERROR, last(result.errors[0][1])
        if result.failures:
            return FAILED, last(result.failures[0][1])
        if result.unexpectedSuccesses:
            return FAILED, "unexpected success"
        if result.expectedFailures:
            return SKIPPED, f"expected failure: {last(result.expectedFailures[0][1])}"
        if result.skipped:
            return SKIPPED, result.skipped[0][1]
        if result.testsRun != 1:
            return ERROR, "the test did not run"
        return PASSED, ""

    # pytest-style functions -------------------------------------------------------------------

    def add_fixtures(self, namespace, path):
        for name, value in list(namespace.items()):
            if isinstance(value, ec_pytest.Fixture):
                self.fixtures[value.name] = value

    def function(self, id, function, cls, namespace, marks):
        if is_remote(function):
            self.report(id, lambda: self.wrapped(id))
            return
        marks = list(marks) + list(getattr(function, "pytestmark", []))
        module_marks = namespace.get("pytestmark", [])
        marks += module_marks if isinstance(module_marks, list) else [module_marks]
        if cls is not None:
            for value in vars(cls).values():
                if isinstance(value, ec_pytest.Fixture):
                    self.fixtures[value.name] = value
        sets = [("", {}, [])]
        for mark in marks:
            if mark.name == "parametrize":
                sets = [self.join(old, new) for new in self.parameters(mark) for old in sets]
        wanted = self.arguments(function, cls)
        for name, fixture in self.needed(wanted):
            if fixture.params is not None:
                ids = fixture.ids or [None] * len(fixture.params)
                choices = [(self.id_of(value, name, index, ids[index]), {("fixture", name): value}, []) for index, value in enumerate(fixture.params)]
                sets = [self.join(old, new) for new in choices for old in sets]
        for suffix, values, extra in sets:
            full = f"{id}[{suffix}]" if suffix else id
            self.report(full, lambda: self.run_one(function, cls, namespace, values, marks + extra, wanted))

    def wrapped(self, id):
        return ERROR, f"{id} is wrapped by the code under test, which would decide whether it runs; wrap a function within the test"

    def join(self, old, new):
        return ("-".join(part for part in (old[0], new[0]) if part), {**old[1], **new[1]}, old[2] + new[2])

    def parameters(self, mark):
        names, rows = mark.args[0], list(mark.args[1])
        ids = mark.kwargs.get("ids")
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        for index, row in enumerate(rows):
            marks, id = [], None
            if isinstance(row, ec_pytest.Param):
                row, marks, id = (row.values if len(names) > 1 else row.values[0]), list(row.marks), row.id
            values = list(row) if len(names) > 1 else [row]
            if callable(ids):
                id = id or "-".join(str(ids(value)) for value in values)
            elif ids:
                id = id or ids[index]
            id = id or "-".join(self.id_of(value, name, index, None) for name, value in zip(names, values))
            yield id, dict(zip(names, values)), marks

    def id_of(self, value, name, index, given):
        if given is not None:
            return str(given)
        if value is None or isinstance(value, (bool, int, float, str)):
            return str(value)
        return getattr(value, "__name__", None) or f"{name}{index}"

    def arguments(self, function, cls):
        names = list(inspect.signature(function).parameters)
        if cls is not None and not isinstance(vars(cls).get(function.__name__), staticmethod):
            names = names[1:]
        # `mock.patch` hands its own arguments over, before the others.
        patched = [one for one in getattr(function, "patchings", []) if not one.attribute_name and one.new is sys.modules["unittest.mock"].DEFAULT]
        return names[len(patched):]

    def needed(self, names):
        """The fixtures behind these arguments, autouse ones and indirect ones included."""
        found, left = {}, [*names, *(name for name, fixture in self.fixtures.items() if fixture.autouse)]
        while left:
            name = left.pop(0)
            if name in found or name not in self.fixtures:
                continue
            found[name] = self.fixtures[name]
            left += [other for other in inspect.signature(found[name].function).parameters]
        return found.items()

    def run_one(self, function, cls, namespace, values, marks, wanted):
        xfail = None
        for mark in marks:
            if mark.name == "skip" or (mark.name == "skipif" and mark.args and mark.args[0]):
                raise ec_pytest.Skipped(mark.kwargs.get("reason", mark.args[0] if mark.name == "skip" and mark.args else ""))
            if mark.name == "xfail" and (not mark.args or mark.args[0]):
                xfail = mark
        instance = cls() if cls is not None else None
        try:
            uses = [name for mark in marks if mark.name == "usefixtures" for name in mark.args]
            for name, fixture in list(self.fixtures.items()):
                if fixture.autouse or name in uses:
                    self.value(name, values, instance, namespace)
            if instance is not None and hasattr(instance, "setup_method"):
                self.call_loose(instance.setup_method, function)
            elif instance is None and "setup_function" in namespace:
                self.call_loose(namespace["setup_function"], function)
            arguments = {name: values[name] if name in values else self.value(name, values, instance, namespace)
                         for name in wanted if name in values or self.has(name) or self.required(function, name)}
            target = getattr(instance, function.__name__) if instance is not None else function
            result = target(**arguments)
            if inspect.iscoroutine(result):
                import asyncio
                asyncio.run(result)
            if xfail is not None and xfail.kwargs.get("strict"):
                return FAILED, "unexpected success"
        except ec_pytest.Skipped:
            raise
        except Exception as error:
            if xfail is None:
                raise
            return SKIPPED, f"expected failure: {self.text(error)}"
        finally:
            if instance is not None and hasattr(instance, "teardown_method"):
                self.call_loose(instance.teardown_method, function)
            elif instance is None and "teardown_function" in namespace:
                self.call_loose(namespace["teardown_function"], function)
            self.finish(("function",))
        return None

    def required(self, function, name):
        return inspect.signature(function).parameters[name].default is inspect.Parameter.empty

    def has(self, name):
        return name in self.fixtures or name in ("tmp_path", "monkeypatch", "capsys", "caplog", "request", "tmpdir")

    def value(self, name, values, instance, namespace):
        """A fixture's value, made when it isn't there yet."""
        if name not in self.fixtures:
            return self.builtin(name)
        fixture = self.fixtures[name]
        key = (name, repr(values.get(("fixture", name))))
        if key in self.cache:
            return self.cache[key]
        arguments = {}
        for other in inspect.signature(fixture.function).parameters:
            if other == "self":
                arguments[other] = instance
            elif other == "request":
                request = type("Request", (), {})()
                request.param = values.get(("fixture", name))
                request.addfinalizer = lambda action: self.finalizers.append((fixture.scope, None, action))
                arguments[other] = request
            else:
                arguments[other] = self.value(other, values, instance, namespace)
        made = fixture.function(**arguments)
        if inspect.isgenerator(made):
            generator, made = made, next(made)
            self.finalizers.append((fixture.scope, key, lambda: next(generator, None)))
        else:
            self.finalizers.append((fixture.scope, key, lambda: None))
        self.cache[key] = made
        return made

    def builtin(self, name):
        if name in ("tmp_path", "tmpdir"):
            import pathlib, tempfile
            return pathlib.Path(tempfile.mkdtemp())
        if name == "monkeypatch":
            patch = ec_pytest.MonkeyPatch()
            self.finalizers.append(("function", None, patch.undo))
            return patch
        if name == "capsys":
            capture = ec_pytest.Capture()
            self.finalizers.append(("function", None, capture.close))
            return capture
        if name == "caplog":
            logs = ec_pytest.LogCapture()
            self.finalizers.append(("function", None, logs.close))
            return logs
        raise LookupError(f"fixture {name!r} not found")

    def finish(self, scopes):
        kept = []
        for scope, key, action in reversed(self.finalizers):
            if scope in scopes:
                self.cache.pop(key, None)
                action()
            else:
                kept.append((scope, key, action))
        self.finalizers = kept[::-1]

    # doctests ---------------------------------------------------------------------------------

    def doctests(self, path, namespace, tree):
        nodes = [("module", tree)] + [(node.name, node) for node in ast.walk(tree)
                 if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
        for name, node in nodes:
            text = ast.get_docstring(node, clean=False)
            if not text or ">>>" not in text:
                continue
            import doctest
            test = doctest.DocTestParser().get_doctest(text, {**self.loader.lent, **namespace}, name, path, node.body[0].lineno - 1)
            if not test.examples:
                continue
            def run(test=test):
                import doctest
                out = []
                runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
                ec_audit.allowed.append(path)
                try:
                    result = runner.run(test, out=out.append, clear_globs=False)
                finally:
                    ec_audit.allowed.pop()
                if result.attempted == 0:
                    return ERROR, "no example was run"
                if result.failed:
                    return FAILED, " ".join("".join(out).split())[-300:]
                return None
            self.report(f"{path}::doctest:{name}:{node.body[0].lineno}", run)


def vars_of(cls, name):
    """The plain function behind a method."""
    value = inspect.getattr_static(cls, name)
    return value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
