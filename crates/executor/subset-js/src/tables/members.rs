//! Member names that lead out of the subset.

/// One denied member.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The name.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
    /// What to do instead.
    pub hint: &'static str,
}

const fn member(name: &'static str, reason: &'static str, hint: &'static str) -> Member {
    Member { name, reason, hint }
}

const FUNCTIONS: &str = "it leads to the functions that make code from text";
const LOCALE: &str = "its answer depends on a locale, which the embedded interpreter does not have";
const STACK: &str = "it shows the interpreter's own frames, which differ between engines";

/// Denied members, by name.
pub const DENIED: &[Member] = &[
    member("__defineGetter__", "it changes objects behind their class", "use Object.defineProperty"),
    member("__defineSetter__", "it changes objects behind their class", "use Object.defineProperty"),
    member("__lookupGetter__", "it reaches accessors of foreign objects", "use Object.getOwnPropertyDescriptor"),
    member("__lookupSetter__", "it reaches accessors of foreign objects", "use Object.getOwnPropertyDescriptor"),
    member("__proto__", "it replaces the prototype of foreign objects", "use Object.create or a class"),
    member("callee", "it reaches the calling code", "name the function"),
    member("caller", "it reaches the calling code", "pass the value as an argument"),
    member("constructor", FUNCTIONS, "name the class; only x.constructor.name and assigning it are in the subset"),
    member("hasInstance", "it can forge instanceof in a test", "use a class"),
    member("localeCompare", LOCALE, "compare with < and >"),
    member("prepareStackTrace", STACK, "use the error's message"),
    member("species", "it makes built-in methods build objects of another kind", "build the object yourself"),
    member("stack", STACK, "use the error's message"),
    member("stackTraceLimit", STACK, "use the error's message"),
    member("toLocaleDateString", LOCALE, "use toISOString"),
    member("toLocaleLowerCase", LOCALE, "use toLowerCase"),
    member("toLocaleString", LOCALE, "use String or toFixed"),
    member("toLocaleTimeString", LOCALE, "use toISOString"),
    member("toLocaleUpperCase", LOCALE, "use toUpperCase"),
];

/// What `process` offers.
pub const PROCESS: &[&str] =
    &["argv", "env", "exit", "exitCode", "hrtime", "nextTick", "platform", "stderr", "stdout", "uptime"];

/// The entry of a denied member.
pub(crate) fn denied(name: &str) -> Option<&'static Member> {
    DENIED.iter().find(|member| member.name == name)
}
