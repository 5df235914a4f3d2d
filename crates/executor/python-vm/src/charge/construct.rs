//! Building containers and numbers: `list(x)`, `bytes(n)`, `int(text)`, ….

use std::cell::RefCell;
use std::collections::HashMap;

use rustpython_vm::builtins::{PyInt, PyStr, PyType, PyTypeRef};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject as _, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use super::{integers, size};
use crate::fuel::charge;

type New = fn(PyTypeRef, FuncArgs, &VirtualMachine) -> PyResult;
type Init = fn(PyObjectRef, FuncArgs, &VirtualMachine) -> PyResult<()>;
type VectorCall = fn(&PyObject, Vec<PyObjectRef>, usize, Option<&[PyObjectRef]>, &VirtualMachine) -> PyResult;

#[derive(Clone, Copy, Default)]
struct Saved {
    new: Option<New>,
    init: Option<Init>,
    vectorcall: Option<VectorCall>,
}

thread_local! {
    static SAVED: RefCell<HashMap<usize, Saved>> = RefCell::new(HashMap::new());
}

const TYPES: &[&str] = &[
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "bytes",
    "bytearray",
    "int",
    "float",
    "deque",
    "array",
    "str",
    "product",
    "attrgetter",
    "methodcaller",
    "permutations",
    "combinations",
    "combinations_with_replacement",
];

fn saved(class: &PyObject, pick: impl Fn(&Saved) -> bool) -> Saved {
    let Some(class) = class.downcast_ref::<PyType>() else { return Saved::default() };
    SAVED
        .with(|cell| {
            let saved = cell.borrow();
            let found = saved.get(&class.get_id()).copied().filter(|found| pick(found));
            found.or_else(|| {
                class.mro.read().iter().find_map(|base| saved.get(&base.get_id()).copied().filter(|found| pick(found)))
            })
        })
        .unwrap_or_default()
}

fn charge_arguments(class: &PyObject, arguments: &[PyObjectRef], vm: &VirtualMachine) {
    let class = class.downcast_ref::<PyType>();
    let name = class.map(|class| class.name().to_string()).unwrap_or_default();
    let is = |base| class.is_some_and(|class| class.fast_issubclass(base));
    for (at, argument) in arguments.iter().enumerate() {
        let mut cost = size::of(argument, vm).saturating_add(size::left_in(argument, vm));
        if is(vm.ctx.types.int_type)
            && at == 0
            && let Some(text) = argument.downcast_ref::<PyStr>()
        {
            cost = cost.saturating_add(integers::parse_cost(text.as_bytes().len()));
        }
        if is(vm.ctx.types.str_type) && at == 0 {
            cost = cost.saturating_add(integers::decimal_cost(argument));
        }
        if matches!(name.as_str(), "bytes" | "bytearray") && argument.downcast_ref::<PyInt>().is_some() {
            cost = cost.saturating_add(size::count(argument) / size::BYTES_A_UNIT);
        }
        charge(cost);
    }
}

fn new(class: PyTypeRef, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    charge_arguments(class.as_object(), &arguments.args, vm);
    if matches!(&*class.name(), "attrgetter" | "methodcaller") {
        for name in &arguments.args {
            crate::guard::check_dotted(name, vm)?;
        }
    }
    if let Some(judged) = judged_caller(&class, &arguments, vm) {
        return Ok(judged);
    }
    if let Some(times) = arguments.kwargs.get("repeat") {
        charge(size::count(times) / size::ELEMENTS_A_UNIT);
    }
    match saved(class.as_object(), |saved| saved.new.is_some()).new {
        Some(original) => original(class, arguments, vm),
        None => Err(vm.new_type_error("cannot create instances")),
    }
}

/// `operator.methodcaller` of a test, with a name by which it asks for a verdict.
fn judged_caller(class: &PyTypeRef, arguments: &FuncArgs, vm: &VirtualMachine) -> Option<PyObjectRef> {
    if &*class.name() != "methodcaller" || !crate::caller::is_oracle(vm) {
        return None;
    }
    let (name, rest) = arguments.args.split_first()?;
    let name = name.clone().downcast::<PyStr>().ok()?;
    if !edgecoder_subset::tables::verdicts::is_judging(&name.to_string_lossy()) {
        return None;
    }
    let mut rest = FuncArgs::from(rest.to_vec());
    rest.kwargs.clone_from(&arguments.kwargs);
    let call = move |object: PyObjectRef, vm: &VirtualMachine| {
        crate::predicates::hook(object, name.clone(), vm)?.call(rest.clone(), vm)
    };
    Some(vm.new_function("methodcaller", call).into())
}

fn init(object: PyObjectRef, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
    charge_arguments(object.class().as_object(), &arguments.args, vm);
    let class = object.class().to_owned();
    match saved(class.as_object(), |saved| saved.init.is_some()).init {
        Some(original) => original(object, arguments, vm),
        None => Ok(()),
    }
}

fn vectorcall(
    class: &PyObject,
    arguments: Vec<PyObjectRef>,
    positional: usize,
    names: Option<&[PyObjectRef]>,
    vm: &VirtualMachine,
) -> PyResult {
    charge_arguments(class, &arguments, vm);
    match saved(class, |saved| saved.vectorcall.is_some()).vectorcall {
        Some(original) => original(class, arguments, positional, names, vm),
        None => class.call_with_args(FuncArgs::from_vectorcall(&arguments, positional, names), vm),
    }
}

pub(crate) fn patch(types: &[PyRef<PyType>], vm: &VirtualMachine) {
    for class in types.iter().filter(|class| TYPES.contains(&&*class.name())) {
        let slots = &class.slots;
        let own = Saved { new: slots.new.load(), init: slots.init.load(), vectorcall: slots.vectorcall.load() };
        SAVED.with(|cell| cell.borrow_mut().insert(class.get_id(), own));
        // A slot inherited from `object` stays: `object` tells by it what a class overrides.
        let base = &vm.ctx.types.object_type.slots;
        if own.new.is_some() && own.new.map(|f| f as usize) != base.new.load().map(|f| f as usize) {
            slots.new.store(Some(new));
        }
        if own.init.is_some() && own.init.map(|f| f as usize) != base.init.load().map(|f| f as usize) {
            slots.init.store(Some(init));
        }
        if own.vectorcall.is_some() {
            slots.vectorcall.store(Some(vectorcall));
        }
    }
}
