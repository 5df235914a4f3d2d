//! Names of the hooks that instrumented text calls. No source can spell one: names that begin so are refused.

/// How every hook's name begins.
pub const PREFIX: &str = "__ec_";
/// `TICK()`: charges one unit.
pub const TICK: &str = "__ec_t";
/// `SPREAD(value)`: charges what spreading the value costs, and is the value.
pub const SPREAD: &str = "__ec_s";
/// `ADD(left, right)`: a sum whose operands may be large integers.
pub const ADD: &str = "__ec_a";
/// `BIG(operator, left, right)`: an arithmetic operation whose operands may be large integers.
pub const BIG: &str = "__ec_b";
/// `TEXT(value)`: a value that becomes part of a text, charged when it is a large integer.
pub const TEXT: &str = "__ec_x";
/// `COMPARE(operator, left, right)`: a comparison of a test file.
pub const COMPARE: &str = "__ec_c";
/// `CASE(line, body)`: a top-level assertion of a test file.
pub const CASE: &str = "__ec_k";
/// `EXPOSE(path, names)`: what test files without imports see of the entry.
pub const EXPOSE: &str = "__ec_e";
/// `BORROW(path)`: the names that the entry exposes.
pub const BORROW: &str = "__ec_o";
/// `WORST(operator, value)`: the right side of an assignment with an operator to a member that is not known.
pub const WORST: &str = "__ec_w";
/// `HANDLED(error)`: a test's `catch` got an error; without an argument, one that a pattern takes apart.
pub const HANDLED: &str = "__ec_h";
/// The error of a test's `catch` that names none.
pub const ERROR: &str = "__ec_0";
/// `HANDLER(function)`: a function that a test gives to `then` or `catch`.
pub const HANDLER: &str = "__ec_g";
/// `SAY(value, …)`: `console.assert` of a test.
pub const SAY: &str = "__ec_q";
/// `ASK(name, object, …)`: a method whose answer a test takes for a verdict.
pub const ASK: &str = "__ec_j";
/// `MADE(object)`: what a test made by `new`.
pub const MADE: &str = "__ec_n";
