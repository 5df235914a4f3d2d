"""The last line: an audit hook that lets nothing in this process execute text or load code that is not ours.

The tests' own use of `eval` goes to the subject; this is for what a library does with a text, a pickle or
a file that the code under test may have made.
"""

import sys

# Library modules that make code from names that they have checked, or from the tests' own text.
HARNESS = "/harness/"
MAKERS = frozenset("collections dataclasses enum functools".split())
# Code of the tests that is about to be executed; and whether examples of their documentation are.
own, allowed = [], []
# What was refused during the running test.
denied = []


class Denied(AssertionError):
    """Code of unknown origin would have run where the verdict is made."""


def deny(what):
    denied.append(f"{what} where the tests are judged is refused: it could come from the code under test")
    raise Denied(denied[-1])


def caller(depth=2):
    frame = sys._getframe(depth)
    name = frame.f_globals.get("__name__")
    return frame.f_code.co_filename, name if type(name) is str else ""


def install(system):
    """`system`: the folders of the interpreter's own library."""
    def ours(place):
        return place.startswith("<frozen ") or place.startswith(system)

    def hook(event, args):
        if event == "exec":
            if own and args[0] is own[-1]:
                own.clear()
                return
            if ours(args[0].co_filename):
                return
            file, name = caller()
            if not (ours(file) and (name in MAKERS or (allowed and name == "doctest"))):
                deny("executing text")
        elif event == "compile":
            file, name = caller()
            # Of a tree, or to make one: neither is executed by itself.
            if args[0] is not None and not (ours(file) and (name in MAKERS or name == "ast")) and not file.startswith(HARNESS):
                deny("compiling text")
        elif event == "import":
            place = args[1]
            if place is not None and not str(place).startswith(system):
                deny("loading a compiled module")
        elif event == "marshal.loads":
            if not caller()[0].startswith("<frozen "):
                deny("loading code")
        elif event in ("ctypes.dlopen", "pickle.find_class", "code.__new__", "sqlite3.load_extension"):
            if not (event == "code.__new__" and ours(caller()[0])):
                deny(event)

    sys.addaudithook(hook)
