//! Methods of builtin classes whose work grows with a size.

use rustpython_vm::builtins::{PyInt, PyStr, PyType};
use rustpython_vm::function::{FuncArgs, PyMethodDef, PyMethodFlags, PyNativeFn};
use rustpython_vm::{AsObject as _, Py, PyObjectRef, PyPayload as _, PyRef, VirtualMachine};

use super::{integers, patterns, size};
use crate::fuel::charge;

/// Methods that touch a fixed number of elements, however large the object is.
const CONSTANT: &[&str] = &[
    "append",
    "appendleft",
    "pop",
    "popleft",
    "popitem",
    "get",
    "setdefault",
    "keys",
    "values",
    "items",
    "add",
    "discard",
    "clear",
    "fromkeys_",
    "__getitem__",
    "__len__",
    "__sizeof__",
    "__reversed__",
    "__class_getitem__",
    "is_integer",
    "bit_length",
    "conjugate",
    "__index__",
    "__int__",
    "__float__",
    "__getnewargs__",
    "__format__",
    "format",
    "join",
    "sort",
    "ljust",
    "rjust",
    "center",
    "zfill",
    "replace",
    "expandtabs",
    "to_bytes",
    "getrandbits",
    "__contains__",
];

/// Classes whose methods go through the object unless they stand above.
const TYPES: &[&str] = &[
    "str",
    "bytes",
    "bytearray",
    "list",
    "tuple",
    "dict",
    "set",
    "frozenset",
    "deque",
    "array",
    "Match",
    "Pattern",
    "int",
    "float",
    "Random",
    "memoryview",
    "HASH",
    "HASHXOF",
    "StringIO",
    "BytesIO",
    "Compress",
    "Decompress",
];

type Cost = fn(&FuncArgs, &VirtualMachine) -> u64;

fn linear(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    arguments
        .args
        .iter()
        .map(|argument| size::of(argument, vm).saturating_add(size::left_in(argument, vm)))
        .fold(0, u64::saturating_add)
}

/// A width or a count among the arguments decides.
fn width(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let widths = arguments.args.iter().skip(1).map(|argument| size::count(argument)).fold(0, u64::max);
    linear(arguments, vm).saturating_add(widths / size::BYTES_A_UNIT)
}

/// Every occurrence may grow by the whole replacement.
fn replace(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let length = |at: usize| arguments.args.get(at).map_or(0, |value| value.length(vm).unwrap_or_default() as u64);
    length(0).saturating_mul(length(2).max(1)) / size::BYTES_A_UNIT
}

fn expandtabs(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let length = arguments.args.first().map_or(0, |text| text.length(vm).unwrap_or_default() as u64);
    let tab = arguments.args.get(1).map_or(8, |tab| size::count(tab));
    length.saturating_mul(tab.max(1)) / size::BYTES_A_UNIT
}

fn join(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let separator = arguments.args.first().map_or(0, |text| text.length(vm).unwrap_or_default() as u64);
    let items = arguments.args.get(1).map_or(0, |items| size::of(items, vm));
    items.saturating_mul(1 + separator / 8)
}

/// Comparisons of a sort without a slow key; the key charges for itself.
fn sort(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let length = arguments.args.first().map_or(0, |list| list.length(vm).unwrap_or_default() as u64);
    length.saturating_mul(u64::from(64 - length.leading_zeros())) / 4
}

/// Widths and precisions in a format.
fn format(arguments: &FuncArgs, _vm: &VirtualMachine) -> u64 {
    let values = arguments.args.iter().chain(arguments.kwargs.values());
    let whole = values.map(|value| integers::decimal_cost(value)).fold(0, u64::saturating_add);
    let spelled = arguments.args.iter().filter_map(|argument| argument.downcast_ref::<PyStr>()).map(|text| {
        let text = text.to_string_lossy();
        (size::largest_number(&text) + text.len() as u64) / size::BYTES_A_UNIT
    });
    let nested = arguments
        .args
        .iter()
        .skip(1)
        .chain(arguments.kwargs.values())
        .filter_map(|value| value.downcast_ref::<PyInt>());
    let widths = nested.map(|value| size::count(value.as_object())).fold(0, u64::max);
    let has_nested = arguments
        .args
        .first()
        .and_then(|text| text.downcast_ref::<PyStr>())
        .is_some_and(|text| text.to_string_lossy().contains(":{"));
    spelled.fold(whole, u64::max).saturating_add(if has_nested { widths / size::BYTES_A_UNIT } else { 0 })
}

/// Every letter is looked up, or becomes an object.
fn each(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    arguments.args.first().map_or(0, |value| size::length(value, vm) / 8)
}

/// Every group is cut out by walking through the text.
fn groups(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let walked = |found: &PyObjectRef| {
        let text = found.get_attr("string", vm).map_or(0, |text| size::length(&text, vm));
        let groups = found.get_attr("regs", vm).map_or(1, |groups| size::length(&groups, vm));
        text.saturating_mul(groups.max(arguments.args.len() as u64)) / crate::fuel::PARTS_A_UNIT
    };
    arguments.args.first().map_or(0, walked)
}

/// A prefix is compared; text that is not ASCII is walked through to a place that is given.
fn prefix(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    if arguments.args.len() > 2 {
        return linear(arguments, vm);
    }
    arguments.args.get(1).map_or(0, |prefix| size::of(prefix, vm))
}

/// An insertion or a removal moves what comes after; only the end is free.
fn pop(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    if arguments.args.len() > 1 { linear(arguments, vm) / 8 } else { 0 }
}

fn cost_of(class: &str, method: &str) -> Option<Cost> {
    Some(match (class, method) {
        ("list" | "bytearray", "pop" | "insert") => pop,
        ("list", "sort") => sort,
        ("str" | "bytes" | "bytearray", "join") => join,
        ("str" | "bytes" | "bytearray", "replace") => replace,
        ("str" | "bytes" | "bytearray", "expandtabs") => expandtabs,
        (_, "ljust" | "rjust" | "center" | "zfill" | "to_bytes" | "getrandbits") => width,
        (_, "format" | "__format__") => format,
        ("dict", "fromkeys") => linear,
        (_, "startswith" | "endswith") => prefix,
        ("str", "translate") | ("memoryview", "tolist") => each,
        ("Match", _) => return None,
        ("StringIO" | "BytesIO", "write") => linear,
        ("StringIO" | "BytesIO", name) if READING.contains(&name) => nothing,
        ("StringIO" | "BytesIO", _) => return None,
        (_, name) if CONSTANT.contains(&name) || name.starts_with("__reduce") => return None,
        ("list" | "dict" | "set" | "tuple" | "frozenset", name) if name.starts_with("__") => return None,
        _ => linear,
    })
}

/// A function that charges and then calls the one that was there.
pub(crate) fn charging(original: &'static dyn PyNativeFn, cost: Cost) -> &'static dyn PyNativeFn {
    Box::leak(Box::new(move |vm: &VirtualMachine, arguments: FuncArgs| {
        charge(cost(&arguments, vm));
        original(vm, arguments)
    }))
}

/// A method that makes a list of pieces: each piece is charged, as many as there are.
fn pieces(original: &'static dyn PyNativeFn, cost: Cost) -> &'static dyn PyNativeFn {
    Box::leak(Box::new(move |vm: &VirtualMachine, arguments: FuncArgs| {
        charge(cost(&arguments, vm));
        let made = original(vm, arguments)?;
        crate::fuel::charge_parts(size::length(&made, vm).saturating_mul(PIECE));
        Ok(made)
    }))
}

/// Methods of streams in memory that copy out what the stream holds: how much that is, only the stream knows.
const READING: &[&str] = &["getvalue", "read", "read1", "readline"];

fn nothing(_arguments: &FuncArgs, _vm: &VirtualMachine) -> u64 {
    0
}

/// A method that is charged by what it gives.
fn taken(original: &'static dyn PyNativeFn) -> &'static dyn PyNativeFn {
    Box::leak(Box::new(move |vm: &VirtualMachine, arguments: FuncArgs| {
        let made = original(vm, arguments)?;
        charge(size::of(&made, vm));
        Ok(made)
    }))
}

/// Parts of a unit that a piece of a text costs.
const PIECE: u64 = 64;

/// `str.format`: charges for widths, and refuses fields that walk where programs may not go.
fn guarded_format(original: &'static dyn PyNativeFn) -> &'static dyn PyNativeFn {
    Box::leak(Box::new(move |vm: &VirtualMachine, arguments: FuncArgs| {
        charge(format(&arguments, vm));
        if let Some(text) = arguments.args.first().and_then(|text| text.downcast_ref::<PyStr>()) {
            crate::guard::check_format(&text.to_string_lossy(), vm)?;
        }
        original(vm, arguments)
    }))
}

/// Seeding without a seed takes one from the run's stream, never from the machine.
fn seeded(original: &'static dyn PyNativeFn) -> &'static dyn PyNativeFn {
    Box::leak(Box::new(move |vm: &VirtualMachine, mut arguments: FuncArgs| {
        if arguments.args.get(1).is_none_or(|seed| vm.is_none(seed)) {
            arguments.args.truncate(1);
            arguments.args.push(vm.ctx.new_int(crate::clock::random_u64()).into());
        }
        charge(linear(&arguments, vm));
        original(vm, arguments)
    }))
}

/// The same around any object that can be called.
pub(crate) fn charging_object(original: PyObjectRef, cost: Cost) -> &'static dyn PyNativeFn {
    Box::leak(Box::new(move |vm: &VirtualMachine, arguments: FuncArgs| {
        charge(cost(&arguments, vm));
        original.call(arguments, vm)
    }))
}

pub(crate) fn patch(types: &[PyRef<PyType>], vm: &VirtualMachine) {
    for class in types {
        let name = class.name().to_string();
        if !TYPES.contains(&name.as_str()) {
            continue;
        }
        // The classes of the interpreter live as long as the process.
        let class: &'static Py<PyType> = Box::leak(Box::new(class.clone()));
        for method in class.slots.methods {
            if method.flags.contains(PyMethodFlags::STATIC) {
                continue;
            }
            let func = match (name.as_str(), method.name, cost_of(&name, method.name)) {
                ("str", "format" | "format_map", _) => guarded_format(method.func),
                ("Random", "seed", _) => seeded(method.func),
                ("str" | "bytes" | "bytearray", "split" | "rsplit" | "splitlines", Some(cost)) => {
                    pieces(method.func, cost)
                }
                ("StringIO" | "BytesIO", reading, Some(_)) if READING.contains(&reading) => taken(method.func),
                ("Pattern", _, Some(cost)) => charging(patterns::charging(method), cost),
                ("Match", "group" | "groups" | "groupdict" | "expand", _) => charging(method.func, groups),
                (_, _, Some(cost)) => charging(method.func, cost),
                (_, _, None) => continue,
            };
            let definition: &'static PyMethodDef =
                Box::leak(Box::new(PyMethodDef { name: method.name, func, flags: method.flags, doc: method.doc }));
            let descriptor = definition.to_method(class, &vm.ctx).into_pyobject(vm);
            class.set_attr(vm.ctx.intern_str(method.name), descriptor);
        }
    }
}
