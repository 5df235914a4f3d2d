//! Functions of native modules whose work grows with a size.

use rustpython_vm::function::{FuncArgs, PyMethodDef};
use rustpython_vm::{AsObject as _, PyResult, VirtualMachine};

use super::{integers, methods, size};

type Cost = fn(&FuncArgs, &VirtualMachine) -> u64;

fn linear(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let all = arguments.args.iter().chain(arguments.kwargs.values());
    all.map(|argument| size::of(argument, vm).saturating_add(size::left_in(argument, vm))).fold(0, u64::saturating_add)
}

/// Ranges and lists that are consumed element by element natively.
fn elementwise(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    linear(arguments, vm).saturating_mul(4)
}

fn sorted(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    linear(arguments, vm).saturating_mul(16)
}

/// Words of `n!`, about `n * log2(n) / 64`, multiplied up.
fn factorial(arguments: &FuncArgs, _vm: &VirtualMachine) -> u64 {
    let n = arguments.args.first().map_or(0, |n| size::count(n));
    let words = n.saturating_mul(u64::from(64 - n.leading_zeros())) / 64;
    integers::product(words, words)
}

fn binomial(arguments: &FuncArgs, _vm: &VirtualMachine) -> u64 {
    let count = |at: usize| arguments.args.get(at).map_or(0, |n| size::count(n));
    let (n, k) = (count(0), if arguments.args.len() > 1 { count(1).min(count(0)) } else { count(0) });
    let words = k.saturating_mul(u64::from(64 - n.leading_zeros())) / 64;
    integers::product(words, words).saturating_add(k / 64)
}

/// Roots and divisors of large integers.
fn quadratic(arguments: &FuncArgs, _vm: &VirtualMachine) -> u64 {
    arguments.args.iter().map(|value| integers::decimal_cost(value)).fold(0, u64::saturating_add)
}

/// Integers written as text.
fn written(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    quadratic(arguments, vm).saturating_add(linear(arguments, vm))
}

const PATCHED: &[(&str, &str, Cost)] = &[
    ("builtins", "sum", elementwise),
    ("builtins", "min", elementwise),
    ("builtins", "max", elementwise),
    ("builtins", "any", elementwise),
    ("builtins", "all", elementwise),
    ("builtins", "sorted", sorted),
    ("builtins", "bin", linear),
    ("builtins", "print", written),
    ("math", "isqrt", quadratic),
    ("math", "gcd", quadratic),
    ("math", "lcm", quadratic),
    ("builtins", "ascii", linear),
    ("_collections", "_count_elements", elementwise),
    ("_functools", "reduce", elementwise),
    ("math", "factorial", factorial),
    ("math", "comb", binomial),
    ("math", "perm", binomial),
    ("math", "prod", elementwise),
    ("math", "fsum", elementwise),
    ("math", "sumprod", elementwise),
    ("math", "dist", linear),
    ("math", "hypot", linear),
    ("binascii", "hexlify", linear),
    ("binascii", "unhexlify", linear),
    ("binascii", "crc32", linear),
    ("_operator", "contains", linear),
    ("_operator", "countOf", elementwise),
    ("_operator", "indexOf", elementwise),
    ("_json", "scanstring", linear),
];

/// Replaces the functions in their modules, before the library copies them.
pub(crate) fn patch(vm: &VirtualMachine) -> PyResult<()> {
    for (module_name, name, cost) in PATCHED {
        let module = vm.import(*module_name, 0)?;
        let Ok(original) = module.get_attr(*name, vm) else { continue };
        let definition: &'static PyMethodDef = Box::leak(Box::new(PyMethodDef {
            name,
            func: methods::charging_object(original, *cost),
            flags: rustpython_vm::function::PyMethodFlags::EMPTY,
            doc: None,
        }));
        let function = definition.to_function().with_module(vm.ctx.intern_str(*module_name)).into_ref(&vm.ctx);
        module.set_attr(vm.ctx.intern_str(*name), function.as_object().to_owned(), vm)?;
    }
    Ok(())
}
