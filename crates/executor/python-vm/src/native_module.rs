//! `_edgecoder`: what the frozen harness and the stand-ins ask of the native side. Programs cannot import it.

pub(crate) use _edgecoder::module_def;

#[rustpython_vm::pymodule]
mod _edgecoder {
    use rustpython_vm::builtins::{PyBaseException, PyDictRef, PyModule, PyStrRef};
    use rustpython_vm::{PyObjectRef, PyRef, PyResult, VirtualMachine};

    use crate::output::{self, Stream};
    use crate::{annotations, clock, compare, guard, harness, intact, natives, outcome, state, sticky, traceback};

    #[pyfunction]
    fn record(id: PyStrRef, verdict: PyStrRef, message: PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
        let Some(verdict) = natives::verdict(&verdict.to_string_lossy()) else {
            return Err(vm.new_value_error("no such verdict"));
        };
        outcome::record(&id.to_string_lossy(), verdict, &message.to_string_lossy());
        Ok(())
    }

    #[pyfunction]
    fn settle(id: PyStrRef) {
        outcome::settle(&id.to_string_lossy());
    }

    #[pyfunction]
    fn failing(vm: &VirtualMachine) {
        sticky::failing(vm);
    }

    #[pyfunction]
    fn mark(manager: PyObjectRef, vm: &VirtualMachine) {
        sticky::mark(manager, vm);
    }

    #[pyfunction]
    fn check_object(object: PyObjectRef, vm: &VirtualMachine) {
        guard::check_object(&object, vm);
    }

    #[pyfunction]
    fn check_attribute(object: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) {
        guard::check_attribute(&object, &name, vm);
    }

    #[pyfunction]
    fn set_attribute(object: PyObjectRef, name: PyStrRef, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        guard::set_attribute(object, name, value, vm)
    }

    #[pyfunction]
    fn is_marked(value: PyObjectRef, path: PyStrRef) -> bool {
        sticky::is_marked(&value, &path.to_string_lossy())
    }

    #[pyfunction]
    fn dotted(name: PyStrRef, vm: &VirtualMachine) -> PyResult {
        crate::imports::dotted(&name.to_string_lossy(), vm)
    }

    #[pyfunction]
    fn forgive(manager: PyObjectRef, error: PyRef<PyBaseException>, vm: &VirtualMachine) {
        sticky::forgive_by(&manager, &error, vm);
    }

    #[pyfunction]
    fn definitions(path: PyStrRef, vm: &VirtualMachine) -> PyObjectRef {
        let path = path.to_string_lossy().into_owned();
        let found = state::with(|run| run.units.get(&path).map(|unit| unit.definitions.clone()));
        let found = found.flatten().unwrap_or_default();
        vm.ctx.new_list(found.into_iter().map(|name| vm.ctx.new_str(name).into()).collect()).into()
    }

    #[pyfunction]
    fn problem(value: PyObjectRef, path: PyStrRef, defined: bool, vm: &VirtualMachine) -> Option<String> {
        intact::problem(&value, &path.to_string_lossy(), defined, vm)
    }

    #[pyfunction]
    fn judged(value: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) -> PyResult {
        crate::predicates::hook(value, name, vm)
    }

    #[pyfunction]
    fn collecting() -> bool {
        outcome::collecting()
    }

    #[pyfunction]
    fn last_line(error: PyRef<PyBaseException>, vm: &VirtualMachine) -> String {
        traceback::last_line(&error, vm)
    }

    #[pyfunction]
    fn failure_line(error: PyRef<PyBaseException>, vm: &VirtualMachine) -> String {
        outcome::failure_line(&error, vm)
    }

    #[pyfunction]
    fn write_traceback(error: PyRef<PyBaseException>, vm: &VirtualMachine) {
        output::write(Stream::Err, traceback::text(&error, vm).as_bytes());
    }

    #[pyfunction]
    fn candidate_raised(error: PyRef<PyBaseException>) -> bool {
        harness::candidate_raised(&error)
    }

    #[pyfunction]
    fn annotation(text: PyStrRef, places: Vec<PyObjectRef>, parameters: PyDictRef, vm: &VirtualMachine) -> PyResult {
        annotations::resolve(&text.to_string_lossy(), places, parameters, vm)
    }

    #[pyfunction]
    fn has_unit(path: PyStrRef) -> bool {
        let path = path.to_string_lossy().into_owned();
        state::with(|run| run.units.contains_key(&path)).unwrap_or(false)
    }

    #[pyfunction]
    fn load(path: PyStrRef, vm: &VirtualMachine) -> PyResult<PyRef<PyModule>> {
        harness::load(&path.to_string_lossy(), vm)
    }

    #[pyfunction]
    fn docstrings(path: PyStrRef, vm: &VirtualMachine) -> PyObjectRef {
        let found = harness::docstrings(&path.to_string_lossy());
        let rows = found.into_iter().map(|(name, line, text)| {
            vm.ctx
                .new_tuple(vec![vm.ctx.new_str(name).into(), vm.ctx.new_int(line).into(), vm.ctx.new_str(text).into()])
                .into()
        });
        vm.ctx.new_list(rows.collect()).into()
    }

    #[pyfunction]
    fn conftests(path: PyStrRef, vm: &VirtualMachine) -> PyObjectRef {
        let found = harness::conftests(&path.to_string_lossy());
        vm.ctx.new_list(found.into_iter().map(|path| vm.ctx.new_str(path).into()).collect()).into()
    }

    #[pyfunction]
    fn run_example(path: PyStrRef, source: PyStrRef, namespace: PyDictRef, vm: &VirtualMachine) -> PyObjectRef {
        harness::run_example(&path.to_string_lossy(), &source.to_string_lossy(), &namespace, vm)
    }

    #[pyfunction]
    fn parameters(function: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        let names = harness::parameters(&function, vm);
        vm.ctx.new_list(names.into_iter().map(|name| vm.ctx.new_str(name).into()).collect()).into()
    }

    #[pyfunction]
    fn has_default(function: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) -> bool {
        harness::has_default(&function, &name.to_string_lossy(), vm)
    }

    #[pyfunction]
    fn defined_in(function: PyObjectRef, path: PyStrRef, vm: &VirtualMachine) -> bool {
        harness::defined_in(&function, &path.to_string_lossy(), vm)
    }

    #[pyfunction]
    fn is_generator(value: PyObjectRef) -> bool {
        value.downcast_ref::<rustpython_vm::builtins::PyGenerator>().is_some()
    }

    #[pyfunction]
    fn take_captured(vm: &VirtualMachine) -> PyObjectRef {
        let (out, err) = output::take_captured();
        vm.ctx.new_tuple(vec![vm.ctx.new_str(out).into(), vm.ctx.new_str(err).into()]).into()
    }

    #[pyfunction]
    fn compare(op: PyStrRef, left: PyObjectRef, right: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        crate::compare::hook(op, left, right, vm)
    }

    #[pyfunction]
    fn is_subtype(class: PyObjectRef, of: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        compare::is_subtype(&class, &of, vm)
    }

    #[pyfunction]
    fn is_instance(value: PyObjectRef, of: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        compare::is_instance(&value, &of, vm)
    }

    #[pyfunction]
    fn distance(first: PyObjectRef, second: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        compare::distance(&first, &second, vm)
    }

    #[pyfunction]
    fn is_number(value: PyObjectRef, vm: &VirtualMachine) -> bool {
        compare::is_number(&value, vm)
    }

    #[pyfunction]
    fn clock_ns() -> u64 {
        clock::now_ns()
    }

    #[pyfunction]
    fn elapsed_ns() -> u64 {
        clock::elapsed_ns()
    }

    #[pyfunction]
    fn advance_ns(nanoseconds: u64) {
        clock::advance_ns(nanoseconds);
    }

    #[pyfunction]
    fn random_bytes(count: usize, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx.new_bytes(clock::random_bytes(count)).into()
    }

    #[pyfunction]
    fn arguments(vm: &VirtualMachine) -> PyObjectRef {
        let arguments = state::with(|run| {
            let name = run.request.entry.clone().unwrap_or_default();
            std::iter::once(name).chain(run.request.args.iter().cloned()).collect::<Vec<_>>()
        });
        let items = arguments.unwrap_or_default().into_iter().map(|text| vm.ctx.new_str(text).into());
        vm.ctx.new_list(items.collect()).into()
    }

    #[pyfunction]
    fn set_recursion_limit(limit: usize, vm: &VirtualMachine) {
        vm.recursion_limit.set(limit.min(crate::boot::RECURSION_CAP));
    }

    #[pyfunction]
    fn size_of(value: PyObjectRef, vm: &VirtualMachine) -> usize {
        compare::size_of(&value, vm)
    }
}
