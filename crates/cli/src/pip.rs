//! Fetches wheels with the machine's own pip, which knows its registries, proxies and certificates.

use std::path::Path;

use edgecoder_executor::Cancel;
use edgecoder_executor::launch::{Command, LaunchError};
use edgecoder_inference::WheelFetcher;

use crate::env::Env;

/// The system's own first: a `python3` on the PATH may be a slow shim, or one without pip.
const INTERPRETERS: [&str; 2] = ["/usr/bin/python3", "python3"];
/// Variables besides `PIP_…` that say how to reach a registry.
const NETWORK: [&str; 7] =
    ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"];

/// pip tells registries the version of a Rust compiler that it finds, and rustup's proxies fetch a whole toolchain to
/// answer where they find none.
const NO_TOOLCHAIN: (&str, &str) = ("RUSTUP_AUTO_INSTALL", "0");

/// `python3 -m pip download`.
#[derive(Debug)]
pub(crate) struct Pip<'a> {
    /// Where the settings of pip come from.
    pub(crate) env: &'a Env,
    /// Ends a download.
    pub(crate) cancel: Cancel,
}

impl WheelFetcher for Pip<'_> {
    fn fetch(&mut self, requirement: &str, into: &Path) -> Result<(), String> {
        let interpreter = self.interpreter()?;
        let mut command = self.pip(interpreter);
        command.args(["download", "--quiet", "--no-input", "--no-deps", "--only-binary=:all:", "--dest"]);
        command.arg(into).arg(requirement);
        let output = command.run(&self.cancel).map_err(|error| error.to_string())?;
        if output.success() {
            return Ok(());
        }
        Err(format!("pip says: {}; check that this machine reaches a Python package registry", reason(&output.stderr)))
    }
}

impl Pip<'_> {
    /// The first interpreter that has pip.
    fn interpreter(&self) -> Result<&'static str, String> {
        for program in INTERPRETERS {
            match self.pip(program).arg("--version").run(&self.cancel) {
                Ok(output) if output.success() => return Ok(program),
                Err(error @ LaunchError::Cancelled { .. }) => return Err(error.to_string()),
                Ok(_) | Err(_) => {}
            }
        }
        Err("there is no Python 3 with pip; install it (Debian and Ubuntu: apt-get install python3-pip)".to_owned())
    }

    fn pip(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-m", "pip"]).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.env(NO_TOOLCHAIN.0, NO_TOOLCHAIN.1);
        if let Some(rustup) = self.env.get("RUSTUP_HOME") {
            command.env("RUSTUP_HOME", rustup);
        }
        let network = NETWORK.iter().filter_map(|name| Some((*name, self.env.get(name)?)));
        for (name, value) in self.env.with_prefix("PIP_").chain(network) {
            command.env(name, value);
        }
        command
    }
}

/// pip's last line that is an error.
fn reason(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().rfind(|line| line.starts_with("ERROR:")).or_else(|| lines().next_back());
    line.map_or("nothing", |line| line.trim_start_matches("ERROR:").trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_last_that_pip_names() {
        let text = b"WARNING: slow\nERROR: no version\nERROR: No matching distribution\nWARNING: update pip\n";
        assert_eq!(reason(text), "No matching distribution");
        assert_eq!(reason(b"killed\n\n"), "killed");
        assert_eq!(reason(b""), "nothing");
    }
}
