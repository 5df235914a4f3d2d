//! How much work a value stands for.

use rustpython_vm::builtins::{
    PyByteArray, PyBytes, PyDict, PyFrozenSet, PyInt, PyList, PyRange, PySet, PyStr, PyTuple, PyType,
};
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{Py, PyObject, VirtualMachine};

/// Bytes of text that one unit moves, compares or searches.
pub(crate) const BYTES_A_UNIT: u64 = 128;

/// Elements that one unit moves or compares.
pub(crate) const ELEMENTS_A_UNIT: u64 = 16;

/// Parts of a unit that bytes of text cost when they are only copied or compared.
pub(crate) fn copied(bytes: usize) -> u64 {
    bytes as u64 / 16
}

/// How many elements or bytes a value of a native class holds; what a subclass says about itself is not asked.
pub(crate) fn length(value: &PyObject, vm: &VirtualMachine) -> u64 {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return text.as_bytes().len() as u64;
    }
    if let Some(list) = value.downcast_ref::<PyList>() {
        return list.borrow_vec().len() as u64;
    }
    if let Some(tuple) = value.downcast_ref::<PyTuple>() {
        return tuple.len() as u64;
    }
    if let Some(dict) = value.downcast_ref::<PyDict>() {
        return dict.__len__() as u64;
    }
    if value.downcast_ref::<PyInt>().is_some() {
        return 0;
    }
    let native = |class: &Py<PyType>| !class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE);
    let own = value.class();
    let of = |class: &Py<PyType>| {
        let (sequence, mapping) = (class.slots.as_sequence.length.load(), class.slots.as_mapping.length.load());
        sequence
            .map(|length| length(value.sequence_unchecked(), vm))
            .or_else(|| mapping.map(|length| length(value.mapping_unchecked(), vm)))
    };
    let found = if native(own) {
        of(own)
    } else {
        own.mro.read().iter().find(|class| native(class)).and_then(|class| of(class))
    };
    match found {
        Some(Ok(length)) => length as u64,
        Some(Err(_)) => u64::MAX / 1024,
        None => 0,
    }
}

/// A length as it is charged.
pub(crate) fn bytes(length: usize) -> u64 {
    length as u64 / BYTES_A_UNIT
}

/// A number of elements as it is charged.
pub(crate) fn elements(length: usize) -> u64 {
    length as u64 / ELEMENTS_A_UNIT
}

/// What going through the value once costs; 0 for what is small or has no size.
pub(crate) fn of(value: &PyObject, vm: &VirtualMachine) -> u64 {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return bytes(text.as_bytes().len());
    }
    if let Some(list) = value.downcast_ref::<PyList>() {
        return elements(list.borrow_vec().len());
    }
    if let Some(tuple) = value.downcast_ref::<PyTuple>() {
        return elements(tuple.len());
    }
    if let Some(data) = value.downcast_ref::<PyBytes>() {
        return bytes(data.as_bytes().len());
    }
    if let Some(data) = value.downcast_ref::<PyByteArray>() {
        return bytes(data.borrow_buf().len());
    }
    if value.downcast_ref::<PyInt>().is_some() {
        return super::integers::words(value) / super::integers::WORDS_A_UNIT;
    }
    if let Some(dict) = value.downcast_ref::<PyDict>() {
        return elements(dict.__len__());
    }
    if value.downcast_ref::<PySet>().is_some()
        || value.downcast_ref::<PyFrozenSet>().is_some()
        || value.downcast_ref::<PyRange>().is_some()
        || is_sized_builtin(value)
    {
        return length(value, vm) / ELEMENTS_A_UNIT;
    }
    0
}

/// Containers of native modules, and what derives from them.
fn is_sized_builtin(value: &PyObject) -> bool {
    const TYPES: &[&str] = &["deque", "array", "memoryview", "dict_keys", "dict_values", "dict_items", "mappingproxy"];
    let class = value.class();
    TYPES.contains(&&*class.name())
        || class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE)
            && class.mro.read().iter().any(|base| TYPES.contains(&&*base.name()))
}

/// What is left in a builtin iterator, in elements; 0 when it does not say.
pub(crate) fn left_in(iterator: &PyObject, vm: &VirtualMachine) -> u64 {
    let name = iterator.class().name().to_string();
    if matches!(name.as_str(), "range_iterator" | "longrange_iterator" | "list_iterator" | "tuple_iterator") {
        return vm.length_hint_opt(iterator.to_owned()).ok().flatten().map_or(0, elements);
    }
    0
}

/// An integer argument as a width or a count; nothing for negative ones, everything for huge ones.
pub(crate) fn count(value: &PyObject) -> u64 {
    let Some(int) = value.downcast_ref::<PyInt>() else { return 0 };
    i64::try_from(int.as_bigint()).map_or(u64::MAX, |value| u64::try_from(value).unwrap_or_default())
}

/// The largest number that is spelled in a format.
pub(crate) fn largest_number(format: &str) -> u64 {
    let mut largest = 0_u64;
    let mut current = 0_u64;
    for letter in format.bytes() {
        current = if letter.is_ascii_digit() {
            current.saturating_mul(10).saturating_add(u64::from(letter - b'0'))
        } else {
            0
        };
        largest = largest.max(current);
    }
    largest
}

/// The sum of the numbers that are spelled in a format.
pub(crate) fn sum_of_numbers(format: &str) -> u64 {
    let numbers = format.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.map(|digits| digits.parse().unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
}
