"""Which pages of memory a job writes: found out once, so that a fork has them before its job comes.

A page that a fork shares is copied when it is first written, and mapped when it is first read, each for the price of a
fault. A fork that knows the pages asks for all of them at once, while nobody waits for it.
"""

import ctypes
import os
import resource
from collections import deque

PAGE = os.sysconf("SC_PAGE_SIZE")
POPULATE_WRITE = 23
# The kernel maps so much of a file around what is read of it.
AROUND = 1 << 16
# Files that much is read of: the interpreter, and the library of C.
READ = "python", "libpython", "libc."
# What each process has for itself.
UNSEEN = ["[stack]"], ["[vvar]"], ["[vvar_vclock]"], ["[vdso]"], ["[vsyscall]"]

_advise = ctypes.CDLL(None).madvise
_advise.argtypes = ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int
_usage, _write, _read = resource.getrusage, ctypes.memmove, ctypes.string_at


def mappings(text, *rights):
    """(file, pages) of the mappings with such rights, of those that `/proc/PID/maps` tells of."""
    for line in text.splitlines():
        place, has, _, _, _, *path = line.split()
        if has in rights and path[-1:] not in UNSEEN:
            yield os.path.basename("".join(path)), range(*(int(part, 16) for part in place.split("-")), PAGE)


class Pages:
    """What a process writes and what it reads."""

    def __init__(self, text):
        self.writable = [pages for _, pages in mappings(text, "rw-p")]
        # One page of all that come together: the others would be there once one of them is looked at.
        self.readable = [[page for page in pages if page % AROUND == 0 or page == pages.start]
                         for name, pages in mappings(text, "r-xp", "r--p") if name.startswith(READ)]
        # A process that looks has to write as little as can be: each page has its byte here.
        self.marks = [bytearray(sum(map(len, ranges))) for ranges in (self.writable, self.readable)]

    def look(self):
        """Marks the pages that this process can touch without a fault."""
        for ranges, marks, write in zip((self.writable, self.readable), self.marks, (True, False)):
            index, faults = 0, _usage(0).ru_minflt
            for pages in ranges:
                for page in pages:
                    if write:
                        _write(page, page, 1)
                    else:
                        _read(page, 1)
                    now = _usage(0).ru_minflt
                    marks[index] = now == faults
                    index, faults = index + 1, now

    def send(self, sink):
        for marks in self.marks:
            while marks:
                marks = marks[os.write(sink, marks):]

    def receive(self, file):
        """What another process has looked up, as something to have."""
        written, read = (
            [page for page, mark in zip((page for pages in ranges for page in pages), file.read(len(marks)), strict=True) if mark]
            for ranges, marks in zip((self.writable, self.readable), self.marks))
        return Wanted(together(written), read)


def together(pages):
    """(start, length) of pages that are next to each other."""
    made = []
    for page in pages:
        if made and page == sum(made[-1]):
            made[-1][1] += PAGE
        else:
            made.append([page, PAGE])
    return made


class Wanted:
    """What a process is to have."""

    def __init__(self, written, read):
        self.starts, self.lengths = zip(*written)
        self.read = tuple(read)
        self.advice, self.one = (POPULATE_WRITE,) * len(written), (1,) * len(read)

    def have(self):
        """Maps the pages in this process, as far as the kernel knows how: that is new in Linux 5.14."""
        deque(map(_advise, self.starts, self.lengths, self.advice), 0)
        deque(map(_read, self.read, self.one), 0)
