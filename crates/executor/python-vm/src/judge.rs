//! Who decides a comparison: an object of the candidate's may tell a test that it is not what the test wants, never
//! that it is.
//!
//! The functions here stand in the slots of the candidate's classes (see [`crate::classes`]). They judge the answer of
//! the candidate's method when the test has asked, in whatever way it came to: an operator, `sorted`, `list.index`, the keys
//! of a dictionary. Between two of its objects the candidate's methods are what is tested.

use std::cell::{Cell, RefCell};

use edgecoder_types::RunStatus;
use rustpython_vm::builtins::{PyFunction, PyType};
use rustpython_vm::function::{Either, PyComparisonValue};
use rustpython_vm::protocol::{PyIterReturn, PySequence};
use rustpython_vm::types::{PyComparisonOp, PyTypeFlags, PyTypeSlots};
use rustpython_vm::{AsObject as _, PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::state::{self, End};
use crate::{caller, classes, fuel, origin};

/// As many items are looked at to find out what `in` has to say.
const ITEMS_MAX: usize = 20_000;

type Answer = Either<PyObjectRef, PyComparisonValue>;
type Compare = fn(&PyObject, &PyObject, PyComparisonOp, &VirtualMachine) -> PyResult<Answer>;
type Contains = fn(PySequence<'_>, &PyObject, &VirtualMachine) -> PyResult<bool>;

thread_local! {
    /// What the interpreter puts into the slots of a class that has the methods in Python.
    static COMPARE: Cell<Option<Compare>> = const { Cell::new(None) };
    static CONTAINS: Cell<Option<Contains>> = const { Cell::new(None) };
    /// Frames below the candidate's methods that are being asked: their answers will be judged.
    static ASKED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// A class that has every method in Python, to learn the interpreter's functions from.
pub(crate) fn template(names: &[&str], vm: &VirtualMachine) -> PyResult<PyObjectRef> {
    let class = PyType::new_simple_heap("template", vm.ctx.types.object_type, &vm.ctx)
        .map_err(|message| vm.new_type_error(message))?;
    let class: PyObjectRef = class.into();
    for name in names {
        class.set_attr(vm.ctx.intern_str(*name), vm.ctx.none(), vm)?;
    }
    Ok(class)
}

pub(crate) fn learn(vm: &VirtualMachine) -> PyResult<()> {
    let template = template(&["__eq__", "__contains__"], vm)?;
    if let Some(class) = template.downcast_ref::<PyType>() {
        COMPARE.set(class.slots.richcompare.load());
        CONTAINS.set(class.slots.as_sequence.contains.load());
    }
    Ok(())
}

/// Replaces the interpreter's functions by ours.
pub(crate) fn guard(slots: &PyTypeSlots) {
    if same(slots.richcompare.load().map(|f| f as usize), COMPARE.get().map(|f| f as usize)) {
        slots.richcompare.store(Some(compare));
    }
    if same(slots.as_sequence.contains.load().map(|f| f as usize), CONTAINS.get().map(|f| f as usize)) {
        slots.as_sequence.contains.store(Some(contains));
    }
}

pub(crate) fn same(slot: Option<usize>, known: Option<usize>) -> bool {
    slot.is_some() && slot == known
}

/// Calls a method of the candidate's whose answer will be judged.
pub(crate) fn asking<R>(vm: &VirtualMachine, ask: impl FnOnce() -> R) -> R {
    let depth = vm.frames.borrow().len();
    ASKED.with(|cell| cell.borrow_mut().push(depth));
    let answer = ask();
    ASKED.with(|cell| cell.borrow_mut().pop());
    answer
}

/// Whether what program code called, that has so many frames below it, is a method that is being asked.
pub(crate) fn is_asked(below: usize) -> bool {
    ASKED.with(|cell| cell.borrow().last().is_some_and(|depth| *depth > below))
}

fn original(zelf: &PyObject, other: &PyObject, op: PyComparisonOp, vm: &VirtualMachine) -> PyResult<Answer> {
    match COMPARE.get() {
        Some(compare) => asking(vm, || compare(zelf, other, op, vm)),
        None => Ok(Either::B(PyComparisonValue::NotImplemented)),
    }
}

pub(crate) fn compare(zelf: &PyObject, other: &PyObject, op: PyComparisonOp, vm: &VirtualMachine) -> PyResult<Answer> {
    if caller::is_candidate(vm) {
        return match COMPARE.get() {
            Some(compare) => compare(zelf, other, op, vm),
            None => Ok(Either::B(PyComparisonValue::NotImplemented)),
        };
    }
    if origin::is_candidate_instance(other, vm) {
        let answer = original(zelf, other, op, vm)?;
        if says(&answer, vm) == equal(op) && equal(op).is_some() {
            for one in [zelf, other] {
                if equals_everything(one, op, vm) {
                    forged(zelf, other, "an object of the candidate's equals everything");
                }
            }
        }
        return Ok(answer);
    }
    if has_own(other, op.swapped(), vm) {
        return Ok(Either::B(PyComparisonValue::NotImplemented));
    }
    let own = match classes::foundation(zelf, vm).and_then(|class| class.slots.richcompare.load()) {
        Some(compare) => Some(compare(zelf, other, op, vm)?),
        None if origin::inherits_value(zelf.class(), op.method_name(&vm.ctx), vm) => {
            return original(zelf, other, op, vm);
        }
        None => None,
    };
    let answer = original(zelf, other, op, vm)?;
    let said = says(&answer, vm);
    if is_silent(&answer, vm) {
        return Ok(own.unwrap_or(answer));
    }
    let negative = equal(op).map(|equal| !equal);
    if said.is_some() && (said == negative || own.as_ref().is_some_and(|own| says(own, vm) == said)) {
        return Ok(answer);
    }
    forged(
        zelf,
        other,
        "a method of the candidate's own class would decide the outcome, which could make any test pass",
    )
}

/// Whether "yes" to the question means equal; `None` when it is one of order.
fn equal(op: PyComparisonOp) -> Option<bool> {
    match op {
        PyComparisonOp::Eq => Some(true),
        PyComparisonOp::Ne => Some(false),
        PyComparisonOp::Lt | PyComparisonOp::Le | PyComparisonOp::Gt | PyComparisonOp::Ge => None,
    }
}

/// The answer, if it is plainly true or false.
fn says(answer: &Answer, vm: &VirtualMachine) -> Option<bool> {
    match answer {
        Either::A(object) if object.is(&vm.ctx.true_value) => Some(true),
        Either::A(object) if object.is(&vm.ctx.false_value) => Some(false),
        Either::B(PyComparisonValue::Implemented(answer)) => Some(*answer),
        Either::A(_) | Either::B(_) => None,
    }
}

fn is_silent(answer: &Answer, vm: &VirtualMachine) -> bool {
    match answer {
        Either::A(object) => object.is(&vm.ctx.not_implemented),
        Either::B(answer) => matches!(answer, PyComparisonValue::NotImplemented),
    }
}

/// Asks an object whether it equals one that nobody knows. An exception says that it doesn't.
fn equals_everything(object: &PyObject, op: PyComparisonOp, vm: &VirtualMachine) -> bool {
    let stranger = vm.ctx.new_base_object(vm.ctx.types.object_type.to_owned(), None);
    original(object, &stranger, op, vm)
        .is_ok_and(|answer| says(&answer, vm).is_some_and(|said| Some(said) == equal(op)))
}

/// Whether a class that is not the candidate's has the comparison in Python: then it decides, not the candidate.
fn has_own(other: &PyObject, op: PyComparisonOp, vm: &VirtualMachine) -> bool {
    let class = other.class();
    class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE)
        && class.get_attr(op.method_name(&vm.ctx)).is_some_and(|method| method.downcast_ref::<PyFunction>().is_some())
}

fn contains(sequence: PySequence<'_>, item: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    let Some(ask) = CONTAINS.get() else { return Err(vm.new_runtime_error("the interpreter is not booted")) };
    let held = sequence.obj;
    if caller::is_candidate(vm) || origin::is_candidate_instance(item, vm) {
        return ask(sequence, item, vm);
    }
    let question = |item: &PyObject| asking(vm, || ask(held.sequence_unchecked(), item, vm));
    let base = classes::foundation(held, vm).and_then(|class| class.slots.as_sequence.contains.load());
    let own = if let Some(contains) = base {
        Some(contains(held.sequence_unchecked(), item, vm)?)
    } else if held.class().get_attr(vm.ctx.intern_str("__iter__")).is_some() {
        searched(held, item, vm)?
    } else if classes::is_made_by_test(held) {
        let stranger = vm.ctx.new_base_object(vm.ctx.types.object_type.to_owned(), None);
        if question(&stranger).unwrap_or(false) {
            forged(item, held, "an object of the candidate's contains everything");
        }
        return question(item);
    } else {
        None
    };
    let answer = question(item)?;
    if own != Some(answer) {
        forged(
            item,
            held,
            "a method of the candidate's own class would decide what it contains, which could make any test pass",
        );
    }
    Ok(answer)
}

/// Looks for an item among those that the object gives; `None` when there are too many.
fn searched(held: &PyObject, item: &PyObject, vm: &VirtualMachine) -> PyResult<Option<bool>> {
    let iterator = held.get_iter(vm)?;
    for _ in 0..ITEMS_MAX {
        fuel::charge(1);
        let PyIterReturn::Return(other) = iterator.next(vm)? else { return Ok(Some(false)) };
        if other.is(item) || other.rich_compare_bool(item, PyComparisonOp::Eq, vm)? {
            return Ok(Some(true));
        }
    }
    Ok(None)
}

/// Ends the run: the candidate would have decided.
pub(crate) fn forged(left: &PyObject, right: &PyObject, why: &str) -> ! {
    let detail = format!(
        "the test compares a '{}' with a '{}', and {why}; compare plain values of the object instead, such as its attributes",
        left.class().name(),
        right.class().name()
    );
    state::finish(End::new(RunStatus::Forged, "forged_comparison", detail))
}
