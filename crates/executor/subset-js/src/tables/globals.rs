//! Names that no file declares.

/// Names of the language and the stand-ins that programs may use.
pub const ALLOWED: &[&str] = &[
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Boolean",
    "DataView",
    "Date",
    "Error",
    "EvalError",
    "Float32Array",
    "Float64Array",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "SyntaxError",
    "TypeError",
    "URIError",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakSet",
    "arguments",
    "clearImmediate",
    "clearInterval",
    "clearTimeout",
    "console",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "process",
    "queueMicrotask",
    "setImmediate",
    "setInterval",
    "setTimeout",
    "undefined",
];

/// One denied name.
#[derive(Clone, Copy, Debug)]
pub struct Global {
    /// The names.
    pub names: &'static [&'static str],
    /// Reason code.
    pub code: &'static str,
    /// Why.
    pub reason: &'static str,
    /// What to do instead.
    pub hint: &'static str,
}

/// Denied names, by what is wrong with them.
pub const DENIED: &[Global] = &[
    Global {
        names: &["Function", "eval"],
        code: "dynamic_code",
        reason: "code made from text is never checked",
        hint: "write the code itself; JSON.parse reads data",
    },
    Global {
        names: &["global", "globalThis", "self", "window"],
        code: "global_denied",
        reason: "names reached as text bypass the checks",
        hint: "use the name itself, or keep the values in an object",
    },
    Global {
        names: &["Proxy"],
        code: "global_denied",
        reason: "a proxy can fake any value in a test",
        hint: "use a class with getters",
    },
    Global {
        names: &["Atomics", "FinalizationRegistry", "SharedArrayBuffer", "WeakRef"],
        code: "global_denied",
        reason: "what it shows depends on threads or the garbage collector",
        hint: "use ordinary objects, Map or WeakMap",
    },
    Global {
        names: &["WebAssembly"],
        code: "global_denied",
        reason: "compiled code is never checked",
        hint: "write the code itself",
    },
    Global {
        names: &["Intl"],
        code: "global_denied",
        reason: "its answers depend on locales, which the embedded interpreter does not have",
        hint: "format the text yourself",
    },
    Global {
        names: &[
            "AbortController",
            "AbortSignal",
            "Blob",
            "Buffer",
            "BroadcastChannel",
            "CompressionStream",
            "Event",
            "EventTarget",
            "FormData",
            "Headers",
            "Iterator",
            "MessageChannel",
            "Request",
            "Response",
            "TextDecoder",
            "TextEncoder",
            "URL",
            "URLSearchParams",
            "WebSocket",
            "Worker",
            "atob",
            "btoa",
            "crypto",
            "document",
            "escape",
            "fetch",
            "navigator",
            "performance",
            "structuredClone",
            "unescape",
        ],
        code: "global_denied",
        reason: "it belongs to Node or a browser, not to the language",
        hint: "it runs in the OS layer with Node",
    },
];

/// The entry of a denied name.
pub(crate) fn denied(name: &str) -> Option<&'static Global> {
    DENIED.iter().find(|group| group.names.contains(&name))
}
