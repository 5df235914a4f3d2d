//! From a specifier to a file of the request or a stand-in.

use crate::tables::modules::MODULES;

/// Whether a path is read as JavaScript.
pub fn is_source(path: &str) -> bool {
    [".js", ".mjs", ".cjs"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending))
}

/// The stand-in's name that a specifier means, without `node:`.
pub fn is_stand_in(specifier: &str) -> Option<&'static str> {
    MODULES.iter().find(|module| module.specifiers.contains(&specifier)).map(|module| module.name)
}

/// The request's file that `specifier` means when `from` imports it.
pub fn resolve(from: &str, specifier: &str, has: impl Fn(&str) -> bool) -> Option<String> {
    if !(specifier.starts_with("./") || specifier.starts_with("../") || specifier == "." || specifier == "..") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    let base = parts.join("/");
    let endings = ["", ".js", ".mjs", ".cjs", "/index.js", "/index.mjs", "/index.cjs"];
    endings
        .iter()
        .map(|ending| format!("{base}{ending}"))
        .map(|path| path.trim_start_matches('/').to_owned())
        .find(|path| is_source(path) && has(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_specifiers_resolve_inside_the_request_only() {
        let has = |path: &str| ["a.js", "lib/b.js", "lib/c/index.js", "d.txt"].contains(&path);
        assert_eq!(resolve("a.js", "./lib/b", has).as_deref(), Some("lib/b.js"));
        assert_eq!(resolve("lib/b.js", "../a.js", has).as_deref(), Some("a.js"));
        assert_eq!(resolve("lib/b.js", "./c", has).as_deref(), Some("lib/c/index.js"));
        assert_eq!(resolve("a.js", "../a.js", has), None);
        assert_eq!(resolve("a.js", "./d.txt", has), None);
        assert_eq!(resolve("a.js", "fs", has), None);
    }
}
