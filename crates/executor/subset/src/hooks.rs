//! Names through which instrumented code reaches the interpreter's native side.
//!
//! Every name starts with U+0001, which no Python identifier can hold: source text cannot spell
//! them, shadow them or assign to them. The virtual machine puts them into the builtins namespace.

/// `TICK()`: charges one unit of fuel. First statement of every function body and of every
/// `for`/`while` body; a lambda's body `e` becomes `TICK() or e`.
pub const TICK: &str = "\u{1}tick";

/// `ITER(iterable)`: an iterator that charges one unit a step. Wraps the iterable of every
/// comprehension clause and of every `*` unpacking.
pub const ITER: &str = "\u{1}iter";

/// `GUARD(object)`: returns the object if candidate code may set or delete attributes or items of
/// it, else ends the run as forged. Wraps the value of every attribute or subscript target in candidate files.
pub const GUARD: &str = "\u{1}guard";

/// `COMPARE(op, left, right)`: a comparison in an oracle file. `op` is one of `==`, `!=`, `<`, `<=`, `>`, `>=`,
/// `in`, `not in`. Ends the run as forged when a comparison method that candidate code
/// defines would decide between a builtin value and something else.
pub const COMPARE: &str = "\u{1}compare";

/// `CASE(id, thunk)`: a top-level assert of an oracle file, as a test of its own.
/// `assert c, m` becomes `CASE("assert:LINE", lambda: c, lambda: m)`: a false or raising `c` is recorded and the file goes on.
pub const CASE: &str = "\u{1}case";

/// All of them.
pub const ALL: [&str; 5] = [TICK, ITER, GUARD, COMPARE, CASE];
