"""Watches who decides while an oracle compares: candidate code may produce values, not verdicts.

A library object (a `UserString`, a `Fraction`, a `deque`) hands comparison and arithmetic on to what it
holds. So the interpreter reports every call while a comparison runs; candidate code that is entered from
outside with a value that the candidate did not make would decide, and the comparison is refused.
"""

import sys

# What a library's comparison asks of an object before it looks at any content.
SHAPE = frozenset(("__len__", "__iter__", "__bool__", "__index__", "__float__", "__int__"))
GENERATOR = 0x20 | 0x80 | 0x200
JUDGE = ("/harness/", "/work/")


def watcher(own_file, made_by_candidate, refused):
    """`watched(action)` runs `action()`; raises `refused` when candidate code decided in it."""
    setprofile, type_, len_, str_starts = sys.setprofile, type, len, str.startswith
    active = []

    def watched(action, what="the comparison"):
        if active:
            return action()
        seen = []

        def hook(frame, event, arg):
            if event != "call" or seen:
                return
            code = frame.f_code
            if not own_file(code.co_filename) or code.co_flags & GENERATOR:
                return
            caller = frame.f_back
            if caller is not None and own_file(caller.f_code.co_filename):
                return
            count = code.co_argcount + code.co_kwonlyargcount
            names = code.co_varnames[:count]
            values = frame.f_locals
            others = [values[name] for name in names[1:] if name in values]
            flags = code.co_flags
            if flags & 4:
                extra = values.get(code.co_varnames[count], ())
                others.extend(extra if names else extra[1:])
            place = caller.f_code.co_filename if caller is not None else ""
            judged = str_starts(place, JUDGE) or "/unittest/" in place
            # `self` is the object; a default of `None` or a function is no operand.
            if any(not made_by_candidate(value) and type_(value) not in (type_(None), type_(hook)) for value in others):
                seen.append(code.co_name)
            elif code.co_name in SHAPE and not judged:
                seen.append(code.co_name)

        active.append(1)
        setprofile(hook)
        try:
            return action()
        finally:
            setprofile(None)
            active.clear()
            if seen:
                raise refused(f"{what} would be decided by the code under test ({seen[0]})")

    return watched
