//! `edgecoder doctor`.

use edgecoder_executor::os::OsProbe;
use edgecoder_executor::receipt::SEMANTICS;
use edgecoder_executor::{EMBEDDED_JAVASCRIPT_RUNTIME, EMBEDDED_RUNTIME, Executor};
use edgecoder_inference::ModelStore;
use edgecoder_types::{Language, LayerChoice};
use serde::Serialize;

use super::version::build_features;
use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{human_bytes, printable};
use crate::remote::{self, Look};
use crate::style::Tone;

/// Say what works on this machine, what doesn't, why, and how to fix it.
///
/// Exit status: 0 when some sandbox layer works and a model is here, 1 otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Everything that is looked at.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    embedded: Finding,
    embedded_javascript: Finding,
    os: OsProbe,
    os_node: Finding,
    model: Finding,
    /// Servers of models, by provider. What nobody uses need not work.
    servers: Vec<(&'static str, Finding)>,
    data_dir: Finding,
    disk_free_bytes: Option<u64>,
    memory_bytes: Option<u64>,
    memory_available_bytes: Option<u64>,
    processors: usize,
    version: &'static str,
    features: &'static str,
    semantics: &'static str,
    embedded_runtime: &'static str,
    embedded_javascript_runtime: &'static str,
}

/// One thing that works or doesn't.
#[derive(Debug, Serialize)]
struct Finding {
    works: bool,
    detail: String,
    fix: String,
}

impl Finding {
    fn good(detail: impl Into<String>) -> Self {
        Self { works: true, detail: detail.into(), fix: String::new() }
    }

    fn bad(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { works: false, detail: detail.into(), fix: fix.into() }
    }
}

impl Doctor {
    /// Looks at everything and prints it.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let report = examine(app)?;
        if self.json {
            app.output.json(&report)?;
        } else {
            print(app, &report)?;
        }
        Ok(if report.ok { Exit::Success } else { Exit::Failure })
    }
}

fn examine(app: &App) -> Result<Report, CliError> {
    let executor = app.executor()?;
    let data = app.data_dir()?;
    let embedded = probed(&executor, Language::Python, EMBEDDED_RUNTIME);
    let embedded_javascript = probed(&executor, Language::JavaScript, EMBEDDED_JAVASCRIPT_RUNTIME);
    let os = executor.os().probe();
    let os_node = os_node(&executor, &os);
    let looks = remote::look(app)?;
    let model = model(app, &looks)?;
    let (memory_bytes, memory_available_bytes) = memory();
    Ok(Report {
        ok: (embedded.works || os.available) && model.works,
        embedded,
        embedded_javascript,
        os,
        os_node,
        model,
        servers: looks.iter().map(server).collect(),
        data_dir: data_dir(&data),
        disk_free_bytes: existing(&data).and_then(|folder| fs4::available_space(folder).ok()),
        memory_bytes,
        memory_available_bytes,
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        version: env!("CARGO_PKG_VERSION"),
        features: build_features(),
        semantics: SEMANTICS,
        embedded_runtime: EMBEDDED_RUNTIME,
        embedded_javascript_runtime: EMBEDDED_JAVASCRIPT_RUNTIME,
    })
}

fn probed(executor: &Executor, language: Language, runtime: &str) -> Finding {
    match executor.probe(language, LayerChoice::Embedded) {
        Ok(()) => Finding::good(format!("{runtime}, ran a control program")),
        Err(why) => {
            Finding::bad(why, "run it again; when it stays, the processor or the kernel lacks what workers need")
        }
    }
}

/// Node within the default limits; only JavaScript outside the subset needs it.
fn os_node(executor: &Executor, os: &OsProbe) -> Finding {
    let fix = "install Node 20 or newer (Debian: nodejs), or stay inside the subset";
    match (&os.node_version, os.available) {
        (_, false) => Finding::bad("the OS layer does not work here", os.fix.clone()),
        (None, true) => Finding::bad("there is no node on this machine", fix),
        (Some(version), true) => match executor.probe(Language::JavaScript, LayerChoice::Os) {
            Ok(()) => Finding::good(format!("node {version}, ran a control program")),
            Err(why) => Finding::bad(format!("node {version}: {why}"), fix),
        },
    }
}

/// Whether a server answers.
fn server(look: &Look) -> (&'static str, Finding) {
    let found = match &look.offers {
        Ok(offers) => Finding::good(format!("{}, {} models", look.place, offers.len())),
        Err(error) => Finding::bad(printable(&error.to_string()), ""),
    };
    (look.kind.prefix(), found)
}

fn model(app: &App, looks: &[Look]) -> Result<Finding, CliError> {
    if let Some(name) = app.remote_name()? {
        let place = looks.iter().find(|look| look.kind == name.kind);
        return Ok(match place.map(|look| (&look.place, &look.offers)) {
            None => Finding::bad(format!("{name}: no server is set"), "set model.openai.base_url"),
            Some((place, Ok(offers))) if offers.iter().any(|offer| offer.is(&name)) => {
                Finding::good(format!("{name} at {place}"))
            }
            Some((place, Ok(_))) => {
                Finding::bad(format!("{place} has no model {}", name.model), "edgecoder model list")
            }
            Some((_, Err(error))) => {
                Finding::bad(format!("{name}: {}", printable(&error.to_string())), "start its server")
            }
        });
    }
    let store = ModelStore::open(&app.data_dir()?)?;
    Ok(match store.resolve(app.config.text("model.name")) {
        Ok(model) => Finding::good(format!("{}, {}", model.name, model.path.display())),
        Err(error) => Finding::bad(error.to_string(), "edgecoder model pull"),
    })
}

/// The folder itself or the nearest one above it that is there.
fn existing(folder: &std::path::Path) -> Option<&std::path::Path> {
    folder.ancestors().find(|folder| folder.is_dir())
}

/// Whether files can be made there: tried, because permissions, read-only mounts and quotas all decide.
fn data_dir(data: &std::path::Path) -> Finding {
    let shown = data.display().to_string();
    match existing(data).map(tempfile::tempfile_in) {
        Some(Ok(_)) => Finding::good(shown),
        Some(Err(error)) => Finding::bad(
            format!("{shown}: {error}"),
            "set EDGECODER_STORAGE_DATA_DIR to a directory that you can write to",
        ),
        None => Finding::bad(format!("{shown}: no such place"), "set EDGECODER_STORAGE_DATA_DIR"),
    }
}

/// Memory of the machine and what is available of it, in bytes.
fn memory() -> (Option<u64>, Option<u64>) {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    };
    (field("MemTotal"), field("MemAvailable"))
}

fn print(app: &App, report: &Report) -> Result<(), CliError> {
    heading(app, "Sandbox layers")?;
    finding(app, "embedded", &report.embedded)?;
    finding(app, "javascript", &report.embedded_javascript)?;
    let os = &report.os;
    let python =
        os.python_version.as_deref().map_or_else(|| "no python".to_owned(), |version| format!("python {version}"));
    let detail = if os.available { python } else { os.reason.clone() };
    finding(app, "os", &Finding { works: os.available, detail, fix: os.fix.clone() })?;
    for mechanism in &os.mechanisms {
        let (tone, mark) = match (mechanism.works, mechanism.mandatory) {
            (true, _) => (Tone::Good, "✓"),
            (false, true) => (Tone::Bad, "✗"),
            (false, false) => (Tone::Warn, "–"),
        };
        let paint = app.output.palette;
        let name = format!("{:<13}", mechanism.name);
        let detail = paint.paint(Tone::Faint, &mechanism.detail);
        app.output.line(format_args!("      {} {name} {detail}", paint.paint(tone, mark)))?;
        if !mechanism.works && mechanism.fix != os.fix {
            fix(app, &mechanism.fix)?;
        }
    }
    finding(app, "os, node", &report.os_node)?;
    heading(app, "Model")?;
    finding(app, "model", &report.model)?;
    for (name, found) in &report.servers {
        if found.works {
            finding(app, name, found)?;
        } else {
            plain(app, name, found.detail.clone())?;
        }
    }
    heading(app, "Machine")?;
    finding(app, "data", &report.data_dir)?;
    let bytes = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), human_bytes);
    plain(app, "disk", format!("{} free", bytes(report.disk_free_bytes)))?;
    let memory = format!("{}, {} available", bytes(report.memory_bytes), bytes(report.memory_available_bytes));
    plain(app, "memory", memory)?;
    plain(app, "processors", report.processors.to_string())?;
    heading(app, "Versions")?;
    plain(app, "edgecoder", format!("{} ({})", report.version, report.features))?;
    plain(
        app,
        "executor",
        format!("semantics {}, {}, {}", report.semantics, report.embedded_runtime, report.embedded_javascript_runtime),
    )
}

fn heading(app: &App, text: &str) -> Result<(), CliError> {
    app.output.line(app.output.palette.paint(Tone::Strong, text))
}

fn finding(app: &App, name: &str, found: &Finding) -> Result<(), CliError> {
    let paint = app.output.palette;
    let (tone, mark) = if found.works { (Tone::Good, "✓") } else { (Tone::Bad, "✗") };
    app.output.line(format_args!("  {} {name:<10} {}", paint.paint(tone, mark), found.detail))?;
    if found.works { Ok(()) } else { fix(app, &found.fix) }
}

fn fix(app: &App, text: &str) -> Result<(), CliError> {
    if text.is_empty() {
        return Ok(());
    }
    app.output.line(format_args!("      {} {text}", app.output.palette.paint(Tone::Accent, "fix:")))
}

fn plain(app: &App, name: &str, text: String) -> Result<(), CliError> {
    app.output.line(format_args!("    {name:<10} {text}"))
}
