//! `edgecoder version`.

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;

/// Print the version.
#[derive(Debug, clap::Args)]
pub(crate) struct Version {
    /// As one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The processor features that decide the speed of the model, as this binary was built.
pub(crate) fn build_features() -> &'static str {
    if cfg!(target_feature = "avx2") { "avx2" } else { "baseline" }
}

impl Version {
    /// Prints it.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let version = env!("CARGO_PKG_VERSION");
        if self.json {
            app.output.json(&serde_json::json!({
                "version": version,
                "os": std::env::consts::OS,
                "arch": std::env::consts::ARCH,
                "features": build_features(),
            }))?;
        } else {
            let (os, arch, features) = (std::env::consts::OS, std::env::consts::ARCH, build_features());
            app.output.line(format_args!("edgecoder {version} ({os} {arch}, {features})"))?;
        }
        Ok(Exit::Success)
    }
}
