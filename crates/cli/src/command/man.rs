//! `edgecoder man`.

use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use crate::app::App;
use crate::args::Args;
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;

/// Write man pages, one for each command.
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Folder to write them to; it is made if it isn't there.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

impl Man {
    /// Writes the pages.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        files::create_dir(&self.dir)?;
        let mut root = Args::command();
        root.build();
        let mut pages = 0;
        write_pages(&root, &self.dir, &mut pages)?;
        app.output.note(format_args!("{pages} pages in {}", self.dir.display()));
        Ok(Exit::Success)
    }
}

/// Recursion is as deep as subcommands nest: two.
fn write_pages(command: &clap::Command, dir: &Path, pages: &mut u32) -> Result<(), CliError> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let path = dir.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|source: io::Error| CliError::Unwritable { path: path.clone(), source })?;
    files::write_whole(&path, &page)?;
    *pages += 1;
    for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
        write_pages(child, dir, pages)?;
    }
    Ok(())
}
