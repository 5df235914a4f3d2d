"""Where the interpreter keeps what its forks write: in as few pages as can be, for each page is copied for each fork."""

import _frozen_importlib
import os
import re
import sys
import types

# More modules than are loaded ahead.
MODULES = 400


class side_by_side:
    """Modules that are loaded meanwhile lie beside each other: a judge changes all of them."""

    def __enter__(self):
        blank = [types.ModuleType("") for _ in range(MODULES)]
        real = self.real = _frozen_importlib._new_module

        def new(name):
            if not blank:
                return real(name)
            module = blank.pop()
            module.__init__(name)
            return module

        _frozen_importlib._new_module = new

    def __exit__(self, *error):
        _frozen_importlib._new_module = self.real


def fill():
    """Fills the gaps among the small objects, so that new ones don't come to lie between old ones. What fills them comes back."""
    filling = []
    for size, free in re.findall(r"^ +\d+ +(\d+) +\d+ +\d+ +(\d+) *$", statistics(), re.MULTILINE):
        size, free = int(size), int(free)
        if size > sys.getsizeof(b""):
            filling.append([bytes(size - sys.getsizeof(b"")) for _ in range(free)])
        elif size == sys.getsizeof(1.0) + 8:
            filling.append([float(number) for number in range(free)])
    return filling


def statistics():
    """What the interpreter has to say of its memory, which it says to the error output only."""
    number = os.memfd_create("statistics")
    kept = os.dup(2)
    try:
        os.dup2(number, 2)
        sys._debugmallocstats()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    with open(number, "rb") as file:
        file.seek(0)
        return file.read().decode("utf-8", "replace")
