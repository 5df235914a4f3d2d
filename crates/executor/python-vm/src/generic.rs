//! Keeping code on the interpreter's general paths where its specialised instructions would not charge.
//!
//! After a few executions the interpreter replaces `a * b` of two integers, `str(x)` and `tuple(x)` by instructions that
//! go past the functions that charge. A counter that never triggers keeps the general instruction.

use std::sync::atomic::Ordering;

use rustpython_compiler_core::bytecode::{BinaryOperator, Instruction};
use rustpython_vm::builtins::PyCode;
use rustpython_vm::{Py, PyObjectRef, PyRef, VirtualMachine};

use rustpython_vm::bytecode::CodeObject;

/// A counter whose lowest four bits are all set never triggers, however often it counts down.
const NEVER: u16 = 0xffff;

/// A code object from compiled code, with every code object inside it.
pub(crate) fn new_code(code: CodeObject, vm: &VirtualMachine) -> PyRef<PyCode> {
    let code = vm.ctx.new_code(code);
    keep(&code);
    code
}

fn keep(code: &Py<PyCode>) {
    code.instructions.quicken();
    code.quickened.store(true, Ordering::Relaxed);
    let names_classes = code.names.iter().any(|name| matches!(name.as_str(), "str" | "tuple"));
    for at in 0..code.instructions.len() {
        if grows(code.instructions.read_op(at), u8::from(code.instructions.read_arg(at)), names_classes)
            && at + 1 < code.instructions.len()
        {
            #[expect(unsafe_code, reason = "the interpreter has no other way to write a counter")]
            // SAFETY: the index is below the length, and no other thread runs code.
            unsafe {
                code.instructions.write_adaptive_counter(at + 1, NEVER);
            }
        }
    }
    for constant in code.constants.iter() {
        let constant: PyObjectRef = constant.clone().into();
        if let Some(inner) = constant.downcast_ref::<PyCode>() {
            keep(inner);
        }
    }
}

/// Whether an instruction may do work that grows with its operands. Sums stay fast: they grow slowly, and every loop has
/// them. Calls with one argument are kept general where the code names a class that they would make past its constructor.
fn grows(instruction: Instruction, argument: u8, names_classes: bool) -> bool {
    let fast = [BinaryOperator::Subscr, BinaryOperator::Add, BinaryOperator::Subtract];
    let fast = fast.into_iter().chain([BinaryOperator::InplaceAdd, BinaryOperator::InplaceSubtract]);
    match instruction {
        Instruction::BinaryOp { .. } => !fast.into_iter().any(|operator| argument == operator as u8),
        Instruction::Call { .. } => names_classes && argument == 1,
        _ => false,
    }
}
