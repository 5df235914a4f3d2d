"""What the judge answers when the subject asks for something of the tests; `ec_policy` says what it may."""

import types

from ec_policy import full_name
from ec_proxy import is_remote
from ec_wire import Broken

SERVED = frozenset("names signature get set del vars call method cm special lib start step".split())


class Answers:
    """Each `do_…` is one request."""

    def serve(self, op, *values):
        if type(op) is not str or op not in SERVED:
            raise Broken("a message makes no sense")
        try:
            return getattr(self, f"do_{op}")(*values)
        except AssertionError as error:
            if not is_remote(error):
                # The test has failed, unless the exception comes back to it.
                self.failures.append(str(error))
            raise

    def no(self, what, value):
        self.refused = f"{what} of {full_name(value if isinstance(value, type) else type(value))} of the tests is not the code under test's to use"
        raise AttributeError(self.refused)

    def do_get(self, value, name):
        if isinstance(value, types.ModuleType) or not self.policy.may_get(value, name):
            if self.policy.kind(value) in ("object", "class") and not str(name).startswith("_") and not hasattr(value, name):
                raise AttributeError(f"{type(value).__name__!r} object has no attribute {name!r}")
            self.no(f"attribute {name}", value)
        return getattr(value, name)

    def do_set(self, value, name, new):
        if not self.policy.may_set(value, name):
            self.no(f"setting attribute {name}", value)
        setattr(value, name, new)

    def do_del(self, value, name):
        if not self.policy.may_set(value, name):
            self.no(f"deleting attribute {name}", value)
        delattr(value, name)

    def do_vars(self, value):
        if self.policy.kind(value) != "object":
            self.no("attributes", value)
        return {name: one for name, one in vars(value).items() if not name.startswith("_")}

    def do_names(self, value):
        if not isinstance(value, type):
            self.no("names", value)
        return [name for name, _ in self.policy.class_names(value)[0]]

    def do_call(self, value, args, kwargs):
        if not self.policy.may_call(value):
            self.no("calling an object", value)
        return value(*args, **dict(kwargs))

    def do_method(self, value, name, args, kwargs):
        return self.do_get(value, name)(*args, **dict(kwargs))

    def do_cm(self, cls, name, value, args, kwargs):
        return self.do_get(cls, name)(value, *args, **dict(kwargs))

    def do_special(self, value, name, args):
        if not self.policy.may_special(value, name) or not hasattr(type(value), name):
            self.no(f"method {name}", value)
        if self.policy.kind(value) == "mock":
            return getattr(value, name)(*args)
        return getattr(type(value), name)(value, *args)

    def do_signature(self, value):
        """What a function of the tests takes: (name, kind, whether it has a default)."""
        import inspect
        if self.policy.kind(value) != "function":
            self.no("the signature", value)
        found = inspect.signature(value).parameters.values()
        return tuple((one.name, int(one.kind), one.default is not one.empty) for one in found)

    def do_lib(self, module, name, args, kwargs):
        if (module, name) != ("builtins", "repr") or len(args) != 1:
            raise TypeError(f"{module}.{name} of an object of the tests is not possible in the code under test")
        return repr(args[0])

    def do_start(self, value):
        import asyncio
        if self.policy.kind(value) != "library" or not hasattr(type(value), "__await__"):
            self.no("awaiting an object", value)
        number = len(self.loader.tasks) + 1
        self.loader.tasks[number] = asyncio.ensure_future(value)
        return number

    def do_step(self, number):
        task = self.loader.tasks[number]
        return (True, task.result()) if task.done() else (False, None)
