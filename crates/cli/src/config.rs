//! Settings: defaults, then `edgecoder.toml`, then `EDGECODER_…`, then flags. Unknown keys are errors.
//!
//! The file is the user's own (`$XDG_CONFIG_HOME/edgecoder/edgecoder.toml`, or what `--config`
//! names), never one that lies in a repository: a cloned repository must not configure its agent.

pub(crate) mod keys;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use edgecoder_types::{LayerChoice, Limits};

use crate::env::Env;
use crate::error::CliError;
use crate::output::ColourChoice;
use crate::suggest;
use keys::{KEYS, Key, Kind};

/// Names that begin like settings and are none: they are read elsewhere.
const OTHER_VARIABLES: [&str; 1] = ["EDGECODER_CONFIG"];
/// Variables for the project's own tests.
const TEST_PREFIX: &str = "EDGECODER_TEST_";
/// Largest configuration file read, in bytes.
const CONFIG_BYTES_MAX: usize = 1 << 20;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// The file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag on this command line.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A checked value and its origin.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The value, as text that its kind accepts.
    pub(crate) value: OsString,
    /// Who set it.
    pub(crate) origin: Origin,
}

impl Setting {
    /// The value as people may see it.
    pub(crate) fn shown(&self, key: &Key) -> String {
        match key.kind {
            Kind::Secret if !self.value.is_empty() => edgecoder_http::client::REDACTED.to_owned(),
            _ => self.value.to_string_lossy().into_owned(),
        }
    }
}

/// All settings.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    settings: BTreeMap<&'static str, Setting>,
}

impl Config {
    /// Reads the layers below the flags.
    ///
    /// # Errors
    /// `config_invalid` with the place, for an unknown key, a value of the wrong kind or a broken file.
    pub(crate) fn load(file: Option<&Path>, env: &Env) -> Result<Self, CliError> {
        let mut config = Self { settings: BTreeMap::new() };
        for key in KEYS {
            config.settings.insert(key.name, Setting { value: key.default.into(), origin: Origin::Default });
        }
        if let Some(path) = file.map(Path::to_owned).or_else(|| env.get("EDGECODER_CONFIG").map(PathBuf::from)) {
            config.add_file(&path)?;
        } else if let Some(path) = user_file(env)
            && path.exists()
        {
            config.add_file(&path)?;
        }
        config.add_environment(env)?;
        Ok(config)
    }

    /// Puts a flag above everything else.
    pub(crate) fn set_flag(&mut self, name: &str, flag: &'static str, value: &str) -> Result<(), CliError> {
        self.set(name, value.into(), Origin::Flag(flag))
    }

    /// Every key with its value, in the table's order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static Key, &Setting)> {
        KEYS.iter().filter_map(|key| Some((key, self.settings.get(key.name)?)))
    }

    /// A text setting; `None` when empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.settings.get(name)?.value.to_str().filter(|value| !value.is_empty())
    }

    /// A path setting; `None` when empty.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.settings.get(name).map(|setting| Path::new(&setting.value)).filter(|path| !path.as_os_str().is_empty())
    }

    /// A number setting; values are checked when they are set, so a missing one means a misspelt name.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// Bounds of a run.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            fuel: self.number("exec.fuel"),
            timeout_ms: self.number("exec.timeout_s") * 1000,
            memory_bytes: self.number("exec.memory_mb") << 20,
            ..Limits::default()
        }
    }

    /// Wanted layer.
    pub(crate) fn layer(&self) -> LayerChoice {
        match self.text("exec.layer") {
            Some("embedded") => LayerChoice::Embedded,
            Some("os") => LayerChoice::Os,
            _ => LayerChoice::Auto,
        }
    }

    /// Wanted colour.
    pub(crate) fn colour(&self) -> ColourChoice {
        match self.text("ui.color") {
            Some("always") => ColourChoice::Always,
            Some("never") => ColourChoice::Never,
            _ => ColourChoice::Auto,
        }
    }

    fn add_file(&mut self, path: &Path) -> Result<(), CliError> {
        let origin = path.display().to_string();
        let wrong = |problem: String, hint| CliError::Config { message: format!("{origin}: {problem}"), hint };
        let bytes = crate::source::load_bytes(path, CONFIG_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8 text".to_owned(), None))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            wrong(format!("line {line}: {}", error.message().replace('\n', ", ")), None)
        })?;
        for (section, value) in table {
            let toml::Value::Table(entries) = value else {
                let hint = Some(format!("settings lie in sections, such as [{}]", sections().join("], [")));
                return Err(wrong(format!("{section} is outside of any section"), hint));
            };
            self.add_table(&section, entries, path)?;
        }
        Ok(())
    }

    /// A section, with the sections in it.
    fn add_table(&mut self, section: &str, entries: toml::Table, path: &Path) -> Result<(), CliError> {
        for (name, value) in entries {
            let name = format!("{section}.{name}");
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Table(entries) if is_section(&name) => {
                    self.add_table(&name, entries, path)?;
                    continue;
                }
                other => {
                    let problem = format!("{name} is neither a text nor a number, but {}", other.type_str());
                    return Err(CliError::Config { message: format!("{}: {problem}", path.display()), hint: None });
                }
            };
            self.set(&name, value.into(), Origin::File(path.to_owned()))?;
        }
        Ok(())
    }

    fn add_environment(&mut self, env: &Env) -> Result<(), CliError> {
        for (variable, value) in env.with_prefix("EDGECODER_") {
            if OTHER_VARIABLES.contains(&variable) || variable.starts_with(TEST_PREFIX) {
                continue;
            }
            let Some(key) = KEYS.iter().find(|key| key.variable() == variable) else {
                return Err(CliError::Config {
                    message: format!("{variable}: there is no such setting"),
                    hint: suggest::nearest(variable, KEYS.iter().map(Key::variable))
                        .map(|name| format!("did you mean {name}?"))
                        .or_else(|| Some("`edgecoder config docs` lists them".to_owned())),
                });
            };
            self.set(key.name, value.to_owned(), Origin::Variable(variable.to_owned()))?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: OsString, origin: Origin) -> Result<(), CliError> {
        let Some(key) = keys::find(name) else {
            return Err(CliError::Config {
                message: format!("{origin}: there is no setting {name}"),
                hint: suggest::nearest(name, KEYS.iter().map(|key| key.name.to_owned()))
                    .map(|near| format!("did you mean {near}?"))
                    .or_else(|| Some("`edgecoder config docs` lists them".to_owned())),
            });
        };
        if let (Kind::Secret, Origin::File(path)) = (key.kind, &origin) {
            return Err(CliError::Config {
                message: format!("{}: {name} is a secret, which no settings file holds", path.display()),
                hint: Some(format!("set {}, or name a file with {name}_file", key.variable())),
            });
        }
        if let Err(problem) = check(key, &value) {
            return Err(match &origin {
                Origin::File(path) => {
                    CliError::Config { message: format!("{}: {name} {problem}", path.display()), hint: None }
                }
                Origin::Flag(flag) => CliError::Usage { message: format!("{flag} {problem}"), hint: None },
                Origin::Default | Origin::Variable(_) => {
                    CliError::Config { message: format!("{origin} {problem}"), hint: None }
                }
            });
        }
        self.settings.insert(key.name, Setting { value, origin });
        Ok(())
    }
}

/// Whether the value is of the key's kind.
fn check(key: &Key, value: &std::ffi::OsStr) -> Result<(), String> {
    let shown: String = value.to_string_lossy().chars().take(80).collect();
    match key.kind {
        Kind::Path if value.as_bytes().contains(&0) => Err("is a path with a NUL byte".to_owned()),
        Kind::Path => Ok(()),
        Kind::Secret if value.to_str().is_some() => Ok(()),
        Kind::Secret => Err("is not UTF-8".to_owned()),
        Kind::Text if value.to_str().is_some() => Ok(()),
        Kind::Text => Err(format!("is {shown:?}, which is not UTF-8")),
        Kind::Number(least, most) => match value.to_str().and_then(|text| text.parse::<u64>().ok()) {
            Some(number) if (least..=most).contains(&number) => Ok(()),
            _ if most == u64::MAX => Err(format!("is {shown:?}, but has to be a whole number from {least}")),
            _ => Err(format!("is {shown:?}, but has to be a whole number from {least} to {most}")),
        },
        Kind::Word(words) if words.iter().any(|word| value == *word) => Ok(()),
        Kind::Word(words) => Err(format!("is {shown:?}, but has to be one of {}", words.join(", "))),
    }
}

/// Whether settings lie below this name.
fn is_section(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn sections() -> Vec<&'static str> {
    let mut names: Vec<_> = KEYS.iter().filter_map(|key| Some(key.name.split_once('.')?.0)).collect();
    names.dedup();
    names
}

/// The user's own file, whether it exists or not.
pub(crate) fn user_file(env: &Env) -> Option<PathBuf> {
    let folder = env
        .get("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(Path::new(env.get("HOME")?).join(".config")))?;
    Some(folder.join("edgecoder").join("edgecoder.toml"))
}

/// Where models, runs and receipts lie.
///
/// # Errors
/// `no_data_dir` when neither a setting nor the environment gives a place.
pub(crate) fn data_dir(config: &Config, env: &Env) -> Result<PathBuf, CliError> {
    if let Some(path) = config.path("storage.data_dir") {
        return std::path::absolute(path).map_err(|source| CliError::Unwritable { path: path.to_owned(), source });
    }
    env.get("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(Path::new(env.get("HOME")?).join(".local").join("share")))
        .map(|folder| folder.join("edgecoder"))
        .ok_or(CliError::NoDataDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, env: &Env) -> Result<Config, CliError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path()), env)
    }

    #[test]
    fn layers_win_in_order() {
        let text = "[exec]\nfuel = 7\ntimeout_s = 3\nmemory_mb = 9\n";
        let env = Env::from([("EDGECODER_EXEC_TIMEOUT_S", "4"), ("EDGECODER_EXEC_MEMORY_MB", "10")]);
        let mut config = with_file(text, &env).unwrap();
        config.set_flag("exec.memory_mb", "--memory", "11").unwrap();
        let limits = config.limits();
        assert_eq!((limits.fuel, limits.timeout_ms, limits.memory_bytes), (7, 4_000, 11 << 20));
        let origins: Vec<_> = config.all().map(|(key, setting)| (key.name, setting.origin.to_string())).collect();
        assert!(origins.contains(&("exec.memory_mb", "--memory".to_owned())));
        assert!(origins.contains(&("exec.timeout_s", "EDGECODER_EXEC_TIMEOUT_S".to_owned())));
        assert!(origins.contains(&("exec.layer", "default".to_owned())));
    }

    #[test]
    fn defaults_agree_with_the_executors() {
        let config = Config::load(None, &Env::default()).unwrap();
        assert_eq!(config.limits(), Limits::default());
    }

    #[test]
    fn every_default_is_valid() {
        for key in KEYS {
            assert_eq!(check(key, key.default.as_ref()), Ok(()), "{}", key.name);
        }
    }

    #[test]
    fn mistakes_name_their_place() {
        let none = Env::default();
        let problem = |text: &str| with_file(text, &none).unwrap_err().message();
        assert!(problem("[exec]\nfual = 1").ends_with("there is no setting exec.fual"));
        assert!(problem("[exec]\nfuel = 0").contains("exec.fuel is \"0\""));
        assert!(problem("[exec]\n\nfuel = = 1").contains("line 3"));
        assert!(problem("fuel = 1").contains("outside of any section"));
        assert!(
            problem("[exec]\nfuel = [1]").contains("is a array") || problem("[exec]\nfuel = [1]").contains("array")
        );
        assert!(problem("[ui]\ncolor = \"red\"").contains("auto, always, never"));
        let error = Config::load(None, &Env::from([("EDGECODER_EXEC_FUELS", "1")])).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean EDGECODER_EXEC_FUEL?"));
        assert_eq!(error.code(), "config_invalid");
    }

    #[test]
    fn sections_nest_and_secrets_stay_out_of_files() {
        let none = Env::default();
        let config = with_file("[model.openai]\nbase_url = \"http://127.0.0.1/v1\"\n", &none).unwrap();
        assert_eq!(config.text("model.openai.base_url"), Some("http://127.0.0.1/v1"));
        let error = with_file("[model.openai]\nkey = \"sk-1\"\n", &none).unwrap_err();
        assert!(error.message().contains("is a secret") && !error.message().contains("sk-1"), "{}", error.message());
        assert!(error.hint().is_some_and(|hint| hint.contains("model.openai.key_file")));
        let config = Config::load(None, &Env::from([("EDGECODER_MODEL_OPENAI_KEY", "sk-1")])).unwrap();
        let shown: Vec<String> = config.all().map(|(key, setting)| setting.shown(key)).collect();
        assert!(shown.contains(&"[redacted]".to_owned()) && !shown.contains(&"sk-1".to_owned()));
        assert_eq!(config.text("model.openai.key"), Some("sk-1"));
    }

    #[test]
    fn variables_of_tests_are_left_alone() {
        assert!(Config::load(None, &Env::from([("EDGECODER_TEST_MODEL", "x")])).is_ok());
    }

    #[test]
    fn data_dir_follows_xdg() {
        let config = Config::load(None, &Env::default()).unwrap();
        let folder = |pairs: [(&str, &str); 2]| data_dir(&config, &Env::from(pairs)).map_err(|error| error.code());
        assert_eq!(folder([("HOME", "/h"), ("XDG_DATA_HOME", "/d")]), Ok("/d/edgecoder".into()));
        assert_eq!(folder([("HOME", "/h"), ("XDG_DATA_HOME", "relative")]), Ok("/h/.local/share/edgecoder".into()));
        assert_eq!(folder([("HOME", ""), ("XDG_DATA_HOME", "")]), Err("no_data_dir"));
    }
}
