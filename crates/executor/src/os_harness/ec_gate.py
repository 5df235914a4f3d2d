"""The static gate and the run-time guards around candidate code.

Candidate code runs in the interpreter that judges it. So, before any of it is imported, every
candidate file is read as a tree; a construct that could reach the judge is refused (`find`). What
cannot be decided from the text is rewritten to ask a guard when it runs (`harden`): stores to
attributes, names looked up by value, private names of modules. Plain programs without tests are
not gated: they have no verdict to protect.
"""

import ast

# Modules whose public parts give no way to the interpreter's insides. `None`: all public names;
# a set: only these.
MODULES = {name: None for name in (
    "__future__ _collections_abc abc array asyncio base64 binascii bisect bz2 calendar cmath collections "
    "colorsys concurrent configparser contextlib contextvars copy csv datetime decimal difflib email enum errno "
    "fnmatch fractions functools getopt getpass gettext glob graphlib gzip hashlib heapq hmac html io "
    "ipaddress itertools json keyword locale logging lzma math mimetypes ntpath numbers operator "
    "pathlib platform posixpath pprint queue quopri random re reprlib sched secrets shlex shutil sqlite3 stat "
    "statistics stringprep struct subprocess tempfile textwrap threading time timeit token "
    "tomllib unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo argparse dataclasses"
).split()}
MODULES.pop("timeit")
MODULES.update({
    "os": set("path environ environb getcwd listdir makedirs mkdir remove unlink rmdir removedirs rename renames "
              "replace stat lstat walk scandir sep altsep extsep linesep pathsep curdir pardir devnull getenv "
              "cpu_count urandom name fspath fsencode fsdecode PathLike getpid access R_OK W_OK X_OK F_OK symlink "
              "readlink link chmod utime truncate error stat_result get_terminal_size uname getlogin getuid "
              "path strerror DirEntry chdir".split()),
    "sys": set("argv stdin stdout stderr maxsize version version_info platform byteorder getrecursionlimit "
               "setrecursionlimit exit float_info int_info getsizeof intern executable implementation hexversion "
               "maxunicode getdefaultencoding getfilesystemencoding set_int_max_str_digits "
               "get_int_max_str_digits hash_info flags".split()),
    "types": set("SimpleNamespace MappingProxyType MethodType GeneratorType NoneType UnionType GenericAlias "
                 "EllipsisType NotImplementedType ModuleType FunctionType LambdaType".split()) - {"FunctionType", "LambdaType"},
    "string": set("ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation printable "
                  "whitespace capwords Template".split()),
    "traceback": {"format_exc", "print_exc"},
    "typing": None,
    "typing_extensions": None,
})

# Never, whatever they are taken from.
ATTRIBUTES = frozenset((
    "__globals__ __code__ __closure__ __builtins__ __subclasses__ __getattribute__ __self__ __loader__ __spec__ "
    "__traceback__ __import__ __match_args__ __reduce_ex__ __kwdefaults__ __defaults__ "
    "f_back f_globals f_locals f_builtins f_code gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await ag_frame "
    "ag_code tb_frame tb_next tb_lasti cell_contents _getframe settrace setprofile settrace_all_threads "
    "setprofile_all_threads meta_path path_hooks path_importer_cache exc_info call_tracing _current_frames "
    "get_type_hints ForwardRef get_stack print_stack update_abstractmethods create_module exec_module load_module "
    "walk_stack extract_stack currentframe StackSummary TracebackException StrFormatStyle "
    "excepthook unraisablehook displayhook breakpointhook"
).split())
# Looked at when they are used: harmless on the program's own objects, not on a module or a foreign class.
WATCHED = frozenset(
    "modules __dict__ __setattr__ __delattr__ format format_map sys os builtins eval exec abort kill killpg fork "
    "forkpty register_at_fork".split()
)
NAMES = frozenset("eval exec compile __import__ __builtins__ __loader__ __spec__ breakpoint __ec__".split())


def find(tree, local):
    """The first construct that could reach the judge, as (line, what); None when there is none."""
    for node in ast.walk(tree):
        what = _look(node, local)
        if what:
            return getattr(node, "lineno", 1), what
    return None


def _look(node, local):
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if top not in local and top not in MODULES:
                return f"import of {alias.name}"
            if "." in alias.name and any(part.startswith("_") for part in alias.name.split(".")):
                return f"import of {alias.name}"
    elif isinstance(node, ast.ImportFrom) and not node.level:
        top = (node.module or "").partition(".")[0]
        if top in local:
            return None
        if top not in MODULES:
            return f"import of {node.module}"
        allowed = MODULES[top] if node.module == top else None
        for alias in node.names:
            name = alias.name
            if name in ATTRIBUTES or (name in WATCHED and name != "format") or name.startswith("_"):
                return f"import of {name} from {node.module}"
            if allowed is not None and name not in allowed:
                return f"import of {name} from {node.module}"
    elif isinstance(node, ast.Attribute):
        if node.attr in ATTRIBUTES or node.attr.startswith("__ec"):
            return f"attribute {node.attr}"
        if node.attr == "__class__" and not isinstance(node.ctx, ast.Load):
            return "a __class__ of its own"
        if isinstance(node.value, ast.Name):
            allowed = MODULES.get(node.value.id)
            if allowed is not None and node.value.id not in local and node.attr not in allowed:
                if node.value.id in ("os", "sys", "types", "traceback"):
                    return f"{node.value.id}.{node.attr}"
    elif isinstance(node, ast.Name):
        if node.id in NAMES or node.id.startswith("__ec"):
            return f"name {node.id}"
        if node.id == "__match_args__" or (node.id == "__class__" and not isinstance(node.ctx, ast.Load)):
            return f"name {node.id}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if (node.value in ATTRIBUTES and node.value.startswith("_")) or node.value == "__class__":
            return f"name {node.value} in a string"
    elif isinstance(node, ast.MatchClass):
        for name in node.kwd_attrs:
            if name in ATTRIBUTES or name in WATCHED or name.startswith("_"):
                return f"attribute {name} in a pattern"
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        if any(name in NAMES or name.startswith("__ec") for name in node.names):
            return "a global of the interpreter"
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        if node.name.startswith("__ec") or node.name in NAMES or node.name == "__class__":
            return f"name {node.name}"
    elif isinstance(node, ast.keyword) and node.arg == "__class__":
        return "a __class__ of its own"
    elif isinstance(node, ast.arg) and node.arg.startswith("__ec"):
        return f"name {node.arg}"
    elif isinstance(node, ast.ImportFrom):
        if any(alias.name in ATTRIBUTES for alias in node.names):
            return "import of an interpreter's inside"
    return None


class _Harden(ast.NodeTransformer):
    def visit_Attribute(self, node):
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            node.value = _call("__ec_target__", node.value)
        elif node.attr in WATCHED or node.attr.startswith("_"):
            return ast.copy_location(_call("__ec_load__", node.value, ast.Constant(node.attr)), node)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1 and not node.keywords:
            node.func = ast.copy_location(ast.Name(id="__ec_type__", ctx=ast.Load()), node.func)
        return node


def _call(name, *args):
    return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=list(args), keywords=[])


def harden(tree):
    """Rewrites a candidate's tree so that it asks the guards of `guards`."""
    _Harden().visit(tree)
    ast.fix_missing_locations(tree)
    return tree


def guards(builtins, forged, is_local_class, import_local, local):
    """The builtins that candidate modules get. `forged(what)` raises and remembers."""
    module_type = type(ast)
    real = {name: getattr(builtins, name) for name in
            "getattr setattr delattr hasattr vars isinstance type callable str super object __import__".split()}
    getattr_, setattr_, delattr_, hasattr_ = real["getattr"], real["setattr"], real["delattr"], real["hasattr"]
    isinstance_, type_, str_ = real["isinstance"], real["type"], real["str"]
    function_type = type_(guards)
    parse = __import__("_string").formatter_parser
    split = __import__("_string").formatter_field_name_split
    modules = MODULES
    own_modules = set()

    real_of, proxy_of = {}, {}
    code_type = type_(guards.__code__)
    kinds = __import__("types")
    insides = (function_type, code_type, module_type, kinds.FrameType, kinds.TracebackType, kinds.CellType)

    class Module:
        """What candidate code holds in place of a library module: its allowed names, looked up when used."""

        __slots__ = ("__weakref__",)

        def __getattribute__(self, name):
            return look(real_of[id(self)], name)

        def __setattr__(self, name, value):
            setattr_(real_of[id(self)], name, value)

        def __delattr__(self, name):
            delattr_(real_of[id(self)], name)

        def __dir__(self):
            return public(real_of[id(self)])

        def __repr__(self):
            return f"<module {real_of[id(self)].__name__!r}>"

    def proxy(module):
        """The stand-in of a library module; the program's own modules are themselves."""
        if id(module) in own_modules or type_(module) is Module:
            return module
        top = module.__name__.partition(".")[0]
        if top not in modules:
            place = getattr_(module, "__file__", None)
            if place is None and hasattr_(module, "__path__") and top in local:
                return module
            if str_(place).startswith("/work/"):
                return module
            forged(f"import of {module.__name__}")
        if id(module) not in proxy_of:
            made = Module()
            real_of[id(made)] = module
            proxy_of[id(module)] = made
        return proxy_of[id(module)]

    def public(module):
        allowed = modules.get(module.__name__)
        names = getattr_(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
        return [name for name in names if (allowed is None or name in allowed) and name not in ATTRIBUTES
                and (name not in WATCHED or name == "format") and not name.startswith("_")
                and not isinstance_(getattr_(module, name, None), module_type) and not inside(getattr_(module, name, None))]

    def inside(value):
        return any(value is kind for kind in insides)

    def look(module, name):
        """An attribute of a library module for candidate code."""
        name = str_(name)
        if name in ("__name__", "__doc__", "__file__", "__version__", "__path__", "__class__"):
            return Module if name == "__class__" else getattr_(module, name)
        if name == "__all__":
            return public(module)
        allowed = modules.get(module.__name__)
        if name in ATTRIBUTES or name.startswith("_") or (allowed is not None and name not in allowed):
            if name.startswith("__") and not hasattr_(module, name):
                raise AttributeError(name)
            forged(f"{module.__name__}.{name}")
        value = getattr_(module, name)
        if inside(value) or (module.__name__ == "logging" and name == "config"):
            forged(f"{module.__name__}.{name}")
        if isinstance_(value, module_type):
            if id(value) not in own_modules and value.__name__.partition(".")[0] not in modules:
                forged(f"{module.__name__}.{name}")
            return proxy(value)
        if name in WATCHED and name != "format":
            forged(f"{module.__name__}.{name}")
        return value

    class Functions(type_):
        def __instancecheck__(cls, value):
            return type_(value) is function_type

    stand_in = Functions("function", (), {})

    def type_of(value):
        """`type(value)`, which gives no constructor of functions, code or frames away."""
        kind = type_(value)
        if kind is function_type:
            return stand_in
        if inside(kind):
            forged(f"the type {kind.__name__}")
        return kind

    def foreign(value):
        kind = type_(value)
        if kind is Module or value is Module:
            return True
        if kind is module_type or issubclass(kind, module_type):
            return id(value) not in own_modules
        if issubclass(kind, type_):
            return not is_local_class(value)
        return False

    def target(value):
        if foreign(value):
            forged("changing a module or a class of the library")
        if type_(value) is function_type and not value.__code__.co_filename.startswith("/work/"):
            forged("changing a function of the library")
        return value

    def check_template(template):
        for _, field, spec, _ in parse(str_(template)):
            if field:
                for is_attribute, name in split(field)[1]:
                    if is_attribute and (name in ATTRIBUTES or name in WATCHED or str_(name).startswith("_")):
                        forged(f"attribute {name} in a format string")
            if spec:
                check_template(spec)

    def load(value, name):
        name = str_(name)
        if name in ATTRIBUTES:
            forged(f"attribute {name}")
        kind = type_(value)
        if kind is Module:
            return look(real_of[id(value)], name)
        if name == "__class__":
            found = getattr_(value, name)
            return stand_in if found is function_type else type_of(value) if inside(found) else found
        if name in ("format", "format_map") and (issubclass(kind, str_) or (issubclass(kind, type_) and issubclass(value, str_))):
            method = getattr_(value, name)
            if issubclass(kind, str_):
                def bound(*args, **kwargs):
                    check_template(value)
                    return method(*args, **kwargs)
                return bound
            def unbound(template, *args, **kwargs):
                check_template(template)
                return method(template, *args, **kwargs)
            return unbound
        if kind is module_type and id(value) not in own_modules:
            allowed = modules.get(value.__name__)
            if (name in WATCHED and name not in ("format",)) or (name.startswith("_") and name not in ("__name__", "__doc__", "__file__", "__version__")):
                forged(f"{value.__name__}.{name}")
            if allowed is not None and name not in allowed:
                forged(f"{value.__name__}.{name}")
        if name == "__dict__" and foreign(value):
            return dict(getattr_(value, name))
        if name in ("__setattr__", "__delattr__"):
            method = getattr_(value, name)
            if foreign(value):
                def guarded(subject, *rest):
                    target(subject)
                    return method(subject, *rest)
                return guarded
        return getattr_(value, name)

    def guarded_getattr(value, name, *default):
        try:
            return load(value, name)
        except AttributeError:
            if default:
                return default[0]
            raise

    def guarded_hasattr(value, name):
        try:
            load(value, name)
        except AttributeError:
            return False
        return True

    def guarded_setattr(value, name, new):
        if str_(name) in ATTRIBUTES or str_(name) == "__class__":
            forged(f"attribute {name}")
        setattr_(target(value), name, new)

    def guarded_delattr(value, name):
        delattr_(target(value), name)

    def guarded_vars(*args):
        if not args:
            forged("vars() without an argument")
        return load(args[0], "__dict__")

    def guarded_import(name, globals=None, locals=None, fromlist=(), level=0):
        top = name.partition(".")[0]
        if not level and top not in local and top not in modules:
            forged(f"import of {name}")
        if name.startswith("logging.config"):
            forged(f"import of {name}")
        return proxy(real["__import__"](name, globals, locals, fromlist, level))

    def denied(name):
        def refuse(*args, **kwargs):
            forged(f"call of {name}")
        return refuse

    table = dict(vars(builtins))
    for name in "eval exec compile breakpoint exit quit help".split():
        table[name] = denied(name)
    table.update({
        "getattr": guarded_getattr, "setattr": guarded_setattr, "delattr": guarded_delattr, "vars": guarded_vars,
        "hasattr": guarded_hasattr, "__import__": guarded_import, "__ec_target__": target, "__ec_load__": load,
        "__ec_type__": type_of,
    })
    def container(value):
        if foreign(value):
            forged("changing a module or a class of the library")
        return value

    patch_library(container, load, forged)
    return table, own_modules


def patch_library(target, load, forged):
    """Library functions that set or get attributes by name for their caller ask the guards too."""
    import argparse, copy, dataclasses, functools, operator

    def watch(module, name, position, keyword):
        real = getattr(module, name)
        def watched(*args, **kwargs):
            if len(args) > position:
                target(args[position])
            elif kwargs.get(keyword) is not None:
                target(kwargs[keyword])
            return real(*args, **kwargs)
        setattr(module, name, watched)

    watch(functools, "update_wrapper", 0, "wrapper")
    watch(functools, "total_ordering", 0, "cls")
    real_dataclass = dataclasses._process_class
    def process(cls, *args, **kwargs):
        return real_dataclass(target(cls), *args, **kwargs)
    dataclasses._process_class = process
    real_parse = argparse.ArgumentParser.parse_known_args
    def parse_known_args(self, args=None, namespace=None):
        if namespace is not None:
            target(namespace)
        return real_parse(self, args, namespace)
    argparse.ArgumentParser.parse_known_args = parse_known_args
    real_reconstruct = copy._reconstruct
    def reconstruct(x, memo, func, args, *rest, **kwargs):
        def made(*values):
            return target(func(*values))
        return real_reconstruct(x, memo, made, args, *rest, **kwargs)
    copy._reconstruct = reconstruct

    def attrgetter(*names):
        def one(value, dotted):
            for part in dotted.split("."):
                value = load(value, part)
            return value
        if len(names) == 1:
            return lambda value: one(value, names[0])
        return lambda value: tuple(one(value, name) for name in names)
    def methodcaller(name, *args, **kwargs):
        return lambda value: load(value, name)(*args, **kwargs)
    operator.attrgetter = attrgetter
    operator.methodcaller = methodcaller
