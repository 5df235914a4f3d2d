"""A warm interpreter goes through small jobs of our own, as a judge and as a subject, before it forks one for anybody.

What a job finds the second time is then there for every fork: specialised code, caches of types, names that are
interned. Nothing else stays: all that a job changes is put back, and what it made is collected.
"""

import _socket
import gc
import json
import os
import random
import sys
import types
import warnings

import ec_audit
import ec_explain
import ec_judge
import ec_lend
import ec_main
import ec_pages
import ec_proxy
import ec_pytest
import ec_subject
from ec_modules import Watched
from ec_wire import Broken, Wire

# Code is specialised after some calls, and gives up what doesn't fit after some more.
TIMES = 12
CODE = b"""
from collections import Counter


class Box:
    def __init__(self, items):
        self.items = items

    def size(self):
        return len(self.items)


def echo(value):
    return value


def most_common(text):
    words = [word.strip(".") for word in text.split()]
    return Counter(words).most_common(1)


def fail():
    raise ValueError("no")
"""
TESTS = b"""
import unittest
from ec_work import Box, echo, fail, most_common


def test_values():
    assert echo([1, {"a": (2.5, None)}, "b"]) == [1, {"a": (2.5, None)}, "b"]
    assert Box([3]).size() == 1
    try:
        fail()
    except ValueError as error:
        assert str(error) == "no"


class Case(unittest.TestCase):
    def test_case(self):
        self.assertEqual(echo({1, 2}), {1, 2})


assert most_common("a b a. c") == [("a", 2)]
assert not echo(False)
"""
# What every job does.
LEAST = b"""
assert most_common("a b a. c") == [("a", 2)]
assert not echo(False)
"""
STATUS = 64


class Job:
    """A job of our own, and how many tests pass in it."""

    def __init__(self, tests, count):
        self.count = count
        self.files = ("ec_work.py", CODE), ("ec_work_test.py", tests)
        roles = "candidate", "oracle"
        self.config = json.dumps({
            "nonce": "", "exit_code": STATUS, "mode": "run", "tests": ["ec_work_test.py"], "entry": "ec_work.py", "seed": "0",
            "files": [{"path": name, "role": role, "content": text.decode()} for (name, text), role in zip(self.files, roles)]}).encode()

    def write(self):
        for name, text in self.files:
            with open(name, "wb") as file:
                file.write(text)

    def judge(self, number, child, then):
        """The judge's part."""
        source, config = os.pipe()
        records, sink = os.pipe()
        os.write(config, self.config)
        os.close(config)
        try:
            ec_main.finish(number, child, (), then, (sink, source))
        except Over as end:
            os.close(sink)
            with open(records, "rb") as file:
                verdicts = [record.get("verdict") for record in map(json.loads, file)]
            if end.args != (STATUS,) or verdicts != ["passed"] * self.count + [None]:
                raise RuntimeError(f"the rehearsal went wrong: {verdicts}") from None


ALL, FEW = Job(TESTS, 4), Job(LEAST, 2)


class Over(BaseException):
    """A rehearsal is over."""


def over(code):
    raise Over(code)


def subject(channel):
    """The subject's part."""
    try:
        ec_subject.converse(Wire(channel.fileno()))
    except Broken:
        channel.close()


def with_a_subject():
    """The interpreter judges a fork."""
    number, child = ec_main.start_subject((), bool)
    ALL.judge(number, child, over)
    os.close(number)
    return child, ec_subject.LEFT_ALONE


def with_a_judge():
    """The interpreter is judged by a fork."""
    ours, theirs = _socket.socketpair()
    child = os.fork()
    if child == 0:
        theirs.close()
        try:
            ec_main.settle(ec_judge.library())
            ALL.judge(ours.detach(), os.getppid(), over)
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    ours.close()
    subject(theirs)
    return child, 0


class Picture:
    """What a job may change."""

    def __init__(self):
        self.hook, self.state, self.random = vars(ec_pytest.Failed)["hook"], Watched.state, random.getstate()
        self.tables = [(one, dict(one)) for one in (sys.modules, sys.path_importer_cache, *map(vars, sys.modules.values()))]
        self.lists = [(one, list(one)) for one in (sys.path, sys.path_hooks, sys.meta_path, sys.argv, warnings.filters)]

    def restore(self):
        # Stand-ins go while there is a peer that they can tell.
        gc.collect()
        for module in sys.modules.values():
            if type(module) is Watched:
                module.__class__ = types.ModuleType
        for now, before in self.tables:
            for name in now.keys() - before.keys():
                del now[name]
            for name, value in before.items():
                if now.get(name, self) is not value:
                    now[name] = value
        for now, before in self.lists:
            now[:] = before
        warnings._filters_mutated()
        for name in ec_lend.made.keys() - sys.modules.keys():
            del ec_lend.made[name]
        for one in (ec_lend.done, ec_audit.own, ec_audit.denied, ec_explain.last):
            one.clear()
        ec_main.Current.loader = ec_proxy.Link.peer = None
        Watched.state = self.state
        random.setstate(self.random)
        ec_pytest.Failed.hook = self.hook


def rehearse():
    """Both parts in turns. Ends the interpreter when a job goes wrong."""
    home = os.getcwd()
    os.chdir(ec_main.WORK)
    ALL.write()
    picture = Picture()
    # The interpreter stays as it is; only forks become judges for good.
    ec_main.Current.settled = True
    for part in (with_a_subject, with_a_judge) * TIMES:
        child, wanted = part()
        _, status = os.waitpid(child, 0)
        picture.restore()
        if os.waitstatus_to_exitcode(status) != wanted:
            raise RuntimeError(f"the other part of a rehearsal ended with {status:#x}")
    ec_main.Current.settled = False
    leave(home)
    ec_lend.prepare()


def leave(home):
    for name in os.listdir():
        os.unlink(name)
    os.chdir(home)


def trial(mappings, library, fork):
    """The pages that a judge and a subject write and read, for `ec_pages.have`."""
    home = os.getcwd()
    os.chdir(ec_main.WORK)
    FEW.write()
    pages = ec_pages.Pages(mappings)
    judges, subjects = os.pipe(), os.pipe()
    child = fork()
    if child == 0:
        try:
            act(pages, judges[1], subjects[1], library, fork)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    found = []
    for source, sink in (judges, subjects):
        os.close(sink)
        with open(source, "rb") as file:
            found.append(pages.receive(file))
    os.waitpid(child, 0)
    leave(home)
    return found


def act(pages, judges, subjects, library, fork):
    """Both parts in forks that go on as those of a run do, and tell which pages they have."""
    def tell(sink):
        pages.look()
        pages.send(sink)

    ours, theirs = _socket.socketpair()
    child = fork()
    if child == 0:
        for number in (judges, ours.detach()):
            os.close(number)
        subject(theirs)
        tell(subjects)
        os._exit(0)
    theirs.close()
    os.close(subjects)
    ec_main.settle(library)
    number = ours.detach()

    def then(code):
        tell(judges)
        os.close(number)
        os.waitpid(child, 0)
        os._exit(0)

    FEW.judge(number, child, then)
