//! Names through which instrumented code reaches the interpreter's native side.
//!
//! Every name starts with U+0001, which no Python identifier can hold: source text cannot spell
//! them, shadow them or assign to them. The virtual machine puts them into the builtins namespace.

/// `TICK()`: charges one unit of fuel and returns `None`. First statement of every function body (after its
/// docstring) and of every `for`/`while` body; a lambda's body `e` becomes `TICK() or e`.
pub const TICK: &str = "\u{1}tick";

/// `ENTER()`: what [`TICK`] is at the head of a function of a candidate file. It sees who has called.
pub const ENTER: &str = "\u{1}enter";

/// `ITER(iterable)`: an iterator that charges one unit a step. Wraps the iterable of every
/// comprehension clause (not the asynchronous ones) and of every `*` unpacking in an expression.
pub const ITER: &str = "\u{1}iter";

/// `SPEND(value)`: charges for going through the value once, natively, and returns it. Wraps what a target or a pattern
/// with `*` takes apart, every `**` in a call or a dictionary display, and what an f-string writes without a specification.
pub const SPEND: &str = "\u{1}spend";

/// `SPENDING(iterable)`: an iterator that charges as [`SPEND`] for every element. Wraps the iterable of a loop or
/// comprehension clause whose target has a `*`.
pub const SPENDING: &str = "\u{1}spending";

/// `DELEGATE(iterable)`: what `yield from` delegates to. A generator as it is; an iterator that charges one unit a step
/// over anything native.
pub const DELEGATE: &str = "\u{1}delegate";

/// `ENTERING(manager)`: a context manager that charges as [`SPEND`] for what the manager gives. Wraps the managers of a
/// `with` whose target has a `*`.
pub const ENTERING: &str = "\u{1}entering";

/// `GUARD(object)`, `GUARD(object, name)`: returns the object if candidate code may set or delete items of it, or the
/// attribute of that name, else ends the run as forged. Wraps the value of every attribute or subscript target in
/// candidate files.
pub const GUARD: &str = "\u{1}guard";

/// `SPACE(object)`: what `object.__dict__` becomes in candidate files where it is read. Whoever holds that dictionary can
/// change the object: of an object of a test's class it is a copy.
pub const SPACE: &str = "\u{1}space";

/// `CHECK(condition)`: the condition of an assert in an oracle file, as true or false. When it is false, the failure is
/// remembered until the oracle itself has handled the exception that follows: no other code can swallow it.
pub const CHECK: &str = "\u{1}check";

/// `HANDLED()`: first statement of every `except` body of an oracle file: forgets a failure when the exception that is
/// being handled is the one that followed it.
pub const HANDLED: &str = "\u{1}handled";

/// `RAISE(exception)`: what an oracle file raises; a failed assertion is remembered as [`CHECK`] does. A bare `raise`
/// becomes `if RAISE(): raise`, which remembers the one in hand again.
pub const RAISE: &str = "\u{1}raise";

/// `LEAVING(value)`: what a method `__exit__` of an oracle file returns. A true value swallows the exception in hand, as an
/// `except` would.
pub const LEAVING: &str = "\u{1}leaving";

/// `JUDGE(object, name)`: `object.name` in a call `object.name(…)` of an oracle file, where a test takes the answer of
/// a method of that name for a verdict (see [`crate::tables::verdicts`]).
pub const JUDGE: &str = "\u{1}judge";

/// `DECORATE(decorator)`: a decorator of a class or of a function `test…` in an oracle file. The candidate's may look at a
/// test; it can't put anything in its place.
pub const DECORATE: &str = "\u{1}decorate";

/// `WITH(manager)`: the manager of a `with` block of an oracle file that holds asserts. When the candidate's code raises
/// and its own manager swallows that, the asserts after it would never have run: the block has failed.
pub const WITH: &str = "\u{1}with";

/// `COMPARE(op, left, right)`: a comparison in an oracle file. `op` is one of `==`, `!=`, `<`, `<=`, `>`, `>=`,
/// `in`, `not in`. Ends the run as forged when a comparison method that candidate code
/// defines would decide between a builtin value and something else.
///
/// A chain `a < b < c` becomes `COMPARE("<", a, (t := b)) and COMPARE("<", t, c)`, where `t` is a name
/// that starts with [`TEMPORARY`]; a constant or a plain name is repeated instead.
pub const COMPARE: &str = "\u{1}compare";

/// `CASE(id, thunk)`: a module-level assert of an oracle file, as a test of its own.
/// `assert c, m` becomes `CASE("assert:LINE", lambda: c, lambda: m)`: a false or raising `c` is recorded and the file goes on.
/// Asserts in module-level `if`, `for`, `while` and `match` blocks are cases too, so an id may come again.
pub const CASE: &str = "\u{1}case";

/// `CASE_OPEN(id)`: begins a case that is a whole statement; false where only ids are collected.
///
/// A statement `s` that is one case becomes
/// `if CASE_OPEN(id): try: s except: CASE_CLOSE(id, False) finally: CASE_CLOSE(id, True)`.
/// That is: an assert with `:=` (`assert:LINE`, its name has to stay global), a module-level `try` or `with` that
/// holds asserts (`try:LINE`, `with:LINE`: what it handles is part of the test), and a module-level call of
/// a function of the same file that asserts (`call:LINE`). Cases never nest.
pub const CASE_OPEN: &str = "\u{1}case_open";

/// `CASE_CLOSE(id, passed)`: ends the case opened by [`CASE_OPEN`]. With `False` it is called while the exception that
/// failed the case is being handled; with `True` it passes the case if it is still open, else does nothing.
pub const CASE_CLOSE: &str = "\u{1}case_close";

/// Prefix of the names that instrumentation binds in oracle files (locals, or globals of the module).
pub const TEMPORARY: &str = "\u{1}t";

/// All functions that the virtual machine has to provide.
pub const ALL: [&str; 20] = [
    TICK, ENTER, ITER, SPEND, SPENDING, DELEGATE, ENTERING, GUARD, SPACE, COMPARE, CHECK, HANDLED, RAISE, LEAVING,
    JUDGE, DECORATE, WITH, CASE, CASE_OPEN, CASE_CLOSE,
];
