"""What the tests get in place of a few library functions: those that would execute text, or look into an
object, do it where the code under test lives.
"""

import ast
import sys

import ec_explain
from ec_modules import RemoteModule
from ec_proxy import Link, is_remote, pairs

# Functions that look into an object: done in the subject when the object lives there.
LOOKING = {
    "dataclasses": "asdict astuple fields replace is_dataclass".split(),
    "inspect": "signature getsource getdoc getmembers iscoroutinefunction isgeneratorfunction isasyncgenfunction isabstract "
               "getfullargspec unwrap getfile".split(),
    "typing": ["get_type_hints"],
    "asyncio": ["iscoroutinefunction"],
}
# Functions that make objects from bytes: always done in the subject.
MAKING = {"pickle": ["dumps", "loads", "dump", "load"]}


def remote(module, name):
    def call(*args, **kwargs):
        return Link.peer.request("lib", module, name, args, pairs(kwargs))
    call.__name__ = call.__qualname__ = name
    return call


def looking(module, name, real):
    there = remote(module, name)

    def call(*args, **kwargs):
        far = any(is_remote(one) or type(one) is RemoteModule for one in args)
        return (there if far else real)(*args, **kwargs)
    call.__name__ = call.__qualname__ = name
    return call


# What comes into the place of a module's functions, once it was made; and the modules where it is in place.
made, done = {}, set()


def prepare(modules=sys.modules):
    """Makes what comes into the place of the functions of modules that have been loaded since."""
    for table, make in ((LOOKING, looking), (MAKING, lambda module, name, real: remote(module, name))):
        for module, names in table.items():
            if module in modules and module not in made:
                space = vars(modules[module])
                made[module] = {name: make(module, name, space[name]) for name in names if name in space}


def lend(modules=sys.modules):
    """Replaces the functions of modules that have been loaded since."""
    prepare(modules)
    for module, functions in made.items():
        if module not in done and module in modules:
            done.add(module)
            vars(modules[module]).update(functions)


def used(source, *spaces):
    """The names of the tests that a text uses, as far as they can be handed over."""
    if isinstance(source, (str, bytes)):
        names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    else:
        names = set(source.co_names)
    found, side = {}, Link.peer.side
    refused = side.refused
    for space in spaces:
        for name in names & set(space):
            try:
                Link.peer.encode(space[name])
            except Exception:
                continue
            found[name] = space[name]
    side.refused = refused
    return found


def _eval(source, globals=None, locals=None, /):
    frame = sys._getframe(1)
    spaces = (frame.f_globals, frame.f_locals) if globals is None else (globals, locals or {})
    return Link.peer.request("eval", source, used(source.strip() if isinstance(source, str) else source, *spaces))


def _exec(source, globals=None, locals=None, /):
    frame = sys._getframe(1)
    space = globals if locals is None else locals
    if space is None:
        space = frame.f_locals if frame.f_locals is frame.f_globals else frame.f_globals
        inner = used(source, frame.f_globals, frame.f_locals)
        Link.peer.request("exec", source, inner)
        space.update(inner)
    else:
        space.pop("__builtins__", None)
        Link.peer.request("exec", source, space)


def _compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, **options):
    return Link.peer.request("lib", "builtins", "compile", (source, str(filename), mode, flags, True), ())


NAMES = {"__ec_cmp__": ec_explain.compare, "eval": _eval, "exec": _exec, "compile": _compile}
