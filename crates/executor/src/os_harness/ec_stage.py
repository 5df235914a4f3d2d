"""What the processes of a warm run go through that others don't: a small job of our own, and a fresh start."""

import sys
import time

# What the judge and the subject number: the rehearsal from here, a real job from there on.
FIRST, LAST = 2, 1 << 20
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
from ec_stage import Box, echo, fail, most_common


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
TESTS_COUNT = 4


def restart_clocks():
    """A module of the library may have noted when it was imported; for a run, time begins with the run."""
    logging = sys.modules.get("logging")
    if logging is not None:
        vars(logging)["_startTime"] = time.time_ns() if isinstance(logging._startTime, int) else time.time()
