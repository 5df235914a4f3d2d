"""The subject: the process that runs the code under test.

It holds its end of the socket pair and the standard streams, was forked before the configuration was
read, and does what the judge asks. Nothing here protects anything: this process is not trusted.
"""

import builtins
import contextlib
import importlib
import importlib.util
import io
import operator
import os
import sys
import threading
import types

import ec_async
import ec_stage
from ec_peer import Peer
from ec_proxy import Link, is_remote
from ec_wire import Broken, Wire

FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)

# The tests may have something else put into `os`.
_environ, _getcwd, _chdir = os.environ, os.getcwd, os.chdir
# What this end of the conversation numbers begins here; the judge's numbers are even.
FIRST = 1
# The exit status of a subject whose judge is gone.
LEFT_ALONE = 71


class Subject:
    """What the subject does when it is asked."""

    def __init__(self):
        self.lock = threading.RLock()
        self.sent = {}
        self.news = []
        self.originals = {}
        self.captured = {}
        self.environ, self.folder = dict(_environ), _getcwd()
        self.loops = ec_async.Loops()

    # the peer's side ------------------------------------------------------------------------

    @contextlib.contextmanager
    def turn(self, peer):
        with self.lock:
            yield

    @contextlib.contextmanager
    def serving(self, peer):
        self.lock.release()
        try:
            yield
        finally:
            self.lock.acquire()

    def route(self, op, values):
        return op, *values

    def ready(self):
        pass

    def broken(self, error):
        os._exit(70)

    def check(self, value):
        pass

    def not_sent(self, error):
        pass

    def guarded(self, value, name, found):
        return found

    def guarded_of(self, cls, name, found):
        return found

    def failure(self, error):
        return error

    def raised(self, error):
        return error

    def measured(self, value):
        return True

    def class_of(self, value):
        return type(value)

    def bases(self, cls):
        return type.__dict__["__bases__"].__get__(cls)

    def class_names(self, cls):
        space = type.__dict__["__dict__"].__get__(cls)
        names = {name: "f" if isinstance(value, FUNCTIONS) else "n" if value is None else "v"
                 for name, value in space.items() if type(name) is str}
        doc = space.get("__doc__")
        return [[name, kind] for name, kind in names.items()], doc if type(doc) is str else None

    def reference(self, value):
        try:
            return self.sent.get(value)
        except TypeError:
            return None

    def resolve(self, module, name):
        found = operator.attrgetter(name)(importlib.import_module(module))
        self.sent[found] = ["G", module, name]
        return found

    def module_name(self, module):
        return module.__name__

    def module(self, name):
        return importlib.import_module(name)

    def subclass(self, meta, name, bases, space, options):
        raise TypeError("a class of the tests can't be a base of the code under test")

    def construct(self, cls, args, kwargs):
        return Link.peer.request("call", cls, args, tuple(kwargs.items()))

    def special(self, name, home):
        if name == "__call__":
            return lambda self, /, *args, **kwargs: Link.peer.request("call", self, args, tuple(kwargs.items()))
        if name == "__await__":
            return lambda self: ec_async.await_other(self)
        return lambda self, /, *args: Link.peer.request("special", self, name, args)

    def extras(self, name, module, base):
        if module != "builtins" or name not in ("function", "method"):
            return {}
        space = {"__signature__": property(signature)}
        if name == "function":
            space["__get__"] = lambda self, place, owner=None: self if place is None else types.MethodType(self, place)
        return space

    def adopt(self, cls):
        pass

    def received(self, value):
        kind = type(value)
        return ec_async.follow(value) if (kind.__module__, kind.__name__) == ("builtins", "coroutine") else value

    # the world around -----------------------------------------------------------------------

    def world(self):
        news, self.news = self.news, []
        for name, stream in self.captured.items():
            stream.flush()
            text = stream.buffer.getvalue()
            if text:
                stream.buffer.seek(0)
                stream.buffer.truncate()
                news.append(("print", name, text.decode("utf-8", "replace")))
        for stream in (sys.stdout, sys.stderr):
            if not is_remote(stream):
                try:
                    stream.flush()
                except Exception:
                    pass
        if _environ._data != self.environ_data:
            news.append(("environ", tuple((name, value) for name, value in _environ.items())))
            self.environ_data = dict(_environ._data)
        try:
            folder = _getcwd()
        except OSError:
            folder = self.folder
        if folder != self.folder:
            self.folder = folder
            news.append(("folder", folder))
        return news

    environ_data = None

    def apply(self, world):
        for item in world:
            getattr(self, f"news_{item[0]}")(*item[1:])

    def news_environ(self, items):
        _environ.clear()
        _environ.update(items)
        self.environ_data = dict(_environ._data)

    def news_folder(self, folder):
        with contextlib.suppress(OSError):
            _chdir(folder)
        self.folder = folder

    def news_patch(self, module, name, value):
        home = importlib.import_module(module)
        self.originals.setdefault((module, name), getattr(home, name, self))
        setattr(home, name, value)

    def news_unpatch(self, module, name):
        old = self.originals.pop((module, name), self)
        home = importlib.import_module(module)
        if old is self:
            if hasattr(home, name):
                delattr(home, name)
        else:
            setattr(home, name, old)

    def news_seed(self, args):
        import random
        random.seed(*args)

    def news_capture(self, name, on):
        if on and name not in self.captured:
            self.originals["stream", name] = getattr(sys, name)
            self.captured[name] = io.TextIOWrapper(io.BytesIO(), "utf-8", "replace", "\n", write_through=True)
            setattr(sys, name, self.captured[name])
        elif not on and name in self.captured:
            if getattr(sys, name) is self.captured.pop(name):
                setattr(sys, name, self.originals["stream", name])

    def news_level(self, name, level):
        import logging
        logging.getLogger(name).setLevel(level)

    def news_disabled(self, level):
        import logging
        logging.disable(level)

    def show_warning(self, message):
        self.news.append(("warning", message.message, message.category, message.filename, message.lineno))

    def watch_warnings(self):
        import warnings
        warnings.simplefilter("always")
        warnings._showwarnmsg_impl = self.show_warning

    def watch_logs(self):
        import logging

        class Handler(logging.Handler):
            def emit(handler, record):
                try:
                    text = record.getMessage()
                except Exception:
                    text = str(record.msg)
                self.news.append(("log", record.name, record.levelno, text, record.pathname, record.lineno, record.funcName))

        logging.lastResort = Handler(0)

    # requests -------------------------------------------------------------------------------

    def serve(self, op, *values):
        return getattr(self, f"do_{op}")(*values)

    def do_setup(self, roots, logs, limits):
        """Where modules of the run are found, whether the tests look at logs, and limits that are not set yet."""
        if limits:
            import resource
            for number, value in limits:
                resource.setrlimit(number, (value, value))
            ec_stage.restart_clocks()
        sys.path.extend(place for place in roots if place not in sys.path)
        self.watch_warnings()
        if logs:
            self.watch_logs()
        self.environ_data = dict(_environ._data)

    def do_import(self, name, fresh, fakes):
        """Imports a module; the tests may have put mocks into the place of others."""
        sys.modules.update(fakes)
        if fresh:
            sys.modules.pop(name, None)
        module = importlib.import_module(name)
        return getattr(module, "__file__", None), list(getattr(module, "__path__", ())) or None

    def do_load(self, name, path):
        """Executes a file as a module of that name."""
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)

    def do_forget(self, name):
        sys.modules.pop(name, None)

    def do_reload(self, name):
        importlib.reload(sys.modules[name])

    def do_get(self, value, name):
        return getattr(value, name)

    def do_set(self, value, name, new):
        setattr(value, name, new)

    def do_del(self, value, name):
        delattr(value, name)

    def do_vars(self, value):
        try:
            return vars(value)
        except TypeError as error:
            raise AttributeError("__dict__") from error

    def do_names(self, value):
        return [name for name in vars(value) if type(name) is str]

    def do_call(self, function, args, kwargs):
        return function(*args, **dict(kwargs))

    def do_method(self, value, name, args, kwargs):
        return getattr(value, name)(*args, **dict(kwargs))

    def do_cm(self, cls, name, value, args, kwargs):
        return getattr(cls, name)(value, *args, **dict(kwargs))

    def do_lib(self, module, name, args, kwargs):
        return getattr(importlib.import_module(module), name)(*args, **dict(kwargs))

    def do_probe(self, cls, name, value):
        try:
            answer = getattr(cls, name)(value, object())
        except Exception:
            return None
        return answer if type(answer) is bool else None

    def do_eval(self, source, space):
        return eval(source, dict(space))

    def do_exec(self, source, space):
        exec(source, space)
        space.pop("__builtins__", None)

    def do_subclass(self, name, bases, module, parts, options):
        space = {"__module__": module}
        for key, kind, value in parts:
            space[key] = self.part(key, kind, value)
        cls = types.new_class(name, bases, dict(options), lambda made: made.update(space))
        return Link.peer.own_class(cls, announce=False)

    def part(self, name, kind, value):
        if kind == "v":
            return value
        if kind == "property":
            return property(*(one and forward(name, one) for one in value))
        made = forward(name, value)
        return {"static": staticmethod, "class": classmethod}.get(kind, lambda one: one)(made)

    def do_in_loop(self, op, values):
        with self.loops.running():
            return self.serve(op, *values)

    def do_start(self, value):
        return self.loops.start(value)

    def do_step(self, number):
        return self.loops.step(number)


def signature(function):
    """What a function of the tests takes, for `inspect.signature`."""
    import inspect
    return inspect.Signature([
        inspect.Parameter(name, inspect._ParameterKind(kind), default=None if has_default else inspect.Parameter.empty)
        for name, kind, has_default in Link.peer.request("signature", function)])


def forward(name, other):
    """A function of this side that calls one of the tests."""
    def call(*args, **kwargs):
        return Link.peer.request("call", other, args, tuple(kwargs.items()))
    call.__name__ = call.__qualname__ = name
    return call


def converse(wire):
    """Does what is asked, until the judge is gone."""
    peer = Link.peer = Peer(wire, FIRST, Subject())
    with peer.side.lock:
        while True:
            kind, values = peer.unpack(peer.wire.receive())
            if kind == "q":
                peer.serve(values)


def run(number, ready):
    """Gets `ready`, then serves the judge."""
    wire = Wire(number)
    ready()
    try:
        converse(wire)
    except Broken as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, OSError):
            os.write(2, f"the code under test can't go on: {error}\n".encode("utf-8", "replace"))
    finally:
        os._exit(LEFT_ALONE)


def settle():
    """Makes the interpreter what the code under test finds."""
    ec_stage.step_aside()
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__builtins__ = builtins
