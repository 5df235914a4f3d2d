"""Doctest examples: found here, run and judged by the harness."""
import re

_flags = {}


def register_optionflag(name):
    return _flags.setdefault(name, 1 << len(_flags))


DONT_ACCEPT_TRUE_FOR_1 = register_optionflag("DONT_ACCEPT_TRUE_FOR_1")
DONT_ACCEPT_BLANKLINE = register_optionflag("DONT_ACCEPT_BLANKLINE")
NORMALIZE_WHITESPACE = register_optionflag("NORMALIZE_WHITESPACE")
ELLIPSIS = register_optionflag("ELLIPSIS")
SKIP = register_optionflag("SKIP")
IGNORE_EXCEPTION_DETAIL = register_optionflag("IGNORE_EXCEPTION_DETAIL")

_PROMPT = re.compile(r"^([ \t]*)>>>(?: (.*))?$")
_OPTION = re.compile(r"#\s*doctest:\s*([^\n'\"]*)$")


class Example:
    """One `>>>` statement. `lineno` counts from 0 within the text."""

    def __init__(self, source, want, lineno, options):
        self.source = source
        self.want = want
        self.lineno = lineno
        self.options = options


def examples(text):
    lines = text.expandtabs().split("\n")
    found = []
    at = 0
    while at < len(lines):
        prompt = _PROMPT.match(lines[at])
        if prompt is None:
            at += 1
            continue
        start, margin = at, prompt.group(1)
        source = [prompt.group(2) or ""]
        at += 1
        continued = margin + "..."
        while at < len(lines) and lines[at].startswith(continued):
            source.append(lines[at][len(continued) + 1:])
            at += 1
        want = []
        while at < len(lines) and lines[at].strip() and not _PROMPT.match(lines[at]):
            want.append(lines[at][len(margin):] if lines[at].startswith(margin) else lines[at])
            at += 1
        options = set()
        for line in source:
            for word in (_OPTION.search(line) or [None, ""])[1].replace(",", " ").split():
                if word[:1] == "+":
                    options.add(word[1:])
        found.append(Example("\n".join(source) + "\n", "".join(line + "\n" for line in want), start, options))
    return found


def matches(want, got, options):
    if want == got:
        return True
    want = re.sub(r"(?m)^<BLANKLINE>\s*?$", "", want)
    got = re.sub(r"(?m)^[^\S\n]+$", "", got)
    if "NORMALIZE_WHITESPACE" in options:
        want, got = " ".join(want.split()), " ".join(got.split())
    if want == got:
        return True
    if "ELLIPSIS" not in options or "..." not in want:
        return False
    first, *middle, last = want.split("...")
    if not got.startswith(first) or not got.endswith(last) or len(got) < len(first) + len(last):
        return False
    at, end = len(first), len(got) - len(last)
    for piece in middle:
        at = got.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def wanted_exception(want):
    """The last line of an expected traceback, or None."""
    lines = want.rstrip("\n").split("\n")
    if not lines[0].startswith(("Traceback (most recent call last):", "Traceback (innermost last):")):
        return None
    for line in lines[1:]:
        if line[:1] not in (" ", ""):
            return line
    return ""


class TestResults(tuple):
    failed = property(lambda self: self[0])
    attempted = property(lambda self: self[1])


def testmod(*arguments, **options):
    """Does nothing: examples of a test file are collected after the file ran."""
    return TestResults((0, 0))


def run_docstring_examples(*arguments, **options):
    """Does nothing: see `testmod`."""
