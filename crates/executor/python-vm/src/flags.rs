//! Lets this crate check its assertions over an interpreter that was built without them.
//!
//! With debug assertions the class macro names a flag that the interpreter has only when it was built with them too.
//! Then its own constant is found first; otherwise this one stands in, and says nothing.

use rustpython_vm::types::PyTypeFlags;

/// Stands in for the interpreter's constant of the same name.
pub(crate) trait CreatedWithFlags {
    /// No flag at all.
    const _CREATED_WITH_FLAGS: PyTypeFlags = PyTypeFlags::empty();
}

impl CreatedWithFlags for PyTypeFlags {}
