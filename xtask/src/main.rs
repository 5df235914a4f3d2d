//! `cargo xtask tidy` checks the project's own rules; `cargo xtask demo-svg` draws a terminal session.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use xtask::{Tree, checks, graph, svg};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => tidy(),
        ["demo-svg", session, picture, title] => demo_svg(session, picture, title),
        _ => bail!("usage: cargo xtask tidy | cargo xtask demo-svg SESSION PICTURE TITLE"),
    }
}

fn root() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(folder.parent().context("xtask lies in no folder")?.to_owned())
}

fn tidy() -> Result<()> {
    let root = root()?;
    let tree = Tree::load(&root)?;
    let problems = checks::all(&tree, &graph::load(&root)?);
    let mut out = std::io::stdout().lock();
    for (lines, path) in checks::size::long_files(&tree) {
        writeln!(out, "note: {path} has {lines} lines")?;
    }
    for problem in &problems {
        writeln!(out, "{problem}")?;
    }
    ensure!(problems.is_empty(), "{} problems", problems.len());
    writeln!(out, "tidy: {} files", tree.files.len())?;
    Ok(())
}

fn demo_svg(session: &str, picture: &str, title: &str) -> Result<()> {
    let text = std::fs::read(session).with_context(|| format!("cannot read {session}"))?;
    std::fs::write(picture, svg::draw(&String::from_utf8_lossy(&text), title))
        .with_context(|| format!("cannot write {picture}"))
}
