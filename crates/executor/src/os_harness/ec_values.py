"""Values that cross the border as themselves: immutable, of exactly these types, and without any code.

Shape: a scalar of JSON stands for itself; everything else is a list whose first item is a tag.
`peer` encodes what is inside (a tuple may hold an object that stays where it is).
"""

import os
import sys

# Larger integers are written in hexadecimal: decimal digits are limited by the interpreter.
PLAIN_INT = 1 << 10_000

SCALARS = frozenset((int, str, float, bool, type(None)))


def _integer(peer, value):
    return value if -PLAIN_INT < value < PLAIN_INT else ["i", format(value, "x")]


def _zone(peer, zone):
    return None if zone is None else peer.encode(zone)


ENCODERS = {
    int: _integer,
    tuple: lambda peer, value: ["t", [peer.encode(item) for item in value]],
    frozenset: lambda peer, value: ["f", [peer.encode(item) for item in value]],
    bytes: lambda peer, value: ["b", value.hex()],
    complex: lambda peer, value: ["c", value.real, value.imag],
    range: lambda peer, value: ["r", *(_integer(peer, part) for part in (value.start, value.stop, value.step))],
    slice: lambda peer, value: ["s", *(peer.encode(part) for part in (value.start, value.stop, value.step))],
    type(...): lambda peer, value: ["e"],
    type(NotImplemented): lambda peer, value: ["n"],
    type({}.keys()): lambda peer, value: ["dv", "keys", peer.encode(dict.fromkeys(value))],
    type({}.values()): lambda peer, value: ["dv", "values", peer.encode(dict(enumerate(value)))],
    type({}.items()): lambda peer, value: ["dv", "items", peer.encode(dict(value))],
    type(type.__dict__): lambda peer, value: ["mp", peer.encode(dict(value))],
}
# Types of modules that need not be loaded: "module.name" -> encoder.
NAMED_ENCODERS = {
    "datetime.date": lambda peer, value: ["d", value.year, value.month, value.day],
    "datetime.time": lambda peer, value: ["dt", "time", [value.hour, value.minute, value.second, value.microsecond],
                                          _zone(peer, value.tzinfo), value.fold],
    "datetime.datetime": lambda peer, value: [
        "dt", "datetime", [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond],
        _zone(peer, value.tzinfo), value.fold],
    "datetime.timedelta": lambda peer, value: ["td", value.days, value.seconds, value.microseconds],
    "datetime.timezone": lambda peer, value: ["tz", peer.encode(value.utcoffset(None)), value.tzname(None)],
    "zoneinfo.ZoneInfo": lambda peer, value: ["zi", value.key],
    "decimal.Decimal": lambda peer, value: ["D", str(value)],
    "fractions.Fraction": lambda peer, value: ["F", _integer(peer, value.numerator), _integer(peer, value.denominator)],
    "uuid.UUID": lambda peer, value: ["U", value.hex],
    "re.Pattern": lambda peer, value: ["re", peer.encode(value.pattern), value.flags],
    "ipaddress.IPv4Address": lambda peer, value: ["ip", "IPv4Address", str(value)],
    "ipaddress.IPv6Address": lambda peer, value: ["ip", "IPv6Address", str(value)],
    "ipaddress.IPv4Network": lambda peer, value: ["ip", "IPv4Network", str(value)],
    "ipaddress.IPv6Network": lambda peer, value: ["ip", "IPv6Network", str(value)],
}
for _name in ("PurePosixPath", "PosixPath", "PureWindowsPath"):
    for _module in ("pathlib", "pathlib._local"):
        NAMED_ENCODERS[f"{_module}.{_name}"] = lambda peer, value, name=_name: ["P", name, str(value)]


def encoder(kind):
    """The encoder of a type, or None; remembers types of modules that were loaded since."""
    found = ENCODERS.get(kind)
    if found is None:
        module, name = type.__getattribute__(kind, "__module__"), type.__getattribute__(kind, "__qualname__")
        if type(module) is str and type(name) is str and f"{module}.{name}" in NAMED_ENCODERS:
            if vars(sys.modules.get(module, sys)).get(name) is kind:
                found = ENCODERS[kind] = _fraction if name == "Fraction" else NAMED_ENCODERS[f"{module}.{name}"]
    return found


def _fraction(peer, value):
    parts = (value.numerator, value.denominator)
    if type(parts[0]) is not int or type(parts[1]) is not int:
        return None
    return NAMED_ENCODERS["fractions.Fraction"](peer, value)


def _text(value):
    if type(value) is not str:
        raise ValueError("a text is wanted")
    return value


def _whole(peer, value):
    value = peer.decode(value)
    if type(value) is not int:
        raise ValueError("a whole number is wanted")
    return value


def _moment(peer, item):
    import datetime
    kind = {"time": datetime.time, "datetime": datetime.datetime}[item[1]]
    return kind(*item[2], tzinfo=peer.decode(item[3]), fold=item[4])


def _path(peer, item):
    import pathlib
    return {"PurePosixPath": pathlib.PurePosixPath, "PosixPath": pathlib.PosixPath,
            "PureWindowsPath": pathlib.PureWindowsPath}[item[1]](_text(item[2]))


def _made(module, name):
    def make(peer, item):
        return getattr(__import__(module), name)(*(_whole(peer, part) for part in item[1:]))
    return make


def _timezone(peer, item):
    import datetime
    return datetime.timezone(peer.decode(item[1]), _text(item[2]))


def _address(peer, item):
    import ipaddress
    if item[1] not in ("IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network"):
        raise ValueError("no address")
    return getattr(ipaddress, item[1])(_text(item[2]))


def _view(peer, item):
    table = peer.decode(item[2])
    return {"keys": dict.keys, "values": dict.values, "items": dict.items}[item[1]](table)


def all_plain(items):
    """Whether items stand for themselves in a message: the short way for long lists."""
    kinds = set(map(type, items))
    if not kinds <= SCALARS:
        return False
    numbers = items if kinds == {int} else [item for item in items if type(item) is int] if int in kinds else ()
    return not numbers or (-PLAIN_INT < min(numbers) and max(numbers) < PLAIN_INT)


def _pattern(peer, item):
    import re
    return re.compile(peer.decode(item[1]), item[2] & ~re.DEBUG)


DECODERS = {
    "i": lambda peer, item: int(_text(item[1]), 16),
    "t": lambda peer, item: tuple([peer.decode(part) for part in item[1]]),
    "f": lambda peer, item: frozenset([peer.decode(part) for part in item[1]]),
    "b": lambda peer, item: bytes.fromhex(_text(item[1])),
    "c": lambda peer, item: complex(item[1], item[2]),
    "r": lambda peer, item: range(*(_whole(peer, part) for part in item[1:4])),
    "s": lambda peer, item: slice(*(peer.decode(part) for part in item[1:4])),
    "e": lambda peer, item: ...,
    "n": lambda peer, item: NotImplemented,
    "dv": _view,
    "mp": lambda peer, item: type(type.__dict__)(peer.decode(item[1])),
    "d": _made("datetime", "date"),
    "dt": _moment,
    "td": _made("datetime", "timedelta"),
    "tz": _timezone,
    "zi": lambda peer, item: __import__("zoneinfo").ZoneInfo(_text(item[1])),
    "D": lambda peer, item: __import__("decimal").Decimal(_text(item[1])),
    "F": _made("fractions", "Fraction"),
    "U": lambda peer, item: __import__("uuid").UUID(_text(item[1])),
    "P": _path,
    "re": _pattern,
    "ip": _address,
}

def _library_names():
    """What the interpreter's library has; Python 3.9 doesn't tell."""
    folder = os.path.dirname(os.__file__)
    files = os.listdir(folder) + os.listdir(f"{folder}/lib-dynload")
    return frozenset(name.partition(".")[0] for name in files) | set(sys.builtin_module_names)


LIBRARY = getattr(sys, "stdlib_module_names", None) or _library_names()
# Classes that are the same on both sides, by name. Never a function and never what makes code.
SHARED = {
    "builtins": frozenset(
        "object int str float bool bytes complex tuple frozenset list dict set bytearray range slice enumerate zip map "
        "filter reversed memoryview".split()),
    "collections": frozenset("deque OrderedDict defaultdict Counter".split()),
    "datetime": frozenset("date time datetime timedelta timezone tzinfo".split()),
    "decimal": frozenset(("Decimal",)),
    "fractions": frozenset(("Fraction",)),
    "uuid": frozenset(("UUID",)),
    "pathlib": frozenset("PurePosixPath PosixPath Path PurePath PureWindowsPath".split()),
    "zoneinfo": frozenset(("ZoneInfo",)),
    "ipaddress": frozenset("IPv4Address IPv6Address IPv4Network IPv6Network".split()),
}


def shared_name(kind):
    """How a class that is the same on both sides is named; None for every other one."""
    module, name = type.__getattribute__(kind, "__module__"), type.__getattribute__(kind, "__qualname__")
    if type(module) is not str or type(name) is not str:
        return None
    if module == "pathlib._local":
        module = "pathlib"
    if kind is type(None):
        return ["g", "builtins", "NoneType"]
    library = sys.modules.get(module)
    if library is None or type(library).__name__ == "RemoteModule" or getattr(library, name, None) is not kind:
        return None
    if name in SHARED.get(module, ()) or (issubclass(kind, BaseException) and is_library(library)):
        return ["g", module, name]
    return None


def shared_class(item):
    """The class of a name; refuses what is not shared."""
    module, name = _text(item[1]), _text(item[2])
    if (module, name) == ("builtins", "NoneType"):
        return type(None)
    if name.startswith("_") or module not in sys.modules and not _is_standard(module):
        raise ValueError(f"no shared class {module}.{name}")
    if module not in sys.modules:
        __import__(module)
    library = sys.modules[module]
    found = vars(library).get(name)
    if not isinstance(found, type):
        raise ValueError(f"no shared class {module}.{name}")
    if name in SHARED.get(module, ()) or (issubclass(found, BaseException) and is_library(library)):
        return found
    raise ValueError(f"no shared class {module}.{name}")


# Modules that are not loaded for a class: a skipped test is the judge's to say, and loading some has effects.
UNSHARED = frozenset(
    "antigravity this idlelib turtle turtledemo tkinter test lib2to3 unittest readline rlcompleter site pip ensurepip venv "
    "curses pty tty pydoc webbrowser ctypes code codeop pdb bdb runpy".split())


def is_standard(module):
    top = module.partition(".")[0]
    return top in LIBRARY


def _is_standard(module):
    return is_standard(module) and module.partition(".")[0] not in UNSHARED


def is_library(module):
    """Whether a module is part of the interpreter's own library, the same on both sides."""
    name = vars(module).get("__name__")
    if type(name) is not str or not _is_standard(name) or type(module).__name__ == "RemoteModule":
        return False
    place = vars(module).get("__file__")
    return place is None or not str(place).startswith(("/work/", "/tmp/", "/harness/"))
