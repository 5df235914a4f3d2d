//! How the user starts this program, for commands that are printed to be pasted.

use std::path::{Path, PathBuf};

use crate::env::Env;

/// `edgecoder` where the PATH leads to this binary; else its path, from the working directory where that is shorter.
pub(crate) fn name(env: &Env) -> String {
    let Ok(own) = std::env::current_exe().and_then(|path| path.canonicalize()) else { return "edgecoder".to_owned() };
    let path: Vec<PathBuf> = env.get("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let here = std::env::current_dir().ok();
    named(&own, here.as_deref(), &path)
}

fn named(own: &Path, here: Option<&Path>, path: &[PathBuf]) -> String {
    let first = path.iter().map(|folder| folder.join("edgecoder")).find(|file| file.is_file());
    if first.and_then(|file| file.canonicalize().ok()).is_some_and(|found| found == own) {
        return "edgecoder".to_owned();
    }
    let below = here.and_then(|here| own.strip_prefix(here).ok());
    let text = below.map_or_else(|| own.display().to_string(), |below| format!("./{}", below.display()));
    let plain = |c: char| c.is_alphanumeric() || "-_./+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// A command of the agent's, as this user would type it.
pub(crate) fn typed(command: &str, name: &str) -> String {
    match command.strip_prefix("edgecoder ") {
        Some(rest) => format!("{name} {rest}"),
        None => command.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_name_that_works_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        let own = folder.join("bin").join("edgecoder");
        std::fs::write(&own, "").unwrap();
        let elsewhere = vec![folder.join("other"), folder.clone()];
        assert_eq!(named(&own, Some(&folder), &[folder.join("bin")]), "edgecoder");
        assert_eq!(named(&own, Some(&folder), &elsewhere), "./bin/edgecoder");
        assert_eq!(named(&own, Some(Path::new("/")), &[]), format!(".{}", own.display()));
        assert_eq!(named(&own, Some(&folder.join("other")), &elsewhere), own.display().to_string());
        assert_eq!(typed("edgecoder show x", "./bin/edgecoder"), "./bin/edgecoder show x");
    }
}
