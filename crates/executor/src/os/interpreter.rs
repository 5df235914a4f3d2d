//! Finds the real interpreters, past version managers' shell shims.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::contract::Cancel;
use crate::launch;

/// How long an interpreter may take to say what it is.
const ASK_TIMEOUT: Duration = Duration::from_secs(20);

/// An interpreter on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The executable itself, no link and no shim.
    pub path: PathBuf,
    /// `3.11.2`.
    pub version: String,
    /// Host folders that it needs beside the system's.
    pub binds: Vec<String>,
}

/// CPython: `/usr/bin/python3`, else what `python3` on the path says that it really is.
pub(crate) fn python() -> Option<Interpreter> {
    let script = "import sys,os;print(os.path.realpath(sys.executable));print('%d.%d.%d'%sys.version_info[:3]);\
                  print(sys.base_prefix);print(os.path.dirname(os.__file__))";
    ["/usr/bin/python3", "python3"].iter().find_map(|program| {
        let lines = ask(program, &["-I", "-S", "-c", script])?;
        let [path, version, prefix, library] = lines.as_slice() else { return None };
        let path = PathBuf::from(path);
        let binds = outside_system(&[prefix, library]);
        path.is_file().then(|| Interpreter { path, version: version.clone(), binds })
    })
}

/// Node.js: `/usr/bin/node`, else what `node` on the path says that it really is.
pub(crate) fn node() -> Option<Interpreter> {
    let script = "console.log(require('fs').realpathSync(process.execPath));console.log(process.versions.node)";
    ["/usr/bin/node", "node"].iter().find_map(|program| {
        let lines = ask(program, &["-e", script])?;
        let [path, version] = lines.as_slice() else { return None };
        let prefix = Path::new(path).parent()?.parent()?.to_string_lossy().into_owned();
        let binds = outside_system(&[&prefix]);
        Some(Interpreter { path: PathBuf::from(path), version: version.clone(), binds })
    })
}

/// Folders that the sandbox's root does not have by itself, shortest first, none inside another.
fn outside_system(folders: &[&String]) -> Vec<String> {
    let mut wanted: Vec<String> = folders
        .iter()
        .filter(|folder| folder.as_str() != "/" && folder.starts_with('/') && !Path::new(folder).starts_with("/usr"))
        .map(|folder| (*folder).clone())
        .collect();
    wanted.sort_by_key(String::len);
    let mut kept: Vec<String> = Vec::new();
    for folder in wanted {
        if !kept.iter().any(|base| Path::new(&folder).starts_with(base)) {
            kept.push(folder);
        }
    }
    kept
}

fn ask(program: &str, args: &[&str]) -> Option<Vec<String>> {
    let mut command = launch::Command::new(program);
    command.args(args).timeout(ASK_TIMEOUT);
    let output = command.run(&Cancel::default()).ok()?;
    if !output.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}
