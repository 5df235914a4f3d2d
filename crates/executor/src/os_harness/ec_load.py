"""Finds the run's modules: those of the tests are executed here, all others live in the subject.

The tests' code comes from the request's bytes, never from the workspace on disk, so that nothing that was
written at run time is imported here.
"""

import ast
import builtins
import importlib
import importlib.machinery
import importlib.util
import posixpath
import sys
import types

import ec_audit
import ec_explain
import ec_values
from ec_modules import RemoteModule
from ec_proxy import Link

WORK = "/work/"


def is_assert(node):
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("assert"))


def _copied(part):
    """A copy of a part of a tree; what is no node and no list in it never changes."""
    if isinstance(part, list):
        return [_copied(item) for item in part]
    if not isinstance(part, ast.AST):
        return part
    made = type(part).__new__(type(part))
    vars(made).update({name: _copied(value) for name, value in vars(part).items()})
    return made


class Loader:
    """Finds and executes modules from the request's files."""

    def __init__(self, files, tests, entry):
        self.files, self.entry = files, entry
        self.roots = list(dict.fromkeys(["", "src/" if any(path.startswith("src/") for path in files) else ""]
                                        + [self.root_of(path) for path in tests]))
        self.trees, self.loaded, self.lent, self.tasks = {}, {}, {}, {}
        self.imported = set()
        self.policy = None

    def root_of(self, path):
        folder = posixpath.dirname(path)
        while folder and f"{folder}/__init__.py" in self.files:
            folder = posixpath.dirname(folder)
        return f"{folder}/" if folder else ""

    def is_oracle(self, path):
        return self.files[path][0] == "oracle"

    def tree(self, path):
        if path not in self.trees:
            self.trees[path] = ast.parse(self.files[path][1], WORK + path)
        return self.trees[path]

    def holds_assert(self, filename, begin, line):
        """Whether the `with` statement of a test that begins on a line has an assertion at another line or after it."""
        path = filename.removeprefix(WORK)
        found = [node for node in ast.walk(self.tree(path)) if isinstance(node, (ast.With, ast.AsyncWith))] if path in self.files else []
        return any(
            is_assert(inner) and inner.end_lineno >= line
            for node in found if node.lineno <= begin < node.body[0].lineno or node.lineno == begin
            for one in node.body for inner in ast.walk(one))

    def compile(self, path, body):
        tree = ec_explain.rewrite(ast.Module(body=_copied(body), type_ignores=[]))
        return compile(tree, WORK + path, "exec", dont_inherit=True)

    def refuse_shadows(self, tree):
        """A module of the code under test that is named like one of the library: the tests would judge the library's."""
        names = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.partition(".")[0])
        # What the tests are written with is always the library's, and never what they test.
        for name in sorted(filter(ec_values.is_standard, names - {"unittest", "doctest"})):
            self.refuse_shadow(name)

    def refuse_shadow(self, name):
        for root in self.roots:
            for path in (f"{root}{name}.py", f"{root}{name}/__init__.py"):
                if path in self.files and not self.is_oracle(path):
                    raise ImportError(f"{path} is named like a module of Python's library, which would be tested in its place; rename it")

    # the import system's side
    def find_spec(self, name, path=None, target=None):
        parts = name.split(".")
        places = self.roots + [place.removeprefix("/work").strip("/") + "/" for place in sys.path if type(place) is str and place.startswith("/work")]
        for root in places:
            base = ("" if root == "/" else root) + "/".join(parts)
            for found, package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
                if found in self.files:
                    return self.spec(name, found, WORK + base if package else None)
            if any(path.startswith(base + "/") and path.endswith(".py") for path in self.files):
                return importlib.machinery.ModuleSpec(name, None, is_package=True)
        return None

    def spec(self, name, path, package=None):
        spec = importlib.machinery.ModuleSpec(name, self, origin=WORK + path, is_package=package is not None)
        spec.has_location = True
        spec.loader_state = path
        if package is not None:
            spec.submodule_search_locations = [package]
        return spec

    def spec_from_file(self, name, location=None, **options):
        """`importlib.util.spec_from_file_location` for the tests: files of the run keep to their side."""
        path = posixpath.normpath(posixpath.join(WORK, str(location)))
        if path.startswith(WORK) and path[len(WORK):] in self.files:
            return self.spec(name, path[len(WORK):])
        raise ImportError(f"{location} is not among the run's files")

    def create_module(self, spec):
        return None if self.is_oracle(spec.loader_state) else RemoteModule(spec.name)

    def exec_module(self, module):
        spec = module.__spec__
        path = spec.loader_state
        self.loaded[path] = module
        if self.is_oracle(path):
            self.refuse_shadows(self.tree(path))
            self.equip(module)
            self.execute(self.compile(path, self.tree(path).body), vars(module))
        elif self.find_spec(spec.name) is None or self.find_spec(spec.name).loader_state != path:
            Link.peer.request("load", spec.name, WORK + path)
        else:
            fakes = tuple((name, one) for name, one in sys.modules.items() if self.policy.is_mock(one))
            Link.peer.request("import", spec.name, spec.name in self.imported, fakes)
            self.imported.add(spec.name)

    def execute(self, code, space):
        """Executes code of the tests."""
        ec_audit.own.append(code)
        exec(code, space)

    def reload(self, module):
        if isinstance(module, RemoteModule):
            Link.peer.request("reload", module.__name__)
            return module
        return self.real_reload(module)

    real_reload = staticmethod(importlib.reload)

    def equip(self, module):
        space = vars(module)
        self.policy.spaces.add(id(space))
        for name, value in self.lent.items():
            space.setdefault(name, value)
        lent = set(self.lent)

        def star(name, level):
            """`from name import *`; a candidate replaces no builtin and no name that the tests have bound."""
            made = importlib.import_module("." * level + name, space.get("__package__") or None)
            remote = isinstance(made, RemoteModule)
            known = list(Link.peer.request("names", made)) if remote else list(vars(made))
            names = made.__all__ if "__all__" in known else [key for key in known if not key.startswith("_")]
            names = [key for key in names if type(key) is str]
            if remote:
                other = [key for key in names if not hasattr(builtins, key)]
                names = [key for key in other or names if not key.startswith("__") and (key not in space or key in lent)]
            for key in names:
                space[key] = getattr(made, key)

        space["__ec_star__"] = star

    def name_of(self, path):
        root = self.root_of(path)
        return path[len(root):].removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def load(self, path):
        """The module of a file, imported under its usual name."""
        if path in self.loaded:
            return self.loaded[path]
        name = self.name_of(path)
        module = None
        if all(part.isidentifier() for part in name.split(".")) and name not in sys.modules:
            module = importlib.import_module(name)
        if module is None or getattr(module, "__file__", None) != WORK + path:
            module = importlib.util.module_from_spec(self.spec(name, path))
            self.exec_module(module)
        return module

    def script(self, path, tree):
        """A module for a file of top-level asserts; sees the entry's names unless it imports it."""
        module = types.ModuleType(self.name_of(path))
        module.__file__ = WORK + path
        self.refuse_shadows(tree)
        if self.entry and self.entry != path and self.entry.endswith(".py"):
            entry = self.load(self.entry)
            if ec_values.is_standard(self.name_of(self.entry)):
                self.refuse_shadow(self.name_of(self.entry))
            if not self.imports(tree, self.name_of(self.entry)):
                self.lend(module, entry, tree)
        self.equip(module)
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
        known = Link.peer.request("names", entry) if isinstance(entry, RemoteModule) else list(vars(entry))
        names = [name for name in known if not name.startswith("__") and name in used]
        own = [name for name in names if not hasattr(builtins, name)]
        vars(module).update({name: getattr(entry, name) for name in own or names})

    def conftests(self, path):
        """conftest files from the original checkpoint, from the outside in."""
        parts = path.split("/")[:-1]
        places = ["/".join(parts[:count] + ["conftest.py"]) for count in range(len(parts) + 1)]
        return [place for place in places if place in self.files and self.is_oracle(place)]
