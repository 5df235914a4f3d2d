"""Containers that both sides hold: how they are compared with what was last sent, written and filled.

All of it goes by the builtin's own methods, so that a subclass's methods are never asked.
"""

from collections import Counter, OrderedDict, defaultdict, deque
from operator import is_

import ec_values

KINDS = frozenset((list, dict, set, bytearray, deque, OrderedDict, defaultdict, Counter))
NAMES = {kind.__name__: kind for kind in KINDS}
# Builtins that a subclass may stand on: comparisons then use the builtin's own methods.
BASES = (int, str, float, complex, bytes, tuple, frozenset, BaseException, *KINDS)
# Types of the library that can be stood on as well; they tell with `__reduce__` what they are made from.
BUILT = frozenset("date time datetime timedelta Decimal Fraction".split())
_mro = type.__dict__["__mro__"].__get__


def base_of(cls):
    """The builtin that a class stands on, or None."""
    for base in _mro(cls):
        if base in BASES or (base.__name__ in BUILT and ec_values.encoder(base) is not None):
            return base
    return None


def is_zone(cls):
    """Whether a class is a time zone of the code's own: it has no value, but only such an object stands in a time."""
    return any(base.__name__ == "tzinfo" and ec_values.shared_name(base) == ["g", "datetime", "tzinfo"] for base in _mro(cls))


def make(base, cls, value):
    """An object of a mirrored class with the value of its builtin."""
    if base in BASES:
        return base.__new__(cls, value)
    return base.__new__(cls, *value.__reduce__()[1])


def plain_value(base, value):
    """What an object of a subclass is worth as its builtin."""
    if base is BaseException:
        return BaseException.args.__get__(value)
    if base is tuple:
        return tuple(tuple.__iter__(value))
    if base is frozenset:
        return frozenset(frozenset.__iter__(value))
    if base is str:
        return str.__str__(value)
    if base is bytes:
        return bytes.__getitem__(value, slice(None)) + b""
    if base is int:
        return int.__add__(value, 0)
    if base is float:
        return float.__float__(value)
    return complex.__add__(value, 0j) if complex.__ne__(value, 0) else complex(complex.real.__get__(value), complex.imag.__get__(value))


def value_of(peer, base, value):
    """The message for what an object is worth as its builtin."""
    return peer.encode(plain_value(base, value)) if base in BASES else ec_values.encoder(base)(peer, value)


def snapshot(kind, box):
    if kind is list:
        return list(list.__iter__(box))
    if kind is deque:
        return list(deque.__iter__(box))
    if kind is bytearray:
        return bytes(memoryview(box))
    if kind is set:
        return list(set.__iter__(box))
    return list(_keys(kind, box)), list(_values(kind, box))


def same(kind, box, old):
    if kind is list:
        return list.__len__(box) == len(old) and all(map(is_, list.__iter__(box), old))
    if kind is deque:
        return deque.__len__(box) == len(old) and all(map(is_, deque.__iter__(box), old))
    if kind is bytearray:
        return bytes(memoryview(box)) == old
    if kind is set:
        return set.__len__(box) == len(old) and all(map(is_, set.__iter__(box), old))
    keys, values = old
    return dict.__len__(box) == len(keys) and all(map(is_, _keys(kind, box), keys)) and all(map(is_, _values(kind, box), values))


def _keys(kind, box):
    return OrderedDict.keys(box) if kind is OrderedDict else dict.keys(box)


def _values(kind, box):
    return OrderedDict.values(box) if kind is OrderedDict else dict.values(box)


def content(peer, kind, box):
    encode = peer.encode
    if kind is bytearray:
        return bytes(memoryview(box)).hex()
    if kind is list:
        items = list(list.__iter__(box))
        return items if ec_values.all_plain(items) else [encode(item) for item in items]
    if kind is deque:
        return [encode(deque.maxlen.__get__(box)), [encode(item) for item in deque.__iter__(box)]]
    peer.hashed += 1
    try:
        if kind is set:
            return [encode(item) for item in set.__iter__(box)]
        keys = [encode(key) for key in _keys(kind, box)]
    finally:
        peer.hashed -= 1
    factory = encode(defaultdict.default_factory.__get__(box)) if kind is defaultdict else None
    return [keys, [encode(value) for value in _values(kind, box)], factory]


def fill(peer, kind, box, items):
    decode = peer.decode
    if kind is bytearray:
        bytearray.__setitem__(box, slice(None), bytes.fromhex(items))
    elif kind is list:
        plain = set(map(type, items)) <= ec_values.SCALARS
        list.__setitem__(box, slice(None), items if plain else [decode(item) for item in items])
    elif kind is deque:
        length, items = decode(items[0]), [decode(item) for item in items[1]]
        if deque.maxlen.__get__(box) != length:
            deque.__init__(box, items, length)
        else:
            deque.clear(box)
            deque.extend(box, items)
    elif kind is set:
        made = [decode(item) for item in items]
        set.clear(box)
        set.update(box, made)
    else:
        keys, values = [decode(key) for key in items[0]], [decode(value) for value in items[1]]
        if kind is OrderedDict:
            OrderedDict.clear(box)
        else:
            dict.clear(box)
        for key, value in zip(keys, values):
            (OrderedDict if kind is OrderedDict else dict).__setitem__(box, key, value)
        if kind is defaultdict:
            box_factory(box, decode(items[2]))


def box_factory(box, factory):
    if factory is not None and not callable(factory):
        raise ValueError("no factory")
    defaultdict.default_factory.__set__(box, factory)
