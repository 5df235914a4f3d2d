//! Catalogues of models and what their entries hold: names, files, addresses.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use edgecoder_http::client::Url;
use edgecoder_inference::provider::RemoteName;
use edgecoder_inference::{Catalogue, Source};

use super::Target;

pub(super) const TARGET: Target = Target {
    name: "catalogue",
    about: "catalogues, addresses and names of models: what is accepted is plain, and reads as it is shown",
    words: WORDS,
    grammar: None,
    smoke_cases: 6_000,
    open: || Ok(Box::new(one)),
};

fn one(data: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(data);
    if let Ok(catalogue) = Catalogue::parse(&text) {
        accepted(&catalogue)?;
        ensure!(Catalogue::parse(&text).is_ok_and(|again| again == catalogue), "another catalogue the second time");
    }
    for line in text.lines().take(40) {
        let value = line.split_once('=').map_or(line, |(_, value)| value).trim().trim_matches('"');
        address(value)?;
        if let Some(name) = RemoteName::parse(value) {
            ensure!(RemoteName::parse(&name.to_string()).as_ref() == Some(&name), "the name {name} reads otherwise");
        }
    }
    Ok(())
}

fn accepted(catalogue: &Catalogue) -> Result<()> {
    let names: BTreeSet<&str> = catalogue.models().iter().map(|model| model.name.as_str()).collect();
    ensure!(names.len() == catalogue.models().len() && names.contains(catalogue.default_name()), "names: {names:?}");
    for model in catalogue.models() {
        let file = model.file_name();
        let is_plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\', '\0']);
        ensure!(is_plain, "the file {file:?}");
        ensure!(
            !model.name.contains(['/', '\\', '\0', ' ']) && !model.name.starts_with('.'),
            "the name {:?}",
            model.name
        );
        ensure!(model.bytes.is_some() == model.sha256.is_some(), "only one of size and digest: {model:?}");
        match &model.source {
            Source::Wheel { requirement, .. } => {
                ensure!(!requirement.starts_with('-'), "the requirement {requirement:?}");
            }
            Source::Hub { url } => {
                let url = Url::parse(url)?;
                ensure!(url.is_tls() || url.is_loopback(), "the address {url}");
            }
        }
    }
    Ok(())
}

/// An address is shown as it is read, has no secrets, and what is joined to it stays with its host.
fn address(text: &str) -> Result<()> {
    let Ok(url) = Url::parse(text) else { return Ok(()) };
    let shown = url.to_string();
    ensure!(Url::parse(&shown).is_ok_and(|again| again == url), "{shown:?} reads otherwise");
    ensure!(!shown.contains(['@', '#', ' ', '\n']), "{shown:?}");
    for path in ["models", "/a/b?c", "//elsewhere/x", "../..", "a:b", "http://elsewhere"] {
        if let Ok(joined) = url.join(path) {
            ensure!(
                joined.host_and_port() == url.host_and_port() && joined.is_tls() == url.is_tls(),
                "{url} and {path}: {joined}"
            );
        }
    }
    Ok(())
}

const WORDS: &[&str] = &[
    "[[model]]\n",
    "name = \"",
    "summary = \"\"\n",
    "licence = \"\"\n",
    "requirement = \"",
    "wheel_bytes = ",
    "member = \"",
    "url = \"",
    "bytes = ",
    "sha256 = \"",
    "https://",
    "http://",
    "localhost",
    "127.0.0.1",
    "[::1]",
    ":443",
    ":0",
    ":65536",
    "/",
    "?",
    "#",
    "%2e%2e",
    "..",
    "@",
    "ollama:",
    "openai:",
    ".gguf",
    "\\u0000",
    "'''",
    "\"\"\"",
    "==",
    "-",
];
