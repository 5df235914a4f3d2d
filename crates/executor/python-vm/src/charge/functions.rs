//! Functions of native modules whose work grows with a size.

use rustpython_vm::builtins::{PyBytes, PyStr, PyTuple};
use rustpython_vm::function::{FuncArgs, PyMethodDef};
use rustpython_vm::{AsObject as _, PyObject, PyResult, VirtualMachine};

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

/// Hexadecimal and octal digits.
fn digits(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    linear(arguments, vm).saturating_mul(32)
}

/// Bytes that are compressed, hashed or taken apart one by one.
fn bytewise(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    linear(arguments, vm).saturating_mul(4)
}

fn normalised(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    linear(arguments, vm).saturating_mul(16)
}

fn compressed(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    linear(arguments, vm).saturating_mul(8)
}

/// What is compressed may grow a thousandfold.
fn decompressed(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    linear(arguments, vm).saturating_mul(1024)
}

/// A format and its counts, and the values.
fn packed(arguments: &FuncArgs, vm: &VirtualMachine) -> u64 {
    let format = arguments.args.first();
    let text = format.and_then(|format| format.downcast_ref::<PyStr>()).map(|text| text.to_string_lossy().into_owned());
    let bytes = format.and_then(|format| format.downcast_ref::<PyBytes>());
    let text = text.or_else(|| bytes.map(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned()));
    let counts = text.map_or(0, |text| size::sum_of_numbers(&text));
    bytewise(arguments, vm).saturating_add(counts / size::ELEMENTS_A_UNIT)
}

/// The classes among the arguments, each as often as it is looked at; the value itself costs nothing.
fn classes(arguments: &FuncArgs, _vm: &VirtualMachine) -> u64 {
    fn walk(of: &PyObject) {
        if let Some(many) = of.downcast_ref::<PyTuple>() {
            crate::fuel::charge_parts(CLASS * many.len() as u64);
            many.as_slice().iter().for_each(|one| walk(one));
        }
    }
    if let Some(of) = arguments.args.get(1) {
        walk(of);
    }
    0
}

/// Parts of a unit that asking for one class costs.
const CLASS: u64 = 32;

const PATCHED: &[(&str, &str, Cost)] = &[
    ("builtins", "sum", elementwise),
    ("builtins", "min", elementwise),
    ("builtins", "max", elementwise),
    ("builtins", "any", elementwise),
    ("builtins", "all", elementwise),
    ("builtins", "sorted", sorted),
    ("builtins", "bin", digits),
    ("builtins", "hex", digits),
    ("builtins", "oct", digits),
    ("builtins", "issubclass", classes),
    ("builtins", "isinstance", classes),
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
    ("_json", "encode_basestring", bytewise),
    ("_json", "encode_basestring_ascii", bytewise),
    ("_struct", "pack", packed),
    ("_struct", "pack_into", packed),
    ("_struct", "unpack", packed),
    ("_struct", "unpack_from", packed),
    ("_struct", "iter_unpack", packed),
    ("_struct", "calcsize", packed),
    ("binascii", "a2b_base64", bytewise),
    ("binascii", "b2a_base64", bytewise),
    ("binascii", "a2b_hex", bytewise),
    ("binascii", "b2a_hex", bytewise),
    ("binascii", "a2b_qp", bytewise),
    ("binascii", "b2a_qp", bytewise),
    ("binascii", "a2b_uu", bytewise),
    ("binascii", "b2a_uu", bytewise),
    ("binascii", "crc_hqx", bytewise),
    ("unicodedata", "normalize", normalised),
    ("unicodedata", "is_normalized", normalised),
    ("zlib", "adler32", linear),
    ("zlib", "crc32", linear),
    ("zlib", "compress", compressed),
    ("zlib", "decompress", decompressed),
    ("_hashlib", "new", bytewise),
    ("_hashlib", "openssl_md5", bytewise),
    ("_hashlib", "openssl_sha1", bytewise),
    ("_hashlib", "openssl_sha224", bytewise),
    ("_hashlib", "openssl_sha256", bytewise),
    ("_hashlib", "openssl_sha384", bytewise),
    ("_hashlib", "openssl_sha512", bytewise),
    ("_hashlib", "openssl_sha3_224", bytewise),
    ("_hashlib", "openssl_sha3_256", bytewise),
    ("_hashlib", "openssl_sha3_384", bytewise),
    ("_hashlib", "openssl_sha3_512", bytewise),
    ("_hashlib", "openssl_shake_128", bytewise),
    ("_hashlib", "openssl_shake_256", bytewise),
    ("_hashlib", "openssl_blake2b", bytewise),
    ("_hashlib", "openssl_blake2s", bytewise),
];

fn patch_compile(vm: &VirtualMachine) -> PyResult<()> {
    let module = vm.import("_sre", 0)?;
    let original = module.get_attr("compile", vm)?;
    let compile = vm.new_function("compile", move |arguments: FuncArgs, vm: &VirtualMachine| {
        super::patterns::compile(&original, arguments, vm)
    });
    module.set_attr("compile", compile, vm)
}

/// Replaces the functions in their modules, before the library copies them.
pub(crate) fn patch(vm: &VirtualMachine) -> PyResult<()> {
    for (module_name, name, cost) in PATCHED {
        let Ok(module) = vm.import(*module_name, 0) else { continue };
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
    patch_compile(vm)
}
