"""The little of introspection that library modules ask for."""


class Parameter:
    empty = type("empty", (), {})
    POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = range(5)


class Signature:
    empty = Parameter.empty


def signature(subject, **options):
    raise ValueError("no signature found for " + repr(subject))


def unwrap(function, *, stop=None):
    seen = 0
    while hasattr(function, "__wrapped__") and not (stop is not None and stop(function)):
        function = function.__wrapped__
        seen += 1
        if seen > 1000:
            raise ValueError("wrapper loop")
    return function


def isclass(subject):
    return isinstance(subject, type)


def isfunction(subject):
    return isinstance(subject, type(isclass))


def ismethod(subject):
    return type(subject).__name__ == "method"


def isgenerator(subject):
    return type(subject).__name__ == "generator"


def iscoroutinefunction(subject):
    return bool(getattr(getattr(subject, "__code__", None), "co_flags", 0) & 0x80)


def isgeneratorfunction(subject):
    return bool(getattr(getattr(subject, "__code__", None), "co_flags", 0) & 0x20)


def getattr_static(subject, name, *default):
    for klass in type(subject).__mro__:
        if name in klass.__dict__:
            return klass.__dict__[name]
    if default:
        return default[0]
    raise AttributeError(name)


def getdoc(subject):
    return getattr(subject, "__doc__", None)


def cleandoc(text):
    lines = text.expandtabs().split("\n")
    rest = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(rest, default=0)
    lines = [lines[0].lstrip()] + [line[margin:] for line in lines[1:]]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines)
