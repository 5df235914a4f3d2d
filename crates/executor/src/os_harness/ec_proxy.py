"""Stand-ins of what stays on the other side: objects, and real classes with the same names and bases.

A mirrored class has, for every function that the remote class has, a stub that asks the other side; so
`isinstance`, `except`, `super()` and subclassing work. A class that stands on a builtin (`class Id(int)`)
is mirrored on that builtin and its objects carry their plain value: comparing them asks nobody.
"""

import types
from weakref import ref as Weak

import ec_boxes

# Special methods that are forwarded when the remote class has them.
SPECIALS = frozenset(f"__{name}__" for name in (
    "init new init_subclass repr str bytes format lt le eq ne gt ge hash bool call len length_hint getitem setitem delitem missing "
    "iter reversed contains next enter exit aenter aexit await aiter anext "
    "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or "
    "radd rsub rmul rmatmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift rand rxor ror "
    "iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior "
    "neg pos abs invert complex int float index round trunc floor ceil fspath copy deepcopy "
    "class_getitem post_init replace"
).split())
# Names of an object's own side that stay there.
LOCAL = frozenset("__class__ __reduce__ __reduce_ex__ __getstate__ __init_subclass__ __subclasshook__ __weakref__ __new__ __init__".split())
ERROR_NAMES = frozenset("args with_traceback add_note __traceback__ __cause__ __context__ __suppress_context__ __notes__".split())
# Methods of mocks that say that a test holds.
ASSERTIONS = frozenset(
    "assert_called assert_called_once assert_called_with assert_called_once_with assert_any_call assert_has_calls assert_not_called "
    "assert_awaited assert_awaited_once assert_awaited_with assert_awaited_once_with assert_any_await assert_has_awaits "
    "assert_not_awaited".split())
# Methods of plain values that say that a value is as a test wants it.
PREDICATES = frozenset(
    "startswith endswith isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle "
    "isupper issubset issuperset isdisjoint is_integer samefile".split())
JUDGING = ASSERTIONS | PREDICATES
_get, _set = object.__getattribute__, object.__setattr__
_mro = type.__dict__["__mro__"].__get__
_type_set = type.__setattr__


class Link:
    """The peer that proxies talk to; one to a process."""

    peer = None


def request(op, *values):
    peer = Link.peer
    return peer.request(*peer.side.route(op, values))


def pairs(kwargs):
    """Named arguments as a value: a dictionary would be mirrored."""
    return tuple(kwargs.items()) if kwargs else ()


def is_remote(value):
    """Whether a value, or the class that it is, lives on the other side."""
    return isinstance(type(value), MirrorMeta) or isinstance(value, MirrorMeta)


class MirrorMeta(type):
    """The class of mirrored classes."""

    def __new__(meta, name, bases, space, /, **options):
        return Link.peer.side.subclass(meta, name, bases, space, options)

    def __init__(cls, *args, **options):
        pass

    def __call__(cls, *args, **kwargs):
        return Link.peer.side.construct(cls, args, kwargs)

    def __getattribute__(cls, name):
        if name == "__dict__":
            return Space(cls) if type.__getattribute__(cls, "_ec_cid") else {}
        if name in ASSERTIONS:
            return Link.peer.side.guarded(cls, name, request("get", cls, name))
        found = type.__getattribute__(cls, name)
        if type(found) is types.FunctionType and "_ec_stub" in found.__dict__:
            asked = request("get", cls, name)
            return Link.peer.side.guarded_of(cls, name, asked) if name in PREDICATES else asked
        return found

    def __getattr__(cls, name):
        if name.startswith("_ec_") or name == "__abstractmethods__" or not type.__getattribute__(cls, "_ec_cid"):
            raise AttributeError(name)
        return request("get", cls, name)

    def __setattr__(cls, name, value):
        if name.startswith("_ec_") or name in ("__abstractmethods__", "__module__", "__qualname__", "__doc__"):
            _type_set(cls, name, value)
            return
        request("set", cls, name, value)

    def __delattr__(cls, name):
        request("del", cls, name)

    def __iter__(cls):
        return iter(request("lib", "builtins", "iter", (cls,), ()))

    def __len__(cls):
        return request("lib", "builtins", "len", (cls,), ())

    def __bool__(cls):
        return True

    def __contains__(cls, item):
        if is_remote(item):
            return request("lib", "operator", "contains", (cls, item), ())
        return any(item is one for one in cls)

    def __getitem__(cls, key):
        return request("lib", "operator", "getitem", (cls, key), ())

    def __or__(cls, other):
        import typing
        return typing.Union[cls, other]

    __ror__ = __or__

    def __dir__(cls):
        return request("lib", "builtins", "dir", (cls,), ())

    def mro(cls):
        return type.mro(cls)


def methods_of(cls):
    return type.__getattribute__(cls, "_ec_methods")


def method(name):
    """A function that calls the method of that name, whatever it is by then."""
    def call(self, /, *args, **kwargs):
        return request("method", self, name, args, pairs(kwargs))
    call.__name__ = call.__qualname__ = name
    call.__module__ = None
    call._ec_stub = True
    return call


def stub(name, home):
    """A function that calls the one that the remote class itself has, for `super()`."""
    def call(self, /, *args, **kwargs):
        return request("cm", home[0], name, self, args, pairs(kwargs))
    call.__name__ = call.__qualname__ = name
    call.__module__ = None
    call._ec_stub = True
    return call


def _getattribute(self, name):
    if name[:4] == "_ec_":
        return _get(self, name)
    cls = type(self)
    if name[:2] == "__" and name[-2:] == "__":
        if name == "__dict__":
            return request("vars", self)
        if name == "__doc__":
            return request("get", self, name)
        if name == "__copy__" and hasattr(cls, "__next__"):
            # `tee` would copy an iterator that says it can be copied.
            raise AttributeError(name)
        try:
            return _get(self, name)
        except AttributeError:
            if name in LOCAL or name.startswith("__array"):
                raise
            return request("get", self, name)
    found = public(self, cls, name)
    return Link.peer.side.guarded(self, name, found) if name in JUDGING else found


def public(self, cls, name):
    found = type.__getattribute__(cls, "_ec_methods").get(name)
    if found is not None:
        return types.MethodType(found, self)
    base = type.__getattribute__(cls, "_ec_base")
    if base is not None and (base is not BaseException or name in ERROR_NAMES) and name not in type.__getattribute__(cls, "_ec_names"):
        if hasattr(base, name):
            return _get(self, name)
    return request("get", self, name)


def _setattr(self, name, value):
    if name[:4] == "_ec_" or (name in ERROR_NAMES and isinstance(self, BaseException)):
        _set(self, name, value)
    else:
        request("set", self, name, value)


def _delattr(self, name):
    request("del", self, name)


def _del(self):
    space = _get(self, "__dict__")
    if "_ec_id" in space and Link.peer is not None and space.get("_ec_n"):
        Link.peer.released.append([space["_ec_id"], space["_ec_n"]])
        known = Link.peer.proxies.get(space["_ec_id"])
        if isinstance(known, Weak) and known() is None:
            Link.peer.proxies.pop(space["_ec_id"], None)


def _reduce(self, *args):
    raise TypeError("an object of the code under test can't be pickled by the tests; use pickle.dumps of it")


def _dir(self):
    return request("lib", "builtins", "dir", (self,), ())


def _bool(self):
    """Without a method of its own, an object is true; not what was left of a comparison or a difference."""
    if "_ec_measured" in _get(self, "__dict__"):
        return Link.peer.side.measured(self)
    sized = any("__len__" in type.__dict__["__dict__"].__get__(cls) for cls in _mro(type(self)))
    return len(self) > 0 if sized else True


def _copy(self):
    return request("lib", "copy", "copy", (self,), ())


def _deepcopy(self, memo):
    return request("lib", "copy", "deepcopy", (self,), ())


def _repr(self):
    return request("lib", "builtins", "repr", (self,), ())


COMMON = {
    "__getattribute__": _getattribute, "__setattr__": _setattr, "__delattr__": _delattr, "__del__": _del,
    "__reduce_ex__": _reduce, "__dir__": _dir, "__copy__": _copy, "__deepcopy__": _deepcopy,
}
Proxy = type.__new__(MirrorMeta, "Proxy", (), {
    **COMMON, "__repr__": _repr, "__bool__": _bool, "_ec_cid": 0, "_ec_methods": {}, "_ec_names": frozenset(), "_ec_base": None, "__module__": "builtins"})


class Name:
    """A name of a remote class that is no function: looked up there, whatever a builtin base has."""

    def __init__(self, name):
        self.name = name

    def __get__(self, value, owner=None):
        return request("get", owner if value is None else value, self.name)


class Space:
    """The names of a remote class or module, as `vars()` of it would give them."""

    def __init__(self, owner):
        self.owner = owner

    def __getitem__(self, name):
        if name not in self:
            raise KeyError(name)
        return request("get", self.owner, name)

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __contains__(self, name):
        return name in request("names", self.owner)

    def __iter__(self):
        return iter(request("names", self.owner))

    def __len__(self):
        return len(request("names", self.owner))

    keys = __iter__

    def items(self):
        return [(name, self[name]) for name in self]

    def copy(self):
        return dict(self.items())

    def values(self):
        return [self[name] for name in self]


def make_class(peer, number, name, qualname, module, bases, names, doc):
    """The mirror of a class that the other side announced."""
    real = [base for base in bases if base is not object]
    remote = any(isinstance(base, MirrorMeta) for base in real)
    space = {"__module__": module, "__qualname__": qualname, "__doc__": doc if type(doc) is str else None, **COMMON}
    home, methods, shadowed = [], {}, set()
    for base in reversed(real):
        if isinstance(base, MirrorMeta):
            methods.update(methods_of(base))
            shadowed.update(type.__getattribute__(base, "_ec_names"))
    for key, kind in names:
        shadowed.add(key)
        methods.pop(key, None)
        if kind == "n" and key == "__hash__":
            space[key] = None
        elif kind == "f" and key in SPECIALS and key not in ("__new__", "__init_subclass__", "__copy__", "__deepcopy__"):
            space[key] = peer.side.special(key, home)
        elif kind == "v" and not key.startswith("__"):
            space[key] = Name(key)
        elif kind == "f" and not key.startswith("__"):
            methods[key] = method(key)
            space[key] = stub(key, home)
    base = next((base for base in (ec_boxes.base_of(one) for one in real if not isinstance(one, MirrorMeta)) if base), None)
    base = base or next((found for one in real if isinstance(one, MirrorMeta) and (found := type.__getattribute__(one, "_ec_base"))), None)
    space.update(_ec_cid=number, _ec_methods=methods, _ec_names=frozenset(shadowed), _ec_base=base)
    space.update(peer.side.extras(name, module, base))
    if base is BaseException:
        for key in ("__setstate__", "__new__"):
            space.pop(key, None)
    if not remote:
        real.append(Proxy)
    real = [one for one in real if isinstance(one, MirrorMeta) or ec_boxes.base_of(one) or ec_boxes.is_zone(one)] or [Proxy]
    try:
        cls = type.__new__(MirrorMeta, name, tuple(real), space)
    except TypeError:
        builtin = tuple(one for one in real if not isinstance(one, MirrorMeta))[:1]
        cls = type.__new__(MirrorMeta, name, (*builtin, Proxy), space)
    home.append(cls)
    peer.side.adopt(cls)
    return cls


def make_proxy(peer, item):
    """The stand-in of an object that the other side handed over; always the same one while it lives."""
    _, number, cid, hash_value, value, cause = item
    known = peer.proxies.get(number)
    if known is not None:
        found = known() if isinstance(known, Weak) else known
        if found is not None:
            _get(found, "__dict__")["_ec_n"] += 1
            return peer.side.received(found)
    cls = peer.classes[cid]
    base = type.__getattribute__(cls, "_ec_base")
    if base in ec_boxes.KINDS:
        raise ValueError("a container comes as one")
    if base is None:
        zone = next((one for one in _mro(cls) if not isinstance(one, MirrorMeta) and one is not object), object)
        made = zone.__new__(cls)
    else:
        value = peer.decode(value)
        if base is BaseException:
            if type(value) is not tuple:
                raise ValueError("an exception without arguments")
            native = next(one for one in _mro(cls) if not isinstance(one, MirrorMeta))
            made = native.__new__(cls, *value)
            made.args = value
            cause = peer.decode(cause)
            if isinstance(cause, BaseException):
                made.__cause__ = cause
        elif type(value) is not base:
            raise ValueError("not the value of such an object")
        else:
            made = ec_boxes.make(base, cls, value)
    space = _get(made, "__dict__")
    space["_ec_id"], space["_ec_n"] = number, 1
    if type(hash_value) is int:
        space["_ec_hash"] = hash_value
    try:
        peer.proxies[number] = Weak(made)
    except TypeError:
        peer.proxies[number] = made
    return peer.side.received(made)
