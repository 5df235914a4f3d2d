"""The test harness: gates the candidate, loads the tests, judges them, reports on a private pipe.

Invariant: no byte of candidate code has run when the secret has been read, the standard library
that judging needs has been imported, and every candidate file has passed the gate. Modules come from
the request's bytes, never from the workspace on disk, so that nothing written at run time is imported.
"""

import sys

sys.path[:] = [place for place in sys.path if place != "/harness"] + ["/harness"]

import _imp
import ast
import builtins
import importlib.machinery
import importlib.util
import inspect
import io
import json
import os
import posixpath
import random
import types

import ec_collect
import ec_gate
import ec_pytest
import ec_strict
import ec_watch

WORK = "/work/"


def reporter(nonce, exit_code, sink, write, exit_now, dumps, flush):
    """`record(kind, …)` and `leave()`, the only ways out; both keep what they use to themselves."""
    count = 0

    def record(kind, **fields):
        nonlocal count
        for name, value in fields.items():
            if type(value) is str:
                fields[name] = value[:400].encode("utf-8", "replace").decode() if name == "message" else value
        line = dumps({"nonce": nonce, "n": count, "kind": kind, **fields}).encode() + b"\n"
        count += 1
        while line:
            line = line[write(sink, line):]

    def leave():
        flush()
        exit_now(exit_code)

    return record, leave


class Loader:
    """Finds and executes modules from the request's files."""

    def __init__(self, files, tests, entry):
        self.files = files
        self.entry = entry
        self.roots = list(dict.fromkeys(["", "src/" if any(path.startswith("src/") for path in files) else ""]
                                        + [self.root_of(path) for path in tests]))
        self.trees = {}
        self.loaded = {}
        self.table = self.own_modules = None
        self.oracle_names = {}
        self.local = set()
        for root in self.roots:
            for path in files:
                if path.startswith(root):
                    part = path[len(root):].split("/")[0]
                    self.local.add(part.removesuffix(".py"))

    def root_of(self, path):
        folder = posixpath.dirname(path)
        while folder and f"{folder}/__init__.py" in self.files:
            folder = posixpath.dirname(folder)
        return f"{folder}/" if folder else ""

    def role(self, path):
        return self.files[path][0]

    def tree(self, path):
        if path not in self.trees:
            self.trees[path] = ast.parse(self.files[path][1], WORK + path)
        return self.trees[path]

    def compile(self, path, body):
        tree = ast.Module(body=body, type_ignores=[])
        return compile(self.prepare(path, tree), WORK + path, "exec", dont_inherit=True)

    def prepare(self, path, tree):
        import copy
        tree = copy.deepcopy(tree)
        return ec_strict.rewrite(tree) if self.role(path) == "oracle" else ec_gate.harden(tree)

    # the import system's side
    def find_spec(self, name, path=None, target=None):
        parts = name.split(".")
        places = self.roots + [place.removeprefix("/work").strip("/") + "/" for place in sys.path if type(place) is str and place.startswith("/work")]
        for root in places:
            root = "" if root == "/" else root
            base = root + "/".join(parts)
            for found, package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
                if found in self.files:
                    spec = importlib.machinery.ModuleSpec(name, self, origin=WORK + found, is_package=package)
                    spec.has_location = True
                    spec.loader_state = found
                    if package:
                        spec.submodule_search_locations = [WORK + base]
                    return spec
            if any(path.startswith(base + "/") and path.endswith(".py") for path in self.files):
                return importlib.machinery.ModuleSpec(name, None, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path = module.__spec__.loader_state
        self.equip(module, path)
        exec(self.compile(path, self.tree(path).body), vars(module))

    def equip(self, module, path):
        self.loaded[path] = module
        if self.role(path) == "oracle":
            self.equip_oracle(module)
        else:
            self.own_modules.add(id(module))
            vars(module)["__builtins__"] = self.table

    def equip_oracle(self, module):
        space = vars(module)
        for name, value in self.oracle_names.items():
            space.setdefault(name, value)
        lent = set(self.oracle_names)

        def star(name, level):
            """`from name import *`; a candidate replaces no builtin and no name that the tests have bound."""
            made = importlib.import_module("." * level + name, space.get("__package__") or None)
            names = getattr(made, "__all__", None)
            if names is None:
                names = [key for key in vars(made) if not key.startswith("_")]
            names = [key for key in names if type(key) is str]
            if id(made) in self.own_modules:
                other = [key for key in names if not hasattr(builtins, key)]
                names = [key for key in other or names if not key.startswith("__") and (key not in space or key in lent)]
            for key in names:
                space[key] = getattr(made, key)

        space["__ec_star__"] = star

    def name_of(self, path):
        root = self.root_of(path)
        name = path[len(root):].removesuffix(".py").removesuffix("/__init__")
        return name.replace("/", ".")

    def load(self, path):
        """The module of a file, imported under its usual name."""
        if path in self.loaded:
            return self.loaded[path]
        name = self.name_of(path)
        module = None
        if all(part.isidentifier() for part in name.split(".")) and name not in sys.modules:
            module = importlib.import_module(name)
        if module is None or getattr(module, "__file__", None) != WORK + path:
            spec = importlib.machinery.ModuleSpec(name, self, origin=WORK + path)
            spec.has_location = True
            spec.loader_state = path
            module = importlib.util.module_from_spec(spec)
            self.exec_module(module)
        return module

    def script(self, path, tree):
        """A module for a file of top-level asserts; sees the entry's names unless it imports it."""
        module = types.ModuleType(self.name_of(path))
        module.__file__ = WORK + path
        if self.entry and self.entry != path and self.entry.endswith(".py"):
            entry = self.load(self.entry)
            if not self.imports(tree, self.name_of(self.entry)):
                self.lend(module, entry, tree)
        self.equip(module, path)
        sys.modules.setdefault(module.__name__, module)
        return module

    def imports(self, tree, name):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) and any(alias.name == name for alias in node.names):
                return True
            if isinstance(node, ast.ImportFrom) and node.module == name:
                return True
        return False

    def lend(self, module, entry, tree):
        """A candidate can't replace a builtin that the tests use, unless it is what they test."""
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names = {name: value for name, value in vars(entry).items() if not name.startswith("__") and name in used}
        own = [name for name in names if not hasattr(builtins, name)]
        vars(module).update({name: value for name, value in names.items() if name in own or not own})

    def conftests(self, path):
        """conftest files from the original checkpoint, from the outside in."""
        parts = path.split("/")[:-1]
        places = ["/".join(parts[:count] + ["conftest.py"]) for count in range(len(parts) + 1)]
        return [place for place in places if place in self.files and self.role(place) == "oracle"]


class Nowhere:
    """A path entry that has no modules: the workspace on disk, say."""

    def find_spec(self, name, target=None):
        return None


def read_all(number):
    with io.FileIO(number, "r") as file:
        return file.readall()


def decode(content):
    return content.encode() if isinstance(content, str) else bytes.fromhex(content["hex"])


def candidate_problem(files, local):
    """The first candidate file that can't be vouched for: (path, line, what)."""
    for path, (role, content) in files.items():
        if role != "candidate":
            continue
        suffix = posixpath.splitext(path)[1]
        if suffix in (".so", ".pyc", ".pyo", ".pyd", ".pth", ".egg"):
            return path, 1, "a compiled module"
        if suffix != ".py":
            continue
        try:
            tree = ast.parse(content, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        found = ec_gate.find(tree, local)
        if found:
            return path, *found
    return None


def main():
    config = json.loads(read_all(4))
    sink = os.dup(3)
    os.close(3)
    exit_now, out, err = os._exit, sys.stdout, sys.stderr

    def flush():
        for stream in (sys.stdout, sys.stderr, out, err):
            try:
                stream.flush()
            except BaseException:
                pass

    record, leave = reporter(config.pop("nonce"), config.pop("exit_code"), sink, os.write, exit_now, json.dumps, flush)
    files = {file["path"]: (file["role"], decode(file["content"])) for file in config["files"]}
    loader = Loader(files, config["tests"], config["entry"])
    problem = candidate_problem(files, loader.local)
    if problem:
        record("unverifiable", file=problem[0], line=problem[1], what=problem[2])
        leave()

    def forged(what):
        record("forged", what=what)
        leave()

    for name in ("ec_collect", "ec_gate", "ec_pytest", "ec_strict", "ec_watch"):
        del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.path.remove("/harness")
    system = tuple(sys.path)
    candidates = {loader.name_of(path) for path, (role, _) in files.items() if role == "candidate"}
    own_files = frozenset(WORK + path for path, (role, _) in files.items() if role == "candidate")
    compare, chain, guard, is_candidate_class, explain, forget, watched, names = ec_strict.comparer(
        sys.modules, candidates, ec_pytest, own_files.__contains__, ec_watch.watcher)
    loader.table, loader.own_modules = ec_gate.guards(builtins, forged, is_candidate_class, None, loader.local)
    loader.oracle_names = names
    sys.meta_path.append(loader)
    sys.path_hooks.insert(0, lambda place: Nowhere() if not place.startswith(system) else refuse_hook())
    sys.path_importer_cache.clear()
    sys.modules["pytest"] = ec_pytest.module()
    if any(role == "oracle" and b"unittest" in content for role, content in files.values()):
        import unittest
        import unittest.mock
        ec_strict.wrap_unittest(unittest.TestCase, guard, watched)
    if any(role == "oracle" and b">>>" in content for role, content in files.values()):
        import doctest
        doctest.compile = strict_compile
    random.seed(int(config["seed"]))
    ids = []

    def outcome(id, verdict, message):
        ids.append(id)
        record("test", id=id, verdict=verdict, message=message)

    strict = types.SimpleNamespace(explain=explain, forget=forget)
    collector = ec_collect.Collector(outcome, loader, strict, ec_pytest, config["mode"] == "collect")
    for path in config["tests"]:
        try:
            collector.file(path)
        except ec_pytest.Skipped:
            pass
        except BaseException as error:
            import traceback
            try:
                traceback.print_exc()
            except BaseException:
                pass
            record("load_error", file=path, message=collector.text(error))
    record("final", ids=ids)
    leave()


def strict_compile(source, filename, mode, flags, dont_inherit):
    """Examples of an oracle's documentation compare as strictly as its tests."""
    return compile(ec_strict.rewrite(ast.parse(source, filename, mode)), filename, mode, flags, dont_inherit)


def refuse_hook():
    raise ImportError


main()
