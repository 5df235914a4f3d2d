"""Two kinds of modules in the judge: the library's, in which a test may replace something, and those that
live in the subject.
"""

import types

import ec_values
from ec_proxy import ASSERTIONS, Link, MirrorMeta, Space


class Watched(types.ModuleType):
    """A module of the library, in which a test may replace something."""

    # What was loaded when modules were last watched.
    state = 0, 0, None

    def __setattr__(self, name, value):
        _replace(self, name, value)

    def __delattr__(self, name):
        types.ModuleType.__delattr__(self, name)


def _replace(module, name, value):
    side = Link.peer.side if Link.peer is not None else None
    noted = side is not None and not name.startswith("_")
    if noted:
        side.originals.setdefault((module.__name__, name), vars(module).get(name))
    types.ModuleType.__setattr__(module, name, value)
    if noted:
        side.patched(module, name, value)


class RemoteModule(types.ModuleType):
    """A module of the code under test: it lives in the subject."""

    def __getattribute__(self, name):
        space = types.ModuleType.__getattribute__(self, "__dict__")
        if name == "__dict__":
            return Space(self)
        if name[:2] == "__" and name[-2:] == "__" and name not in ("__all__", "__version__", "__author__", "__doc__", "__getattr__"):
            return types.ModuleType.__getattribute__(self, name)
        if name in space and isinstance(space[name], types.ModuleType):
            return space[name]
        found = Link.peer.request("get", self, name)
        if name in ASSERTIONS:
            return Link.peer.side.guarded(self, name, found)
        if isinstance(found, MirrorMeta) and name[:1].isupper():
            type.__setattr__(found, "_ec_named", True)
        return found

    def __setattr__(self, name, value):
        if name[:2] == "__" and name[-2:] == "__" or isinstance(value, types.ModuleType):
            types.ModuleType.__getattribute__(self, "__dict__")[name] = value
            if isinstance(value, types.ModuleType) and ec_values.is_library(value):
                Link.peer.request("set", self, name, value)
        else:
            Link.peer.request("set", self, name, value)

    def __delattr__(self, name):
        Link.peer.request("del", self, name)

    def __dir__(self):
        return Link.peer.request("names", self)

    def __repr__(self):
        return f"<module {types.ModuleType.__getattribute__(self, '__name__')!r} of the code under test>"


