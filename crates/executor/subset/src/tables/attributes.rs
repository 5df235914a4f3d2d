//! Attribute names: which a program may read, which it may set, and which it may define in a class.
//!
//! Names that are no dunder are free, except for those that lead from generators, coroutines, tracebacks, frames and
//! code objects to the interpreter. Of the dunders only those listed here are free.

use super::has;

/// Methods that a class may define, and that may be called by name.
pub const METHODS: &[&str] = &[
    "__abs__",
    "__add__",
    "__and__",
    "__bool__",
    "__bytes__",
    "__call__",
    "__ceil__",
    "__class_getitem__",
    "__complex__",
    "__contains__",
    "__copy__",
    "__deepcopy__",
    "__delitem__",
    "__dir__",
    "__divmod__",
    "__enter__",
    "__eq__",
    "__exit__",
    "__float__",
    "__floor__",
    "__floordiv__",
    "__format__",
    "__ge__",
    "__get__",
    "__getattr__",
    "__getitem__",
    "__gt__",
    "__hash__",
    "__iadd__",
    "__iand__",
    "__ifloordiv__",
    "__ilshift__",
    "__imatmul__",
    "__imod__",
    "__imul__",
    "__index__",
    "__init__",
    "__init_subclass__",
    "__int__",
    "__invert__",
    "__ior__",
    "__ipow__",
    "__irshift__",
    "__isub__",
    "__iter__",
    "__itruediv__",
    "__ixor__",
    "__le__",
    "__len__",
    "__length_hint__",
    "__lshift__",
    "__lt__",
    "__matmul__",
    "__missing__",
    "__mod__",
    "__mul__",
    "__ne__",
    "__neg__",
    "__new__",
    "__next__",
    "__or__",
    "__pos__",
    "__post_init__",
    "__pow__",
    "__radd__",
    "__rand__",
    "__rdivmod__",
    "__replace__",
    "__repr__",
    "__reversed__",
    "__rfloordiv__",
    "__rlshift__",
    "__rmatmul__",
    "__rmod__",
    "__rmul__",
    "__ror__",
    "__round__",
    "__rpow__",
    "__rrshift__",
    "__rshift__",
    "__rsub__",
    "__rtruediv__",
    "__rxor__",
    "__set_name__",
    "__setitem__",
    "__str__",
    "__sub__",
    "__truediv__",
    "__trunc__",
    "__xor__",
];

/// Further names that a class body or a module may bind.
pub const DEFINABLE: &[&str] = &[
    "__all__",
    "__author__",
    "__copyright__",
    "__credits__",
    "__date__",
    "__delattr__",
    "__delete__",
    "__doc__",
    "__email__",
    "__license__",
    "__maintainer__",
    "__match_args__",
    "__name__",
    "__qualname__",
    "__set__",
    "__setattr__",
    "__slots__",
    "__status__",
    "__test__",
    "__version__",
];

/// Further attributes that may be read.
pub const READABLE: &[&str] = &[
    "__all__",
    "__args__",
    "__author__",
    "__cause__",
    "__class__",
    "__context__",
    "__dataclass_fields__",
    "__debug__",
    "__dict__",
    "__doc__",
    "__match_args__",
    "__members__",
    "__module__",
    "__name__",
    "__notes__",
    "__origin__",
    "__parameters__",
    "__qualname__",
    "__slots__",
    "__suppress_context__",
    "__version__",
    "__wrapped__",
];

/// Further attributes that may be set on an object of the program's own.
pub const SETTABLE: &[&str] = &[
    "__cause__",
    "__context__",
    "__dict__",
    "__doc__",
    "__name__",
    "__qualname__",
    "__suppress_context__",
    "__wrapped__",
];

/// Attributes without underscores around them that lead to frames, code and class graphs.
pub const WALKS: &[&str] = &[
    "ag_await",
    "ag_code",
    "ag_frame",
    "ag_running",
    "co_argcount",
    "co_branches",
    "co_cellvars",
    "co_code",
    "co_consts",
    "co_exceptiontable",
    "co_filename",
    "co_firstlineno",
    "co_flags",
    "co_freevars",
    "co_kwonlyargcount",
    "co_lines",
    "co_linetable",
    "co_lnotab",
    "co_name",
    "co_names",
    "co_nlocals",
    "co_positions",
    "co_posonlyargcount",
    "co_qualname",
    "co_stacksize",
    "co_varnames",
    "cr_await",
    "cr_code",
    "cr_frame",
    "cr_origin",
    "cr_running",
    "f_back",
    "f_builtins",
    "f_code",
    "f_generator",
    "f_globals",
    "f_lasti",
    "f_lineno",
    "f_locals",
    "f_trace",
    "f_trace_lines",
    "f_trace_opcodes",
    "func_closure",
    "func_code",
    "func_defaults",
    "func_dict",
    "func_globals",
    "gi_code",
    "gi_frame",
    "gi_running",
    "gi_suspended",
    "gi_yieldfrom",
    "im_class",
    "im_func",
    "im_self",
    "mro",
    "tb_frame",
    "tb_lasti",
    "tb_lineno",
    "tb_next",
];

/// Why a name is denied, for the message.
#[derive(Clone, Copy, Debug)]
pub struct DeniedAttribute {
    /// The name.
    pub name: &'static str,
    /// Why, as the end of a sentence.
    pub reason: &'static str,
    /// What to do instead.
    pub hint: &'static str,
}

/// Dunders that programs ask for, with what to do instead. Sorted.
pub const EXPLAINED: &[DeniedAttribute] = &[
    DeniedAttribute {
        name: "__annotations__",
        reason: "the library makes code from the names in it",
        hint: "keep the types in a dictionary of your own",
    },
    DeniedAttribute { name: "__base__", reason: "it walks the graph of classes", hint: "name the class that you mean" },
    DeniedAttribute {
        name: "__bases__",
        reason: "it walks the graph of classes",
        hint: "name the classes that you mean",
    },
    DeniedAttribute {
        name: "__builtins__",
        reason: "it reaches the interpreter's own names",
        hint: "call the builtin by its name",
    },
    DeniedAttribute {
        name: "__class__",
        reason: "an object's class may not be set or faked",
        hint: "make a new object of the other class",
    },
    DeniedAttribute {
        name: "__closure__",
        reason: "it reaches into a function's cells",
        hint: "keep the state in an object or use nonlocal",
    },
    DeniedAttribute { name: "__code__", reason: "it reaches a function's code", hint: "call the function" },
    DeniedAttribute { name: "__defaults__", reason: "it reaches into a function", hint: "pass the argument" },
    DeniedAttribute {
        name: "__del__",
        reason: "when an object dies is no part of the subset",
        hint: "use a with statement or a close method",
    },
    DeniedAttribute {
        name: "__delattr__",
        reason: "it bypasses the guard of foreign objects",
        hint: "use del object.name",
    },
    DeniedAttribute { name: "__file__", reason: "there are no files", hint: "keep data in the program" },
    DeniedAttribute { name: "__func__", reason: "it reaches the function behind a method", hint: "call the method" },
    DeniedAttribute {
        name: "__getattribute__",
        reason: "it can fake any attribute",
        hint: "define __getattr__ or a property",
    },
    DeniedAttribute {
        name: "__getstate__",
        reason: "copying by state can forge objects",
        hint: "define __copy__ or __deepcopy__",
    },
    DeniedAttribute {
        name: "__globals__",
        reason: "it reaches the names of another module",
        hint: "import the module",
    },
    DeniedAttribute {
        name: "__import__",
        reason: "importing by a computed name is outside the subset",
        hint: "use an import statement",
    },
    DeniedAttribute {
        name: "__instancecheck__",
        reason: "it can forge isinstance in a test",
        hint: "inherit from the class",
    },
    DeniedAttribute { name: "__kwdefaults__", reason: "it reaches into a function", hint: "pass the argument" },
    DeniedAttribute { name: "__loader__", reason: "it reaches the import machinery", hint: "use an import statement" },
    DeniedAttribute {
        name: "__metaclass__",
        reason: "it has no meaning in Python 3",
        hint: "write class C(metaclass=M)",
    },
    DeniedAttribute { name: "__module__", reason: "the origin of a class may not be faked", hint: "leave it as it is" },
    DeniedAttribute {
        name: "__mro__",
        reason: "it walks the graph of classes",
        hint: "use super() or name the class that you mean",
    },
    DeniedAttribute {
        name: "__reduce__",
        reason: "copying by reduction can forge objects",
        hint: "define __copy__ or __deepcopy__",
    },
    DeniedAttribute {
        name: "__reduce_ex__",
        reason: "copying by reduction can forge objects",
        hint: "define __copy__ or __deepcopy__",
    },
    DeniedAttribute {
        name: "__self__",
        reason: "it reaches the module behind a builtin",
        hint: "keep the object in a variable",
    },
    DeniedAttribute {
        name: "__setattr__",
        reason: "it bypasses the guard of foreign objects",
        hint: "write object.name = value, or object.__dict__[name] = value",
    },
    DeniedAttribute {
        name: "__setstate__",
        reason: "copying by state can forge objects",
        hint: "define __copy__ or __deepcopy__",
    },
    DeniedAttribute { name: "__spec__", reason: "it reaches the import machinery", hint: "use an import statement" },
    DeniedAttribute {
        name: "__subclasscheck__",
        reason: "it can forge issubclass in a test",
        hint: "inherit from the class",
    },
    DeniedAttribute {
        name: "__subclasses__",
        reason: "it walks the graph of classes",
        hint: "keep a list of your classes",
    },
    DeniedAttribute {
        name: "__subclasshook__",
        reason: "it can forge issubclass in a test",
        hint: "inherit from the class",
    },
    DeniedAttribute { name: "__traceback__", reason: "it reaches frames", hint: "use the exception's message" },
];

/// Whether the name starts and ends with two underscores.
pub(crate) fn is_dunder(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}

/// Whether a program may not read `object.name`.
pub(crate) fn is_unreadable(name: &str) -> bool {
    has(WALKS, name) || (is_dunder(name) && !has(METHODS, name) && !has(READABLE, name))
}

/// Whether a program may not write `object.name = …` or `del object.name`.
pub(crate) fn is_unsettable(name: &str) -> bool {
    has(WALKS, name) || (is_dunder(name) && !has(METHODS, name) && !has(SETTABLE, name))
}

/// Whether a program may not reach this attribute by a name given as text: in `getattr`, `setattr`,
/// `delattr`, `hasattr`, `str.format` fields, `operator.attrgetter` and `operator.methodcaller`. Stricter
/// than what the source may spell: `__dict__` by its name goes through a guard, and
/// text has none; `__class__` and `__match_args__` may not be set.
pub fn is_denied_attribute(name: &str) -> bool {
    matches!(name, "__dict__" | "__match_args__") || is_unreadable(name)
}

/// Whether a program may not set or delete this attribute by a name given as text (`setattr`, `delattr`); on
/// a class, [`is_denied_definition`] counts as well.
pub fn is_denied_setting(name: &str) -> bool {
    is_denied_attribute(name) || is_unsettable(name)
}

/// Whether a class of the program may not hold this name, however the class is made: by a `class` statement, by
/// `type(name, bases, namespace)` or by `setattr`. The virtual machine asks for every class made at run time.
pub fn is_denied_definition(name: &str) -> bool {
    has(WALKS, name) || (is_dunder(name) && !has(METHODS, name) && !has(DEFINABLE, name) && !has(IMPLICIT, name))
}

/// What the interpreter and the library put into a class by themselves; source may not bind them.
const IMPLICIT: &[&str] = &[
    "__abstractmethods__",
    "__annotate__",
    "__annotate_func__",
    "__annotations__",
    "__annotations_cache__",
    "__classcell__",
    "__classdictcell__",
    "__conditional_annotations__",
    "__dataclass_fields__",
    "__dataclass_params__",
    "__dict__",
    "__firstlineno__",
    "__getstate__",
    "__module__",
    "__orig_bases__",
    "__parameters__",
    "__reduce_ex__",
    "__setstate__",
    "__static_attributes__",
    "__type_params__",
    "__weakref__",
];

/// Whether source may not bind this name in a class body or a module.
pub(crate) fn is_unbindable(name: &str) -> bool {
    has(IMPLICIT, name) || is_denied_definition(name)
}

/// Reason and hint for a denied attribute.
pub(crate) fn explain(name: &str) -> (&'static str, &'static str) {
    if let Ok(at) = EXPLAINED.binary_search_by(|entry| entry.name.cmp(name))
        && let Some(entry) = EXPLAINED.get(at)
    {
        return (entry.reason, entry.hint);
    }
    if is_dunder(name) {
        return ("this special name is not in the subset", "use the operator or builtin that stands for it");
    }
    ("it reaches frames, code or the graph of classes", "rename the attribute if it is your own")
}
