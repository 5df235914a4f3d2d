//! Differences: what is left when one value is taken from another one tells whether it is what a test wants.
//!
//! The functions here stand in the slots of the candidate's classes, as those of [`crate::judge`] do. Where the other
//! operand is a plain value of the test, a candidate's object may answer with another object of its own, which then is
//! not asked for its size; a plain answer would be its verdict.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use edgecoder_types::RunStatus;
use rustpython_vm::builtins::{PyDict, PyFrozenSet, PyFunction, PySet, PyType};
use rustpython_vm::protocol::{PyMapping, PySequence};
use rustpython_vm::types::{PyComparisonOp, PyTypeSlots};
use rustpython_vm::{AsObject as _, PyObject, PyResult, VirtualMachine};

use crate::judge::{asking, same, template};
use crate::state::{self, End};
use crate::{caller, classes, compare, origin};

type Binary = fn(&PyObject, &PyObject, &VirtualMachine) -> PyResult;
type Length = fn(PySequence<'_>, &VirtualMachine) -> PyResult<usize>;
type Size = fn(PyMapping<'_>, &VirtualMachine) -> PyResult<usize>;

/// Special methods by which an object says how large it is.
const MEASURES: &[&str] = &[
    "__abs__",
    "__bool__",
    "__ceil__",
    "__complex__",
    "__float__",
    "__floor__",
    "__index__",
    "__int__",
    "__neg__",
    "__pos__",
    "__round__",
    "__trunc__",
];

/// Special methods that give a text. What a test took from an object that it made itself may say what it is.
const TEXTS: &[&str] = &["__format__", "__repr__", "__str__"];

/// The operators: number, method, slot, whether the candidate's object is on the right, and of what kind the operator is.
macro_rules! operators {
    ($($at:literal $name:literal $slot:ident $right:literal $kind:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$($name),*];
        const RIGHT: &[bool] = &[$($right),*];
        const KINDS: &[Kind] = &[$(Kind::$kind),*];

        fn load(slots: &PyTypeSlots, at: usize) -> Option<Binary> {
            match at {
                $($at => slots.as_number.$slot.load(),)*
                _ => None,
            }
        }

        fn put_in(slots: &PyTypeSlots, known: &[Option<Binary>]) {
            $(if same(slots.as_number.$slot.load().map(|f| f as usize), known.get($at).copied().flatten().map(|f| f as usize)) {
                slots.as_number.$slot.store(Some(calculate::<$at>));
            })*
        }
    };
}

/// What an operator gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What is left of one value without the other.
    Difference,
    /// What two sets have together, or both.
    Common,
    /// Another number.
    Number,
}

operators! {
    0 "__sub__" subtract false Difference, 1 "__rsub__" right_subtract true Difference,
    2 "__isub__" inplace_subtract false Difference,
    3 "__xor__" xor false Difference, 4 "__rxor__" right_xor true Difference, 5 "__ixor__" inplace_xor false Difference,
    6 "__and__" and false Common, 7 "__rand__" right_and true Common, 8 "__iand__" inplace_and false Common,
    9 "__or__" or false Common, 10 "__ror__" right_or true Common, 11 "__ior__" inplace_or false Common,
    12 "__add__" add false Number, 13 "__radd__" right_add true Number, 14 "__iadd__" inplace_add false Number,
    15 "__mod__" remainder false Number, 16 "__rmod__" right_remainder true Number,
    17 "__imod__" inplace_remainder false Number,
    18 "__floordiv__" floor_divide false Number, 19 "__rfloordiv__" right_floor_divide true Number,
    20 "__ifloordiv__" inplace_floor_divide false Number,
    21 "__truediv__" true_divide false Number, 22 "__rtruediv__" right_true_divide true Number,
    23 "__itruediv__" inplace_true_divide false Number,
    24 "__mul__" multiply false Number, 25 "__rmul__" right_multiply true Number, 26 "__imul__" inplace_multiply false Number,
    27 "__divmod__" divmod false Number, 28 "__rdivmod__" right_divmod true Number,
}

thread_local! {
    static KNOWN: RefCell<Vec<Option<Binary>>> = const { RefCell::new(Vec::new()) };
    static LENGTH: Cell<Option<Length>> = const { Cell::new(None) };
    static SIZE: Cell<Option<Size>> = const { Cell::new(None) };
    /// Differences that are objects of the candidate's, by address, and whether the test made what they came from. All
    /// are kept alive.
    static LEFT: RefCell<BTreeMap<usize, bool>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn learn(vm: &VirtualMachine) -> PyResult<()> {
    let names: Vec<&str> = NAMES.iter().copied().chain(["__len__"]).collect();
    let template = template(&names, vm)?;
    if let Some(class) = template.downcast_ref::<PyType>() {
        KNOWN.with(|cell| *cell.borrow_mut() = (0..NAMES.len()).map(|at| load(&class.slots, at)).collect());
        LENGTH.set(class.slots.as_sequence.length.load());
        SIZE.set(class.slots.as_mapping.length.load());
    }
    Ok(())
}

/// Replaces the interpreter's functions by ours.
pub(crate) fn guard(slots: &PyTypeSlots) {
    KNOWN.with(|cell| put_in(slots, &cell.borrow()));
    if same(slots.as_sequence.length.load().map(|f| f as usize), LENGTH.get().map(|f| f as usize)) {
        slots.as_sequence.length.store(Some(length));
    }
    if same(slots.as_mapping.length.load().map(|f| f as usize), SIZE.get().map(|f| f as usize)) {
        slots.as_mapping.length.store(Some(size));
    }
}

fn calculate<const AT: usize>(left: &PyObject, right: &PyObject, vm: &VirtualMachine) -> PyResult {
    let Some(ask) = KNOWN.with(|cell| cell.borrow().get(AT).copied().flatten()) else {
        return Ok(vm.ctx.not_implemented());
    };
    let on_right = RIGHT.get(AT).copied().unwrap_or_default();
    let (zelf, other) = if on_right { (right, left) } else { (left, right) };
    if caller::is_candidate(vm) {
        return ask(left, right, vm);
    }
    let answer = asking(vm, || ask(left, right, vm))?;
    let free = origin::is_candidate_instance(other, vm) || !judges(AT, zelf, other, vm);
    if free || answer.is(&vm.ctx.not_implemented) {
        return Ok(answer);
    }
    if let Some(operator) = classes::foundation(zelf, vm).and_then(|class| load(&class.slots, AT)) {
        let own = operator(left, right, vm)?;
        if own.class().is(answer.class()) && own.rich_compare_bool(&answer, PyComparisonOp::Eq, vm)? {
            return Ok(own);
        }
    }
    let told = classes::is_made_by_test(zelf);
    let hides = hides(MEASURES, &answer, vm) || !told && hides(TEXTS, &answer, vm);
    if !origin::is_candidate_instance(&answer, vm) || hides {
        forged(zelf, other);
    }
    let known = LEFT.with(|cell| {
        let mut left = cell.borrow_mut();
        let before = left.get(&answer.get_id()).copied();
        left.insert(answer.get_id(), told && before.unwrap_or(true));
        before.is_some()
    });
    if !known {
        classes::keep(&answer);
    }
    Ok(answer)
}

/// Whether what comes of the operation tells if the object is what a test wants.
fn judges(at: usize, zelf: &PyObject, other: &PyObject, vm: &VirtualMachine) -> bool {
    let kind = KINDS.get(at).copied().unwrap_or(Kind::Number);
    let number = compare::is_number(other, vm);
    if number && kind != Kind::Number {
        return true;
    }
    if classes::is_made_by_test(zelf) {
        // The test knows what it made.
        return false;
    }
    if number || matches!(&*other.class().name(), "date" | "time" | "datetime" | "timedelta") {
        return number || kind == Kind::Difference;
    }
    kind != Kind::Number
        && (other.downcast_ref::<PySet>().is_some()
            || other.downcast_ref::<PyFrozenSet>().is_some()
            || other.downcast_ref::<PyDict>().is_some())
}

/// Whether an object has one of the methods in another form than a function.
fn hides(names: &[&'static str], object: &PyObject, vm: &VirtualMachine) -> bool {
    names.iter().any(|name| {
        let found = object.class().get_attr(vm.ctx.intern_str(*name));
        found.is_some_and(|method| method.downcast_ref::<PyFunction>().is_none() && origin::is_candidates(&method, vm))
    })
}

/// Whether there is anything left.
pub(crate) fn is_any_left() -> bool {
    LEFT.with(|cell| !cell.borrow().is_empty())
}

/// Whether a test asks what it has left, by one of the special methods, how large it is.
pub(crate) fn measures(zelf: &PyObject, code: &PyObject, vm: &VirtualMachine) -> bool {
    let Some(told) = LEFT.with(|cell| cell.borrow().get(&zelf.get_id()).copied()) else { return false };
    let texts: &[&'static str] = if told { &[] } else { TEXTS };
    MEASURES.iter().chain(texts).any(|name| {
        let found = zelf.class().get_attr(vm.ctx.intern_str(*name));
        found.is_some_and(|method| method.get_attr("__code__", vm).is_ok_and(|own| own.is(code)))
    })
}

fn is_left(object: &PyObject) -> bool {
    LEFT.with(|cell| cell.borrow().contains_key(&object.get_id()))
}

/// A list is made with its length; that nothing is left would be a verdict.
fn weighed(object: &PyObject, length: usize, vm: &VirtualMachine) -> usize {
    if length == 0 && is_left(object) && caller::is_oracle(vm) {
        forged(object, object);
    }
    length
}

fn length(sequence: PySequence<'_>, vm: &VirtualMachine) -> PyResult<usize> {
    let object = sequence.obj;
    match LENGTH.get() {
        Some(ask) => ask(sequence, vm).map(|length| weighed(object, length, vm)),
        None => Ok(0),
    }
}

fn size(mapping: PyMapping<'_>, vm: &VirtualMachine) -> PyResult<usize> {
    let object = mapping.obj;
    match SIZE.get() {
        Some(ask) => ask(mapping, vm).map(|length| weighed(object, length, vm)),
        None => Ok(0),
    }
}

/// Ends the run: the candidate would have decided.
pub(crate) fn forged(left: &PyObject, right: &PyObject) -> ! {
    let detail = format!(
        "the test takes the difference of a '{}' and a '{}', and a class of the candidate would decide it, which could make \
         any test pass; return plain values, or take it from an object of the same class",
        left.class().name(),
        right.class().name()
    );
    state::finish(End::new(RunStatus::Forged, "forged_arithmetic", detail))
}
