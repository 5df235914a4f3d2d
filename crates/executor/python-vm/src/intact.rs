//! A test's function is the test's: no code of the candidate's may stand in its place.

use std::cell::RefCell;
use std::collections::BTreeSet;

use edgecoder_subset::ast;
use edgecoder_types::FileRole;
use rustpython_vm::builtins::PyType;
use rustpython_vm::{AsObject as _, PyObject, PyObjectRef, VirtualMachine};

use crate::{harness, imports, origin, outcome, state};

thread_local! {
    /// Tests and their classes that a decorator of the candidate's would have replaced, by address. All are kept alive.
    static REPLACED: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
}

/// `DECORATE(decorator)`: the decorator. The candidate's is called, and what it was given stays in its place; where it
/// gave something else, the test can't be judged.
pub(crate) fn decorate(decorator: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
    let unknown = outcome::collecting() && &*decorator.class().name() == "Placeholder";
    if unknown {
        return vm.new_function("decorate", |subject: PyObjectRef| subject).into();
    }
    if !origin::is_candidates(&decorator, vm) {
        return decorator;
    }
    let apply = move |subject: PyObjectRef, vm: &VirtualMachine| {
        let made = decorator.call((subject.clone(),), vm)?;
        if !made.is(&subject) && REPLACED.with(|cell| cell.borrow_mut().insert(subject.get_id())) {
            state::keep(subject.clone());
        }
        Ok::<_, rustpython_vm::builtins::PyBaseExceptionRef>(subject)
    };
    vm.new_function("decorate", apply).into()
}

const REPLACED_WHY: &str = "a decorator of the code under test must not wrap a test, because it would decide whether the \
    test runs and fails; call the decorator on a function inside the test instead";

/// Why a test can't be judged, if so: `defined` says whether the file has a `def` of that name.
pub(crate) fn problem(value: &PyObject, path: &str, defined: bool, vm: &VirtualMachine) -> Option<String> {
    if REPLACED.with(|cell| cell.borrow().contains(&value.get_id())) {
        return Some(REPLACED_WHY.to_owned());
    }
    if imports::role_of(path) != FileRole::Oracle || outcome::collecting() {
        return None;
    }
    if let Some(class) = value.downcast_ref::<PyType>() {
        let made = origin::is_candidate_type(class, vm) || origin::is_candidate_instance(value, vm);
        return made.then(|| {
            format!(
                "the test class '{}' inherits from a class of the code under test, which could replace its methods and \
                 assertions; make an object of that class inside the tests instead",
                class.name()
            )
        });
    }
    if !harness::is_of_oracle(value, vm) && (defined || origin::is_candidates(value, vm)) {
        return Some(REPLACED_WHY.to_owned());
    }
    None
}

/// The tests that a file defines: names of functions, and of methods as `Class.name`.
pub(crate) fn definitions(module: &ast::ModModule) -> Vec<String> {
    let mut found = Vec::new();
    collect(&module.body, "", &mut found);
    found
}

fn collect(body: &[ast::Stmt], prefix: &str, found: &mut Vec<String>) {
    for statement in body {
        match statement {
            ast::Stmt::FunctionDef(function) if function.name.starts_with("test") => {
                found.push(format!("{prefix}{}", function.name));
            }
            ast::Stmt::ClassDef(class) if prefix.is_empty() => {
                collect(&class.body, &format!("{}.", class.name), found);
            }
            ast::Stmt::If(conditional) => {
                collect(&conditional.body, prefix, found);
                for clause in &conditional.elif_else_clauses {
                    collect(&clause.body, prefix, found);
                }
            }
            ast::Stmt::Try(statement) => collect(&statement.body, prefix, found),
            _ => {}
        }
    }
}
