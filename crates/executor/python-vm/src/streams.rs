//! The objects behind `sys.stdin`, `sys.stdout` and `sys.stderr`.

use rustpython_vm::builtins::PyStrRef;
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

#[cfg(debug_assertions)]
#[allow(unused_imports, reason = "the interpreter has its own when it is built with assertions")]
use crate::flags::CreatedWithFlags as _;
use crate::output::{self, Stream};

/// A standard stream. It holds no buffer: bytes are kept natively.
#[pyclass(module = "io", name = "TextIOWrapper")]
#[derive(Debug, PyPayload)]
pub(crate) struct Standard {
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    In,
    Out,
    Err,
}

#[pyclass(with(IterNext, Iterable), flags(DISALLOW_INSTANTIATION))]
#[expect(clippy::unused_self, reason = "methods of a Python object take it")]
impl Standard {
    #[pymethod]
    fn write(&self, text: PyStrRef, vm: &VirtualMachine) -> PyResult<usize> {
        match self.kind {
            Kind::In => Err(vm.new_value_error("not writable")),
            Kind::Out => Ok(output::write_text(Stream::Out, &text)),
            Kind::Err => Ok(output::write_text(Stream::Err, &text)),
        }
    }

    #[pymethod]
    fn writelines(&self, lines: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let lines: Vec<PyStrRef> = lines.try_to_value(vm)?;
        for line in lines {
            self.write(line, vm)?;
        }
        Ok(())
    }

    #[pymethod]
    fn read(&self, size: OptionalArg<isize>, vm: &VirtualMachine) -> PyResult<String> {
        self.take(size, false, vm)
    }

    #[pymethod]
    fn readline(&self, size: OptionalArg<isize>, vm: &VirtualMachine) -> PyResult<String> {
        self.take(size, true, vm)
    }

    #[pymethod]
    fn readlines(&self, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let mut lines = Vec::new();
        loop {
            let line = self.take(OptionalArg::Missing, true, vm)?;
            if line.is_empty() {
                return Ok(vm.ctx.new_list(lines).into());
            }
            lines.push(vm.ctx.new_str(line).into());
        }
    }

    #[pymethod]
    fn flush(&self) {}

    #[pymethod]
    fn isatty(&self) -> bool {
        false
    }

    #[pymethod]
    fn readable(&self) -> bool {
        self.kind == Kind::In
    }

    #[pymethod]
    fn writable(&self) -> bool {
        self.kind != Kind::In
    }

    #[pygetset]
    fn encoding(&self) -> &'static str {
        "utf-8"
    }

    #[pygetset]
    fn errors(&self) -> &'static str {
        "strict"
    }

    #[pygetset]
    fn closed(&self) -> bool {
        false
    }

    fn take(&self, size: OptionalArg<isize>, line: bool, vm: &VirtualMachine) -> PyResult<String> {
        if self.kind != Kind::In {
            return Err(vm.new_value_error("not readable"));
        }
        Ok(output::read(size.into_option().and_then(|size| usize::try_from(size).ok()), line))
    }
}

impl SelfIter for Standard {}

impl IterNext for Standard {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let line = zelf.take(OptionalArg::Missing, true, vm)?;
        Ok(if line.is_empty() {
            PyIterReturn::StopIteration(None)
        } else {
            PyIterReturn::Return(vm.ctx.new_str(line).into())
        })
    }
}

/// Puts the streams into `sys`, and our `input` into the builtins.
pub(crate) fn install(vm: &VirtualMachine) -> PyResult<()> {
    Standard::make_static_type();
    for (name, dunder, kind) in
        [("stdin", "__stdin__", Kind::In), ("stdout", "__stdout__", Kind::Out), ("stderr", "__stderr__", Kind::Err)]
    {
        let stream: PyObjectRef = Standard { kind }.into_pyobject(vm);
        vm.sys_module.set_attr(name, stream.clone(), vm)?;
        vm.sys_module.set_attr(dunder, stream, vm)?;
    }
    vm.builtins.dict().set_item("input", vm.new_function("input", input).into(), vm)
}

fn input(prompt: OptionalArg<PyObjectRef>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
    if let OptionalArg::Present(prompt) = prompt {
        let text = prompt.str(vm)?;
        let stdout = vm.sys_module.get_attr("stdout", vm)?;
        vm.call_method(&stdout, "write", (text,))?;
    }
    let stdin = vm.sys_module.get_attr("stdin", vm)?;
    let line: PyStrRef = vm.call_method(&stdin, "readline", ())?.try_into_value(vm)?;
    let line = line.to_string_lossy();
    if line.is_empty() {
        return Err(vm.new_exception_msg(vm.ctx.exceptions.eof_error.to_owned(), "EOF when reading a line".into()));
    }
    Ok(vm.ctx.new_str(line.strip_suffix('\n').unwrap_or(&line)).into())
}
