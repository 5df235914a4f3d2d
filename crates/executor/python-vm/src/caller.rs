//! Whose code waits for the interpreter: of the innermost frame that is not the library's.

use rustpython_vm::builtins::PyTraceback;
use rustpython_vm::frame::{Frame, FrameRef};
use rustpython_vm::{Py, PyRef, VirtualMachine};

use crate::boot::{self, Builtins};

/// Whether the test has called, natively or through the library. The harness acts for it.
#[inline]
pub(crate) fn is_oracle(vm: &VirtualMachine) -> bool {
    nearest(vm, 0).0 != Builtins::Candidate
}

/// Whether the candidate has called, natively or through the library.
#[inline]
pub(crate) fn is_candidate(vm: &VirtualMachine) -> bool {
    nearest(vm, 0).0 == Builtins::Candidate
}

/// Whether the innermost frame is the library's.
pub(crate) fn innermost_is_library(vm: &VirtualMachine) -> bool {
    boot::caller(vm) == Builtins::Library
}

/// Whose code is innermost after so many frames are left out, and how many frames are below it; the library's if there is none.
#[inline]
pub(crate) fn nearest(vm: &VirtualMachine, skipped: usize) -> (Builtins, usize) {
    let frames = vm.frames.borrow();
    let end = frames.len().saturating_sub(skipped);
    for (at, frame) in frames.iter().enumerate().take(end).rev() {
        #[expect(unsafe_code, reason = "the interpreter lends its frames only so")]
        // SAFETY: a frame stays alive while it is in the interpreter's list, which is borrowed here.
        let whose = boot::whose(unsafe { frame.as_ref() });
        if whose != Builtins::Library {
            return (whose, at);
        }
    }
    (Builtins::Library, 0)
}

/// Whether a module of the library is being loaded since program code has called.
pub(crate) fn is_loading(vm: &VirtualMachine) -> bool {
    let frames = vm.frames.borrow();
    frames
        .iter()
        .rev()
        .map(|frame| {
            #[expect(unsafe_code, reason = "the interpreter lends its frames only so")]
            // SAFETY: as above.
            let frame: &Py<Frame> = unsafe { frame.as_ref() };
            frame
        })
        .take_while(|frame| boot::whose(frame) == Builtins::Library)
        .any(|frame| frame.code.obj_name.as_str() == "<module>")
}

/// The entries of a traceback, outermost first.
pub(crate) fn entries(first: Option<PyRef<PyTraceback>>) -> Vec<(FrameRef, usize)> {
    let mut found = Vec::new();
    let mut next = first;
    while let Some(entry) = next {
        found.push((entry.frame.clone(), entry.lineno.get()));
        let following = entry.next.lock().clone();
        next = following;
    }
    found
}
