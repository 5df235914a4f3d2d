//! Building the interpreter: frozen library, pruned native modules, patched builtins, warm imports.

use std::cell::{Cell, RefCell};

use edgecoder_types::FileRole;
use rustpython_vm::builtins::PyDictRef;
use rustpython_vm::common::rc::PyRc;
use rustpython_vm::frozen::FrozenLib;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject as _, Interpreter, PyObjectRef, PyPayload as _, PyResult, Settings, VirtualMachine};

use crate::{fuel, natives};

static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

/// Hashing is the same on every machine and in every run; it cannot follow the request's seed,
/// because the library is imported, and its strings hashed, before the request is known.
const HASH_SEED: u32 = 0;

/// Deepest Python recursion, the interpreter's own default in an optimised build.
const RECURSION_MAX: usize = 1000;

/// The most that a program may set it to: what half a gibibyte of stack holds in any build.
pub(crate) const RECURSION_CAP: usize = 10_000;

/// Native modules that neither programs nor the frozen library need.
const NATIVE_DENIED: &[&str] = &[
    "_asyncio",
    "_opcode",
    "_remote_debugging",
    "_symtable",
    "_sysconfig",
    "_sysconfigdata",
    "_tokenize",
    "atexit",
    "_bz2",
    "bz2",
    "gc",
    "_lzma",
    "marshal",
    "pyexpat",
    "time",
];

/// Imported before the process forks, so that no run pays for it.
const WARM: &[&str] = &[
    "abc",
    "base64",
    "bisect",
    "collections",
    "collections.abc",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "io",
    "itertools",
    "json",
    "math",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "textwrap",
    "time",
    "types",
    "typing",
    "unittest",
    "pytest",
    "doctest",
    "_edgecoder_library",
    "_edgecoder_harness",
    "_edgecoder_sys",
    "_edgecoder_placeholder",
];

/// Names that the compiler itself asks the builtins for.
const IMPLICIT: &[&str] = &["__build_class__", "__debug__"];

/// Whose builtins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Builtins {
    Candidate,
    Oracle,
    Library,
}

impl Builtins {
    /// Those of a file's author.
    pub(crate) fn of(role: FileRole) -> Self {
        match role {
            FileRole::Candidate => Self::Candidate,
            FileRole::Oracle => Self::Oracle,
        }
    }
}

type New = fn(rustpython_vm::builtins::PyTypeRef, FuncArgs, &VirtualMachine) -> PyResult;

thread_local! {
    static CANDIDATE: RefCell<Option<PyDictRef>> = const { RefCell::new(None) };
    static ORACLE: RefCell<Option<PyDictRef>> = const { RefCell::new(None) };
    /// Where the two dictionaries are: they live as long as the process.
    static PLACES: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    static NEW_FUNCTION: Cell<Option<New>> = const { Cell::new(None) };
}

/// The builtins dictionary of a role.
pub(crate) fn builtins(whose: Builtins, vm: &VirtualMachine) -> PyObjectRef {
    let found = match whose {
        Builtins::Candidate => CANDIDATE.with(|cell| cell.borrow().clone()),
        Builtins::Oracle => ORACLE.with(|cell| cell.borrow().clone()),
        Builtins::Library => None,
    };
    found.unwrap_or_else(|| vm.builtins.dict()).into()
}

/// Whose code runs in the innermost frame.
pub(crate) fn caller(vm: &VirtualMachine) -> Builtins {
    vm.current_frame().map_or(Builtins::Library, |frame| whose(&frame))
}

/// Whose code a frame runs: it shows by its builtins.
#[inline]
pub(crate) fn whose(frame: &rustpython_vm::frame::Frame) -> Builtins {
    let (candidate, oracle) = PLACES.get();
    match frame.builtins.get_id() {
        place if place == candidate => Builtins::Candidate,
        place if place == oracle => Builtins::Oracle,
        _ => Builtins::Library,
    }
}

/// A function object from a code object; Python code cannot make one.
pub(crate) fn make_function(code: PyObjectRef, globals: PyDictRef, vm: &VirtualMachine) -> PyResult {
    let class = vm.ctx.types.function_type.to_owned();
    let arguments: FuncArgs = vec![code, globals.into()].into();
    match NEW_FUNCTION.get() {
        Some(new) => new(class, arguments, vm),
        None => Err(vm.new_runtime_error("the interpreter is not booted")),
    }
}

/// Builds the interpreter.
pub(crate) fn interpreter() -> Interpreter {
    let mut settings = Settings::default();
    settings.hash_seed = Some(HASH_SEED);
    settings.install_signal_handlers = false;
    settings.isolated = true;
    settings.import_site = false;
    settings.write_bytecode = false;
    settings.int_max_str_digits = 0;
    settings.argv = vec![String::new()];
    let builder = Interpreter::builder(settings);
    let natives = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
    let own = crate::native_module::module_def(&builder.ctx);
    let library = FrozenLib::from_ref(LIBRARY);
    let interpreter = builder
        .add_native_modules(&natives)
        .add_native_module(own)
        .add_frozen_modules(library.decode())
        .init_hook(|vm| {
            fuel::register();
            crate::sticky::register();
            if let Some(state) = PyRc::get_mut(&mut vm.state) {
                state.module_defs.retain(|name, _| !NATIVE_DENIED.contains(name));
            }
            natives::install(vm);
        })
        .build();
    interpreter.enter(|vm| {
        // Collecting cycles at a count of allocations that the library's imports are part of would clear weak
        // references at a moment no program can see coming: memory is given back by reference counts alone.
        rustpython_vm::gc_state::gc_state().disable();
        vm.recursion_limit.set(RECURSION_MAX);
        if let Err(error) = prepare(vm) {
            let text = crate::traceback::text(&error, vm);
            boot_failed(&text);
        }
    });
    interpreter
}

/// A boot that fails is a fault of this crate, found by its own tests.
#[expect(clippy::panic, reason = "the frozen library is fixed at build time; a test boots it")]
pub(crate) fn boot_failed(text: &str) -> ! {
    panic!("the embedded interpreter does not boot: {text}")
}

fn prepare(vm: &VirtualMachine) -> PyResult<()> {
    crate::charge::patch(vm)?;
    for name in WARM {
        vm.import(*name, 0)?;
    }
    natives::patch(vm)?;
    let visible = visible_builtins(vm)?;
    let candidate = visible.copy().into_ref(&vm.ctx);
    let oracle = visible.copy().into_ref(&vm.ctx);
    natives::hooks(&candidate, &oracle, vm)?;
    PLACES.set((candidate.get_id(), oracle.get_id()));
    CANDIDATE.with(|cell| *cell.borrow_mut() = Some(candidate));
    ORACLE.with(|cell| *cell.borrow_mut() = Some(oracle));
    crate::classes::patch(vm)?;
    let function = vm.ctx.types.function_type;
    NEW_FUNCTION.set(function.slots.new.load());
    function.slots.new.store(Some(refuse_new));
    vm.ctx.types.code_type.slots.new.store(Some(refuse_new));
    debug_assert!(!function.slots.flags.has_feature(PyTypeFlags::BASETYPE), "functions cannot be subclassed");
    Ok(())
}

fn refuse_new(class: rustpython_vm::builtins::PyTypeRef, _arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    Err(vm.new_type_error(format!("cannot create '{}' instances", class.name())))
}

/// What programs see: the subset's list.
fn visible_builtins(vm: &VirtualMachine) -> PyResult<PyDictRef> {
    let visible = vm.ctx.new_dict();
    let all = vm.builtins.dict();
    for (name, value) in &all {
        let Some(text) =
            name.downcast_ref::<rustpython_vm::builtins::PyStr>().map(|name| name.to_string_lossy().into_owned())
        else {
            continue;
        };
        if visible_name(&text) {
            visible.set_item(&*name, value, vm)?;
        }
    }
    Ok(visible)
}

fn visible_name(name: &str) -> bool {
    edgecoder_subset::tables::builtins::ALLOWED.binary_search(&name).is_ok() || IMPLICIT.contains(&name)
}
