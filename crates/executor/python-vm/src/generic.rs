//! Keeping code on the interpreter's general paths where its specialised instructions would not charge.
//!
//! After a few executions the interpreter replaces `a * b` of two integers, `str(x)` and `tuple(x)` by instructions that
//! go past the functions that charge. A counter that never triggers keeps the general instruction.

use std::sync::atomic::Ordering;

use edgecoder_types::FileRole;
use rustpython_compiler_core::bytecode::{BinaryOperator, Instruction};
use rustpython_vm::builtins::PyCode;
use rustpython_vm::{Py, PyObjectRef, PyRef, VirtualMachine};

use rustpython_vm::bytecode::CodeObject;

/// A counter whose lowest four bits are all set never triggers, however often it counts down.
const NEVER: u16 = 0xffff;

/// A code object from compiled code, with every code object inside it.
pub(crate) fn new_code(code: CodeObject, role: Option<FileRole>, vm: &VirtualMachine) -> PyRef<PyCode> {
    let code = vm.ctx.new_code(code);
    keep_all(&code, role == Some(FileRole::Oracle));
    code
}

/// The same for code that the interpreter made.
pub(crate) fn keep(code: &Py<PyCode>) {
    keep_all(code, false);
}

/// Calls of an oracle stay general: what makes an object of the candidate's class for a test is to be seen.
fn keep_all(code: &Py<PyCode>, oracle: bool) {
    code.instructions.quicken();
    code.quickened.store(true, Ordering::Relaxed);
    for at in 0..code.instructions.len() {
        let (instruction, argument) = (code.instructions.read_op(at), u8::from(code.instructions.read_arg(at)));
        let counts = at + 1 < code.instructions.len();
        #[expect(unsafe_code, reason = "the interpreter has no other way to write an instruction or a counter")]
        match kept(instruction, argument, oracle) {
            // SAFETY: the index is below the length, no other thread runs code, and the specialised instruction takes the
            // general one's argument: it falls back to it for every operand that it does not know.
            Kept::As(specialised) => unsafe { code.instructions.replace_op(at, specialised) },
            // SAFETY: the index is below the length, and no other thread runs code.
            Kept::General if counts => unsafe { code.instructions.write_adaptive_counter(at + 1, NEVER) },
            Kept::General | Kept::Adaptive => {}
        }
    }
    for constant in code.constants.iter() {
        let constant: PyObjectRef = constant.clone().into();
        if let Some(inner) = constant.downcast_ref::<PyCode>() {
            keep_all(inner, oracle);
        }
    }
}

enum Kept {
    /// The interpreter may specialise it.
    Adaptive,
    /// It stays as it is.
    General,
    /// It becomes this specialised instruction for good: it is fast for numbers of a fixed size or elements of lists, and
    /// takes the general path, which charges, for everything else.
    As(Instruction),
}

/// What becomes of an instruction that may do work which grows with its operands.
fn kept(instruction: Instruction, argument: u8, oracle: bool) -> Kept {
    let is = |operator: BinaryOperator| argument == operator as u8;
    match instruction {
        Instruction::BinaryOp { .. } if is(BinaryOperator::Subscr) => Kept::As(Instruction::BinaryOpSubscrListInt),
        Instruction::BinaryOp { .. } if is(BinaryOperator::Add) => Kept::As(Instruction::BinaryOpAddFloat),
        Instruction::BinaryOp { .. } if is(BinaryOperator::Subtract) => Kept::As(Instruction::BinaryOpSubtractFloat),
        Instruction::BinaryOp { .. } if is(BinaryOperator::Multiply) => Kept::As(Instruction::BinaryOpMultiplyFloat),
        Instruction::BinaryOp { .. } => Kept::General,
        Instruction::CompareOp { .. } => Kept::As(Instruction::CompareOpInt),
        // `str(x)` and `tuple(x)` would go past the constructors, under whatever name they are called.
        Instruction::Call { .. } if argument == 1 || oracle => Kept::General,
        _ => Kept::Adaptive,
    }
}
