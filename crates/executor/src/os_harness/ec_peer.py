"""One end of the conversation: which objects both sides know, and how requests are asked and answered.

Control alternates: a side sends, then waits; while it waits it serves the other side's requests. So both
sides agree on every table. Immutable values are copied; lists, dictionaries and the like are *mirrored*
(both sides hold one, and what changed goes along with every message); everything else stays where it is
and is a proxy on the other side. `side` decides what may be handed over and what may be asked.
"""

import sys
import threading
import types

import ec_boxes
import ec_values
from ec_proxy import MirrorMeta, make_class, make_proxy
from ec_wire import Broken, TooLarge

# More live containers, objects and classes than any test has.
KNOWN_MAX = 1 << 20


class Unmirrored(Exception):
    """Something that can't be handed over."""


class Peer:
    def __init__(self, wire, first, side):
        self.wire, self.side, self.counter = wire, side, first
        self.boxes = {}
        self.box_ids = {}
        self.exports = {}
        self.export_ids = {}
        self.proxies = {}
        self.classes = {}
        self.own_classes = {}
        self.own_class_ids = {}
        self.new_classes = []
        self.released = []
        self.dropped = []
        self.lock = threading.RLock()
        self.reading = False
        self.hashed = 0

    def next_id(self):
        self.counter += 2
        if self.counter > 2 * (1 << 40) or len(self.boxes) + len(self.exports) + len(self.own_classes) > KNOWN_MAX:
            raise Unmirrored("too many objects cross the border")
        return self.counter

    # values -> messages ---------------------------------------------------------------------

    def encode(self, value):
        kind = type(value)
        if kind in ec_values.SCALARS and kind is not int:
            return value
        make = ec_values.encoder(kind)
        if make is not None:
            made = make(self, value) if kind is not frozenset else self.hashing(make, value)
            if made is not None or kind is type(None):
                return made
        if kind in ec_boxes.KINDS:
            return ["m", self.box(value, kind, None)]
        if kind is types.TracebackType:
            # Frames stay where they are.
            return None
        if isinstance(kind, MirrorMeta):
            number = object.__getattribute__(value, "__dict__")["_ec_id"]
            return ["m", number] if number in self.boxes else ["p", number]
        reference = self.side.reference(value)
        if reference is not None:
            return reference
        if isinstance(value, type):
            return self.encode_class(value)
        if isinstance(value, types.ModuleType):
            return ["M", self.side.module_name(value)]
        if isinstance(value, BaseException) and (shared := ec_values.shared_name(kind)):
            return ["x", shared, [self.encode(part) for part in value.args], self.attributes(value), self.cause(value)]
        base = ec_boxes.base_of(kind)
        if base is not None and base in ec_boxes.KINDS:
            self.side.check(value)
            return ["m", self.box(value, base, kind)]
        return self.export(value, base)

    def hashing(self, make, value):
        self.hashed += 1
        try:
            return make(self, value)
        finally:
            self.hashed -= 1

    def attributes(self, error):
        found = {name: value for name, value in (getattr(error, "__dict__", None) or {}).items() if type(name) is str}
        for name in ("filename", "filename2", "name", "path", "obj"):
            if isinstance(error, (OSError, ImportError, NameError)) and getattr(error, name, None) is not None:
                found.setdefault(name, getattr(error, name))
        made = []
        for name, value in found.items():
            try:
                made.append([name, self.encode(value)])
            except Unmirrored:
                continue
        return made

    def cause(self, error):
        try:
            return self.encode(error.__cause__)
        except Unmirrored:
            return None

    def encode_class(self, cls):
        if isinstance(cls, MirrorMeta):
            return ["pk", type.__getattribute__(cls, "_ec_cid")]
        return ec_values.shared_name(cls) or self.side.reference(cls) or ["k", self.own_class(cls)]

    def own_class(self, cls, announce=True):
        """The number of a class of this side, announced to the other one before it is used."""
        number = self.own_class_ids.get(id(cls))
        if number is None:
            names, doc = self.side.class_names(cls) if announce else ({}, None)
            bases = [self.encode_class(base) for base in self.side.bases(cls)] if announce else []
            number = self.next_id()
            self.own_classes[number] = cls
            self.own_class_ids[id(cls)] = number
            if announce:
                module = type.__getattribute__(cls, "__module__")
                self.new_classes.append([number, type.__dict__["__name__"].__get__(cls), type.__dict__["__qualname__"].__get__(cls),
                                         module if type(module) is str else "", bases, names, doc])
        return number

    def export(self, value, base):
        number = self.export_ids.get(id(value))
        if number is None:
            self.side.check(value)
            number = self.next_id()
            self.exports[number] = [value, 0]
            self.export_ids[id(value)] = number
        made = ["o", number, self.own_class(self.side.class_of(value)), None, None, None]
        self.exports[number][1] += 1
        if self.hashed:
            try:
                made[3] = hash(value)
            except TypeError:
                pass
        if base is not None:
            made[4] = ec_boxes.value_of(self, base, value)
            if base is BaseException:
                made[5] = self.cause(value)
        return made

    def box(self, value, kind, cls):
        number = self.box_ids.get(id(value))
        if number is None:
            number = self.next_id()
            self.boxes[number] = [value, None, kind, cls]
            self.box_ids[id(value)] = number
        return number

    def sync(self):
        """What changed in the containers that both sides know."""
        made, seen = [], set()
        while True:
            before = len(self.boxes)
            for number, entry in list(self.boxes.items()):
                if number in seen:
                    continue
                seen.add(number)
                box, snapshot, kind, cls = entry
                if snapshot is not None and ec_boxes.same(kind, box, snapshot):
                    continue
                entry[1] = ec_boxes.snapshot(kind, box)
                content = ec_boxes.content(self, kind, box)
                made.append([number, kind.__name__, content, None if cls is None or isinstance(cls, MirrorMeta) else self.encode_class(cls)])
            if len(self.boxes) == before:
                return made

    def sweep(self, changed):
        """Forgets the containers that nobody on this side holds any more; what was done to them is known there."""
        for number in list(self.boxes):
            entry = self.boxes[number]
            # The entry and the argument of the call: nobody else holds it.
            if number not in changed and sys.getrefcount(entry[0]) <= 2:
                self.forget(number)
                self.dropped.append(number)

    def forget(self, number):
        entry = self.boxes.pop(number, None)
        if entry is not None:
            self.box_ids.pop(id(entry[0]), None)

    def pack(self, kind, values, world):
        body = [self.encode(value) for value in values]
        world = [self.encode(value) for value in world]
        sync = self.sync() if self.boxes else []
        if self.boxes:
            self.sweep({item[0] for item in sync})
        classes, self.new_classes = self.new_classes, []
        released, self.released = self.released, []
        dropped, self.dropped = self.dropped, []
        return [kind, body, sync, classes, [released, dropped], world]

    def send(self, kind, values):
        message = None
        try:
            message = self.pack(kind, values, self.side.world())
            self.wire.send(message)
        except (TooLarge, RecursionError) as error:
            # Nothing has left: all of it is to be told with the next message.
            for entry in self.boxes.values():
                entry[1] = None
            if message is not None:
                self.new_classes[:0] = message[3]
                self.released[:0], self.dropped[:0] = message[4]
            raise Unmirrored(f"a value can't be handed over: {error}") from None

    # messages -> values ---------------------------------------------------------------------

    def unpack(self, message):
        self.reading = True
        try:
            kind, body, sync, classes, (released, dropped), world = message
            for info in classes:
                self.learn(info)
            fill = [self.learn_box(*item) for item in sync]
            for number, content in fill:
                entry = self.boxes[number]
                ec_boxes.fill(self, entry[2], entry[0], content)
                entry[1] = ec_boxes.snapshot(entry[2], entry[0])
            values = [self.decode(item) for item in body]
            world = [self.decode(item) for item in world]
            for number, count in released:
                self.release(number, count)
            for number in dropped:
                self.forget(number)
        except Broken:
            raise
        except Exception as error:
            raise Broken(f"a message makes no sense: {type(error).__name__}: {error}") from error
        finally:
            self.reading = False
        self.side.apply(world)
        return kind, values

    def learn(self, info):
        number, name, qualname, module, bases, names, doc = info
        if number in self.classes or len(self.classes) > KNOWN_MAX or type(number) is not int:
            raise ValueError("a class is announced twice")
        for text in (name, qualname, module):
            if type(text) is not str:
                raise ValueError("a class has no name")
        self.classes[number] = make_class(self, number, name, qualname, module, [self.decode(base) for base in bases], names, doc)

    def learn_box(self, number, kind, content, cls):
        kind = ec_boxes.NAMES[kind]
        if number not in self.boxes:
            if len(self.boxes) > KNOWN_MAX or type(number) is not int:
                raise ValueError("too many containers")
            cls = None if cls is None else self.decode(cls)
            if cls is not None and not (isinstance(cls, MirrorMeta) and issubclass(cls, kind)):
                raise ValueError("no such container")
            made = kind.__new__(cls or kind)
            if cls is not None:
                object.__getattribute__(made, "__dict__").update(_ec_id=number, _ec_n=0)
            self.boxes[number] = [made, None, kind, cls]
            self.box_ids[id(made)] = number
        elif self.boxes[number][2] is not kind:
            raise ValueError("a container changed its type")
        return number, content

    def decode(self, item):
        if type(item) is not list:
            if type(item) is dict:
                raise ValueError("no value")
            return item
        tag = item[0]
        if tag == "m":
            return self.boxes[item[1]][0]
        if tag == "o":
            return make_proxy(self, item)
        if tag == "p":
            return self.exports[item[1]][0]
        if tag == "pk":
            return self.own_classes[item[1]]
        if tag == "k":
            return self.classes[item[1]]
        if tag == "g":
            return ec_values.shared_class(item)
        if tag == "M":
            return self.side.module(item[1])
        if tag == "G":
            return self.side.resolve(item[1], item[2])
        if tag == "x":
            return self.exception(item)
        return ec_values.DECODERS[tag](self, item)

    def exception(self, item):
        cls = ec_values.shared_class(item[1])
        if not issubclass(cls, BaseException):
            raise ValueError("no exception")
        made = cls.__new__(cls, *[self.decode(part) for part in item[2]])
        made.args = tuple(self.decode(part) for part in item[2])
        if issubclass(cls, (SyntaxError, StopIteration, SystemExit, UnicodeError)):
            cls.__init__(made, *made.args)
        for name, value in item[3]:
            if type(name) is str and not (name.startswith("_") and name != "__notes__"):
                setattr(made, name, self.decode(value))
        cause = self.decode(item[4])
        if isinstance(cause, BaseException):
            made.__cause__ = cause
        return made

    def release(self, number, count):
        entry = self.exports.get(number)
        if entry is not None:
            entry[1] -= count
            if entry[1] <= 0:
                del self.exports[number]
                self.export_ids.pop(id(entry[0]), None)

    # the conversation -----------------------------------------------------------------------

    def request(self, op, *values):
        with self.side.turn(self):
            self.side.ready()
            try:
                if self.reading:
                    raise Broken("a message makes no sense: reading it asks for more")
                try:
                    self.send("q", (op, *values))
                except Unmirrored as error:
                    self.side.not_sent(error)
                    raise
                return self.wait()
            except Broken as error:
                self.side.broken(error)
                raise

    def wait(self):
        """Serves the other side until it answers."""
        while True:
            kind, values = self.unpack(self.wire.receive())
            if kind == "q":
                self.serve(values)
            elif kind == "a" and len(values) == 1:
                return values[0]
            elif kind == "x" and len(values) == 1 and isinstance(values[0], BaseException):
                raise self.side.raised(values[0])
            else:
                raise Broken("an answer makes no sense")

    def serve(self, values):
        try:
            with self.side.serving(self):
                kind, values = "a", (self.side.serve(*values),)
        except Broken:
            raise
        except BaseException as error:
            kind, values = "x", (self.side.failure(error),)
        try:
            self.send(kind, values)
        except Unmirrored as error:
            self.send("x", (self.side.failure(error),))
