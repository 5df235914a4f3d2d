//! Models of servers, from the settings: where they are, with which key, and whether anything may leave for there.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use edgecoder_http::client::{Client, ClientOptions, Proxies, Proxy, Secret, Timeouts, Url};
use edgecoder_inference::InferenceError;
use edgecoder_inference::provider::{Egress, Offer, ProviderKind, RemoteModel, RemoteName, RemoteOptions, Server};

use crate::app::App;
use crate::error::CliError;
use crate::output::printable;

/// Longest key, in bytes.
const KEY_BYTES_MAX: u64 = 8 << 10;

/// How long to wait for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as a model may take.
    Work,
    /// For a list of what there is.
    Look,
}

/// What carries requests, from the settings.
pub(crate) fn client(app: &App, patience: Patience) -> Result<Client, CliError> {
    let first_byte = Duration::from_secs(app.config.number("net.timeout_s"));
    let timeouts = match patience {
        Patience::Work => Timeouts { first_byte, between_bytes: first_byte, ..Timeouts::default() },
        Patience::Look => {
            let short = Duration::from_secs(3);
            Timeouts { connect: short, first_byte: short, between_bytes: short }
        }
    };
    Ok(Client::new(ClientOptions {
        timeouts,
        ca_file: app.config.path("net.ca_file").map(Path::to_path_buf),
        proxies: proxies(app)?,
        seed: u64::from(std::process::id()),
        ..ClientOptions::default()
    }))
}

/// The environment's proxies, where the settings say that they count.
fn proxies(app: &App) -> Result<Proxies, CliError> {
    if app.config.text("net.proxy") != Some("environment") {
        return Ok(Proxies::default());
    }
    let value = |names: [&str; 2]| names.iter().find_map(|name| app.env.get(name)?.to_str());
    let proxy = |names| value(names).or_else(|| value(["ALL_PROXY", "all_proxy"])).map(Proxy::parse).transpose();
    let direct = value(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    Ok(Proxies {
        http: proxy(["HTTP_PROXY", "http_proxy"]).map_err(InferenceError::from)?,
        https: proxy(["HTTPS_PROXY", "https_proxy"]).map_err(InferenceError::from)?,
        direct: direct.split(',').map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect(),
    })
}

/// The server of a kind; `None` where none is set.
pub(crate) fn server(app: &App, kind: ProviderKind, patience: Patience) -> Result<Option<Server>, CliError> {
    let (name, key) = match kind {
        ProviderKind::Ollama => ("model.ollama.base_url", None),
        ProviderKind::OpenAi => ("model.openai.base_url", key(app)?),
    };
    let Some(text) = app.config.text(name) else { return Ok(None) };
    let base =
        Url::parse(text).map_err(|error| CliError::Config { message: format!("{name}: {error}"), hint: None })?;
    let egress = if is_allowed(app, &base) { Egress::Allowed } else { Egress::Refused };
    Ok(Some(Server { kind, base, key, egress, client: client(app, patience)? }))
}

/// Whether the settings let requests go there.
fn is_allowed(app: &App, base: &Url) -> bool {
    let allowed = app.config.text("net.allow_egress").unwrap_or_default();
    allowed.split(',').map(str::trim).any(|place| place == base.host() || place == base.host_and_port())
}

/// The key for the openai server.
fn key(app: &App) -> Result<Option<Secret>, CliError> {
    let secret = |text: &str, place: &str| {
        let text = text.trim();
        if text.is_empty() || text.chars().any(|c| c.is_control() || !c.is_ascii()) {
            let message = format!("{place} holds no key: one line of plain characters is wanted");
            return Err(CliError::Config { message, hint: None });
        }
        Ok(Some(Secret::new(text)))
    };
    if let Some(text) = app.config.text("model.openai.key") {
        return secret(text, "EDGECODER_MODEL_OPENAI_KEY");
    }
    match app.config.path("model.openai.key_file") {
        Some(path) => secret(&read_key(path)?, &path.display().to_string()),
        None => Ok(None),
    }
}

/// Reads a file that nobody else may read.
fn read_key(path: &Path) -> Result<String, CliError> {
    let unreadable = |source| CliError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => CliError::FileNotFound { path: path.to_owned(), near: None },
        _ => unreadable(source),
    })?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(CliError::WrongFileType { path: path.to_owned(), found: "no file", wanted: "a file" });
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(InferenceError::KeyUnprotected(format!(
            "others can read the key in {}: chmod 600 it",
            path.display()
        ))
        .into());
    }
    let mut text = String::new();
    file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// A model of a server, ready to be asked.
pub(crate) fn model(app: &App, name: &RemoteName) -> Result<RemoteModel, CliError> {
    let Some(server) = server(app, name.kind, Patience::Work)? else {
        return Err(CliError::Config {
            message: format!("{name} needs the address of its server, and model.openai.base_url is not set"),
            hint: Some("for example EDGECODER_MODEL_OPENAI_BASE_URL=http://127.0.0.1:8000/v1".to_owned()),
        });
    };
    let number = |key: &str| u32::try_from(app.config.number(key)).ok();
    let options = RemoteOptions { context_tokens: number("model.context_tokens"), parallel: number("model.parallel") };
    Ok(RemoteModel::new(server, &name.model, options)?)
}

/// Makes sure that requests may go to another machine: the settings or a flag say so, or the user does now.
pub(crate) fn admit(app: &mut App, name: &RemoteName, flag: bool, may_ask: bool) -> Result<(), CliError> {
    let Some(server) = server(app, name.kind, Patience::Look)? else { return Ok(()) };
    if !server.leaves() || server.egress == Egress::Allowed {
        return Ok(());
    }
    let to = server.base.host_and_port();
    if server.key.is_some() && !server.base.is_tls() {
        // The model refuses with its own words; a yes would change nothing.
        return Ok(());
    }
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if flag || may_ask && is_terminal && ask(app, name, &server)? {
        let before = app.config.text("net.allow_egress").unwrap_or_default();
        let allowed = format!("{before},{to}");
        return app.config.set_flag("net.allow_egress", "--allow-egress", allowed.trim_start_matches(','));
    }
    Err(InferenceError::Egress { to }.into())
}

/// Asks once. Anything but yes is no.
fn ask(app: &App, name: &RemoteName, server: &Server) -> Result<bool, CliError> {
    let clear = if server.base.is_tls() { "" } else { " The connection is not encrypted." };
    app.output.error_bytes(
        format!(
            "{name} is at {}, not on this machine. The task, code around what is to be written, failing tests and their \
             errors would go there; `edgecoder run --preview` shows the bytes.{clear}\nSend them for this run? [y/N] ",
            server.base.host_and_port()
        )
        .as_bytes(),
    );
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What one server offers, or why that is not known.
#[derive(Debug)]
pub(crate) struct Look {
    /// The interface.
    pub(crate) kind: ProviderKind,
    /// Its address.
    pub(crate) place: String,
    /// Its models.
    pub(crate) offers: Result<Vec<Offer>, InferenceError>,
}

/// Asks every server that the settings name what it offers.
pub(crate) fn look(app: &App) -> Result<Vec<Look>, CliError> {
    let mut found = Vec::new();
    for kind in [ProviderKind::Ollama, ProviderKind::OpenAi] {
        if let Some(server) = server(app, kind, Patience::Look)? {
            let offers = server.offers(&app.model_cancel()).map(|mut offers| {
                for offer in &mut offers {
                    // Names come from a server and go to a terminal.
                    offer.name = printable(&offer.name);
                }
                offers
            });
            found.push(Look { kind, place: server.base.origin(), offers });
        }
    }
    Ok(found)
}
