"""Collects and runs tests with a plain CPython, for tests of what stands above the executor.

Reads a plan as JSON from standard input; writes the outcomes as JSON to the path in it.
"""
import ast
import importlib.util
import inspect
import json
import os
import sys
import traceback
import unittest

plan = json.load(sys.stdin)
root = os.getcwd()
sys.path[:0] = [root, os.path.join(root, "src")]
outcomes = []


def record(test, verdict, message=""):
    outcomes.append({"id": test, "verdict": verdict, "message": message[:400]})


def last_line(error):
    return traceback.format_exception_only(type(error), error)[-1].strip().splitlines()[-1]


def attempt(test, call):
    if plan["collect"]:
        record(test, "collected")
        return
    try:
        call()
    except unittest.SkipTest:
        record(test, "skipped")
    except AssertionError as error:
        record(test, "failed", last_line(error))
    except Exception as error:
        record(test, "error", last_line(error))
    else:
        record(test, "passed")


def collect(path):
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    name = path[:-3].replace("/", ".")
    module = type(sys)(name)
    module.__file__ = path
    scope = module.__dict__
    sys.path.insert(0, os.path.join(root, os.path.dirname(path)))
    setup_error = None
    for node in tree.body:
        if isinstance(node, ast.Assert):
            code = compile(ast.Module([node], []), path, "exec")

            def call(code=code):
                if setup_error:
                    raise setup_error
                exec(code, scope)

            attempt(f"{path}::assert:{node.lineno}", call)
            continue
        try:
            exec(compile(ast.Module([node], []), path, "exec"), scope)
        except Exception as error:
            setup_error = setup_error or error
    for key, value in list(scope.items()):
        if inspect.isfunction(value) and key.startswith("test") and value.__module__ in (name, "builtins", None):
            attempt(f"{path}::{key}", value)
        elif inspect.isclass(value) and issubclass(value, unittest.TestCase) and value is not unittest.TestCase:
            for method in unittest.TestLoader().getTestCaseNames(value):

                def call(value=value, method=method):
                    case = value(method)
                    case.setUp()
                    try:
                        getattr(case, method)()
                    finally:
                        case.tearDown()

                attempt(f"{path}::{key}::{method}", call)
        elif inspect.isclass(value) and key.startswith("Test"):
            for method in [name for name in dir(value) if name.startswith("test")]:
                attempt(f"{path}::{key}::{method}", lambda value=value, method=method: getattr(value(), method)())
    if setup_error and not any(outcome["id"].startswith(path + "::") for outcome in outcomes):
        raise setup_error


error = ""
for file in plan["files"]:
    try:
        collect(file)
    except Exception as problem:
        error = error or last_line(problem)
with open(plan["out"], "w") as out:
    json.dump({"outcomes": outcomes, "error": error}, out)
