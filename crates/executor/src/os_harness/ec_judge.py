"""The judge's end of the conversation: it asks the subject, and answers as far as `ec_policy` lets it.

Invariant: nothing that comes from the subject is executed, and nothing but values, proxies and classes
of a short list comes to be in this process.
"""

import abc
import contextlib
import operator
import os
import signal
import sys
import threading
import types

import ec_async
import ec_guard
import ec_values
from ec_answers import Answers
from ec_peer import Unmirrored
from ec_modules import RemoteModule, Watched
from ec_policy import Policy
from ec_proxy import COMMON, Link, MirrorMeta, is_remote, methods_of, pairs
from ec_wire import Broken

# A test may replace them in `os`.
_kill, _waitpid, _write, _getpid, _getcwd, _environ, _signal = (
    os.kill, os.waitpid, os.write, os.getpid, os.getcwd, os.environ, signal.signal)
# A call that waits longer than this for another thread's call is noted, in case the test fails.
TURN_SECONDS = 0.5
# How the judge ends when the subject talks nonsense.
NONSENSE_STATUS = 70
# Callbacks within callbacks; more is no honest program.
DEPTH_MAX = 150
AWAITABLE = frozenset(("coroutine", "async_generator_asend", "async_generator_athrow"))
PATCHABLE = frozenset("stdin argv platform exit version_info maxsize getsizeof executable".split())
IN_LOOP = frozenset("call method cm get lib".split())


class Held:
    """Gives back a lock that is held."""

    def __init__(self, lock):
        self.lock = lock

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.lock.release()


class Judge(Answers):
    """What the judge keeps to itself, and what it lets go."""

    def __init__(self, child, module_names, exit_now, loader, fixtures):
        self.child, self.exit_now, self.loader = child, exit_now, loader
        self.policy = Policy(module_names, self.reference)
        self.lock = threading.RLock()
        self.held = Held(self.lock)
        self.owner = _getpid()
        self.depth = 0
        self.refused = self.decided = self.unsent = None
        self.failures = []
        self.fixtures = fixtures
        self.sent = {}
        self.news = []
        self.abstract = []
        self.originals = {}
        self.environ, self.folder = None, _getcwd()
        self.imported = set()
        self.streams = {"stdout": sys.stdout, "stderr": sys.stderr}

    # the peer's side ------------------------------------------------------------------------

    def turn(self, peer):
        if _getpid() != self.owner:
            raise Unmirrored("another process of the tests can't call the code under test; call it in the test's own process")
        if not self.lock.acquire(timeout=TURN_SECONDS):
            self.refused = "threads of the tests that wait for one another inside the code under test: their calls take turns; start the threads there"
            self.lock.acquire()
        return self.held

    @contextlib.contextmanager
    def serving(self, peer):
        if self.depth >= DEPTH_MAX:
            raise RecursionError("maximum recursion depth exceeded in calls between the tests and the code under test")
        self.depth += 1
        self.lock.release()
        try:
            yield
        finally:
            self.lock.acquire()
            self.depth -= 1

    def ready(self):
        for stream in self.streams.values():
            stream.flush()

    def route(self, op, values):
        asyncio = sys.modules.get("asyncio")
        if asyncio is not None and op in IN_LOOP and asyncio._get_running_loop() is not None:
            return "in_loop", op, values
        return op, *values

    def broken(self, error):
        """The subject is gone or talks nonsense: this run has no verdict. Ends as the subject did; never returns."""
        code = NONSENSE_STATUS
        try:
            nonsense = "makes no sense" in str(error)
            if nonsense:
                _kill(self.child, signal.SIGKILL)
            _, status = _waitpid(self.child, 0)
            _write(2, f"the code under test ended its process: {error}\n".encode("utf-8", "replace"))
            if os.WIFEXITED(status):
                code = os.WEXITSTATUS(status)
            elif not nonsense:
                with contextlib.suppress(OSError, ValueError):
                    _signal(os.WTERMSIG(status), signal.SIG_DFL)
                _kill(self.owner, os.WTERMSIG(status))
        finally:
            self.exit_now(code)

    def check(self, value):
        try:
            self.policy.check(value)
        except Unmirrored as error:
            self.refused = str(error)
            raise

    def not_sent(self, error):
        self.unsent = str(error)

    def failed(self, reason):
        """`pytest.fail` within a callback ends the test, even if the code under test goes on."""
        if self.depth:
            self.decided = f"Failed: {reason}"

    def raised(self, error):
        """An exception comes out of the code under test: perhaps one that a callback of the test had raised."""
        if str(error) in self.failures:
            self.failures.remove(str(error))
        return error

    def measured(self, value):
        return ec_guard.refuse(value, f"the truth of a {type(value).__name__}")

    def guarded(self, value, name, found):
        return ec_guard.guarded(value, name, found)

    def guarded_of(self, cls, name, found):
        """The same for `Class.name(object, …)`."""
        def ask(*args, **kwargs):
            if not args or not isinstance(args[0], cls):
                return found(*args, **kwargs)
            method = ec_guard.guarded(args[0], name, lambda *more, **named: found(args[0], *more, **named))
            return method(*args[1:], **kwargs)

        return ask

    def failure(self, error):
        cls = type(error)
        if isinstance(cls, MirrorMeta) or ec_values.shared_name(cls) or self.policy.own_class(cls):
            return error
        if isinstance(error, Unmirrored):
            self.refused = str(error)
        kind = AssertionError if isinstance(error, AssertionError) else RuntimeError
        return kind(str(error))

    def class_of(self, value):
        return type(value)

    def bases(self, cls):
        return self.policy.bases(cls)

    def class_names(self, cls):
        return self.policy.class_names(cls)

    def reference(self, value):
        """A function or class of the library is named, not handed over; the subject has the same one."""
        kind = type(value)
        if kind in (types.FunctionType, types.BuiltinFunctionType) or isinstance(value, type):
            module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        elif kind in (types.MethodDescriptorType, types.WrapperDescriptorType):
            module, name = value.__objclass__.__module__, value.__qualname__
        else:
            return None
        if type(module) is not str or type(name) is not str or isinstance(value, MirrorMeta):
            return None
        library = sys.modules.get(module)
        if type(library) is not types.ModuleType and type(library) is not Watched or not ec_values.is_library(library):
            return None
        try:
            found = operator.attrgetter(name)(library)
        except AttributeError:
            return None
        if found is not value and self.originals.get((module, name)) is not value:
            return None
        self.sent[module, name] = value
        return ["G", module, name]

    def resolve(self, module, name):
        return self.sent[module, name]

    def module_name(self, module):
        name = module.__name__
        if type(module) is RemoteModule or ec_values.is_library(module):
            return name
        self.refused = f"module {name} of the tests can't be handed to the code under test"
        raise Unmirrored(self.refused)

    def module(self, name):
        if type(name) is not str:
            raise ValueError("a module without a name")
        found = sys.modules.get(name)
        if type(found) is RemoteModule:
            return found
        if found is not None and isinstance(found, types.ModuleType) and ec_values.is_library(found):
            return found
        return RemoteModule(name)

    def construct(self, cls, args, kwargs):
        made = Link.peer.request(*self.route("call", (cls, args, pairs(kwargs))))
        if type(made) is cls and type.__getattribute__(cls, "_ec_named"):
            object.__getattribute__(made, "__dict__")["_ec_built"] = True
        return made

    def call(self, function, args, kwargs):
        return Link.peer.request(*self.route("call", (function, args, pairs(kwargs))))

    def special(self, name, home):
        return ec_guard.special(name, home)

    def extras(self, name, module, base):
        """`isinstance` with a class of the library holds for its objects, where that says nothing of values."""
        space = {"_ec_named": False}
        library = sys.modules.get(module)
        if base is None and module == "builtins":
            found = KINDS.get(name)
        elif base is None and type(library) in (types.ModuleType, Watched) and ec_values.is_library(library):
            found = vars(library).get(name)
            if not isinstance(found, type) or found.__module__ != module or issubclass(found, VALUES) or ec_values.shared_name(found):
                found = None
        else:
            found = None
        if found is not None:
            space["__class__"] = property(lambda self: found)
        return space

    def adopt(self, cls):
        for base in type.__dict__["__mro__"].__get__(cls):
            if type.__getattribute__(base, "__module__") == "collections.abc" and isinstance(base, MirrorMeta):
                self.abstract.append((type.__getattribute__(base, "__name__"), cls))

    def register(self):
        """Makes `isinstance` with the abstract containers hold; asks, so it has to wait until a message is read."""
        import collections.abc
        abstract, self.abstract = self.abstract, []
        for name, cls in abstract:
            found = getattr(collections.abc, name, None)
            if isinstance(found, abc.ABCMeta):
                found.register(cls)

    def received(self, value):
        return self.drive(value) if type(value).__name__ in AWAITABLE and type(value).__module__ == "builtins" else value

    async def drive(self, value):
        return await ec_async.drive(Link.peer.request, value)

    def subclass(self, meta, name, bases, space, options):
        """A class of the tests on a class of the code under test lives there; its methods stay here."""
        case = sys.modules.get("unittest.case")
        far = next(base.__name__ for base in bases if isinstance(base, MirrorMeta))
        if case is not None and any(not isinstance(base, MirrorMeta) and issubclass(base, case.TestCase) for base in bases):
            raise TypeError(f"{name} is a TestCase and inherits from {far}, a class of the code under test, which would decide what the "
                            "assertions say; put the methods that they share into a class of the tests")
        parts, local, methods, names = [], {**COMMON}, {}, set()
        for base in reversed(bases):
            if isinstance(base, MirrorMeta):
                methods.update(methods_of(base))
                names.update(type.__getattribute__(base, "_ec_names"))
        for key, value in space.items():
            if key in ("__module__", "__qualname__", "__doc__", "__classcell__", "__firstlineno__", "__static_attributes__"):
                local[key] = value
                continue
            names.add(key)
            methods.pop(key, None)
            if type(value) is types.FunctionType:
                parts.append((key, "function", value))
                local[key] = value
                methods[key] = value
            elif type(value) in (staticmethod, classmethod):
                parts.append((key, "static" if type(value) is staticmethod else "class", value.__func__))
            elif type(value) is property:
                parts.append((key, "property", (value.fget, value.fset, value.fdel)))
            elif not key.startswith("__"):
                parts.append((key, "v", value))
        foundation = next((base for one in bases if isinstance(one, MirrorMeta) and (base := type.__getattribute__(one, "_ec_base"))), None)
        local.update(_ec_cid=0, _ec_methods=methods, _ec_names=frozenset(names), _ec_base=foundation, _ec_named=True)
        cls = type.__new__(meta, name, bases, local)
        number = Link.peer.request("subclass", name, bases, local.get("__module__"), tuple(parts), pairs(options))
        if type(number) is not int or number in Link.peer.classes:
            raise Broken("an answer makes no sense")
        Link.peer.classes[number] = cls
        type.__setattr__(cls, "_ec_cid", number)
        return cls

    # the world around -----------------------------------------------------------------------

    def world(self):
        news, self.news = self.news, []
        if _environ._data != self.environ:
            self.environ = dict(_environ._data)
            news.append(("environ", tuple(_environ.items())))
        try:
            folder = _getcwd()
        except OSError:
            folder = self.folder
        if folder != self.folder:
            self.folder = folder
            news.append(("folder", folder))
        return news

    def apply(self, world):
        if self.abstract:
            self.register()
        for item in world:
            if type(item) is not tuple or not item or item[0] not in NEWS:
                raise Broken("a message makes no sense")
            getattr(self, f"news_{item[0]}")(*item[1:])

    def news_print(self, name, text):
        stream = {"stdout": sys.stdout, "stderr": sys.stderr}[name]
        if not is_remote(stream) and type(text) is str:
            with contextlib.suppress(Exception):
                stream.write(text)

    def news_environ(self, items):
        kept = {name: value for name, value in _environ.items() if name.startswith(HELD)}
        new = {name: value for name, value in items if type(name) is str and type(value) is str and not name.startswith(HELD)}
        _environ.clear()
        _environ.update({**new, **kept})
        self.environ = dict(_environ._data)

    def news_folder(self, folder):
        with contextlib.suppress(OSError, TypeError, ValueError):
            os.chdir(folder)
            self.folder = _getcwd()
        self.decided = self.fixtures.changed() or self.decided

    def news_warning(self, message, category, filename, line):
        import warnings
        if isinstance(message, Warning) and isinstance(category, type) and type(filename) is str and type(line) is int:
            warnings.warn_explicit(message, category, filename, line)

    def news_log(self, name, level, text, path, line, function):
        import logging
        logger = logging.getLogger(str(name) if name != "root" else None)
        if type(level) is int and logger.isEnabledFor(level):
            logger.handle(logger.makeRecord(str(name), level, str(path), line, str(text), (), None, str(function)))

    def patched(self, module, name, value):
        """A test has put something into a module of the library: the code under test sees it too."""
        home = module.__name__
        if home == "sys" and name in self.streams:
            self.news.append(("capture", name, value is not self.streams[name]))
            return
        # What the library does to itself stays here; of it, only mocks act for a test.
        setter = sys._getframe(3).f_globals.get("__name__")
        if isinstance(value, types.ModuleType) or (home == "sys" and name not in PATCHABLE) or (
                setter != "unittest.mock" and ec_values.is_standard(str(setter))):
            return
        old = self.originals[home, name]
        if value is old:
            del self.originals[home, name]
            self.news.append(("unpatch", home, name))
        else:
            self.news.append(("patch", home, name, value))

    @staticmethod
    def watch(modules=None):
        """Watches modules of the library: these, or what was loaded since the last time."""
        # A module that is loaded comes last. To look at each one anew would write to all of them.
        count, last = len(sys.modules), sys.modules.get(next(reversed(sys.modules), None))
        if (count, id(last)) != Watched.state[:2]:
            for module in library() if modules is None else modules:
                module.__class__ = Watched
            # The last one is kept, so that nothing else gets its number.
            Watched.state = count, id(last), last


def library():
    """The modules of the library that are loaded and not watched yet."""
    return [module for name, module in list(sys.modules.items())
            if type(module) is types.ModuleType and not name.startswith("ec_") and ec_values.is_library(module)]


NEWS = frozenset("print environ folder warning log".split())
# Variables that decide what programs of the tests load: the subject doesn't change them.
HELD = ("LD_", "PYTHON", "PATH", "GCONV_", "LOCPATH")
KINDS = {
    "function": types.FunctionType, "builtin_function_or_method": types.BuiltinFunctionType, "method": types.MethodType,
    "generator": types.GeneratorType, "async_generator": types.AsyncGeneratorType,
}
VALUES = (int, str, float, complex, bytes, tuple, list, dict, set, frozenset, bytearray, BaseException, type, types.ModuleType)
