//! Settings files, read by the command itself: shown, or refused with a code and the file's name.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Check, Target};
use crate::material;

pub(super) const TARGET: Target = Target {
    name: "settings",
    about: "settings files through the command: shown with their values, or refused with a code and a place",
    words: WORDS,
    grammar: None,
    smoke_cases: 250,
    open,
};

/// The command beside this program: tests lie one folder below it.
fn command() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folders = own.ancestors().skip(1).take(2);
    let mut places = folders.map(|folder| folder.join("edgecoder"));
    places.find(|path| path.is_file()).with_context(|| {
        format!(
            "there is no edgecoder beside {}; build it first: cargo build --release --workspace --bins",
            own.display()
        )
    })
}

fn open() -> Result<Check> {
    let (command, scratch) = (command()?, material::scratch()?);
    Ok(Box::new(move |data| one(&command, scratch.path(), data)))
}

fn one(command: &Path, folder: &Path, data: &[u8]) -> Result<()> {
    std::fs::write(folder.join("mine.toml"), data)?;
    let ended = Command::new(command)
        .args(["config", "show", "--json", "--origin", "--config", "mine.toml"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()?;
    let told = String::from_utf8_lossy(&ended.stderr);
    let json: Value = serde_json::from_slice(&ended.stdout)
        .with_context(|| format!("no JSON: {:?} {told:?} {}", String::from_utf8_lossy(&ended.stdout), ended.status))?;
    if ended.status.success() {
        let settings = json.as_object().context("settings are an object")?;
        ensure!(!settings.is_empty() && settings.values().all(|one| one["value"].is_string()), "{json}");
        return Ok(());
    }
    ensure!(ended.status.code() == Some(2), "{} {told}", ended.status);
    let code = json["error"]["code"].as_str().unwrap_or_default();
    ensure!(code == "config_invalid", "the code {code:?}: {json}");
    ensure!(
        json["error"]["message"].as_str().is_some_and(|text| text.contains("mine.toml")),
        "without its place: {json}"
    );
    Ok(())
}

const WORDS: &[&str] = &[
    "[exec]\n",
    "[model]\n",
    "[model.openai]\n",
    "[model.ollama]\n",
    "[storage]\n",
    "[ui]\n",
    "[run]\n",
    "[net]\n",
    "fuel = ",
    "timeout_s = ",
    "memory_mb = ",
    "layer = \"os\"\n",
    "color = \"always\"\n",
    "data_dir = \"\"\n",
    "base_url = \"http://x\"\n",
    "key = \"k\"\n",
    "key_file = ",
    "proxy = ",
    "samples = ",
    "allow_egress = \"no\"\n",
    "context_tokens = ",
    "parallel = ",
    "exec.fuel = 1\n",
    "\"\"\"",
    "'''",
    "[[exec]]\n",
    "true",
    "1.5",
    "[]",
    "{}",
    "1979-05-27",
    "inf",
    "0x1F",
    "\\u0000",
    "\\uD800",
    "\"a\".b = 1\n",
];
