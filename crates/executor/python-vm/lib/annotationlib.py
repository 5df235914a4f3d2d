"""Annotations for library modules: what a class says about its fields, where nothing may be made from text.

An annotation that names what is not there yet stands as a `ForwardRef`. An annotation that is text is resolved by native
code: names of the program, their attributes, `|` and `[...]`; nothing is called.
"""
import enum
import sys
import _edgecoder

# More unknown names than any honest class has.
_UNKNOWN_MAX = 256


class Format(enum.IntEnum):
    VALUE = 1
    VALUE_WITH_FAKE_GLOBALS = 2
    FORWARDREF = 3
    STRING = 4


class ForwardRef:
    """The name of what is not there yet, or the text of an annotation."""

    def __init__(self, arg, *, module=None, owner=None, is_argument=True, is_class=False):
        if not isinstance(arg, str):
            raise TypeError(f"Forward reference must be a string -- got {arg!r}")
        self.__forward_arg__ = arg
        self.__forward_module__ = module
        self.__forward_is_argument__ = is_argument
        self.__forward_is_class__ = is_class
        self.__owner__ = owner
        self.__forward_code__ = None

    def evaluate(self, *, globals=None, locals=None, type_params=None, owner=None, format=Format.VALUE):
        if format == Format.STRING:
            return self.__forward_arg__
        owner = self.__owner__ if owner is None else owner
        parameters = type_params or getattr(owner, "__type_params__", ())
        places = [place for place in (locals, globals) if isinstance(place, dict)]
        if isinstance(owner, type):
            places.append(getattr(sys.modules.get(owner.__module__), "__dict__", {}))
        elif hasattr(owner, "__globals__"):
            places.append(owner.__globals__)
        if self.__forward_module__ is not None:
            module = self.__forward_module__
            places.append(getattr(sys.modules.get(module) if isinstance(module, str) else module, "__dict__", {}))
        try:
            return _edgecoder.annotation(self.__forward_arg__, places, {each.__name__: each for each in parameters})
        except NameError:
            if format == Format.FORWARDREF:
                return self
            raise

    def __eq__(self, other):
        if not isinstance(other, ForwardRef):
            return NotImplemented
        return (self.__forward_arg__, self.__forward_module__) == (other.__forward_arg__, other.__forward_module__)

    def __hash__(self):
        return hash((self.__forward_arg__, self.__forward_module__))

    def __or__(self, other):
        import typing

        return typing.Union[self, other]

    def __ror__(self, other):
        import typing

        return typing.Union[other, self]

    def __getitem__(self, item):
        items = item if isinstance(item, tuple) else (item,)
        return ForwardRef(f"{self.__forward_arg__}[{', '.join(map(type_repr, items))}]", owner=self.__owner__)

    def __call__(self, *arguments):
        raise TypeError(f"{self!r} is not there yet")

    def __repr__(self):
        module = "" if self.__forward_module__ is None else f", module={self.__forward_module__!r}"
        return f"ForwardRef({self.__forward_arg__!r}{module})"


def type_repr(value):
    if isinstance(value, type) or callable(value) and hasattr(value, "__qualname__"):
        module = getattr(value, "__module__", None)
        if module in (None, "builtins"):
            return value.__qualname__
        return f"{module}.{value.__qualname__}"
    if value is ...:
        return "..."
    return value if isinstance(value, str) else repr(value)


def annotations_to_string(annotations):
    return {name: value if isinstance(value, str) else type_repr(value) for name, value in annotations.items()}


def get_annotate_from_class_namespace(namespace):
    found = namespace.get("__annotate__")
    return namespace.get("__annotate_func__") if found is None else found


def call_annotate_function(annotate, format, *, owner=None):
    try:
        return annotate(format)
    except NotImplementedError:
        pass
    if format == Format.STRING:
        return annotations_to_string(_with_forward_references(annotate, owner))
    return _with_forward_references(annotate, owner)


def _with_forward_references(annotate, owner):
    """What the function gives when each name that is not there yet stands for itself while it runs."""
    cells = dict(zip(annotate.__code__.co_freevars, annotate.__closure__ or ()))
    names, lent = annotate.__globals__, []
    try:
        for _ in range(_UNKNOWN_MAX):
            try:
                return annotate(Format.VALUE)
            except NameError as error:
                name = error.name
            if name is None or name in lent:
                raise NameError(f"name {name!r} is not defined", name=name)
            if name in cells:
                cells[name].cell_contents = ForwardRef(name, owner=owner)
            else:
                names[name] = ForwardRef(name, owner=owner)
            lent.append(name)
        raise NameError("too many names are not defined")
    finally:
        for name in lent:
            if name in cells:
                del cells[name].cell_contents
            else:
                del names[name]


def get_annotations(subject, *, globals=None, locals=None, eval_str=False, format=Format.VALUE):
    if format == Format.STRING:
        return annotations_to_string(get_annotations(subject, format=Format.FORWARDREF))
    try:
        found = getattr(subject, "__annotations__", None)
    except NameError:
        annotate = getattr(subject, "__annotate__", None)
        if format != Format.FORWARDREF or annotate is None:
            raise
        found = call_annotate_function(annotate, format, owner=subject)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError(f"{subject!r}.__annotations__ is neither a dict nor None")
    return dict(found)
