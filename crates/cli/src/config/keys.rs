//! The table of every setting. `config docs`, the environment names and the file's keys all come from it.

/// What a value has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number between the two, both included.
    Number(u64, u64),
    /// Any text.
    Text,
    /// A file system path.
    Path,
    /// A text that is never shown, and that no settings file may hold.
    Secret,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Section and name in the file, e.g. `exec.fuel`.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// Its value when nobody sets it, as text; empty: none.
    pub(crate) default: &'static str,
    /// Unit, where there is one.
    pub(crate) unit: &'static str,
    /// What it does, in one sentence.
    pub(crate) doc: &'static str,
}

impl Key {
    /// The environment variable: `exec.fuel` is `EDGECODER_EXEC_FUEL`.
    pub(crate) fn variable(&self) -> String {
        format!("EDGECODER_{}", self.name.replace('.', "_").to_uppercase())
    }
}

/// Every setting, by section.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "exec.fuel",
        kind: Kind::Number(1, u64::MAX),
        default: "10000000",
        unit: "steps",
        doc: "Interpreter work that one run may use in the embedded layer.",
    },
    Key {
        name: "exec.layer",
        kind: Kind::Word(&["auto", "embedded", "os"]),
        default: "auto",
        unit: "",
        doc: "Where programs run: auto takes embedded when the program is inside the subset, else the OS sandbox.",
    },
    Key {
        name: "exec.memory_mb",
        kind: Kind::Number(1, 1 << 20),
        default: "256",
        unit: "MiB",
        doc: "Memory that one run may use; a backstop.",
    },
    Key {
        name: "exec.timeout_s",
        kind: Kind::Number(1, 3_600),
        default: "30",
        unit: "seconds",
        doc: "Wall clock that one run may use; a backstop.",
    },
    Key {
        name: "model.context_tokens",
        kind: Kind::Number(256, 1 << 24),
        default: "8192",
        unit: "tokens",
        doc: "Context window that models of servers are used with, at most.",
    },
    Key {
        name: "model.name",
        kind: Kind::Text,
        default: "",
        unit: "",
        doc: "Model to use: a name from `model list` or a path to a GGUF file. Empty: the one chosen with `model use`.",
    },
    Key {
        name: "model.ollama.base_url",
        kind: Kind::Text,
        default: "http://127.0.0.1:11434",
        unit: "",
        doc: "Where Ollama is.",
    },
    Key {
        name: "model.openai.base_url",
        kind: Kind::Text,
        default: "",
        unit: "",
        doc: "Where a server with the OpenAI interface is, such as `http://127.0.0.1:8000/v1`.",
    },
    Key {
        name: "model.openai.key",
        kind: Kind::Secret,
        default: "",
        unit: "",
        doc: "Its key. By the variable only; never shown.",
    },
    Key {
        name: "model.openai.key_file",
        kind: Kind::Path,
        default: "",
        unit: "",
        doc: "A file that holds its key and that only you can read (mode 600).",
    },
    Key {
        name: "model.parallel",
        kind: Kind::Number(1, 16),
        default: "4",
        unit: "requests",
        doc: "Requests to a server at once, at most: the candidates of a batch.",
    },
    Key {
        name: "net.allow_egress",
        kind: Kind::Text,
        default: "",
        unit: "",
        doc: "Other machines that requests may go to: hosts, or host:port, separated by commas.",
    },
    Key {
        name: "net.ca_file",
        kind: Kind::Path,
        default: "",
        unit: "",
        doc: "Certificates (PEM) to check servers by. Empty: those of the system.",
    },
    Key {
        name: "net.proxy",
        kind: Kind::Word(&["none", "environment"]),
        default: "none",
        unit: "",
        doc: "Whether `HTTPS_PROXY` and its relatives count. This machine itself is always reached directly.",
    },
    Key {
        name: "net.timeout_s",
        kind: Kind::Number(1, 86_400),
        default: "300",
        unit: "seconds",
        doc: "How long a server may be silent.",
    },
    Key {
        name: "run.samples",
        kind: Kind::Number(1, 100_000),
        default: "320",
        unit: "candidates",
        doc: "Candidates that `run` tries at most.",
    },
    Key { name: "run.seed", kind: Kind::Number(0, u64::MAX), default: "1", unit: "", doc: "Seed of the search." },
    Key {
        name: "storage.data_dir",
        kind: Kind::Path,
        default: "",
        unit: "",
        doc: "Folder for models, runs and receipts. Empty: edgecoder under the XDG data directory.",
    },
    Key {
        name: "ui.color",
        kind: Kind::Word(&["auto", "always", "never"]),
        default: "auto",
        unit: "",
        doc: "When to use colour; auto obeys NO_COLOR and TERM=dumb.",
    },
];

/// The key of that name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
