"""The last line: an audit hook that lets nothing in this process execute text or load code that is not ours.

The tests' own use of `eval` goes to the subject; this is for what a library does with a text, a pickle or
a file that the code under test may have made.
"""

import sys

# Library modules that make code from names that they have checked, or from the tests' own text.
MAKERS = frozenset("collections dataclasses enum functools doctest".split())
# Code of the tests that is about to be executed; and whether examples of their documentation are.
own, allowed = [], []


class Denied(AssertionError):
    """Code of unknown origin would have run where the verdict is made."""


def deny(what):
    raise Denied(f"{what} where the tests are judged is refused: it could come from the code under test")


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
            place = args[0].co_filename
            if ours(place) or allowed:
                return
            file, name = caller()
            if not (name in MAKERS and ours(file)):
                deny("executing text")
        elif event == "compile":
            file, name = caller()
            if args[0] is not None and not allowed and not (name in MAKERS and ours(file)) and not file.startswith("<frozen "):
                if not file.startswith("/harness/") and name not in ("ast", "inspect", "re"):
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
